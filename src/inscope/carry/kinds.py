"""Wrappers of the same kind as what they wrap.

A framework decides by what ``inspect`` says of a function whether to await it, to
iterate over it or to run it in a thread. So what stands around a coroutine function is
a coroutine function, and what stands for a class passes for one. ``wrappers.py`` makes
the functions. Used by ``snapshot.py``, ``functions.py``, ``scoped.py`` and
``inscope.web``.
"""

from __future__ import annotations

from functools import partial
from inspect import (
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    isroutine,
    signature,
)
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

__all__ = [
    "ASYNC_GENERATOR",
    "COROUTINE",
    "GENERATOR",
    "PLAIN",
    "keeping_kind",
    "kind_of",
]

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

    __wrapped__: Any

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

    @property
    def __signature__(self) -> Any:
        try:
            return signature(own(self, "__wrapped__"))
        except (TypeError, ValueError) as error:
            message = "it has no signature"
            raise AttributeError(message) from error

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, own(self, "__wrapped__"))

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, own(self, "__wrapped__"))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (own(self, "__wrapped__"),)

    def __repr__(self) -> str:
        return repr(own(self, "__wrapped__"))


OWN_NAMES: Final = ("__call__", "__mro_entries__", "__signature__", "__wrapped__")

own: Final[Callable[[StandIn, str], Any]] = object.__getattribute__
