"""The proxy: a stand-in that forwards every operation to the object bound here.

:class:`BareProxy` has attributes, copying and pickling; :class:`LocalProxy` has
every other special method too. The methods are compiled from the expressions
in ``special_methods.py`` with the one template below, so the resolution of the
source is written once and still costs no call in any of them. Measured against
one function per operation over a shared ``resolve(proxy)``, that saves a fifth.

Twin of ``native/proxy.c``. Types that have only some methods: ``shape.py``.
"""

from __future__ import annotations

import operator
from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast, overload

from inscope._core import special_methods
from inscope._core.python.source import Source, is_unbound
from inscope.errors import (
    ProxyNotInitializedError,
    UnboundAttributeError,
    UnboundError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from inscope._core.proxied import Proxied  # how an annotation may call a proxy
    from inscope._core.python.local import Local
    from inscope._core.python.source import Given, Holder
    from inscope._core.special_method_types import ForwardedMethods
else:

    class ForwardedMethods:
        """Has the methods that no ABC shall find: see ``ProxyType.__mro__``."""

        __slots__ = ()


T = TypeVar("T")
U = TypeVar("U")

OWN = frozenset(
    {"_get_current_object"}
    | {row.name for row in special_methods.TABLE if row.rule == special_methods.OWN}
) - {"__call__", "__getattribute__", "__setattr__"}
"""Attributes of a proxy that are its own; every other is the object's."""

_TEMPLATE = """
def {name}(self{parameters}):
    {guard}
    try:
        target = resolver_of(self)()
    except Exception as error:
        return {failure}
    return {expression}
"""


def _compile(
    name: str,
    expression: str,
    parameters: str = "",
    *,
    failure: str = "fail(self, error)",
    guard: str = "pass",
) -> Callable[..., Any]:
    """Return the function that resolves ``self`` and evaluates *expression*."""
    text = _TEMPLATE.format(
        name=name,
        parameters=parameters and f", {parameters}",
        guard=guard,
        failure=failure,
        expression=expression,
    )
    found: dict[str, Any] = {}
    exec(compile(text, f"<inscope LocalProxy.{name}>", "exec"), _NAMESPACE, found)
    function = cast("Callable[..., Any]", found[name])
    function.__qualname__ = f"LocalProxy.{name}"
    function.__module__ = "inscope"
    return function


def fail(proxy: BareProxy[Any], error: Exception) -> NoReturn:
    """Raise what the user sees when resolving *proxy* raised *error*."""
    failure = _source(proxy).failure(proxy, error)
    if failure is error:
        raise error
    raise failure from error.__cause__


def fail_attribute(proxy: BareProxy[Any], error: Exception, name: str) -> Any:
    """Answer for the attribute *name* of a proxy that could not be resolved."""
    if not (special_methods.is_probe(name) and is_unbound(error)):
        fail(proxy, error)
    if name == "__module__" or name in type(proxy)._shape:
        # The module: doctest asks for it, of what __wrapped__ is a function.
        return object.__getattribute__(proxy, name)
    failure = _source(proxy).failure(proxy, error)
    if isinstance(failure, AttributeError):
        raise failure
    if isinstance(failure, UnboundError) and failure is not error:
        unbound = _source(proxy).unbound(UnboundAttributeError, proxy)
        raise unbound from error.__cause__
    raise UnboundAttributeError(*failure.args) from failure


def own_attribute(proxy: BareProxy[Any], name: str) -> Any:
    """Return the attribute *name*, one of OWN."""
    if name not in {"__class__", "__doc__", "__wrapped__", "__mro_entries__"}:
        return object.__getattribute__(proxy, name)
    try:
        target = resolver_of(proxy)()
    except Exception as error:
        if not is_unbound(error):
            fail(proxy, error)
        if name == "__class__":
            return type(proxy)
        if name == "__doc__":
            return type(proxy).__doc__
        if name == "__wrapped__":
            return _source(proxy).given
        return partial(_no_bases, proxy, error)
    if name == "__mro_entries__" and isinstance(target, type):
        return partial(_one_base, target)
    return getattr(target, name)


def _no_bases(proxy: BareProxy[Any], error: Exception, _: tuple[Any, ...]) -> NoReturn:
    """Answer ``class X(proxy)`` when *proxy* is unbound."""
    fail(proxy, error)


def _one_base(target: type, _: tuple[Any, ...]) -> tuple[type]:
    """Answer ``class X(proxy)`` with the class behind the proxy."""
    return (target,)


def _source(proxy: BareProxy[Any]) -> Source:
    try:
        return cast("Source", source_of(proxy))
    except AttributeError:
        kind = type(proxy).__name__
        message = f"{kind}.__init__ has not been called on this proxy"
        raise ProxyNotInitializedError(message) from None


def is_proxy(obj: object) -> bool:
    """Tell whether *obj* is a proxy of inscope; resolves nothing.

    Example:
        >>> from inscope import LocalProxy, is_proxy
        >>> is_proxy(LocalProxy(list)), is_proxy([])
        (True, False)
    """
    return type.__subclasscheck__(BareProxy, type(obj))


@overload
def unwrap(obj: BareProxy[T] | Proxied[T]) -> T: ...


@overload
def unwrap(obj: T) -> T: ...


def unwrap(obj: Any) -> Any:
    """Return the object behind *obj*; of anything but a proxy, *obj* itself.

    Raises:
        UnboundError: Nothing is bound behind the proxy.

    Example:
        >>> from inscope import LocalProxy, unwrap
        >>> word = "a word"
        >>> unwrap(LocalProxy(lambda: word)) is unwrap(word) is word
        True
    """
    while is_proxy(obj):
        obj = current(obj)
    return obj


class ProxyType(type):
    """The type of proxy types: a shaped proxy counts as a ``LocalProxy``.

    A shaped type must lack methods that LocalProxy has, so it cannot inherit
    from it; both inherit from :class:`BareProxy`.
    """

    def __subclasscheck__(cls, subclass: type) -> bool:
        return type.__subclasscheck__(BareProxy if cls is LocalProxy else cls, subclass)

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), cls) or super().__instancecheck__(instance)

    @property
    def __mro__(cls) -> tuple[type, ...]:
        """What the type inherits from, as ABCs are to see it.

        Answering ``os.fspath`` must not make every proxy an ``os.PathLike``: code
        that asks for one would take a proxied list or file for a path.
        """
        mro: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
        return tuple(owner for owner in mro if owner is not ForwardedMethods)

    @property
    def __signature__(cls) -> Any:
        """The constructor's; ``__new__`` takes whatever a subclass wants."""
        import inspect

        constructor: Any = cls.__init__  # type: ignore[misc]  # this very class's
        signature = inspect.signature(constructor)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class BareProxy(Generic[T], metaclass=ProxyType):
    """What every proxy has: the object's attributes, and copying and pickling it."""

    __slots__ = ("__weakref__", "_resolve", "_source")

    _shape: frozenset[str] = frozenset()
    """Special methods that the type has because its ``like`` class has them."""

    def __init__(
        self,
        local: Any,
        name: str | Callable[[Any], Any] | None = None,
        *,
        unbound_message: str | None = None,
        like: Any = None,
    ) -> None:
        inner = partial(current, local) if is_proxy(local) else None
        source = Source(local, name, unbound_message, inner)
        override = type(self)._get_current_object
        overridden = override is not AnyProxy._get_current_object
        _set_source(self, source)
        _set_resolver(
            self, MethodType(override, self) if overridden else source.resolve
        )

    def _get_current_object(self) -> T:
        """Return the object behind the proxy, to keep or to hand elsewhere.

        Raises:
            UnboundError: Nothing is bound here and now.
        """
        try:
            return cast("T", _source(self).resolve())
        except Exception as error:
            fail(self, error)

    def __setattr__(self, name: str, value: Any) -> None:
        # LocalProxy[T](…): typing marks what it made, and would mark the object.
        if name == "__orig_class__" and isinstance(
            getattr(value, "__origin__", None), ProxyType
        ):
            return
        setattr(current(self), name, value)

    def __copy__(self) -> T:
        import copy

        return copy.copy(cast("T", current(self)))

    def __deepcopy__(self, memo: dict[int, Any]) -> T:
        import copy

        return copy.deepcopy(cast("T", current(self)), memo)

    def __reduce__(self) -> tuple[Any, ...]:
        # "Item 0 of the tuple of the object": a reader needs only the library.
        return operator.getitem, ((current(self),), 0)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        reduce: Any = object.__getattribute__(self, "__reduce__")
        return cast("tuple[Any, ...]", reduce())

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


for _member in vars(BareProxy).values():
    if isinstance(_member, FunctionType):  # errors name a class that users know
        _member.__qualname__ = f"LocalProxy.{_member.__name__}"

if TYPE_CHECKING:  # the name alone would mean a proxy to something unknown
    AnyProxy = BareProxy[Any]
else:
    AnyProxy = BareProxy

resolver_of = vars(BareProxy)["_resolve"].__get__
source_of = vars(BareProxy)["_source"].__get__
_set_resolver = vars(BareProxy)["_resolve"].__set__
_set_source = vars(BareProxy)["_source"].__set__

_NAMESPACE = {
    **special_methods.NAMESPACE,
    "plain": unwrap,
    "resolver_of": resolver_of,
    "is_unbound": is_unbound,
    "fail": fail,
    "fail_attribute": fail_attribute,
    "own_attribute": own_attribute,
    "own": OWN,
}

current = _compile("current", "target")
"""Return the object behind a proxy: what each method begins with."""

METHODS: dict[str, Callable[..., Any]] = {
    row.name: _compile(
        row.name,
        row.expression,
        row.parameters,
        failure=f"{row.unbound} if is_unbound(error) else fail(self, error)"
        if row.unbound
        else "fail(self, error)",
    )
    for row in special_methods.FORWARDED
}

BareProxy.__getattribute__ = _compile(  # type: ignore[method-assign]  # as METHODS are
    "__getattribute__",
    "getattr(target, name)",
    "name",
    guard="if name in own: return own_attribute(self, name)",
    failure="fail_attribute(self, error, name)",
)


class LocalProxy(BareProxy[T], ForwardedMethods):
    """A proxy to the object that is bound where the code runs.

    Every operation is forwarded to that object: attributes, calls, operators,
    iteration, ``with``, ``await``; ``isinstance`` follows its class. The object
    is looked up once for each operation and never kept.

    With nothing bound, every operation raises, but for what is needed to look
    at an object: ``repr`` (``<LocalProxy unbound>``), ``bool`` (``False``),
    ``dir`` (empty), ``__class__``, ``__doc__`` and ``__wrapped__``.

    Args:
        local: Where to look: a ``ContextVar``, a ``Var``, a ``Local`` (with a
            *name*), a ``LocalStack`` (its top), another proxy, or a callable
            that returns the object.
        name: An attribute of what is found there, to use in its place; may be
            dotted. Or a function that is given what is found there (of a Local,
            the Local).
        unbound_message: The text of the error raised with nothing bound. A
            callable's own error is raised as it is.
        like: A class. The proxy then has just the special methods that
            instances of this class have, and tells the truth to ``callable()``,
            ``isinstance(p, Iterable)`` and the like, also when unbound.

    Raises:
        TypeError: An argument is of the wrong kind.

    Source:
        ``werkzeug.local.LocalProxy``; *like* is new.

    Example:
        >>> from contextvars import ContextVar
        >>> from inscope import LocalProxy
        >>> _user = ContextVar("user")
        >>> user = LocalProxy(_user)
        >>> user
        <LocalProxy unbound>
        >>> token = _user.set("ann")
        >>> user.upper(), len(user), user == "ann"
        ('ANN', 3, True)
        >>> _user.reset(token)
    """

    __module__ = "inscope"
    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __init__(
            self,
            local: Holder[T],
            name: None = None,
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        @overload
        def __init__(
            self,
            local: Callable[[], T],
            name: None = None,
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        @overload
        def __init__(
            self,
            local: Holder[U],
            name: Callable[[U], T],
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        @overload
        def __init__(
            self,
            local: Callable[[], U],
            name: Callable[[U], T],
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        @overload
        def __init__(
            self,
            local: Local,
            name: Callable[[Local], T],
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        @overload
        def __init__(
            self: LocalProxy[Any],
            local: Given,
            name: str,
            *,
            unbound_message: str | None = None,
            like: Any = None,
        ) -> None: ...

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        like = kwargs.pop("like", None)  # no parameter: a subclass may have others
        if like is None:
            return object.__new__(cls)
        from inscope._core.python.shape import shaped_type

        if cls is not LocalProxy:
            message = f"'like' shapes a LocalProxy, not its subclass {cls.__name__}"
            raise TypeError(message)
        shaped = shaped_type(like)
        self = object.__new__(shaped)
        AnyProxy.__init__(self, *args, **kwargs)
        return cast("Self", self)

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Let a subclass have attributes of its own beside the object's."""
        super().__init_subclass__(**arguments)
        ours = (LocalProxy, BareProxy, Generic, object)
        own = frozenset(
            name
            for owner in cls.__mro__
            if owner not in ours
            for name in vars(owner)
            if name in special_methods.SHAPED or not name.startswith("__")
        )
        if "__getattribute__" not in vars(cls):
            access = _own_first(own, cls.__dictoffset__ != 0)
            type.__setattr__(cls, "__getattribute__", access)


for _name, _method in METHODS.items():
    setattr(
        ForwardedMethods if _name in special_methods.UNCLAIMED else LocalProxy,
        _name,
        _method,
    )


def _own_first(own: frozenset[str], has_dict: bool) -> Callable[[Any, str], Any]:
    """Return the attribute access of a subclass: its own names, then the object's."""
    forward = AnyProxy.__getattribute__

    def __getattribute__(self: Any, name: str) -> Any:
        if name in own or (
            has_dict and name in object.__getattribute__(self, "__dict__")
        ):
            return object.__getattribute__(self, name)
        return forward(self, name)

    return __getattribute__
