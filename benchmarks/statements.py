"""How a program reaches each special method: the statements that are measured.

``p`` stands for the proxy; by hand ``var.get()`` stands in its place. A statement
that is no expression tells its effect by a second one, to be compared.
"""

from __future__ import annotations

import copy
import math
import operator
import os
import pickle
from typing import Any, NamedTuple

SUBJECT = "{p}"


class Statement(NamedTuple):
    """Code that reaches a special method.

    Attributes:
        code: The code, ``{p}`` standing for the subject.
        shows: An expression that tells what came of it; empty if *code* itself
            is an expression.
        with_: What else it reaches.
    """

    code: str
    shows: str = ""
    with_: tuple[str, ...] = ()

    def named(self) -> str:
        """Return the code as a program that has a proxy ``p`` writes it."""
        return self.code.replace(SUBJECT, "p").replace("\n", "; ")


NAMES: dict[str, Any] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "dumps": pickle.dumps,
    "length_hint": operator.length_hint,
    "index": operator.index,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "fspath": os.fspath,
    "other": {"b": 2},
}
"""What the statements name besides builtins."""

_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "matmul": "@",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "lshift": "<<",
    "rshift": ">>",
    "and": "&",
    "xor": "^",
    "or": "|",
}
_COMPARISONS = {"lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">="}


def _binary() -> dict[str, Statement]:
    """Return ``p + o``, ``o + p`` and ``q = p; q += o`` of each operator."""
    found = {}
    for name, sign in _OPERATORS.items():
        found[f"__{name}__"] = Statement(f"{{p}} {sign} {{o}}")
        found[f"__r{name}__"] = Statement(f"{{o}} {sign} {{p}}")
        found[f"__i{name}__"] = Statement(f"q = {{p}}\nq {sign}= {{o}}", "q")
    for name, sign in _COMPARISONS.items():
        found[f"__{name}__"] = Statement(f"{{p}} {sign} {{o}}")
    return found


def _calls() -> dict[str, Statement]:
    """Return those that a function of one argument reaches."""
    functions = (
        "repr str bytes hash bool dir len length_hint iter next reversed abs complex"
        " int float index round trunc floor ceil aiter fspath"
    )
    return {f"__{name}__": Statement(f"{name}({{p}})") for name in functions.split()}


STATEMENTS: dict[str, Statement] = {
    **_binary(),
    **_calls(),
    "__format__": Statement('f"{{p}}"'),
    "__delattr__": Statement("{p}.mark = 1\ndel {p}.mark", "hasattr({p}, 'mark')"),
    "__instancecheck__": Statement("isinstance(1, {p})"),
    "__subclasscheck__": Statement("issubclass(bool, {p})"),
    "__call__": Statement("{p}()"),
    "__getitem__": Statement("{p}[{k}]"),
    "__setitem__": Statement("{p}[{k}] = 1", "{p}[{k}]"),
    "__delitem__": Statement("{p}[{k}] = 1\ndel {p}[{k}]", "{p}"),
    "__contains__": Statement("{o} in {p}"),
    "__divmod__": Statement("divmod({p}, {o})"),
    "__rdivmod__": Statement("divmod({o}, {p})"),
    "__neg__": Statement("-{p}"),
    "__pos__": Statement("+{p}"),
    "__invert__": Statement("~{p}"),
    "__enter__": Statement("with {p} as q: pass", "q", ("__exit__",)),
    "__exit__": Statement("with {p}: pass", "1", ("__enter__",)),
    "__buffer__": Statement("memoryview({p})"),
    "__await__": Statement("await {p}"),
    "__anext__": Statement("await anext({p})"),
    "__aenter__": Statement("async with {p} as q: pass", "q", ("__aexit__",)),
    "__aexit__": Statement("async with {p}: pass", "1", ("__aenter__",)),
    "__sizeof__": Statement("{p}.__sizeof__()"),
}
"""By the special method that is reached."""

OPERANDS = {"int": "2", "str": '"2"', "list": "[1]", "dict": "other"}
"""The other operand, by target; of any other target: 2."""

KEYS = {"dict": '"key"'}
"""The key of an item, by target; of any other target: 0."""

OTHERWISE = {
    ("__contains__", "list"): Statement("1 in {p}"),
    ("__contains__", "dict"): Statement('"key" in {p}'),
    ("__mul__", "str"): Statement("{p} * 2"),
    ("__mul__", "list"): Statement("{p} * 2"),
    ("__rmul__", "str"): Statement("2 * {p}"),
    ("__rmul__", "list"): Statement("2 * {p}"),
    ("__imul__", "str"): Statement("q = {p}\nq *= 2", "q"),
    ("__imul__", "list"): Statement("q = {p}\nq *= 1", "q"),
    ("__iadd__", "list"): Statement("q = {p}\nq += ()", "q"),
    ("__mod__", "str"): Statement("{p} % ()"),
    ("__imod__", "str"): Statement("q = {p}\nq %= ()", "q"),
    ("__delitem__", "list"): Statement("del {p}[3:]", "{p}"),
    ("__delitem__", "dict"): Statement('{p}["n"] = 1\ndel {p}["n"]', "{p}"),
}
"""Where a target needs another statement, by method and target."""

LEFT_OUT = {
    ("__rmod__", "str"): '"%s" % p is the str\'s own operator: it asks p for its text',
}
"""Pairs of method and target that would measure something else."""


def statement_for(method: str, target: str) -> Statement:
    """Return the statement that reaches *method* on such a target."""
    statement = OTHERWISE.get((method, target)) or STATEMENTS[method]
    operand, key = OPERANDS.get(target, "2"), KEYS.get(target, "0")

    def filled(code: str) -> str:
        return code.replace("{o}", operand).replace("{k}", key)

    return Statement(filled(statement.code), filled(statement.shows), statement.with_)
