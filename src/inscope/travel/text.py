"""JSON, in ASCII and without blanks; by msgspec where that is installed."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["enveloped", "parsed", "quick", "shaped", "standard", "written"]


Pairs: TypeAlias = "list[tuple[str, Any]]"
Write: TypeAlias = "Callable[[Any], str]"
Read: TypeAlias = "Callable[[str], Any]"
Shaped: TypeAlias = "Callable[[str], tuple[Any, bool]]"
Enveloped: TypeAlias = "Callable[[int, str, int, Pairs], str]"
Functions: TypeAlias = "tuple[Write, Read, Shaped, Enveloped]"


def standard() -> Functions:
    """Return the functions made of the standard library."""
    write = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    read = json.JSONDecoder().decode

    def shaped(text: str) -> tuple[Any, bool]:
        return read(text), False

    def enveloped(version: int, audience: str, sent: int, pairs: Pairs) -> str:
        # An encoder takes longer to begin than to write such short strings.
        written = [
            f"[{quoted(name)},{quoted(data) if type(data) is str else write(data)}]"
            for name, data in pairs
        ]
        return f"[{version},{quoted(audience)},{sent},[{','.join(written)}]]"

    return write, read, shaped, enveloped


def quick() -> Functions:
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
    plainly, read_plainly, _, _ = standard()

    def write(data: Any) -> str:
        text: bytes = write_bytes(data)
        return text.decode() if text.isascii() else plainly(data)

    def read(text: str) -> Any:
        is_deep = text.count("[") + text.count("{") > BRACKETS
        return (read_plainly if is_deep else read_quickly)(text)

    def shaped(text: str) -> tuple[Any, bool]:
        if text.count("[") + text.count("{") > BRACKETS:
            return read_plainly(text), False
        try:
            return read_shaped(text), True
        except ValueError:
            return read_quickly(text), False

    def enveloped(version: int, audience: str, sent: int, pairs: Pairs) -> str:
        return write((version, audience, sent, pairs))

    return write, read, shaped, enveloped


BRACKETS: Final = 100
"""With more of them, text may be nested deeper than Python's stack has room for."""

try:
    _functions = quick()
except ImportError:  # it is not there, or not for another interpreter than the main one
    _functions = standard()

written: Final[Write] = _functions[0]
"""Write strings, numbers, lists, tuples and dictionaries as JSON."""

parsed: Final[Read] = _functions[1]
"""Read JSON; raises a ``ValueError`` if it is none."""

shaped: Final[Shaped] = _functions[2]
"""Read the envelope of a payload; return it, and whether its shape is certain."""

enveloped: Final[Enveloped] = _functions[3]
"""Write the envelope of a payload: its version, audience, time, and pairs."""
