"""What is hot of a ``LocalStack``; see ``_core/stack.py``. Twin of ``stack.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from inscope._core.nothing import EMPTY, Missing
from inscope._core.stack_view import View, pop_from_list, push_on_list, top_of_list

if TYPE_CHECKING:
    from typing import Self

    from inscope._core.storage import Storage

T = TypeVar("T")


class StackView(View[T]):
    __doc__ = View.__doc__

    __slots__ = ("__weakref__", "_below", "_bind", "_item")

    def __init__(self, item: Any, below: Self | None, bind: Any = None) -> None:
        self._item = item
        self._below = below
        self._bind = bind


BOTTOM: Final[StackView[Any]] = StackView(EMPTY, None)


class BareStack(Generic[T]):
    """Push, pop and look at the top."""

    __slots__ = ("__weakref__", "_plain", "_storage")

    _plain: bool
    _storage: Storage

    def push(self, obj: T) -> View[T]:
        """Put *obj* on the stack.

        Returns:
            A read-only view of the stack as it is now.
        """
        storage = self._storage
        if self._plain:
            return push_on_list(self, obj)
        cell: StackView[T] = StackView(obj, storage.get(BOTTOM))
        storage.set(cell)
        return cell

    def pop(self) -> T | None:
        """Take the top off and return it; ``None`` if the stack is empty."""
        storage = self._storage
        if self._plain:
            return cast("T | None", pop_from_list(self))
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
            return cast("T", top_of_list(self))
        item = self._storage.get(BOTTOM).full()._item
        if item is EMPTY:
            raise Missing
        return cast("T", item)
