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
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_GENERATOR,
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    signature,
)
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
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

STEPPED: Final = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


def kind_of(function: Any) -> int:
    """Return what a call of *function* makes, by what ``inspect`` says of it."""
    if type(function) is FunctionType and not (
        function.__dict__ or function.__code__.co_flags & STEPPED
    ):  # nearly all: without a mark, and run in one go
        return PLAIN
    while isinstance(function, partial):
        function = function.func
    asked = [function]
    if not is_function(function) and not isclass(function):
        asked.append(getattr(function, "__call__", function))  # noqa: B004
    for one in asked:  # an object may be marked itself, whatever its call is
        if iscoroutinefunction(one) or _is_marked(one):
            return COROUTINE
        if isasyncgenfunction(one):
            return ASYNC_GENERATOR
        if isgeneratorfunction(one):
            return GENERATOR
    return PLAIN


def is_bound(function: object) -> bool:
    """Tell whether *function* is bound to an instance when it is found in a class."""
    return hasattr(type(function), "__get__")


def is_function(function: object) -> bool:
    """Tell whether *function* is one, of Python or C, and not an object with a call."""
    return isinstance(function, FUNCTIONS)


FUNCTIONS: Final = (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)


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
    if is_function(function):
        return wrap(function)
    kind: Any = BoundStandIn if is_bound(function) else StandIn
    return kind(function, wrap)


class StandIn:
    """Stands for a class or an object that is called.

    Its attributes are those of the object. Of the special methods, it has what is asked
    of a class, and ``bool()``.
    """

    __slots__ = ("__weakref__", "__wrapped__", "_call", "_wrap")

    __wrapped__: Any

    def __init__(self, wrapped: Any, wrap: Callable[[Any], Function]) -> None:
        own_set(self, "__wrapped__", wrapped)
        own_set(self, "_wrap", wrap)
        own_set(self, "_call", wrap(wrapped))

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

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(own(self, "__wrapped__"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(own(self, "__wrapped__"), name)

    def __getitem__(self, item: Any) -> Any:
        return own(self, "__wrapped__")[item]

    def __or__(self, other: Any) -> Any:
        return own(self, "__wrapped__") | other

    def __ror__(self, other: Any) -> Any:
        return other | own(self, "__wrapped__")

    def __bool__(self) -> bool:
        return bool(own(self, "__wrapped__"))

    def __reduce_ex__(self, protocol: Any) -> Any:
        message = (
            f"cannot copy or pickle {self!r}, which was carried: its context cannot"
            " leave the process"
        )
        raise TypeError(message)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, own(self, "__wrapped__"))

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, own(self, "__wrapped__"))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (own(self, "__wrapped__"),)

    def __repr__(self) -> str:
        return repr(own(self, "__wrapped__"))


class BoundStandIn(StandIn):
    """Stands for an object that is bound as methods are."""

    __slots__ = ()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        bound = own(self, "__wrapped__").__get__(instance, owner)
        return keeping_kind(bound, own(self, "_wrap"), "carry")


OWN_NAMES: Final = (
    "__call__",
    "__mro_entries__",
    "__reduce_ex__",
    "__signature__",
    "__wrapped__",
)

own: Final[Callable[[StandIn, str], Any]] = object.__getattribute__
own_set: Final[Callable[[StandIn, str, Any], None]] = object.__setattr__
