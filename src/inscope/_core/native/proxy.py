"""The proxy of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

import copy
import math
import operator
import sys
from contextvars import ContextVar
from functools import partial
from types import MethodType, WrapperDescriptorType
from typing import Any, cast

from inscope._core import failures, special_methods
from inscope._core.local import Local
from inscope._core.native._native import (
    BareProxy,
    BareStack,
    BareVar,
    ForwardedMethods,
    LocalProxy,
    ScopeSlot,
    allow_own_attributes,
    configure,
    current,
    is_proxy,
    set_metaclass,
    shape_methods,
    unwrap,
)
from inscope._core.proxy_type import LOCAL_PROXY_DOC, ProxyType
from inscope._core.shape import Shapes
from inscope._core.source import Source
from inscope._core.stack import LocalStack
from inscope._core.subclass import give_own_attributes
from inscope._core.var import CellVar

__all__ = ["BareProxy", "LocalProxy", "current", "is_proxy", "unwrap"]

Way = tuple[str, Any, str | None, Source | str | None]
"""How ``_native`` finds an object: which way (``ways.c``), where, under which name of
a Local, and the Source or, if one can be made at any time, the message."""


def _make_source(given: Any, name: Any, message: str | None) -> Source:
    inner = partial(current, given) if is_proxy(given) else None
    return Source(given, name, message, inner)


def _prepare(
    self: Any,
    local: Any,
    name: Any = None,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> Way:
    kind = cast("Any", type(local))
    source = _make_source(local, name, unbound_message)  # which looks at what is given
    override = cast("Any", type(self))._get_current_object
    if override is not BareProxy._get_current_object:
        return "call", MethodType(override, self), None, source
    if is_proxy(local):
        if name is None and unbound_message is None:
            return "proxy", local, None, None
    elif issubclass(kind, Local):
        if isinstance(name, str) and "." not in name:
            return "local", local, name, unbound_message
    elif name is None:
        if kind is ContextVar:
            return "context_var", local, None, unbound_message
        if issubclass(kind, CellVar) and _has(kind, BareVar, "resolver"):
            return "var", local, None, unbound_message
        if issubclass(kind, LocalStack) and _has(kind, BareStack, "peek"):
            return "stack", local, None, unbound_message
        if kind is ScopeSlot:
            return "slot", local, None, unbound_message
    elif isinstance(name, str) and "." not in name and _is_a_holder(kind):
        return "attribute", LocalProxy(local), name, source
    return "call", source.resolve, None, source


def _is_a_holder(kind: Any) -> bool:
    """Tell whether what *kind* holds is found without a call of Python."""
    return kind in (ContextVar, ScopeSlot) or issubclass(kind, CellVar)


def _has(kind: Any, base: Any, method: str) -> bool:
    """Tell whether *kind*, a subclass of *base*, has left *method* as it is."""
    return getattr(kind, method) is getattr(base, method)


_prepare.__qualname__ = "LocalProxy.__init__"
_prepare.__module__ = "inscope"


def _make_shaped(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the proxy that ``LocalProxy(*args, **kwargs)`` is, with its ``like``."""
    if cls is not LocalProxy:
        message = f"'like' shapes a LocalProxy, not its subclass {cls.__name__}"
        raise TypeError(message)
    rest = {key: value for key, value in kwargs.items() if key != "like"}
    return SHAPES.made(kwargs["like"])(*args, **rest)


def _init_subclass(cls: type, **arguments: Any) -> None:
    """Let a subclass have attributes of its own beside the object's."""
    super(LocalProxy, cls).__init_subclass__(**arguments)
    if isinstance(vars(BareProxy)["__setattr__"], WrapperDescriptorType):
        allow_own_attributes()
    give_own_attributes(cls, LocalProxy)


set_metaclass(ProxyType)
configure(
    own=tuple(map(sys.intern, sorted(special_methods.PROXYS_OWN))),
    local_type=Local,
    prepare=_prepare,
    make_source=_make_source,
    fail=failures.fail,
    fail_attribute=failures.fail_attribute,
    is_unbound=failures.is_unbound,
    unbound_repr=failures.unbound_repr,
    unbound_attribute=failures.unbound_attribute,
    mro_entries=failures.mro_entries,
    make_shaped=_make_shaped,
    init_subclass=_init_subclass,
    enter=special_methods.enter,
    leave=special_methods.leave,
    aenter=special_methods.aenter,
    aleave=special_methods.aleave,
    await_=special_methods.await_,
    trunc=math.trunc,
    floor=math.floor,
    ceil=math.ceil,
    round=round,
    copy=copy.copy,
    deepcopy=copy.deepcopy,
    getitem=operator.getitem,
)
BareProxy._shape = frozenset()
ForwardedMethods._unclaimed = True
LocalProxy._counts = BareProxy
BareProxy._constructor = _prepare
LocalProxy.__doc__ = LOCAL_PROXY_DOC
SHAPES = Shapes(BareProxy, shape_methods(), LOCAL_PROXY_DOC)
