"""Every operation that a proxy forwards, written as a Python program writes it.

``OPERATIONS`` maps the name of a special method to operations that reach it;
``TARGETS`` are objects to try them on. A test compares what an operation does
to a proxy with what it does to the object itself: :func:`outcome`. Used by the
tests of proxies; ``test_special_methods.py`` checks that no method is missing.
"""

from __future__ import annotations

import contextlib
import math
import operator
import os
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

Operation = Callable[[Any], Any]


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run *coroutine* to its end without an event loop and return its result."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as done:
        return done.value
    finally:
        coroutine.close()


def _with(subject: Any) -> Any:
    with subject as entered:
        return ["entered", entered]


def _with_error(subject: Any) -> Any:
    with subject:
        raise KeyError("inside")
    return "suppressed"


async def _async_with(subject: Any) -> Any:
    async with subject as entered:
        return ["entered", entered]


async def _async_with_error(subject: Any) -> Any:
    async with subject:
        raise KeyError("inside")
    return "suppressed"


async def _await(subject: Any) -> Any:
    return await subject


async def _anext(subject: Any) -> Any:
    return await anext(subject)


def _set_item(key: Any) -> Operation:
    return lambda subject: operator.setitem(subject, key, 8)


def _delete_item(key: Any) -> Operation:
    return lambda subject: operator.delitem(subject, key)


OTHERS: tuple[Any, ...] = (2, "%s", [1], {1}, (4, 5))
"""Second operands: numbers and sequences, so that many pairs do and do not fit."""


def _left_of(act: Callable[[Any, Any], Any]) -> tuple[Operation, ...]:
    return tuple(lambda subject, other=other: act(subject, other) for other in OTHERS)


def _right_of(act: Callable[[Any, Any], Any]) -> tuple[Operation, ...]:
    return tuple(lambda subject, other=other: act(other, subject) for other in OTHERS)


BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "matmul": operator.matmul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "and": operator.and_,
    "xor": operator.xor,
    "or": operator.or_,
}

COMPARISONS = ("lt", "le", "eq", "ne", "gt", "ge")

OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "__repr__": (repr,),
    "__str__": (str, lambda subject: f"{subject}", lambda subject: f"{subject!s}"),
    "__bytes__": (bytes,),
    "__format__": (
        lambda subject: format(subject, ""),
        lambda subject: format(subject, ">9"),
        lambda subject: f"{subject:.2f}",
    ),
    **{f"__{name}__": _left_of(getattr(operator, name)) for name in COMPARISONS},
    "__hash__": (hash, lambda subject: {hash(subject): 1}),
    "__bool__": (bool, operator.not_),
    "__delattr__": (
        lambda subject: delattr(subject, "absent"),
        lambda subject: delattr(subject, "mark"),
    ),
    "__dir__": (dir,),
    "__instancecheck__": (
        lambda subject: isinstance(1, subject),
        lambda subject: isinstance("", subject),
    ),
    "__subclasscheck__": (
        lambda subject: issubclass(bool, subject),
        lambda subject: issubclass(str, subject),
    ),
    "__call__": (
        lambda subject: subject(),
        lambda subject: subject("7"),
        lambda subject: subject("11", base=2),
        lambda subject: subject(self=1, key=2),
    ),
    "__len__": (len,),
    "__length_hint__": (operator.length_hint,),
    "__getitem__": (
        lambda subject: subject[1],
        lambda subject: subject[5],
        lambda subject: subject[0:2],
        lambda subject: subject["key"],
    ),
    "__setitem__": (_set_item(1), _set_item(9), _set_item("key")),
    "__delitem__": (_delete_item(1), _delete_item(9), _delete_item("key")),
    "__iter__": (lambda subject: list(iter(subject)),),
    "__next__": (next,),
    "__reversed__": (lambda subject: list(reversed(subject)),),
    "__contains__": (
        lambda subject: 2 in subject,
        lambda subject: "o" in subject,
        lambda subject: [] in subject,
    ),
    **{f"__{name}__": _left_of(act) for name, act in BINARY.items()},
    **{f"__r{name}__": _right_of(act) for name, act in BINARY.items()},
    **{f"__i{name}__": _left_of(getattr(operator, f"i{name}")) for name in BINARY},
    "__divmod__": _left_of(divmod),
    "__rdivmod__": _right_of(divmod),
    "__neg__": (operator.neg,),
    "__pos__": (operator.pos,),
    "__abs__": (abs,),
    "__invert__": (operator.invert,),
    "__complex__": (complex,),
    "__int__": (int,),
    "__float__": (float,),
    "__index__": (operator.index, bin),
    "__round__": (round, lambda subject: round(subject, 1)),
    "__trunc__": (math.trunc,),
    "__floor__": (math.floor,),
    "__ceil__": (math.ceil,),
    "__enter__": (_with,),
    "__exit__": (_with_error,),
    "__buffer__": (lambda subject: memoryview(subject).tobytes(),),
    "__await__": (lambda subject: drive(_await(subject)),),
    "__aiter__": (aiter,),
    "__anext__": (lambda subject: drive(_anext(subject)),),
    "__aenter__": (lambda subject: drive(_async_with(subject)),),
    "__aexit__": (lambda subject: drive(_async_with_error(subject)),),
    "__fspath__": (os.fspath,),
    "__sizeof__": (lambda subject: subject.__sizeof__(),),
}
# "%s" % (1, 2) asks the object's own type for a tuple: no stand-in is one.
_text = OTHERS.index("%s")
OPERATIONS["__rmod__"] = (
    *OPERATIONS["__rmod__"][:_text],
    *OPERATIONS["__rmod__"][_text + 1 :],
)
OPERATIONS["__pow__"] += (
    lambda subject: pow(subject, 3, 5),
    lambda subject: pow(subject, -1, 5),
)


class Example:
    """What the objects to try on have in common: a hash that is always the same."""

    def __hash__(self) -> int:
        return 42


class Plain(Example):
    """An object that only has an attribute."""

    def __init__(self) -> None:
        self.mark = 1


class Recorder(Example):
    """An object with every binary operator; each tells its name and operand."""

    def __init__(self) -> None:
        self.changes: list[Any] = []

    def __repr__(self) -> str:
        return f"Recorder({self.changes})"


def _tell(name: str) -> Callable[[Recorder, Any], Any]:
    return lambda self, other: (name, other)


def _change(name: str) -> Callable[[Recorder, Any], Any]:
    def change(self: Recorder, other: Any) -> Recorder:
        self.changes.append((name, other))
        return self

    return change


for _name in BINARY:
    setattr(Recorder, f"__{_name}__", _tell(_name))
    setattr(Recorder, f"__r{_name}__", _tell(f"r{_name}"))
    setattr(Recorder, f"__i{_name}__", _change(f"i{_name}"))


class Manager(Example):
    """A context manager, for both kinds of ``with``, that eats a KeyError."""

    def __enter__(self) -> str:
        return "in"

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        return kind is KeyError and repr(error) == "KeyError('inside')"

    async def __aenter__(self) -> str:
        return "async in"

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        return self.__exit__(kind, error, traceback)


class Promise(Example):
    """An object to ``await``, and to iterate with ``async for``."""

    def __await__(self) -> Iterator[Any]:
        yield
        return "kept"

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return "next"

    def __repr__(self) -> str:
        return "Promise()"


class Countdown(Example):
    """An iterator that knows how much is left."""

    def __init__(self) -> None:
        self.left = 2

    def __iter__(self) -> Countdown:
        return self

    def __next__(self) -> int:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left

    def __length_hint__(self) -> int:
        return self.left


class DerivedManager(Manager):
    """A context manager whose methods are inherited."""


class DerivedPromise(Promise):
    """An object to ``await`` whose methods are inherited."""


OBJECT = object()

TARGETS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "int": lambda: 7,
    "negative int": lambda: -3,
    "float": lambda: 2.5,
    "complex": lambda: 1 + 2j,
    "Fraction": lambda: Fraction(7, 2),
    "Decimal": lambda: Decimal("2.5"),
    "str": lambda: "word",
    "digits": lambda: "12",
    "bytes": lambda: b"word",
    "bytearray": lambda: bytearray(b"word"),
    "memoryview": lambda: memoryview(b"word"),
    "list": lambda: [3, 1, 2],
    "tuple": lambda: (3, 1, 2),
    "dict": lambda: {"key": 1, 1: 2},
    "set": lambda: {1, 2},
    "frozenset": lambda: frozenset({1, 2}),
    "range": lambda: range(4),
    "iterator": Countdown,
    "class": lambda: int,
    "classes": lambda: (int, str),
    "function": lambda: _with,
    "path": lambda: PurePosixPath("/a/b"),
    "object": lambda: OBJECT,
    "Plain": Plain,
    "Recorder": Recorder,
    "Manager": Manager,
    "Promise": Promise,
    "DerivedManager": DerivedManager,
    "DerivedPromise": DerivedPromise,
}

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def describe(value: Any) -> tuple[str, str]:
    """Return the class and the text of *value*, without addresses."""
    return value.__class__.__name__, _ADDRESS.sub("0x…", repr(value))


def perform(operation: Operation, subject: Any) -> None:
    """Do *operation* to *subject*, for its effect; its result or error is dropped."""
    with contextlib.suppress(Exception):
        operation(subject)


def outcome(operation: Operation, subject: Any) -> tuple[str, str, str]:
    """Return what *operation* gives for *subject*: a value or an error, as text."""
    try:
        return "value", *describe(operation(subject))
    except Exception as error:
        return "error", type(error).__name__, _ADDRESS.sub("0x…", str(error))
