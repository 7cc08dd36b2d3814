"""JSON, in ASCII and without blanks; by msgspec where that is installed."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from inscope._core.codecs import is_exactly

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["enveloped", "is_shaped", "parsed", "quick", "shaped", "standard", "written"]


Pairs: TypeAlias = "list[tuple[str, Any]]"
Write: TypeAlias = "Callable[[Any], str]"
Read: TypeAlias = "Callable[[str], Any]"
Enveloped: TypeAlias = "Callable[[int, str, int, Pairs], str]"
Functions: TypeAlias = "tuple[Write, Read, Read, Enveloped]"


def standard() -> Functions:
    """Return the functions made of the standard library."""
    write = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    read = json.JSONDecoder().decode

    def shaped(text: str) -> Any:
        envelope = read(text)
        if is_shaped(envelope):
            return envelope
        raise ValueError

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
    flat: Any = str | int | bool | None
    # Nothing is read in it that is nested deeper.
    shaped = msgspec.json.Decoder(tuple[int, str, int, list[tuple[str, flat]]]).decode
    plainly, read_plainly, _, _ = standard()

    def write(data: Any) -> str:
        try:
            return write_bytes(data).decode("ascii")
        except UnicodeDecodeError:
            return plainly(data)

    def read(text: str) -> Any:
        is_deep = text.count("[") + text.count("{") > BRACKETS
        return (read_plainly if is_deep else read_quickly)(text)

    def enveloped(version: int, audience: str, sent: int, pairs: Pairs) -> str:
        # As write() does, without the call.
        try:
            return write_bytes((version, audience, sent, pairs)).decode("ascii")
        except UnicodeDecodeError:
            return plainly((version, audience, sent, pairs))

    return write, read, shaped, enveloped


def is_shaped(envelope: Any) -> bool:
    """Tell whether *envelope* has what that of a payload has."""
    kinds = [*map(type, envelope)] if is_exactly(envelope, list) else []
    return kinds == [int, str, int, list] and all(
        is_exactly(pair, list) and len(pair) == 2 and is_exactly(pair[0], str)
        for pair in envelope[3]
    )


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

shaped: Final[Read] = _functions[2]
"""Read the envelope of a payload quickly, and see that it is one.

A ``ValueError`` says no more than that it is to be parsed and looked into: by msgspec,
values that have parts are not read so.
"""

enveloped: Final[Enveloped] = _functions[3]
"""Write the envelope of a payload: its version, audience, time, and pairs."""
