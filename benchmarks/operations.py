"""The rows of ``attributes`` and ``operations``: what is done to a proxy.

``operations`` has a row for each special method that a proxy forwards, on each
kind of object that supports it: the methods are those of
``inscope._core.special_methods``, so none can be forgotten.
"""

from __future__ import annotations

from functools import cache

from benchmarks.proxies import Operation, expected_of
from benchmarks.statements import LEFT_OUT, Statement, statement_for
from benchmarks.targets import KINDS, PLAIN_CLASS, SPECIALS, TARGETS
from inscope._core.special_methods import FORWARDED

ATTRIBUTE_READ, METHOD_CALL = "p.x", "p.m()"
DICT_ITEM, LIST_ITEM, UNPACKING = 'p["key"]', "p[0]", "a, b, c = p"

ATTRIBUTES = (
    Operation(Statement("{p}.x"), PLAIN_CLASS, ("__getattribute__",)),
    Operation(Statement("{p}.title"), PLAIN_CLASS, ("__getattribute__",)),
    Operation(Statement("{p}.made"), PLAIN_CLASS, ("__getattribute__",)),
    Operation(Statement("{p}.x = 1", "{p}.x"), PLAIN_CLASS, ("__setattr__",)),
    Operation(Statement("{p}.m()"), PLAIN_CLASS, ("__getattribute__",)),
    Operation(Statement("{p}.upper()"), "str", ("__getattribute__",)),
    Operation(Statement("{p}.index(1)"), "list", ("__getattribute__",)),
    Operation(Statement('{p}.get("key")'), "dict", ("__getattribute__",)),
    Operation(Statement("{p}.real"), "int", ("__getattribute__",)),
    Operation(Statement("isinstance({p}, int)"), "int", ("__class__",)),
    Operation(Statement("copy({p})"), "list", ("__copy__",)),
    Operation(Statement("deepcopy({p})"), "list", ("__deepcopy__",)),
    Operation(Statement("dumps({p})", "1"), "list", ("__reduce_ex__",)),
)
"""What is done to a proxy's attributes, and what is not one special method."""

COMPOUND = (
    Operation(Statement("{p}()"), "function", ("__call__",)),
    *(
        Operation(statement, target, ("__iter__",))
        for target in ("list", "dict", PLAIN_CLASS)
        for statement in (
            Statement("a, b, c = {p}", "a, b, c"),
            Statement("for q in {p}: pass", "q"),
        )
    ),
)
"""Calls of a function, and statements that begin with a method and do more."""


def supports(operation: Operation) -> bool:
    """Tell whether the object itself can do it."""
    try:
        expected_of(operation)
    except Exception:
        return False
    return True


@cache
def forwarded() -> tuple[Operation, ...]:
    """Return the rows of the special methods, by kind of object."""
    return tuple(
        operation
        for target in TARGETS
        for method in (row.name for row in FORWARDED)
        if target in targets_of(method)
        for operation in [_operation(method, target)]
        if supports(operation)
    )


def targets_of(method: str) -> tuple[str, ...]:
    """Return the kinds of object on which *method* may have a row."""
    if method in SPECIALS:
        return (SPECIALS[method],)
    return tuple(kind for kind in KINDS if (method, kind) not in LEFT_OUT)


def _operation(method: str, target: str) -> Operation:
    statement = statement_for(method, target)
    return Operation(statement, target, (method, *statement.with_))


def operations() -> tuple[Operation, ...]:
    """Return the rows of ``operations``."""
    return (*forwarded(), *COMPOUND)
