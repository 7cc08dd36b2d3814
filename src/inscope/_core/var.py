"""``CellVar``: a context variable that holds cells; what ``Var`` is made of.

``Var`` (in ``inscope/var.py``) adds the options and the proxies; what is hot is
in ``BareVar``: ``python/var.py`` and ``native/var.c``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from inscope._core.arrival import ARRIVED
from inscope._core.cells import live
from inscope._core.choice import taken
from inscope._core.nothing import EMPTY, Missing
from inscope._core.place import describe_task, describe_thread
from inscope.errors import UnboundVarError

if TYPE_CHECKING:
    from inscope._core.python.var import BareVar, Token
else:
    BareVar, Token = taken("var", "BareVar", "Token")


__all__ = ["CellVar", "Token"]

T = TypeVar("T")


class CellVar(BareVar[T]):
    """A context variable of cells: what ``get``, ``set`` and a bind need."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name, for errors and logs."""
        return self._name

    def _arrived(self) -> Any:
        """Return what came from another process for this; ``EMPTY`` if nothing did.

        Bound then, as a factory's value is.
        """
        arrival = ARRIVED.get(None)
        value = EMPTY if arrival is None else arrival.value_of(self)
        if value is not EMPTY:
            self.set(value)
        return value

    def _make(self) -> T:
        """Return what stands in for a value: the default, or the factory's."""
        if self._factory is not None:
            value = self._factory()
            self.set(value)
            return value
        if self._default is EMPTY:
            raise Missing
        return cast("T", self._default)

    def _unbound(self) -> UnboundVarError:
        error = UnboundVarError(f"{self._name} is not bound")
        origin = f"context variable {self._name!r}"
        thread, task = describe_thread(), describe_task()
        error.locate(self, origin, thread, task, "bind it (with var.bind(…):)")
        return error

    def is_bound(self) -> bool:
        """Tell whether ``get()`` would return a value; makes none to find out."""
        if live(self._cells.get(None)) is not None:
            return True
        if self._travels and self._arrived() is not EMPTY:
            return True
        return self._factory is not None or self._default is not EMPTY
