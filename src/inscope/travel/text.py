"""JSON, in ASCII and without blanks; by msgspec where that is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parsed", "quick", "shaped", "standard", "written"]


Write: TypeAlias = "Callable[[Any], str]"
Read: TypeAlias = "Callable[[str], Any]"
Shaped: TypeAlias = "Callable[[str], tuple[Any, bool]]"


def standard() -> tuple[Write, Read, Shaped]:
    """Return the functions made of the standard library."""
    write = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    read = json.JSONDecoder().decode
    return write, read, lambda text: (read(text), False)


def quick() -> tuple[Write, Read, Shaped]:
    """Return those made of msgspec.

    It writes what is not ASCII as it is: then, the standard library writes all of it.
    And it loses memory where text is nested too deep for Python (msgspec 0.22): what
    could be is read by the standard library, too.
    """
    import msgspec

    write_bytes = msgspec.json.Encoder().encode
    read_quickly = msgspec.json.Decoder().decode
    read_shaped = msgspec.json.Decoder(
        tuple[int, str, int, list[tuple[str, Any]]]
    ).decode
    plainly, read_plainly, _ = standard()

    def write(data: Any) -> str:
        text: bytes = write_bytes(data)
        return text.decode() if text.isascii() else plainly(data)

    def read(text: str) -> Any:
        return (read_plainly if _may_be_deep(text) else read_quickly)(text)

    def shaped(text: str) -> tuple[Any, bool]:
        if _may_be_deep(text):
            return read_plainly(text), False
        try:
            return read_shaped(text), True
        except ValueError:
            return read_quickly(text), False

    return write, read, shaped


def _may_be_deep(text: str) -> bool:
    """Tell whether *text* has more brackets than Python's stack has room for."""
    return text.count("[") + text.count("{") > BRACKETS


BRACKETS: Final = 100

try:
    _functions = quick()
except ModuleNotFoundError as _error:
    if _error.name != "msgspec":
        raise
    _functions = standard()

written: Final[Write] = _functions[0]
"""Write strings, numbers, lists, tuples and dictionaries as JSON."""

parsed: Final[Read] = _functions[1]
"""Read JSON; raises a ``ValueError`` if it is none."""

shaped: Final[Shaped] = _functions[2]
"""Read the envelope of a payload; return it, and whether its shape is certain."""
