"""Check what stands in a file that anything may have happened to; ValueError says what is wrong."""

from typing import Any


def mapping(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return value


def names(value: Any, what: str) -> list[str]:
    """Return a list of different texts."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{what} is no list of names")
    if len(set(value)) < len(value):
        raise ValueError(f"{what} holds a name twice")
    "".join(value).encode()  # raises a ValueError where a name is no text
    return value


def genres(value: Any) -> list[str]:
    """Return the names of two or more genres."""
    if len(names(value, "mapping")) < 2:
        raise ValueError("fewer than two genres")
    return value


def number(value: Any, what: str, *, whole: bool = True) -> float:
    """Return a number above 0 that a file of ours could hold."""
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < 2**31:
        raise ValueError(f"{what} cannot be {value!r:.40}")
    return value
