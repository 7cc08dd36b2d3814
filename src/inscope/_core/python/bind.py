"""Binds: blocks that put a value behind a name and take it back, whatever happens.

======================  ==============================================
left in                 then
======================  ==============================================
the Context entered in  the previous value is put back there; contexts
                        copied meanwhile keep what they captured
another Context         nothing can be put back where it was entered, so
                        the cell is emptied: whoever holds it reads
                        through to the previous value; logged, once
======================  ==============================================

A bind knows where it is by its token: ``reset`` refuses one from elsewhere.
Left before a bind that was entered later, it leaves that one as it is. Here are
what all binds share and the bind of a ``Var``; ``ledger.py`` has the others.
Twin of ``native/bind.c``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from inscope._core.nothing import EMPTY
from inscope._core.place import (
    Place,
    describe_place,
    describe_resumer,
    describe_thread,
    place_of_caller,
)
from inscope._core.python.cell import (
    NOTHING,
    Cell,
    bind_above,
    live,
    rebuilt,
    shortened,
)
from inscope.errors import BindStateError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from inscope._core.python.var import CellVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

NEW, ENTERED, LEFT = "not entered", "entered", "left"


class Bind(Generic[T_co]):
    """A block in which something is bound; entered once, left once.

    Example:
        >>> from inscope import Var
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     user.get()
        'ann'
        >>> user.is_bound()
        False
    """

    __slots__ = ("__weakref__", "_place", "_state", "_token")

    _token: Any

    def __init__(self, place: Place) -> None:
        self._place = place
        self._state = NEW

    def __enter__(self) -> T_co:
        if self._state is not NEW:
            message = (
                f"{self!r} has been {self._state} already;"
                " make a new one for each 'with' block"
            )
            raise BindStateError(message)
        # Before, so that nothing that runs meanwhile can enter it again.
        self._state = ENTERED
        return self._enter()

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._leave_at(place_of_caller())

    def _leave_at(self, left: Place) -> None:
        if not self.end():
            report_foreign(self, left)

    def end(self) -> bool:
        """End the binding; ``False`` if this is not the Context it was made in."""
        if self._state is not ENTERED:
            message = f"{self!r} cannot be left: it was {self._state}"
            raise BindStateError(message)
        self._state = LEFT
        return self._leave()

    def _enter(self) -> T_co:
        """Bind, and return what ``with … as`` gives."""
        raise NotImplementedError

    def _leave(self) -> bool:
        """Put back what was there; withdraw the value and return ``False`` if
        this is not the Context it was bound in."""
        raise NotImplementedError

    def adopt(self, old: Cell, new: Cell) -> None:
        """Take *new*, a copy of the cell *old* in another chain, for its own."""
        raise NotImplementedError

    def _subject(self) -> str:
        """Return what is bound, for messages."""
        raise NotImplementedError

    def __repr__(self) -> str:
        place = describe_place(self._place)
        return f"<bind of {self._subject()} at {place}, {self._state}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: it belongs to one 'with' block"
        raise TypeError(message)


def report_foreign(bind: Bind[Any], left: Place) -> None:
    """Log that *bind* was left in another Context than it was entered in."""
    if sys.is_finalizing():
        return
    import logging

    logging.getLogger("inscope").warning(
        "%s, bound at %s, was left in another context, at %s%s in thread %r. Its"
        " value has been withdrawn wherever it was visible. Leave a block where it was"
        " entered; close a generator that binds where it runs (contextlib.closing,"
        " aclosing).",
        bind._subject(),
        describe_place(bind._place),
        describe_place(left),
        describe_resumer(left),
        describe_thread(),
    )


class VarBind(Bind[T]):
    """The bind of a Var: a cell in its context variable."""

    __slots__ = ("_cell", "_copied", "_var")

    def __init__(self, var: CellVar[T], value: T, place: Place) -> None:
        super().__init__(place)
        self._var = var
        self._cell = Cell(value, None)
        self._copied: tuple[Cell, ...] = ()

    def _enter(self) -> T:
        cell, var = self._cell, self._var
        cell.previous = shortened(var._read(None))
        cell.bind = self
        self._token = var._cells.set(cell)
        value: T = cell.value
        return value

    def adopt(self, old: Cell, new: Cell) -> None:
        self._copied = (*self._copied, old)
        self._cell = new

    def _leave(self) -> bool:
        var, cell, token = self._var, self._cell, self._token
        cells = (cell, *self._copied)
        self._cell, self._copied, self._token = NOTHING, (), None
        top = var._read(None)
        try:
            var._cells.reset(token)
        except ValueError:
            withdraw(cells)
            return False
        heir = None if top is cell else bind_above(top, cell)
        if heir is not None:
            var._cells.set(rebuilt(top, heir, cell.previous))
        elif var._read(None) is not cell.previous:
            # What was here on entering has ended meanwhile.
            var._cells.set(cell.previous or NOTHING)
        if var._revoke:
            withdraw(cells)
        else:
            release(cells)
        return True

    def _subject(self) -> str:
        return repr(self._var)


def withdraw(cells: Iterable[Cell]) -> None:
    """Empty *cells*: whoever holds one reads through to the previous value."""
    for cell in cells:
        cell.value = EMPTY
        cell.bind = None
        cell.previous = live(cell.previous)


def release(cells: Iterable[Cell]) -> None:
    """Let *cells* keep their value and nothing else: their bind has ended."""
    for cell in cells:
        cell.bind = cell.previous = None


class SeveralBind(Bind[None]):
    """Several binds that are entered and left as one."""

    __slots__ = ("_binds",)

    def __init__(self, binds: list[Bind[Any]], place: Place) -> None:
        super().__init__(place)
        self._binds = binds

    def _enter(self) -> None:
        entered: list[Bind[Any]] = []
        try:
            for bind in self._binds:
                bind.__enter__()
                entered.append(bind)
        except BaseException:
            for bind in reversed(entered):
                bind.end()
            raise

    def _leave(self) -> bool:
        # Not all(…): each must be left, whatever the others say.
        return False not in [bind.end() for bind in reversed(self._binds)]

    def _subject(self) -> str:
        return ", ".join(bind._subject() for bind in self._binds)
