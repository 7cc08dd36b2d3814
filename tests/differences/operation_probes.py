"""Probes made from the table of special methods: every method × many objects.

The operations and the objects are those of ``operations.py``, which the tests
of proxies use too. Here each is tried on werkzeug's proxy as well; a rule for
each entry of ``docs/differences.md`` says where exactly the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from typing import Any

from operations import OPERATIONS, OTHERS, TARGETS, Operation
from sources import raiser
from werkzeug_probes import Probe, tell, tell_error

Maker = Callable[[ModuleType], Any]

UNBOUND: dict[str, Maker] = {
    "unbound ContextVar": lambda library: library.LocalProxy(ContextVar("var")),
    "unbound Local": lambda library: library.Local()("user"),
    "unbound LocalStack": lambda library: library.LocalStack()(),
    "RuntimeError": lambda library: library.LocalProxy(raiser(RuntimeError("mine"))),
    "LookupError": lambda library: library.LocalProxy(raiser(LookupError("mine"))),
}

FAILING: dict[str, Maker] = {
    kind.__name__: lambda library, kind=kind: library.LocalProxy(raiser(kind("mine")))
    for kind in (ZeroDivisionError, AttributeError, KeyError)
}

LOOKED_UP = {"__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"} | {
    *("__hash__", "__iter__", "__await__", "__aiter__", "__anext__")
}
"""Where Python drops errors that are raised while it looks the method up.

Up to 3.13 it is all of them, and nowhere else; from 3.14 on only AttributeErrors,
but those also when it looks up the methods of ``_looked_up_since_3_14``.
"""

STATEMENTS = {"__enter__", "__exit__", "__aenter__", "__aexit__"} | {
    *("__await__", "__aiter__", "__anext__")
}
"""Where Python says TypeError of an object without the method."""

NEW = {"__fspath__": "paths", "__buffer__": "buffers"}

LEFT_OUT = {"__sizeof__"}
"""What depends on the build; tried by hand in ``programs/objects.txt``."""


def operation_probes() -> Iterator[Probe]:
    """Return every operation on every bound, unbound and failing proxy."""
    for method, operations in OPERATIONS.items():
        if method in LEFT_OUT:
            continue
        for number, operation in enumerate(operations):
            for name, make in TARGETS.items():
                yield Probe(
                    f"{method} {number} of {name}",
                    partial(on_bound, make, operation),
                    _entry_of_bound(method, name, operation),
                )
            for name, maker in {**UNBOUND, **FAILING}.items():
                yield Probe(
                    f"{method} {number} of {name}",
                    partial(on_unbound, maker, operation),
                    **_entry_of_unbound(method, name, number),
                )


def on_bound(make: Callable[[], Any], operation: Operation, library: ModuleType) -> Any:
    """Return what came of it, and the object afterwards."""
    target = make()
    proxy = library.LocalProxy(lambda: target)
    return _attempt(operation, proxy, library), tell(target, library)


def on_unbound(maker: Maker, operation: Operation, library: ModuleType) -> Any:
    return _attempt(operation, maker(library), library)


def on_object(make: Callable[[], Any], operation: Operation, library: Any) -> Any:
    """Return what the same probe gives without a proxy."""
    target = make()
    return _attempt(operation, target, library), tell(target, library)


def _attempt(operation: Operation, subject: Any, library: ModuleType) -> str:
    try:
        return tell(operation(subject), library)
    except Exception as error:
        return tell_error(error)


def _entry_of_bound(method: str, name: str, operation: Operation) -> str | None:
    if method in NEW:
        return NEW[method]
    if method in STATEMENTS and _fails(name, operation):
        return "statements"
    if name == "None":
        return "none" if _misread(method) else None
    if method.startswith("__i") and f"__r{method[3:]}" in OPERATIONS:
        return "in-place" if _gives_a_new_object(name, operation) else None
    if method == "__call__" and operation is OPERATIONS["__call__"][3]:
        return "operators"  # the one with a keyword named self
    if name == "class" and _formats(method, operation):
        return "operators"
    return None


def _misread(method: str) -> bool:
    """Tell whether werkzeug takes a ``None`` there for no object at all."""
    in_place = method.startswith("__i") and f"__r{method[3:]}" in OPERATIONS
    reflected = method.startswith("__r") and f"__{method[3:]}" in OPERATIONS
    checks = {"__call__", "__instancecheck__", "__subclasscheck__"}
    return in_place or reflected or method in checks


def _fails(name: str, operation: Operation) -> bool:
    try:
        operation(TARGETS[name]())
    except TypeError:
        return True
    except KeyError:
        return False  # the block's own
    return False


def _gives_a_new_object(name: str, operation: Operation) -> bool:
    target = TARGETS[name]()
    try:
        return operation(target) is not target
    except Exception:
        return False


def _formats(method: str, operation: Operation) -> bool:
    return method == "__format__" or operation is OPERATIONS["__str__"][1]


def _entry_of_unbound(method: str, name: str, number: int) -> dict[str, Any]:
    """Return the entry, and for which versions of Python, as ``Probe`` takes them."""
    if method in NEW:
        return {"entry": NEW[method]}
    if name == "LookupError" and method in {"__repr__", "__bool__", "__dir__"}:
        return {"entry": "what-is-unbound"}
    if name == "AttributeError" and _looked_up_since_3_14(method, number):
        return {"entry": "attribute-errors", "since": (3, 14)}
    until = {} if name == "AttributeError" else {"until": (3, 14)}
    if method in LOOKED_UP:
        entry = "unbound-operators" if name in UNBOUND else "resolver-errors"
        return {"entry": entry, **until}
    if method == "__repr__" and name in FAILING:
        return {"entry": "resolver-errors", **until}
    return {}


def _looked_up_since_3_14(method: str, number: int) -> bool:
    if method in {"__bool__", "__contains__", "__round__", "__trunc__"}:
        return True
    if method in {"__mul__", "__rmul__"}:  # sequences ask for the index, and fail
        return not isinstance(OTHERS[number], Sequence)
    reflected = method.startswith("__r") and f"__{method[3:]}" in OPERATIONS
    return reflected or f"__r{method[2:]}" in OPERATIONS
