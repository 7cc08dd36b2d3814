"""The native core: what is hot is in C, the rest is shared with the Python core.

``_native`` (module.c and its neighbours; README.md has the map) holds the proxy.
Here it gets what is written in Python, and what it does not have is added.
"""

from __future__ import annotations

import copy
import math
import operator
from contextvars import ContextVar
from functools import partial
from types import MethodType, WrapperDescriptorType
from typing import Any

from inscope._core import failures, special_methods
from inscope._core.native._native import (
    BareProxy,
    ForwardedMethods,
    LocalProxy,
    allow_own_attributes,
    configure,
    current,
    is_proxy,
    shape_methods,
)
from inscope._core.proxy_type import ProxyType
from inscope._core.python import (
    EMPTY,
    Bind,
    CellVar,
    IdentStorage,
    Local,
    LocalBind,
    LocalStack,
    Missing,
    PlainBind,
    SeveralBind,
    StackBind,
    StackView,
    Token,
    VarBind,
    is_unbound,
    set_storage,
)
from inscope._core.python.proxy import LocalProxy as _Twin
from inscope._core.shape import Shapes
from inscope._core.source import Source
from inscope._core.subclass import give_own_attributes

__all__ = [
    "EMPTY",
    "BareProxy",
    "Bind",
    "CellVar",
    "IdentStorage",
    "Local",
    "LocalBind",
    "LocalProxy",
    "LocalStack",
    "Missing",
    "PlainBind",
    "SeveralBind",
    "StackBind",
    "StackView",
    "Token",
    "VarBind",
    "current",
    "is_proxy",
    "is_unbound",
    "set_storage",
    "unwrap",
]


def unwrap(obj: Any) -> Any:
    while is_proxy(obj):
        obj = current(obj)
    return obj


def _prepare(
    self: Any,
    local: Any,
    name: Any = None,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> tuple[Source, ContextVar[Any] | None, Any]:
    """Return the source, and the variable or the function that leads to the object."""
    inner = partial(current, local) if is_proxy(local) else None
    source = Source(local, name, unbound_message, inner)
    override = type(self)._get_current_object
    if override is not BareProxy._get_current_object:
        return source, None, MethodType(override, self)
    if type(local) is ContextVar and name is None:
        return source, local, None
    return source, None, source.resolve


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


configure(
    ProxyType,
    special_methods.PROXYS_OWN,
    prepare=_prepare,
    fail=failures.fail,
    fail_attribute=failures.fail_attribute,
    is_unbound=is_unbound,
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
LocalProxy._constructor = _prepare
LocalProxy.__doc__ = _Twin.__doc__
SHAPES = Shapes(BareProxy, shape_methods(), LocalProxy.__doc__)
