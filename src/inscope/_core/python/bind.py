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
Made by ``Var.bind``, ``bind``, ``bound`` and ``pushed``. Twin of
``native/bind.c``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from inscope._core.place import Place, describe_place, describe_thread, place_of_caller
from inscope._core.python.cell import (
    EMPTY,
    NOTHING,
    Cell,
    bind_above,
    first_full,
)
from inscope._core.python.names import EMPTY_TREE, assign, lookup, remove
from inscope._core.python.stack import BOTTOM, StackView
from inscope.errors import BindStateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import ContextVar
    from types import TracebackType

    from inscope._core.python.local import Local
    from inscope._core.python.stack import LocalStack
    from inscope._core.python.var import CellVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
L = TypeVar("L", bound="Local")

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
        if self._state is not ENTERED:
            message = f"{self!r} cannot be left: it was {self._state}"
            raise BindStateError(message)
        self._state = LEFT
        if not self._leave():
            report_foreign(self, left)

    def _enter(self) -> T_co:
        """Bind, and return what ``with … as`` gives."""
        raise NotImplementedError

    def _leave(self) -> bool:
        """End the binding; ``False`` if this is not the Context it was made in."""
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

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__reduce__()


def report_foreign(bind: Bind[Any], left: Place) -> None:
    """Log that *bind* was left in another Context than it was entered in."""
    if sys.is_finalizing():
        return
    import logging

    logging.getLogger("inscope").warning(
        "%s, bound at %s, was left in another context, at %s in thread %r. Its value"
        " has been withdrawn wherever it was visible. A generator that binds and is"
        " closed elsewhere does this: close it where it runs (contextlib.closing,"
        " aclosing).",
        bind._subject(),
        describe_place(bind._place),
        describe_place(left),
        describe_thread(),
    )


class VarBind(Bind[T]):
    """The bind of a Var: a cell in its context variable."""

    __slots__ = ("_cell", "_var")

    def __init__(self, var: CellVar[T], value: T, place: Place) -> None:
        super().__init__(place)
        self._var = var
        self._cell = Cell(value, None, place)

    def _enter(self) -> T:
        cell = self._cell
        cell.previous = first_full(self._var._read(None))
        self._token = self._var._cells.set(cell)
        value: T = cell.value
        return value

    def _leave(self) -> bool:
        var, cell, token = self._var, self._cell, self._token
        self._cell, self._token = NOTHING, None
        top = var._read(None)
        try:
            var._cells.reset(token)
        except ValueError:
            cell.value = EMPTY
            return False
        above = None if top is cell else bind_above(top, cell)
        if above is not None:
            # Left before a bind that was entered later: that one stays.
            above.previous = cell.previous
            var._cells.set(top)
        elif var._read(None) is not cell.previous:
            # What was here before has ended meanwhile.
            var._cells.set(cell.previous or NOTHING)
        if var._revoke:
            cell.value = EMPTY
        return True

    def _subject(self) -> str:
        return repr(self._var)


class PlainBind(Bind[T]):
    """The bind of a plain ContextVar, which holds values and not cells.

    Left in another Context, the value stays in the one it was entered in: a
    plain variable holds nothing that could be emptied.
    """

    __slots__ = ("_context_var", "_value")

    _value: Any

    def __init__(self, context_var: ContextVar[T], value: T, place: Place) -> None:
        super().__init__(place)
        self._context_var = context_var
        self._value = value

    def _enter(self) -> T:
        value: T = self._value
        self._token = self._context_var.set(value)
        return value

    def _leave(self) -> bool:
        token = self._token
        self._token = self._value = None
        try:
            self._context_var.reset(token)
        except ValueError:
            return False
        return True

    def _subject(self) -> str:
        return f"context variable {self._context_var.name!r}"


class LocalBind(Bind[L]):
    """The bind of names in a Local: a cell for each."""

    __slots__ = ("_local", "_old", "_values")

    def __init__(self, local: L, values: Mapping[str, Any], place: Place) -> None:
        super().__init__(place)
        self._local = local
        self._values = dict(values)
        self._old: dict[str, Any] = {}

    def _enter(self) -> L:
        storage, plain = self._local._storage, self._local._plain
        tree = storage.get(EMPTY_TREE)
        for name, value in self._values.items():
            old = _find(tree, name)
            new = value if plain else Cell(value, _as_cell(old), self._place)
            self._old[name] = old if plain else new
            tree = _put(tree, name, new, plain)
        self._token = storage.set(tree)
        return self._local

    def _leave(self) -> bool:
        local, token, old = self._local, self._token, self._old
        self._token, self._values, self._old = None, dict.fromkeys(self._values), {}
        storage, plain = local._storage, local._plain
        tree = storage.get(EMPTY_TREE)
        try:
            storage.reset(token)
        except ValueError:
            for cell in old.values():
                if type(cell) is Cell:
                    cell.value = EMPTY
            return False
        for name, kept in reversed(old.items()):
            tree = _put(tree, name, kept, plain) if plain else _end(tree, name, kept)
        storage.set(tree)
        return True

    def _subject(self) -> str:
        return f"{', '.join(self._values)} of a {type(self._local).__name__}"


def _find(tree: Any, name: str) -> Any:
    """Return what lies under *name*, a value or a cell; ``EMPTY`` if nothing."""
    try:
        return lookup(tree, name)
    except KeyError:
        return EMPTY


def _as_cell(found: Any) -> Cell | None:
    """Return *found* as the previous cell of a new one."""
    if type(found) is Cell:
        return first_full(found)
    return None if found is EMPTY else Cell(found, None)


def _put(tree: Any, name: str, value: Any, plain: bool) -> Any:
    """Return *tree* with *value* under *name*, or without it if ``EMPTY``."""
    if value is EMPTY:
        if _find(tree, name) is EMPTY:
            return tree
        if plain:
            return {key: tree[key] for key in tree if key != name}
        return remove(tree, name, hash(name))
    return {**tree, name: value} if plain else assign(tree, name, value, hash(name))


def _end(tree: Any, name: str, cell: Cell) -> Any:
    """Return *tree* with what was under *name* before *cell*."""
    top = _find(tree, name)
    above = None if top is cell else bind_above(top, cell)
    if above is not None:
        above.previous = cell.previous
        return tree
    previous = cell.previous
    if previous is None:
        return _put(tree, name, EMPTY, False)
    value = previous.value if previous.place is None else previous
    return _put(tree, name, value, False)


class StackBind(Bind[T]):
    """The bind of an object on a stack: one cell of the chain."""

    __slots__ = ("_cell", "_item", "_stack")

    _cell: Any
    _item: Any

    def __init__(self, stack: LocalStack[T], item: T, place: Place) -> None:
        super().__init__(place)
        self._stack = stack
        self._item = item

    def _enter(self) -> T:
        stack = self._stack
        item: T = self._item
        if stack._plain:
            self._cell = [*stack._storage.get(()), item]
        else:
            below = stack._storage.get(BOTTOM)._full()
            self._cell = StackView(item, below, self._place)
        self._token = stack._storage.set(self._cell)
        return item

    def _leave(self) -> bool:
        storage, plain, cell = self._stack._storage, self._stack._plain, self._cell
        token = self._token
        self._token = self._item = self._cell = None
        top = storage.get(() if plain else BOTTOM)
        try:
            storage.reset(token)
        except ValueError:
            if not plain:
                cell._item = EMPTY
            return False
        storage.set(_list_below(top, cell) if plain else _stack_below(top, cell))
        return True

    def _subject(self) -> str:
        return f"an object on a {type(self._stack).__name__}"


def _list_below(top: list[Any], entered: list[Any]) -> list[Any]:
    """Return the stack *top* cut below the item that made it *entered*."""
    depth = len(entered) - 1
    mine = len(top) > depth and top[depth] is entered[depth]
    return top[:depth] if mine else top


def _stack_below(top: StackView[Any], cell: StackView[Any]) -> StackView[Any]:
    """Return the stack *top* without *cell* and what was left lying above it.

    A bind above it stays: it was entered later and has not been left.
    """
    node, above = top, None
    while node is not cell:
        if node._below is None:
            return top  # popped by hand
        if node._place is not None:
            above = node
        node = node._below
    below = cell._below or BOTTOM
    if above is None:
        return below
    above._below = below
    return top


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
                bind._leave()
            raise

    def _leave(self) -> bool:
        # Not all(…): each must be left, whatever the others say.
        return False not in [bind._leave() for bind in reversed(self._binds)]

    def _subject(self) -> str:
        return ", ".join(bind._subject() for bind in self._binds)
