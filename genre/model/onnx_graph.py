"""The graph of an ONNX file: its parts, and the same order and names in every run."""

import copy
from collections.abc import Iterator
from typing import Any


def canonical(content: bytes) -> bytes:
    """Return an ONNX file in which order and names depend on the network alone.

    tf2onnx orders and numbers the parts by Python's hashes of text, which differ from run to run.
    Here each node comes after those that it needs, in the order of its inputs, and the names count
    the values in that order.
    """
    import onnx

    model = onnx.ModelProto.FromString(content)
    _order_nodes(model.graph)
    ends = [each.name for each in (*model.graph.input, *model.graph.output)]
    _rename(model.graph, {"": ""} | {name: name for name in ends})
    return model.SerializeToString(deterministic=True)


def _order_nodes(graph: Any) -> None:
    """Order the nodes of a graph, and of the graphs inside it."""
    for inner in [inner for node in graph.node for inner in _graphs_in(node)]:
        _copy_outputs(inner)
        _order_nodes(inner)
    makers = {name: node for node in graph.node for name in node.output}
    ordered: dict[str, Any] = {}  # by the first output

    def add(node: Any) -> None:
        if node.output[0] in ordered:
            return
        for name in [name for inside in _nodes_in(node) for name in inside.input]:
            if name in makers:
                add(makers[name])
        ordered[node.output[0]] = node

    for value in graph.output:
        if value.name in makers:
            add(makers[value.name])
    nodes = [copy.deepcopy(node) for node in ordered.values()]
    del graph.node[:]
    graph.node.extend(nodes)


def _copy_outputs(graph: Any) -> None:
    """Make each output of a graph a copy of a value, and leave out all other copies.

    Where two outputs are the same value, tf2onnx makes either of them the copy of the other.
    """
    copies = [node for node in graph.node if node.op_type == "Identity"]
    sources = {node.output[0]: node.input[0] for node in copies}

    def source(name: str) -> str:
        return source(sources[name]) if name in sources else name

    for node in copies:
        graph.node.remove(node)
    for node in _nodes_in(graph):
        node.input[:] = map(source, node.input)
    for number, value in enumerate(graph.output):
        output = f"{graph.name} output {number}"
        graph.node.add(op_type="Identity", input=[source(value.name)], output=[output])
        value.name = output


def _rename(graph: Any, names: dict[str, str]) -> None:
    """Name the values of a graph by the order in which its nodes use them."""

    def new_name(name: str) -> str:
        return names.setdefault(name, f"value_{len(names)}")

    for value in graph.input:
        value.name = new_name(value.name)
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        if not node.domain:
            node.ClearField("domain")  # sometimes given as "", which is the same
        node.input[:] = map(new_name, node.input)
        for inner in _graphs_in(node):
            _rename(inner, names)
        node.output[:] = map(new_name, node.output)
        node.attribute.sort(key=lambda attribute: attribute.name)
    for value in (*graph.output, *graph.initializer):
        value.name = new_name(value.name)
    graph.initializer.sort(key=lambda tensor: tensor.name)
    del graph.value_info[:]  # the shapes in between, which ONNX Runtime finds itself


def _nodes_in(message: Any) -> list[Any]:
    """Return a node and those of the graphs that it holds, or the nodes of a graph."""
    import onnx

    return [part for part in parts(message) if isinstance(part, onnx.NodeProto)]


def _graphs_in(node: Any) -> list[Any]:
    """Return the graphs that a node holds, as a loop does."""
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


def parts(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all messages inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for part in value if field.is_repeated else [value]:
                yield from parts(part)
