"""Probes of attributes: many names of many objects, through a proxy and without.

Left out of the names is what a version of Python adds to classes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from operations import TARGETS
from probe_world import Point, function
from werkzeug_probes import Probe, tell, tell_error

OBJECTS: dict[str, Callable[[], Any]] = {
    "Point": Point,
    "Point class": lambda: Point,
    "function": lambda: function,
    "method": Point().sum,
    **{name: TARGETS[name] for name in ("None", "int", "str", "list", "dict")},
}

NAMES = (
    *("__add__", "__aiter__", "__annotations__", "__array__", "__await__"),
    *("__bases__", "__bool__", "__call__", "__class__", "__class_getitem__"),
    *("__code__", "__contains__", "__defaults__", "__delattr__", "__dict__"),
    *("__dir__", "__doc__", "__enter__", "__eq__", "__exit__", "__format__"),
    *("__func__", "__getattr__", "__getattribute__", "__getitem__", "__hash__"),
    *("__html__", "__iadd__", "__index__", "__init__", "__init_subclass__"),
    *("__instancecheck__", "__int__", "__iter__", "__len__", "__match_args__"),
    *("__module__", "__mro__", "__name__", "__new__", "__next__"),
    *("__orig_bases__", "__orig_class__", "__parameters__", "__qualname__"),
    *("__radd__", "__repr__", "__self__", "__setattr__", "__setitem__"),
    *("__signature__", "__slots__", "__str__", "__subclasshook__", "__wrapped__"),
    *("append", "kind", "real", "sum", "upper", "x"),
)


def attribute_probes() -> Iterator[tuple[Probe, Probe]]:
    """Return, for each name of each object, two probes: through a proxy, and not.

    Where werkzeug's proxy has an attribute that is not the object's, the first
    one differs, under the entry ``attributes``.
    """
    for kind, make in OBJECTS.items():
        for name in NAMES:
            yield (
                Probe(f"{kind}: {name}", partial(_through_proxy, make(), name)),
                Probe(f"{kind}: {name}", partial(_attribute, make(), name)),
            )


def _through_proxy(target: Any, name: str, library: Any) -> tuple[str, bool]:
    return _attribute(library.LocalProxy(lambda: target), name, library)


def _attribute(subject: Any, name: str, library: Any) -> tuple[str, bool]:
    """Return what *name* of *subject* is, as text, and whether it is there."""
    try:
        found = getattr(subject, name)
    except AttributeError as error:
        return tell_error(error), hasattr(subject, name)
    if callable(found) and not isinstance(found, type):
        return "something callable", True
    return tell(found, library), hasattr(subject, name)
