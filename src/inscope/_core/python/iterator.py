"""``iterate_in_scope``: a call with a scope around it, and around what it returns.

Twin of ``native/iterator.c``.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from inscope._core.iterator import close_dropped
from inscope._core.place import place_of_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Context
    from typing import Self

    from inscope._core.place import Place
    from inscope._core.python.scope import BareScope

__all__ = ["ScopedIterator", "SizedScopedIterator", "iterate_in_scope"]


def iterate_in_scope(
    scope: BareScope, function: Callable[..., Iterable[Any]], /, *args: Any
) -> ScopedIterator:
    """Call *function*, and iterate over what it returns, in a scope.

    All of it runs in one copy of this ``Context``: the call, each step, and the end.

    Args:
        scope: What to open before the call. It closes with the iterator.
        function: Returns an iterable; its ``close()`` is called, if it has one.
        *args: What to call it with.

    Returns:
        An iterator, with a length if the iterable is a list or a tuple.
    """
    context = copy_context()
    return context.run(_called, context, scope, place_of_caller(), function, args)


def _called(
    context: Context,
    scope: BareScope,
    place: Place,
    function: Callable[..., Iterable[Any]],
    args: tuple[Any, ...],
) -> ScopedIterator:
    scope._scope_push(place)
    try:
        iterable = function(*args)
        sized = isinstance(iterable, (list, tuple))
        kind = SizedScopedIterator if sized else ScopedIterator
        return kind(context, scope, iterable)
    except BaseException as error:
        scope._scope_pop(error, place)
        raise


class ScopedIterator:
    """What ``iterate_in_scope`` returns. Closed once, at the latest when dropped."""

    __slots__ = ("__weakref__", "_context", "_error", "_iterable", "_scope", "_steps")

    def __init__(
        self, context: Context, scope: BareScope, iterable: Iterable[Any]
    ) -> None:
        self._context = context
        self._scope: BareScope | None = scope
        self._iterable: Any = iterable
        self._steps: Iterator[Any] | None = None
        self._error: BaseException | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if self._scope is None:
            raise StopIteration
        return self._context.run(self._step)

    def _step(self) -> Any:
        try:
            if self._steps is None:
                self._steps = iter(self._iterable)
            return next(self._steps)
        except StopIteration:
            raise
        except BaseException as error:
            self._error = error
            raise

    def close(self) -> None:
        """Close the iterable, and then the scope."""
        if self._scope is not None:
            self._context.run(self._close, place_of_caller())

    def _close(self, place: Place) -> None:
        scope, iterable = self._scope, self._iterable
        self._scope = self._iterable = self._steps = None
        if scope is None:  # closed in another thread meanwhile
            return
        try:
            close: Any = getattr(iterable, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            scope._scope_pop(error, place)
            raise
        scope._scope_pop(self._error, place)

    def __del__(self) -> None:
        if self._scope is not None:
            close_dropped(self)


class SizedScopedIterator(ScopedIterator):
    """An iterator of known length: of a body of one part, servers tell the length."""

    __slots__ = ("_length",)

    def __init__(self, context: Context, scope: BareScope, iterable: Any) -> None:
        super().__init__(context, scope, iterable)
        self._length = len(iterable)

    def __len__(self) -> int:
        return self._length
