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
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from inscope._core import special_methods
from inscope._core.failures import (
    fail,
    fail_attribute,
    is_unbound,
    mro_entries,
    state_of,
    unbound_attribute,
)
from inscope._core.proxy_type import LOCAL_PROXY_DOC, ProxyType
from inscope._core.shape import Shapes
from inscope._core.source import Source
from inscope._core.subclass import give_own_attributes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from inscope._core.local import Local
    from inscope._core.proxied import Proxied  # how an annotation may call a proxy
    from inscope._core.source import Given, Holder
    from inscope._core.special_method_types import ForwardedMethods
else:

    class ForwardedMethods:
        """Has the methods that no ABC shall find: see ``ProxyType.__mro__``."""

        __slots__ = ()
        _unclaimed = True


T = TypeVar("T")
U = TypeVar("U")

_DEEPEST = 10_000
"""Proxies to proxies that ``unwrap`` goes through before it gives up."""

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
    failure: str = "fail(self, source(self), error)",
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


def own_attribute(proxy: BareProxy[Any], name: str) -> Any:
    """Return the attribute *name*, one of PROXYS_OWN."""
    if name not in special_methods.OBJECTS:
        return object.__getattribute__(proxy, name)
    try:
        target = resolver_of(proxy)()
    except Exception as error:
        return unbound_attribute(proxy, _source(proxy), error, name)
    return mro_entries(target) if name == "__mro_entries__" else getattr(target, name)


def _source(proxy: BareProxy[Any]) -> Source | None:
    """Return the source of *proxy*; ``None`` before ``__init__``."""
    try:
        return cast("Source", source_of(proxy))
    except AttributeError:
        return None


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
    for _ in range(_DEEPEST):
        if not is_proxy(obj):
            return obj
        obj = current(obj)
    message = "a proxy leads back to itself"
    raise RecursionError(message)


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
        source = _source(self)
        try:
            return cast("T", cast("Source", source).resolve())
        except Exception as error:
            fail(self, source, error)

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
    "state_of": state_of,
    "source": _source,
    "fail": fail,
    "fail_attribute": fail_attribute,
    "own_attribute": own_attribute,
    "own": special_methods.PROXYS_OWN,
}

current = _compile("current", "target")
"""Return the object behind a proxy: what each method begins with."""

_FAIL = "fail(self, source(self), error)"

METHODS: dict[str, Callable[..., Any]] = {
    row.name: _compile(
        row.name,
        row.expression,
        row.parameters,
        failure=f"{row.unbound} if is_unbound(error) else {_FAIL}"
        if row.unbound
        else _FAIL,
    )
    for row in special_methods.FORWARDED
}

BareProxy.__getattribute__ = _compile(  # type: ignore[method-assign]  # as METHODS are
    "__getattribute__",
    "getattr(target, name)",
    "name",
    guard="if name in own: return own_attribute(self, name)",
    failure="fail_attribute(self, source(self), error, name)",
)


class LocalProxy(BareProxy[T], ForwardedMethods):
    __doc__ = LOCAL_PROXY_DOC

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
        if cls is not LocalProxy:
            message = f"'like' shapes a LocalProxy, not its subclass {cls.__name__}"
            raise TypeError(message)
        return cast("Self", SHAPES.made(like)(*args, **kwargs))

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Let a subclass have attributes of its own beside the object's."""
        super().__init_subclass__(**arguments)
        give_own_attributes(cls, LocalProxy)


for _name, _method in METHODS.items():
    setattr(
        ForwardedMethods if _name in special_methods.UNCLAIMED else LocalProxy,
        _name,
        _method,
    )

LocalProxy._counts = AnyProxy
SHAPES = Shapes(AnyProxy, METHODS, LocalProxy.__doc__)
