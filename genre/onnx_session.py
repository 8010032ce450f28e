"""Run ONNX files: networks that were trained here, and the front ends of features.

An ONNX file holds a graph of operators and their weights, and no code. ONNX Runtime adds operators
of its own to those that ONNX defines, and reads weights from other files. Both are refused here.

The file's format is protobuf: each message is a row of fields, which have a number, and some of
which are messages. So the check needs a page, and not the package `onnx`, which takes a tenth of a
second to load.
"""

from collections.abc import Iterator
from typing import Any

from genre.environment import load_onnxruntime
from genre.errors import reason

STANDARD = ("", "ai.onnx", "ai.onnx.ml")  # the domains of the operators that ONNX itself defines

# The messages that hold operators (nodes) or weights (tensors), directly or not: the number of
# each field in which one holds another. onnx.proto defines them, and never changes a number.
HELD = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 22: "sparse tensor"},
        **{10: "tensor", 11: "graph", 23: "sparse tensor"},  # lists of them
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
OPERATOR, DOMAIN = 4, 7  # fields of a node
DATA_LOCATION = 14  # field of a tensor; other than 0 if its values are in another file

# How the value of a field is written.
NUMBER, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
LARGEST_TAG = 2**32


def session(content: bytes) -> Any:
    """Return an onnxruntime.InferenceSession for the content of an ONNX file, on one thread.

    Raises ValueError for a file that should not be run, or that cannot be loaded.
    """
    if found := problem(content):
        raise ValueError(found)
    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # planning takes more memory, and no less time
    options.log_severity_level = 4  # errors are raised as exceptions
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no other base class
        raise ValueError(f"not a network that can be loaded ({reason(error)})") from None


def problem(content: bytes) -> str:
    """Return why the content of an ONNX file should not be run, or ""."""
    waiting = [("model", memoryview(content))]
    try:
        while waiting:
            kind, message = waiting.pop()
            fields = list(_fields(message))
            if kind == "tensor" and any(
                value for number, value in fields if number == DATA_LOCATION
            ):
                return "it keeps data in another file, which is not read"
            if kind == "node" and not {*_texts(fields, DOMAIN)} <= {*STANDARD}:
                operator = "".join(_texts(fields, OPERATOR))
                return f"it needs the operator {operator!r:.40}, which is not one of ONNX's own"
            waiting += [
                (HELD[kind][number], value)
                for number, value in fields
                if number in HELD[kind] and isinstance(value, memoryview)
            ]
    except ValueError:
        return "not an ONNX file"
    return ""


def _texts(fields: list[tuple[int, int | memoryview]], wanted: int) -> list[str]:
    """Return the values of a field that is text: several, if it stands there more than once."""
    return [
        bytes(value).decode()
        for number, value in fields
        if number == wanted and isinstance(value, memoryview)
    ]


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field of a message, without floating-point numbers.

    Raises ValueError for what is not a message.
    """
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        field, written = tag >> 3, tag & 7
        if written == NUMBER:
            value, at = _number(message, at)
            yield field, value
        elif written == BYTES:
            length, at = _number(message, at)
            yield field, message[at : at + length]
            at += length
        elif written in (EIGHT_BYTES, FOUR_BYTES):
            at += 8 if written == EIGHT_BYTES else 4
        else:
            raise ValueError("no such way to write a value")
        if at > len(message) or tag >= LARGEST_TAG:
            raise ValueError("a value ends behind its message")


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """Read a whole number, seven bits a byte, the lowest first; return it, and where it ends."""
    number = 0
    for place, byte in enumerate(message[at : at + 10]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("a number does not end")
