"""The binds of a Local's names, of an object on a stack, and of a plain variable.

Their values may be overwritten, deleted and popped by hand, so what is stored
does not tell which binds are open. A ledger does: one context variable holds
the innermost open bind of the running context, each bind the one around it.
Its token tells, too, whether a bind is left in the Context it was entered in.

A bind remembers what was there before it. Left before one that was entered
later, it hands that memory on to it. Made by ``bound``, ``pushed`` and
``Var.over(…).bind``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from inscope._core.bind import LEFT, OnceBind
from inscope._core.cells import (
    Cell,
    LinkedCell,
    is_cell,
    live,
    rebuilt,
    release,
    shortened,
    withdraw,
)
from inscope._core.local import is_plain, storage_of
from inscope._core.names import EMPTY_TREE, assign, lookup, remove
from inscope._core.nothing import EMPTY
from inscope._core.setting import put_back, set_or_leave
from inscope._core.stack import BOTTOM, StackView
from inscope._core.storage import IdentStorage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inscope._core.local import Local
    from inscope._core.place import Place
    from inscope._core.stack import LocalStack

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
L = TypeVar("L", bound="Local")

INNERMOST: Final[ContextVar[Any]] = ContextVar("inscope.innermost_bind", default=None)
"""The innermost open bind of the running context, or one that has been left."""


class LedgerBind(OnceBind[T_co]):
    """A bind that is kept in the ledger."""

    __slots__ = ("_around",)

    _around: LedgerBind[Any] | None

    def _enter(self) -> T_co:
        bind = INNERMOST.get()
        while bind is not None and bind._state is LEFT:
            bind.tidy()
            bind = bind._around
        self._around = bind
        self._token = set_or_leave(INNERMOST, self, bind)
        try:
            return self._put()
        except BaseException:
            self._withdraw()
            INNERMOST.reset(self._token)
            raise

    def _leave(self) -> bool:
        innermost, token = INNERMOST.get(), self._token
        self._token = None
        self._around = _first_open(self._around)  # or the chain would only grow
        try:
            put_back(INNERMOST, token)
        except BaseException as error:
            self._withdraw()
            if isinstance(error, ValueError):
                return False
            raise
        try:
            return self._end_here(innermost)
        except BaseException:
            if self._is_of_cells():
                self._withdraw()  # which takes no memory
            else:
                self._end_here(innermost)  # once more
            raise

    def _end_here(self, innermost: LedgerBind[Any]) -> bool:
        later = self._entered_later(innermost)
        if later:
            INNERMOST.set(innermost)
        here = self._is_here()
        if here:
            self._undo(later)
        else:
            self._withdraw()
        if later:
            later[0]._around = self._around
        return here

    def _entered_later(self, innermost: LedgerBind[Any]) -> Sequence[LedgerBind[Any]]:
        """Return the open binds that were entered after this one, in that order."""
        if innermost is self:
            return ()
        found: list[LedgerBind[Any]] = []
        node: LedgerBind[Any] | None = innermost
        while node is not None and node is not self:
            if node._state is not LEFT:
                found.append(node)
            node = node._around
        return [] if node is None else found[::-1]

    def tidy(self) -> None:
        """Remove what is left of this bind, withdrawn, where it was entered."""

    def _put(self) -> T_co:
        """Bind, remember what was there, and return what ``as`` gives."""
        raise NotImplementedError

    def _undo(self, later: Sequence[LedgerBind[Any]]) -> None:
        """Put back what was there, or hand the memory of it to one of *later*.

        If it fails, it can be done again, unless the bind is one of cells.
        """
        raise NotImplementedError

    def _is_of_cells(self) -> bool:
        """Tell whether what was bound lies in cells, and so can be withdrawn."""
        raise NotImplementedError

    def _withdraw(self) -> None:
        """Empty what was bound, being in another Context."""
        raise NotImplementedError

    def _is_here(self) -> bool:
        """Tell whether the data that was bound is the data that is seen."""
        return True


def _first_open(bind: LedgerBind[Any] | None) -> LedgerBind[Any] | None:
    """Return *bind* or the first around it that is open."""
    while bind is not None and bind._state is LEFT:
        bind = bind._around
    return bind


class PlainBind(LedgerBind[T]):
    """The bind of a plain ContextVar, which holds values and not cells.

    Left in another Context, the value stays in the one it was entered in: a
    plain variable holds nothing that could be emptied.
    """

    __slots__ = ("_before", "_context_var", "_value")

    _before: Any
    _value: Any

    def __init__(self, context_var: ContextVar[T], value: T, place: Place) -> None:
        super().__init__(place)
        self._context_var = context_var
        self._value = value

    def _put(self) -> T:
        value: T = self._value
        var: ContextVar[Any] = self._context_var
        self._before = set_or_leave(var, value, var.get(EMPTY))
        return value

    def _undo(self, later: Sequence[LedgerBind[Any]]) -> None:
        before = self._before
        for bind in later:
            if isinstance(bind, PlainBind) and bind._context_var is self._context_var:
                bind._before = before
                break
        else:
            top = self._context_var.get(None)  # see Var.reset
            put_back(self._context_var, before)
            del top
        self._withdraw()

    def _is_of_cells(self) -> bool:
        return False

    def _withdraw(self) -> None:
        self._value = self._before = None

    def _subject(self) -> str:
        return f"context variable {self._context_var.name!r}"


class LocalBind(LedgerBind[L]):
    """The bind of names in a Local: a cell for each, or a plain value."""

    __slots__ = ("_before", "_cells", "_local", "_names", "_stored", "_values")

    _stored: Any

    def __init__(self, local: L, values: Mapping[str, Any], place: Place) -> None:
        super().__init__(place)
        self._local = local
        self._values = dict(values)
        self._names = tuple(values)
        self._before: dict[str, Any] = {}
        self._cells: list[LinkedCell] = []

    def _put(self) -> L:
        storage, plain = storage_of(self._local), is_plain(self._local)
        tree = there = storage.get(EMPTY_TREE)
        for name, value in self._values.items():
            before = self._before[name] = _find(tree, name)
            if plain:
                tree = {**cast("dict[str, Any]", tree), name: value}
                continue
            cell = LinkedCell(value, _as_cell(before), self)
            self._cells.append(cell)
            tree = assign(tree, name, cell, hash(name))
        self._values.clear()
        self._stored = set_or_leave(storage, tree, there)
        return self._local

    def adopt(self, old: Cell, new: LinkedCell) -> None:
        self._cells.append(new)

    def _undo(self, later: Sequence[LedgerBind[Any]]) -> None:
        storage, plain = storage_of(self._local), is_plain(self._local)
        tree = storage.get(EMPTY_TREE)
        for name, before in reversed(self._before.items()):
            heirs = self._heirs(later, name)
            if not heirs:
                tree = _put_back(tree, name, before, plain)
                continue
            first = heirs[0]
            if not plain:
                for heir in heirs[1:]:
                    heir._before[name] = _on(heir._before[name], first, before)
                found = _find(tree, name)
                rest = _on(found, first, before)
                if rest is not found:
                    tree = assign(tree, name, rest, hash(name))
            first._before[name] = before
        storage.set(tree)
        release(self._cells)
        self._forget()

    def _is_of_cells(self) -> bool:
        return not is_plain(self._local)

    def _heirs(
        self, later: Sequence[LedgerBind[Any]], name: str
    ) -> list[LocalBind[Any]]:
        """Return the later binds of the same name."""
        return [
            bind
            for bind in later
            if isinstance(bind, LocalBind)
            and bind._local is self._local
            and name in bind._before
        ]

    def _withdraw(self) -> None:
        withdraw(self._cells)
        self._forget()

    def _forget(self) -> None:
        self._before.clear()
        self._cells.clear()

    def tidy(self) -> None:
        storage = storage_of(self._local)
        tree = before = storage.get(EMPTY_TREE)
        for name in self._names:
            found = _find(tree, name)
            if is_cell(found) and found.value is EMPTY:
                tree = _put_back(tree, name, found, is_plain(self._local))
        if tree is not before:
            storage.set(tree)

    def _is_here(self) -> bool:
        return _runs(storage_of(self._local), self._stored)

    def _subject(self) -> str:
        return f"{', '.join(self._names)} of a {type(self._local).__name__}"


def _runs(storage: Any, stored: Any) -> bool:
    return not isinstance(storage, IdentStorage) or storage.runs(stored)


def _find(tree: Any, name: str) -> Any:
    """Return what lies under *name*, a value or a cell; ``EMPTY`` if nothing."""
    try:
        return lookup(tree, name)
    except KeyError:
        return EMPTY


def _as_cell(found: Any) -> Cell | None:
    """Return *found* as the previous cell of a new one."""
    if is_cell(found):
        return shortened(found)
    return None if found is EMPTY else LinkedCell(found, None)


def _put_back(tree: Any, name: str, before: Any, plain: bool) -> Any:
    """Return *tree* with what was under *name* before, if anything."""
    if is_cell(before):
        before = live(before) or EMPTY
    if before is not EMPTY:
        if plain:
            return {**tree, name: before}
        return assign(tree, name, before, hash(name))
    if _find(tree, name) is EMPTY:
        return tree
    if plain:
        return {key: tree[key] for key in tree if key != name}
    return remove(tree, name, hash(name))


def _on(found: Any, heir: LocalBind[Any], before: Any) -> Any:
    """Return *found*, if it is a chain with a cell of *heir*, on *before*."""
    if not is_cell(found):
        return found  # overwritten by hand
    return rebuilt(found, heir, _as_cell(before))


class StackBind(LedgerBind[T]):
    """The bind of an object on a stack: a cell of the chain, or a list's item."""

    __slots__ = ("_before", "_cells", "_item", "_stack", "_stored")

    _before: Any
    _item: Any
    _stored: Any

    def __init__(self, stack: LocalStack[T], item: T, place: Place) -> None:
        super().__init__(place)
        self._stack = stack
        self._item = item
        self._cells: list[StackView[T]] = []

    def _put(self) -> T:
        storage = self._stack._storage
        item: T = self._item
        if self._stack._plain:
            before = self._before = storage.get(())
            self._stored = set_or_leave(storage, [*before, item], before or [])
        else:
            below = self._before = storage.get(BOTTOM).full()
            below.shorten()
            cell: StackView[T] = StackView(item, below, self)
            self._cells.append(cell)
            self._stored = set_or_leave(storage, cell, below)
        return item

    def _undo(self, later: Sequence[LedgerBind[Any]]) -> None:
        storage, before = self._stack._storage, self._before
        heirs = [
            bind
            for bind in later
            if isinstance(bind, StackBind) and bind._stack is self._stack
        ]
        if not heirs:
            storage.set([*before] if self._stack._plain else before)
        elif self._stack._plain:
            self._hand_over_list(heirs)
        else:
            for heir in heirs[1:]:
                heir._before = heir._before.rebuilt(heirs[0], before)
            storage.set(storage.get(BOTTOM).rebuilt(heirs[0], before))
            heirs[0]._before = before
        for cell in self._cells:
            cell.release()
        self._forget()

    def _is_of_cells(self) -> bool:
        return not self._stack._plain

    def _hand_over_list(self, heirs: list[StackBind[Any]]) -> None:
        """Cut what this bind put there out of the lists of the later binds."""
        storage, before, depth = self._stack._storage, self._before, heirs[0]._depth
        top = storage.get(())
        lists = [[*before, *heir._before[depth:]] for heir in heirs[1:]]
        if len(top) > depth and top[depth] is heirs[0]._item:  # not popped by hand
            set_or_leave(storage, [*before, *top[depth:]], top)
        for heir, items in zip(heirs, [before, *lists], strict=True):
            heir._before = items

    @property
    def _depth(self) -> int:
        """Where in the list the object lies."""
        return len(self._before)

    def adopt(self, old: Any, new: Any) -> None:
        self._cells.append(new)

    def _withdraw(self) -> None:
        index = len(self._cells)
        while index:  # as cells.withdraw()
            index -= 1
            self._cells[index].empty()
        self._forget()

    def _forget(self) -> None:
        self._before = self._item = None
        self._cells.clear()

    def _is_here(self) -> bool:
        return _runs(self._stack._storage, self._stored)

    def _subject(self) -> str:
        return f"an object on a {type(self._stack).__name__}"
