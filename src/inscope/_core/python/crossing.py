"""What of ``dump`` and ``load`` is hot: what is made of what crosses a boundary.

Twin of ``native/crossing.c``. A string of ASCII is written, and read, as it is; all
else is left to the functions that are given, which ask the codec.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from inscope._core.nothing import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextvars import Context
    from typing import Self

    from inscope._core.declared import Entry
    from inscope.travel.boundary import Boundary

__all__ = ["BarePayload", "BareValues"]


class BarePayload:
    """What goes: the pairs of names and of what is written; its text is yet to come."""

    __slots__ = ("_context", "_pairs", "boundary", "text")

    text: str
    boundary: Boundary
    _pairs: list[tuple[str, Any]]
    _context: Context

    @classmethod
    def _going(
        cls,
        boundary: Boundary,
        crossing: dict[str, Entry],
        write: Callable[[Boundary, str, Entry, Any], Any],
        /,
    ) -> Self:
        """Return a payload of the Vars that have a value here and now."""
        self = object.__new__(cls)
        self.boundary = boundary
        self._pairs = []
        for name, entry in crossing.items():
            var: Any = entry.var()
            if var is None or (value := var.get(Missing)) is Missing:
                continue
            if not _is_plain(boundary, entry, value):
                value = write(boundary, name, entry, value)
            self._pairs.append((name, value))
        self._context = copy_context()
        return self


class BareValues:
    """What has come: the values, by name; and apart from them, what is unknown."""

    __slots__ = ("_boundary", "_refused", "known", "sent", "unknown")

    known: dict[str, Any]
    unknown: dict[str, Any]
    sent: int | None
    _boundary: Boundary
    _refused: tuple[Any, ...] | None

    @classmethod
    def _sorted_out(
        cls,
        boundary: Boundary,
        crossing: dict[str, Entry],
        pairs: Iterable[tuple[str, Any]],
        read: Callable[[Boundary, str, Entry, Any], Any],
        sent: int | None,
        /,
    ) -> Self:
        """Return what *pairs*, names and values as they were written, say here."""
        self = object.__new__(cls)
        self._boundary = boundary
        self._refused = None
        self.known = {}
        self.unknown = {}
        self.sent = sent
        for name, data in pairs:
            entry = crossing.get(name)
            if entry is None:
                self.unknown[name] = data
            elif _is_plain(boundary, entry, data):
                self.known[name] = data
            else:
                self.known[name] = read(boundary, name, entry, data)
        return self


def _is_plain(boundary: Boundary, entry: Entry, value: Any) -> bool:
    return (
        entry.is_str
        and (boundary.takes_identity or not entry.identity)
        and type(value) is str
        and value.isascii()
    )
