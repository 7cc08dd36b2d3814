"""What a Local or a stack keeps its data in: a context variable, or a table of idents.

The table is what ``LocalManager(locals, ident_func=f)`` switches to, for code
written for werkzeug 0.7 to 1.0: data keyed by what ``f()`` returns. It has the
methods of a ``ContextVar`` that are used, so nobody need tell them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from inscope._core.nothing import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Storage(Protocol):
    """The part of ``ContextVar`` that is used."""

    def get(self, default: Any, /) -> Any: ...

    def set(self, value: Any, /) -> Any: ...


class IdentStorage:
    """Data for each key that an ident function returns.

    An empty value is not kept, so a key stays only as long as it has data.

    Args:
        ident_func: Returns the key of whoever is running; must be hashable.
    """

    __slots__ = ("_data", "_ident_func")

    def __init__(self, ident_func: Callable[[], Hashable]) -> None:
        self._ident_func = ident_func
        self._data: dict[Hashable, Any] = {}

    def _key(self) -> Hashable:
        key = self._ident_func()
        try:
            hash(key)
        except TypeError as error:
            message = f"ident_func must return a hashable key, not {key!r}"
            raise TypeError(message) from error
        return key

    def get(self, default: Any = EMPTY, /) -> Any:
        """Return the running key's data, else *default*; ``LookupError`` without."""
        found = self._data.get(self._key(), default)
        if found is EMPTY:
            raise LookupError(self)
        return found

    def set(self, value: Any, /) -> tuple[Hashable]:
        """Store *value* for the running key and return a token for ``runs``."""
        key = self._key()
        if value:
            self._data[key] = value
        else:
            self._data.pop(key, None)
        return (key,)

    def runs(self, token: tuple[Hashable]) -> bool:
        """Tell whether the key that *token* was made for is running."""
        return token[0] == self._key()
