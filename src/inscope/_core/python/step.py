"""Steps: a generator, a coroutine or an iterator, with each of its steps in a Context.

Twin of ``native/step.c``.
"""

from __future__ import annotations

import gc
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from inscope._core.thrown import raise_thrown

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

__all__ = ["Steps", "steps_in"]


class Steps:
    """What ``steps_in`` returns: an iterator that runs in a Context."""

    __slots__ = ("_context", "_inner", "_layer", "_seen")

    def __init__(
        self, context: Context, inner: Any, layer: Callable[[Context], bool] | None
    ) -> None:
        self._context = context
        self._inner = inner
        self._layer = layer
        self._seen: Context | None = None

    def of(self, inner: Any, /) -> Self:
        """Advance *inner* from now on, in the same Context."""
        self._inner = inner
        return self

    def __iter__(self) -> Self:
        return self

    def __await__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self._run(next_of, self._inner)

    def send(self, value: Any, /) -> Any:
        if value is None:
            return self._run(next_of, self._inner)
        return self._run(self._inner.send, value)

    def throw(self, error: Any, *rest: Any) -> Any:
        return self._run(throw, self._inner, error, *rest)

    def close(self) -> Any:
        return self._run(close, self._inner)

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        if self._layer is None:
            return self._context.run(function, *args)
        now, seen = copy_context(), self._seen
        if seen is None or bindings_of(seen) is not bindings_of(now):
            return self._context.run(self._in_layer, self._layer, now, function, args)
        return self._context.run(function, *args)

    def _in_layer(
        self,
        layer: Callable[[Context], bool],
        now: Context,
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> Any:
        self._seen = None
        if layer(now):
            self._seen = now
        return function(*args)


def steps_in(
    context: Context,
    inner: Any,
    layer: Callable[[Context], bool] | None = None,
    /,
) -> Steps:
    """Return an iterator that advances *inner*, with each of its steps in *context*.

    It can be iterated over, delegated to (``yield from``) and awaited. What it needs of
    *inner* is what is asked of itself: of an iterator, no more than ``next``.

    Args:
        context: Entered for each step; no two steps can overlap.
        inner: A generator, a coroutine, or an iterator.
        layer: Called in *context* before a step if the caller's bindings are not what
            they were, with a copy of them. It returns whether all of them have
            arrived; if not, it is called before the next step as well.
    """
    if type(context) is not Context:
        message = "steps_in() takes a Context and an iterator"
        raise TypeError(message)
    return Steps(context, inner, layer)


def bindings_of(context: Context) -> Any:
    """Return the map that *context*, a copy, consists of.

    Two copies of one have the same, until either is changed.
    """
    return gc.get_referents(context)[0]


def next_of(inner: Any) -> Any:
    """Advance *inner*, as ``send(None)`` does."""
    if hasattr(inner, "__next__"):
        return next(inner)
    return inner.send(None)


def throw(inner: Any, *error: Any) -> Any:
    """Throw *error* into *inner*; raise it, if that has nothing to throw it into."""
    return getattr(inner, "throw", raise_thrown)(*error)


def close(inner: Any) -> Any:
    """Close *inner*, if it can be closed."""
    method = getattr(inner, "close", None)
    return None if method is None else method()
