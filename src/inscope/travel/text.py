"""JSON, in ASCII and without blanks; by msgspec where that is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parsed", "written"]


def _standard() -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    """Return the pair of functions made of the standard library."""
    write = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    return write, json.JSONDecoder().decode


def _quick() -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    """Return the pair made of msgspec.

    It writes what is not ASCII as it is; such text is left to the standard library,
    and so are the escapes of JSON, which all come from there.
    """
    import msgspec

    write_bytes = msgspec.json.Encoder().encode
    plainly, _ = _standard()

    def write(data: Any) -> str:
        text: bytes = write_bytes(data)
        return text.decode() if text.isascii() else plainly(data)

    return write, msgspec.json.Decoder().decode


try:
    _pair = _quick()
except ModuleNotFoundError as _error:
    if _error.name != "msgspec":
        raise
    _pair = _standard()

written: Final[Callable[[Any], str]] = _pair[0]
"""Write strings, numbers, lists, tuples and dictionaries as JSON."""

parsed: Final[Callable[[str], Any]] = _pair[1]
"""Read JSON; raises a ``ValueError`` if it is none."""
