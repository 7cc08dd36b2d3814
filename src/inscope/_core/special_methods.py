"""The one table of Python's special methods: how a proxy treats each, or why not.

Both cores build their proxy type from it, the tests run over it, and the page
in the docs is printed from it. Rows stand in the order of the data model
(https://docs.python.org/3/reference/datamodel.html).

A row of rule ``forward`` is an *expression* over ``target``, the object bound
here and now: it is the text that the Python core compiles into the method.
``fallback`` rows have a second expression for a proxy with nothing bound,
``own`` rows are written by hand in ``proxy.py``, and ``left`` rows are not
forwarded, for the reason given.
"""

from __future__ import annotations

import math
import operator
import os
from types import FunctionType, MethodType
from typing import Any, Final, NamedTuple

FORWARD, FALLBACK, OWN, LEFT = "forward", "fallback", "own", "left"


class SpecialMethod(NamedTuple):
    """One row of the table.

    Attributes:
        name: The method's name.
        rule: ``forward``, ``fallback``, ``own`` or ``left``.
        expression: Python text over ``self``, ``target`` and the parameters.
        parameters: The parameters after ``self``, as text.
        unbound: For ``fallback``: the expression when nothing is bound.
        reason: For ``own`` and ``left``: why, or what it does instead.
    """

    name: str
    rule: str
    expression: str = ""
    parameters: str = ""
    unbound: str = ""
    reason: str = ""


def _forward(name: str, expression: str, parameters: str = "") -> SpecialMethod:
    return SpecialMethod(name, FORWARD, expression, parameters)


def _fallback(name: str, expression: str, unbound: str) -> SpecialMethod:
    return SpecialMethod(name, FALLBACK, expression, unbound=unbound)


def _own(name: str, reason: str) -> SpecialMethod:
    return SpecialMethod(name, OWN, reason=reason)


def _left(name: str, reason: str) -> SpecialMethod:
    return SpecialMethod(name, LEFT, reason=reason)


def _binary(name: str, expression: str) -> list[SpecialMethod]:
    """Return the rows of an operator: ``a + b``, ``b + a`` and ``a += b``."""
    stem = name.strip("_")
    changed = f"operator.i{stem}(target, other)"
    return [
        _forward(name, expression.format("target", "other"), "other"),
        _forward(f"__r{stem}__", expression.format("other", "target"), "other"),
        # The same object: the name stays the proxy. A new one: the name gets it.
        _forward(
            f"__i{stem}__",
            f"self if (result := {changed}) is target else result",
            "other",
        ),
    ]


_POWER = [
    _forward(
        "__pow__",
        "target ** other if modulo is None"
        " else pow(target, plain(other), plain(modulo))",
        "other, modulo=None",
    ),
    _forward(
        "__rpow__",
        "other ** target if modulo is None else pow(other, target, plain(modulo))",
        "other, modulo=None",
    ),
    _forward(
        "__ipow__",
        "self if (result := operator.ipow(target, other)) is target else result",
        "other",
    ),
]

TABLE: Final[tuple[SpecialMethod, ...]] = (
    # Basic customization
    _left("__new__", "makes the proxy itself"),
    _left("__init__", "makes the proxy itself"),
    _left("__del__", "the end of a proxy is not the end of its object"),
    _fallback(
        "__repr__", "repr(target)", "f'<{type(self).__name__} {state_of(error)}>'"
    ),
    _forward("__str__", "str(target)"),
    _forward("__bytes__", "bytes(target)"),
    _forward("__format__", "format(target, format_spec)", "format_spec"),
    _forward("__lt__", "target < other", "other"),
    _forward("__le__", "target <= other", "other"),
    _forward("__eq__", "target == other", "other"),
    _forward("__ne__", "target != other", "other"),
    _forward("__gt__", "target > other", "other"),
    _forward("__ge__", "target >= other", "other"),
    _forward("__hash__", "hash(target)"),
    _fallback("__bool__", "bool(target)", "False"),
    # Attributes
    _left("__getattr__", "__getattribute__ answers every name"),
    _own("__getattribute__", "forwards every name but those of the proxy itself"),
    _own("__setattr__", "forwards; LocalProxy[T](…) does not mark the object"),
    _forward("__delattr__", "delattr(target, name)", "name"),
    _fallback("__dir__", "dir(target)", "[]"),
    _own("__class__", "the object's; unbound: the proxy's"),
    _own("__doc__", "the object's; unbound: the proxy's"),
    _own("__wrapped__", "the object's; unbound: what the proxy was made from"),
    _left("__dict__", "an attribute: forwarded with every other"),
    _left("__slots__", "says how the proxy's own type is laid out"),
    _left("__module__", "an attribute: forwarded; unbound: the proxy's, for doctest"),
    # Descriptors
    _left("__get__", "a proxy kept in a class must stay the proxy"),
    _left("__set__", "a proxy kept in a class must stay the proxy"),
    _left("__delete__", "a proxy kept in a class must stay the proxy"),
    _left("__set_name__", "would tell the object of a class that does not hold it"),
    _left("__objclass__", "an attribute: forwarded with every other"),
    # Class creation
    _left("__init_subclass__", "serves subclasses of the proxy type"),
    _own("__mro_entries__", "class X(proxy) has the class behind the proxy as base"),
    _left("__prepare__", "Python asks the metaclass itself, never a stand-in"),
    _left("__class_getitem__", "LocalProxy[T]; the object's is reached by proxy[T]"),
    _forward("__instancecheck__", "isinstance(instance, target)", "instance"),
    _forward("__subclasscheck__", "issubclass(subclass, target)", "subclass"),
    _left("__subclasshook__", "serves ABCs, which are asked themselves"),
    # Callable objects
    _forward(
        "__call__",
        "target(*args, **kwargs) if kwargs else target(*args)",
        "/, *args, **kwargs",
    ),
    # Containers
    _forward("__len__", "len(target)"),
    _forward("__length_hint__", "operator.length_hint(target)"),
    _forward("__getitem__", "target[key]", "key"),
    _forward("__setitem__", "operator.setitem(target, key, value)", "key, value"),
    _forward("__delitem__", "operator.delitem(target, key)", "key"),
    _left("__missing__", "dict asks its own subclass, inside target[key]"),
    _forward("__iter__", "iter(target)"),
    _forward("__next__", "next(target)"),
    _forward("__reversed__", "reversed(target)"),
    _forward("__contains__", "item in target", "item"),
    # Numbers
    *_binary("__add__", "{} + {}"),
    *_binary("__sub__", "{} - {}"),
    *_binary("__mul__", "{} * {}"),
    *_binary("__matmul__", "{} @ {}"),
    *_binary("__truediv__", "{} / {}"),
    *_binary("__floordiv__", "{} // {}"),
    *_binary("__mod__", "{} % {}"),
    _forward("__divmod__", "divmod(target, other)", "other"),
    _forward("__rdivmod__", "divmod(other, target)", "other"),
    *_POWER,
    *_binary("__lshift__", "{} << {}"),
    *_binary("__rshift__", "{} >> {}"),
    *_binary("__and__", "{} & {}"),
    *_binary("__xor__", "{} ^ {}"),
    *_binary("__or__", "{} | {}"),
    _forward("__neg__", "-target"),
    _forward("__pos__", "+target"),
    _forward("__abs__", "abs(target)"),
    _forward("__invert__", "~target"),
    _forward("__complex__", "complex(target)"),
    _forward("__int__", "int(target)"),
    _forward("__float__", "float(target)"),
    _forward("__index__", "operator.index(target)"),
    _forward("__round__", "round(target, *digits)", "*digits"),
    _forward("__trunc__", "math.trunc(target)"),
    _forward("__floor__", "math.floor(target)"),
    _forward("__ceil__", "math.ceil(target)"),
    # Context managers
    _forward("__enter__", "enter(target)"),
    _forward("__exit__", "leave(target, *error)", "*error"),
    # Buffers (asked of a Python class from 3.12 on)
    _forward("__buffer__", "memoryview(target)", "flags"),
    _left("__release_buffer__", "the view that __buffer__ gave releases the object"),
    # Coroutines
    _forward("__await__", "await_(target)"),
    _forward("__aiter__", "aiter(target)"),
    _forward("__anext__", "anext(target)"),
    _forward("__aenter__", "aenter(target)"),
    _forward("__aexit__", "aleave(target, *error)", "*error"),
    # Files, size
    _forward("__fspath__", "os.fspath(target)"),
    _forward("__sizeof__", "type(target).__sizeof__(target)"),
    # copy and pickle
    _own("__copy__", "copies the object"),
    _own("__deepcopy__", "copies the object"),
    _own("__reduce__", "pickles the object; the reader needs no inscope"),
    _own("__reduce_ex__", "pickles the object; the reader needs no inscope"),
    _left("__getstate__", "the object's, while it is pickled"),
    _left("__setstate__", "the object's, while it is unpickled"),
    _left("__getnewargs__", "the object's, while it is pickled"),
    _left("__getnewargs_ex__", "the object's, while it is pickled"),
    _left("__replace__", "copy.replace asks the class that __class__ names"),
    # Pattern matching
    _left("__match_args__", "asked of the class named in the pattern"),
    # Weak references
    _left("__weakref__", "a weak reference to a proxy is to the proxy"),
)

FORWARDED: Final = tuple(row for row in TABLE if row.expression)
"""The rows that are compiled from their expression."""

SHAPED: Final = frozenset(row.name for row in FORWARDED)
"""The methods that a shaped proxy has only if its ``like`` class has them."""

PROXYS_OWN: Final = frozenset(
    {"_get_current_object"} | {row.name for row in TABLE if row.rule == OWN}
) - {"__call__", "__getattribute__", "__setattr__"}
"""Attributes of a proxy that are its own; every other is the object's."""

OBJECTS: Final = frozenset({"__class__", "__doc__", "__wrapped__", "__mro_entries__"})
"""Those of them that are the object's when there is one."""

UNCLAIMED: Final = frozenset({"__fspath__", "__buffer__"})
"""Methods that a type without a shape has, but in which no ABC shall find them."""

_PROBES: Final = ("_is_coroutine", "_repr_", "_ipython_")


def is_probe(name: str) -> bool:
    """Tell whether tools ask any object for *name*, to see what it is.

    Dunders, ``_is_coroutine…`` (asyncio), ``_repr_html_`` and its like, and
    ``_ipython_…`` (IPython). Asked of an unbound proxy, they raise an error
    that is also an ``AttributeError``.
    """
    return name.startswith(_PROBES) or (name.startswith("__") and name.endswith("__"))


ABSENT: Final = object()
"""Stands for no method: ``None`` may stand in a class in place of one."""


def _special(target: object, name: str) -> Any:
    """Return the method that a statement looks up: on the type, as Python does.

    ``ABSENT`` if there is none; the caller then lets the statement itself fail,
    for its own words.
    """
    for owner in type(target).__mro__:
        method: object = owner.__dict__.get(name, ABSENT)
        if type(method) is FunctionType:
            return MethodType(method, target)
        if method is not ABSENT:
            get = getattr(type(method), "__get__", None)
            return get(method, target, type(target)) if get else method
    return ABSENT


def enter(target: Any) -> Any:
    """Do what ``with target`` does on entering: look both methods up, call one."""
    method = _special(target, "__enter__")
    if method is ABSENT or _special(target, "__exit__") is ABSENT:
        with target:
            raise AssertionError  # never reached: it cannot be entered
    return method()


def leave(target: Any, *error: object) -> Any:
    """Do what ``with target`` does on leaving."""
    method = _special(target, "__exit__")
    return enter(target) if method is ABSENT else method(*error)


def aenter(target: Any) -> Any:
    """Return the awaitable of ``async with target`` on entering."""
    method = _special(target, "__aenter__")
    if method is ABSENT or _special(target, "__aexit__") is ABSENT:
        return _enter_async(target).send(None)
    return method()


async def _enter_async(target: Any) -> None:
    async with target:
        raise AssertionError  # never reached: it cannot be entered


def aleave(target: Any, *error: object) -> Any:
    """Return the awaitable of ``async with target`` on leaving."""
    method = _special(target, "__aexit__")
    return aenter(target) if method is ABSENT else method(*error)


def await_(target: Any) -> Any:
    """Return the iterator that ``await target`` runs."""
    method = _special(target, "__await__")
    if method is not ABSENT:
        iterator: object = method()
        if hasattr(type(iterator), "__next__"):
            return iterator
    # A generator made by types.coroutine can be awaited without the method; of
    # anything else, and of what is no iterator, 'await' says so itself.
    return _await(target).__await__()


async def _await(target: Any) -> Any:
    return await target


NAMESPACE: Final[dict[str, Any]] = {
    "math": math,
    "operator": operator,
    "os": os,
    "enter": enter,
    "leave": leave,
    "aenter": aenter,
    "aleave": aleave,
    "await_": await_,
}
"""What the expressions may name, besides builtins and ``plain`` (unwrap)."""
