"""Views of a ``LocalStack``: what ``push`` returns. What is cold of them is here.

``StackView`` itself, the cell that a stack is made of, is hot: it is in
``python/stack.py`` and ``native/stack.c``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from inscope._core.nothing import EMPTY, Missing

if TYPE_CHECKING:
    from abc import ABCMeta
    from collections.abc import Iterator
    from typing import Self, SupportsIndex

T = TypeVar("T")


class View(Generic[T]):
    """The stack as it was after a push: read-only, the bottom first.

    Equal to any list, tuple or view of equal items. It is also the cell that
    the stack is made of, which is why a push costs no more for it.
    """

    if TYPE_CHECKING:
        _item: Any
        _below: Self | None
        _bind: Any

        def __init__(self, item: Any, below: Self | None, bind: Any = None) -> None: ...

    else:
        __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return item in list(self)

    def count(self, value: Any) -> int:
        return list(self).count(value)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items()[::-1])

    def __reversed__(self) -> Iterator[T]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __bool__(self) -> bool:
        return self.full()._below is not None

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]:
        return self._items()[::-1][index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple, View)):
            return NotImplemented
        return list(self) == list(cast("Sequence[object]", other))

    def index(self, value: Any, start: int = 0, stop: int = sys.maxsize) -> int:
        return list(self).index(value, start, stop)

    def __repr__(self) -> str:
        return f"<stack {_shown(self)}>"

    def __reduce__(self) -> Any:
        return list, (list(self),)

    def _items(self) -> list[T]:
        """Return the items, the top first."""
        found: list[T] = []
        cell = self.full()
        while cell._below is not None:
            found.append(cell._item)
            cell = cell._below.full()
        return found

    def full(self) -> Self:
        """Return this cell, or the next below that has not been emptied."""
        cell = self
        while cell._item is EMPTY and cell._below is not None:
            cell = cell._below
        return cell

    def shorten(self) -> None:
        """Skip the emptied cells below: they never fill again."""
        if self._below is not None:
            self._below = self._below.full()

    def rebuilt(self, heir: Any, below: Self) -> Self:
        """Return the chain from here to the cell of the bind *heir*, on *below*.

        It is copied: a context copied meanwhile holds these cells. A chain
        without a cell of *heir* is returned as it is.
        """
        path: list[Self] = []
        node: Self | None = self
        while node is not None:
            path.append(node)
            if node._bind is heir:
                break
            node = node._below
        else:
            return self
        for node in reversed(path):
            if node._item is not EMPTY:
                below = type(node)(node._item, below, node._bind)
                if node._bind is not None:
                    node._bind.adopt(node, below)
        return below

    def release(self) -> None:
        """Forget the bind, which has ended."""
        self._bind = None

    def empty(self) -> None:
        """Withdraw the item: whoever holds the cell sees what lies below."""
        self._item = EMPTY
        self._bind = None
        self.shorten()


cast("ABCMeta", Sequence).register(View)


@recursive_repr()
def _shown(stack: View[Any]) -> str:
    """Return the items as text, ``...`` for a stack that is among them."""
    return repr(list(stack))


class ListView(View[T]):
    """The view of a stack whose caller supplied the ``ContextVar[list]``."""

    __slots__ = ("_list",)

    def __init__(self, items: list[T]) -> None:
        self._list = items

    def __bool__(self) -> bool:
        return bool(self._list)

    def _items(self) -> list[T]:
        return self._list[::-1]


def push_on_list(stack: Any, obj: Any) -> ListView[Any]:
    """Push on a stack that keeps real lists."""
    items = [*stack._storage.get(()), obj]
    stack._storage.set(items)
    return ListView(items)


def pop_from_list(stack: Any) -> Any:
    """Pop from a stack that keeps real lists; ``None`` if it is empty."""
    items = stack._storage.get(())
    if not items:
        return None
    stack._storage.set(items[:-1])
    return items[-1]


def top_of_list(stack: Any) -> Any:
    """Return the top of a stack that keeps real lists; ``Missing`` if it is empty."""
    items = stack._storage.get(())
    if not items:
        raise Missing
    return items[-1]
