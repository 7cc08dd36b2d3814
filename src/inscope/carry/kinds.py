"""Wrappers of the same kind as what they wrap.

A framework decides by what ``inspect`` says of a function whether to await it, to
iterate over it or to run it in a thread. So what surrounds a coroutine function is a
coroutine function, what surrounds a generator function is one, and so on. Used by
``snapshot.py``, ``functions.py``, ``scoped.py`` and ``inscope.web``.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from contextvars import copy_context
from functools import partial, update_wrapper
from inspect import (
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    isroutine,
)
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, cast

from inscope._core.snapshot import steps_in

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextlib import AbstractAsyncContextManager

    from inscope._core.python.step import Steps

    Function = Callable[..., Any]

__all__ = ["keeping_kind", "stepped", "surrounded"]

PLAIN, COROUTINE, GENERATOR, ASYNC_GENERATOR = range(4)


def kind_of(function: Any) -> int:
    """Return what a call of *function* makes, by what ``inspect`` says of it."""
    while isinstance(function, partial):
        function = function.func
    if not isroutine(function) and not isclass(function):
        function = getattr(function, "__call__", function)  # noqa: B004
    if iscoroutinefunction(function) or _is_marked(function):
        return COROUTINE
    if isasyncgenfunction(function):
        return ASYNC_GENERATOR
    return GENERATOR if isgeneratorfunction(function) else PLAIN


def _is_marked(function: Any) -> bool:
    """Tell whether asyncio takes *function* for a coroutine function."""
    mark = getattr(function, "_is_coroutine", None)
    if mark is None:
        return False
    from asyncio import coroutines

    return mark is getattr(coroutines, "_is_coroutine", None)


def keeping_kind(function: Any, wrap: Callable[[Any], Any], name: str) -> Any:
    """Wrap *function*, whatever callable it is; what results is of the same kind.

    Args:
        function: A function, method, class, ``partial`` or callable object; in the
            body of a class also a ``staticmethod`` or ``classmethod``.
        wrap: Takes what is called; returns a function that is called in its place.
        name: Of the public function that this is done for, for errors.

    Raises:
        TypeError: *function* cannot be called.
    """
    if isinstance(function, (staticmethod, classmethod)):
        method = cast("Any", function)
        return type(method)(keeping_kind(method.__func__, wrap, name))
    if type(function) is MethodType:
        inner = keeping_kind(function.__func__, wrap, name)
        return MethodType(inner, function.__self__)
    if type(function) is partial:
        inner = keeping_kind(function.func, wrap, name)
        return partial(inner, *function.args, **function.keywords)
    if not callable(function):
        message = f"{name}() takes something that can be called, not {function!r}"
        raise TypeError(message)
    return wrap(function) if isroutine(function) else StandIn(function, wrap(function))


class StandIn:
    """Stands for a class or an object that is called: all else is asked of that."""

    __slots__ = ("__weakref__", "__wrapped__", "_call")

    def __init__(self, wrapped: Any, call: Function) -> None:
        self.__wrapped__ = wrapped
        self._call = call

    @property
    def __call__(self) -> Any:
        return own(self, "_call")

    def __getattribute__(self, name: str) -> Any:
        if name in OWN_NAMES:
            return own(self, name)
        return getattr(own(self, "__wrapped__"), name)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, own(self, "__wrapped__"))

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, own(self, "__wrapped__"))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (own(self, "__wrapped__"),)

    def __repr__(self) -> str:
        return repr(own(self, "__wrapped__"))


OWN_NAMES: Final = ("__call__", "__mro_entries__", "__wrapped__")

own: Final[Callable[[StandIn, str], Any]] = object.__getattribute__


def stepped(
    function: Function,
    call: Callable[..., Any],
    steps: Callable[[Any], Steps],
) -> Function:
    """Wrap *function* so that each call, and each step of what it makes, is taken over.

    Args:
        function: What to wrap.
        call: Calls a function that makes nothing to be advanced: ``call(function, …)``.
        steps: Called once for each generator or coroutine that is made; returns what
            advances it.
    """

    def plain(*args: Any, **kwargs: Any) -> Any:
        return call(function, *args, **kwargs)

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        return await steps(awaited(function(*args, **kwargs)))

    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return cast("Any", (yield from steps(function(*args, **kwargs))))

    async_generator = delegating(function, steps, nullcontext)
    wrapper = (plain, coroutine, generator, async_generator)[kind_of(function)]
    return with_names_of(function, wrapper)


class Unstepped:
    """In the place of ``Steps``, for what is advanced where it is."""

    def __init__(self, _: Any) -> None:
        pass

    def of(self, awaitable: Any) -> Any:
        return awaitable


def delegating(
    function: Function,
    steps: Callable[[Any], Steps | Unstepped],
    around: Callable[[], AbstractAsyncContextManager[Any]],
) -> Function:
    """Return an async generator function around *function*, which is one.

    What ``yield from`` does, which async generators have not.
    """

    async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        async with around():
            inner: Any = function(*args, **kwargs)
            step = steps(None).of
            try:
                item = await step(begun(inner))
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        if hasattr(inner, "aclose"):
                            await step(inner.aclose())
                        raise
                    except BaseException as error:
                        if not hasattr(inner, "athrow"):
                            raise
                        item = await step(inner.athrow(error))
                    else:
                        ahead = inner.__anext__() if sent is None else inner.asend(sent)
                        item = await step(ahead)
            except StopAsyncIteration:
                return

    return async_generator


def isolated(function: Function) -> Function:
    """Wrap *function* so that each call has a copy of the context it is made in."""

    def steps(inner: Any) -> Steps:
        return steps_in(copy_context(), inner)

    return stepped(function, called_in_copy, steps)


def called_in_copy(function: Function, /, *args: Any, **kwargs: Any) -> Any:
    """Call *function* in a copy of the context of here and now."""
    return copy_context().run(function, *args, **kwargs)


def awaited(awaitable: Awaitable[Any]) -> Any:
    """Return *awaitable* as something that can be advanced."""
    return awaitable if hasattr(awaitable, "send") else _awaiting(awaitable)


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def begun(generator: Any) -> Awaitable[Any]:
    """Return the first step of *generator*, without telling the event loop of it.

    The loop closes each async generator that it knows, when it ends or the generator is
    dropped, in a ``Context`` of its own choice. It knows the wrapper, which closes
    this.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        first: Awaitable[Any] = generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)
    return first


def surrounded(function: Function, around: Callable[[], Any]) -> Function:
    """Wrap *function* so that each call runs in a block of its own, to its last step.

    Args:
        function: What to wrap.
        around: Makes the block: a context manager, used by ``with`` or ``async with``
            as the kind of the function is.
    """

    def plain(*args: Any, **kwargs: Any) -> Any:
        with around():
            return function(*args, **kwargs)

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        async with around():
            return await function(*args, **kwargs)

    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with around():
            return cast("Any", (yield from function(*args, **kwargs)))

    async_generator = delegating(function, Unstepped, around)
    wrapper = (plain, coroutine, generator, async_generator)[kind_of(function)]
    return with_names_of(function, wrapper)


def with_names_of(function: Any, wrapper: Function) -> Function:
    """As ``functools.wraps``, which would copy all that a class or an object has."""
    updated = ("__dict__",) if isroutine(function) else ()
    return update_wrapper(wrapper, function, updated=updated)
