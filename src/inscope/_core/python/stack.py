"""``LocalStack``: a stack that each thread, task and greenlet has its own of.

The stack is a chain of cells, each holding an object and the cell below it:

.. code-block:: text

    parent context ───────────► ■ "b" ─► ■ "a" ─► bottom
    a task that pushed "c" ─► ■ "c" ──┘

To push is to make one cell, to pop to let go of one, at any depth; a context
copied meanwhile shares the cells below. A chain is given back to the
interpreter without recursion, however long. If the caller supplied a
``ContextVar[list]``, real lists are kept, replaced and never changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

from inscope._core.nothing import EMPTY, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import SupportsIndex

    from inscope._core.python.proxy import LocalProxy
    from inscope._core.python.storage import Storage

T = TypeVar("T")


class StackView(Sequence[T]):
    """The stack as it was after a push: read-only, the bottom first.

    Equal to any list, tuple or view of equal items. It is also the cell that
    the stack is made of, which is why a push costs no more for it.
    """

    __slots__ = ("__weakref__", "_below", "_bind", "_item")

    def __init__(self, item: Any, below: StackView[T] | None, bind: Any = None) -> None:
        self._item = item
        self._below = below
        self._bind = bind

    def __iter__(self) -> Iterator[T]:
        return iter(self._items()[::-1])

    def __reversed__(self) -> Iterator[T]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __bool__(self) -> bool:
        return self.full() is not BOTTOM

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]:
        return self._items()[::-1][index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple, StackView)):
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
        while cell is not BOTTOM:
            found.append(cell._item)
            cell = cast("StackView[T]", cell._below).full()
        return found

    def full(self) -> StackView[T]:
        """Return this cell, or the next below that has not been emptied."""
        cell = self
        while cell._item is EMPTY and cell._below is not None:
            cell = cell._below
        return cell

    def shorten(self) -> None:
        """Skip the emptied cells below: they never fill again."""
        if self._below is not None:
            self._below = self._below.full()

    def rebuilt(self, heir: Any, below: StackView[T]) -> StackView[T]:
        """Return the chain from here to the cell of the bind *heir*, on *below*.

        It is copied: a context copied meanwhile holds these cells. A chain
        without a cell of *heir* is returned as it is.
        """
        path: list[StackView[T]] = []
        node: StackView[T] | None = self
        while node is not None:
            path.append(node)
            if node._bind is heir:
                break
            node = node._below
        else:
            return self
        for node in reversed(path):
            if node._item is not EMPTY:
                below = StackView(node._item, below, node._bind)
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


BOTTOM: Final[StackView[Any]] = StackView(EMPTY, None)


@recursive_repr()
def _shown(stack: StackView[Any] | LocalStack[Any]) -> str:
    """Return the items as text, ``...`` for a stack that is among them."""
    if isinstance(stack, LocalStack):
        return repr(list(stack._storage.get(() if stack._plain else BOTTOM)))
    return repr(list(stack))


class ListView(StackView[T]):
    """The view of a stack whose caller supplied the ``ContextVar[list]``."""

    __slots__ = ("_list",)

    def __init__(self, items: list[T]) -> None:
        super().__init__(EMPTY, None)
        self._list = items

    def __bool__(self) -> bool:
        return bool(self._list)

    def _items(self) -> list[T]:
        return self._list[::-1]


class LocalStack(Generic[T]):
    """A stack of context-local objects.

    Each thread, asyncio task and greenlet pushes and pops its own; a task
    starts with the stack of the context it was made in, and what it pushes or
    pops there stays its own. Push and pop cost the same at any depth.

    Args:
        context_var: A ``ContextVar`` of lists to keep the stack in, in place of
            one made for it. It goes on holding real lists; every push and pop
            then copies the list.

    Raises:
        TypeError: *context_var* is not a context variable.

    Source:
        ``werkzeug.local.LocalStack``. There a pushed ``None`` counts as
        nothing; here it is an object like any other.

    Example:
        >>> from inscope import LocalStack
        >>> stack = LocalStack()
        >>> stack.push("a")
        <stack ['a']>
        >>> top = stack()
        >>> top.upper()
        'A'
        >>> stack.pop(), stack.top, stack.pop()
        ('a', None, None)
    """

    __module__ = "inscope"
    __slots__ = ("__weakref__", "_plain", "_storage")

    _storage: Storage

    def __init__(self, context_var: ContextVar[list[T]] | None = None) -> None:
        self._plain = context_var is not None
        if self._plain and not isinstance(context_var, ContextVar):
            kind = type(context_var).__name__
            message = f"'context_var' must be a ContextVar of lists, not {kind!r}"
            raise TypeError(message)
        name = f"inscope.LocalStack<{id(self)}>"
        self._storage = cast("Storage", context_var or ContextVar(name))

    def push(self, obj: T) -> StackView[T]:
        """Put *obj* on the stack.

        Returns:
            A read-only view of the stack as it is now.
        """
        storage = self._storage
        if self._plain:
            items = [*storage.get(()), obj]
            storage.set(items)
            return ListView(items)
        cell = StackView(obj, storage.get(BOTTOM))
        storage.set(cell)
        return cell

    def pop(self) -> T | None:
        """Take the top off and return it; ``None`` if the stack is empty."""
        storage = self._storage
        if self._plain:
            items = storage.get(())
            if not items:
                return None
            storage.set(items[:-1])
            return cast("T", items[-1])
        cell = storage.get(BOTTOM).full()
        if cell is BOTTOM:
            return None
        storage.set(cell._below)
        return cast("T", cell._item)

    @property
    def top(self) -> T | None:
        """The top of the stack; ``None`` if the stack is empty."""
        try:
            return self.peek()
        except Missing:
            return None

    def peek(self) -> T:
        """Return the top, for a proxy: ``Missing`` if the stack is empty."""
        if self._plain:
            items = self._storage.get(())
            if not items:
                raise Missing
            return cast("T", items[-1])
        item = self._storage.get(BOTTOM).full()._item
        if item is EMPTY:
            raise Missing
        return cast("T", item)

    def __release_local__(self) -> None:
        """Empty the stack in this context; other contexts keep theirs."""
        self._storage.set([] if self._plain else BOTTOM)

    @overload
    def __call__(
        self, name: None = None, *, unbound_message: str | None = None
    ) -> LocalProxy[T]: ...

    @overload
    def __call__(
        self, name: str, *, unbound_message: str | None = None
    ) -> LocalProxy[Any]: ...

    def __call__(
        self, name: str | None = None, *, unbound_message: str | None = None
    ) -> LocalProxy[Any]:
        """Return a proxy to the top of the stack, or to its attribute *name*."""
        from inscope._core import core  # either core may hold this

        return core.LocalProxy(self, name, unbound_message=unbound_message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_shown(self)}>"

    def __reduce__(self) -> Any:
        message = (
            f"cannot copy or pickle a {type(self).__name__}: its objects differ from"
            " context to context; pass the objects instead"
        )
        raise TypeError(message)
