"""The check of ONNX files before they are run; tests/model/test_onnx_file.py has refused ones."""

import onnx
import pytest
from onnx import TensorProto, helper

from genre import onnx_session

NAMES = {  # of the messages, as they stand in HELD
    "ModelProto": "model",
    "TrainingInfoProto": "training",
    "FunctionProto": "function",
    "GraphProto": "graph",
    "NodeProto": "node",
    "AttributeProto": "attribute",
    "SparseTensorProto": "sparse tensor",
    "TensorProto": "tensor",
}


def test_the_numbers_are_those_of_the_format():
    found, waiting = {}, [onnx.ModelProto.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        if message.name in found:
            continue
        inside = [field for field in message.fields if field.message_type]
        found[message.name] = {
            field.number: NAMES[field.message_type.name]
            for field in inside
            if field.message_type.name in NAMES
        }
        waiting += [field.message_type for field in inside]
    held = {NAMES[name]: fields for name, fields in found.items() if name in NAMES}
    assert held == onnx_session.HELD
    assert not any(fields for name, fields in found.items() if name not in NAMES)
    assert onnx.NodeProto.OP_TYPE_FIELD_NUMBER == onnx_session.OPERATOR
    assert onnx.NodeProto.DOMAIN_FIELD_NUMBER == onnx_session.DOMAIN
    assert onnx.TensorProto.DATA_LOCATION_FIELD_NUMBER == onnx_session.DATA_LOCATION


def test_every_kind_of_value_is_passed_over():
    tensor = TensorProto(name="x", dims=[2**40, 1], float_data=[1.5, -2], double_data=[0.1])
    attribute = helper.make_attribute("alpha", 0.5)
    node = helper.make_node("Elu", ["x"], ["y"], domain="ai.onnx")
    node.attribute.append(attribute)
    graph = helper.make_graph([node], "g", [], [], initializer=[tensor])
    content = helper.make_model(graph).SerializeToString()
    assert onnx_session.problem(content) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"\x3a\x05\x0a",  # a graph of five bytes, of which one is there
        b"\x3a" + b"\xff" * 10,  # a length that does not end
        b"\x3b\x3c",  # a group, which ONNX does not use
        b"\x0d\x00\x00",  # a number of four bytes, of which two are there
        b"\xba\x80\x80\x80\x80\x01\x00",  # the number of a field that is too large
        b"\x3a\x05\x0a\x03\x3a\x01\xff",  # a domain that is not text
    ],
)
def test_what_is_no_message_is_no_onnx_file(content):
    assert onnx_session.problem(content) == "not an ONNX file"
