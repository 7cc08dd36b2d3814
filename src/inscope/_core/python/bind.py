"""The bind of a ``Var``; see ``_core/bind.py`` for the others. Twin of ``bind.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from inscope._core.bind import OnceBind
from inscope._core.cells import (
    NOTHING,
    Cell,
    LinkedCell,
    mend,
    release,
    shortened,
    withdraw,
)

if TYPE_CHECKING:
    from inscope._core.place import Place
    from inscope._core.python.var import BareVar

T = TypeVar("T")


class VarBind(OnceBind[T]):
    """The bind of a Var: a cell in its context variable."""

    __slots__ = ("_cell", "_cells", "_var")

    def __init__(self, var: BareVar[T], value: T, place: Place) -> None:
        super().__init__(place)
        self._var = var
        self._cell = LinkedCell(value, None)
        # And those that copies took the place of.
        self._cells: tuple[LinkedCell, ...] = (self._cell,)

    def _enter(self) -> T:
        cell, var = self._cell, self._var
        cell.previous = shortened(var._read(None))
        cell.bind = self
        try:
            self._token = var._cells.set(cell)
        except MemoryError:  # for a token; it is set all the same
            withdraw(self._cells)
            raise
        value: T = cell.value
        return value

    def adopt(self, old: Cell, new: LinkedCell) -> None:
        self._cells = (new, *self._cells)
        self._cell = new

    def _leave(self) -> bool:
        var, cell, token = self._var, self._cell, self._token
        cells, end = self._cells, withdraw
        self._cell, self._cells, self._token = NOTHING, (), None
        top = var._read(None)
        try:
            var._cells.reset(token)
            if top is not cell or var._read(None) is not cell.previous:
                mend(var._cells, top, cell)
            if not var._revoke:
                end = release
        except ValueError:
            return False
        finally:
            end(cells)
        return True

    def _subject(self) -> str:
        return repr(self._var)
