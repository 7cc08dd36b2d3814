"""Calls with the arguments they take, by position and by name, and with others.

The class of the error must agree; the text of a ``TypeError`` need not, for
Python words it for its functions and C for its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from inspect import iscoroutine
from types import ModuleType
from typing import Any

import pytest
from cores import Both
from recorded import Record, class_of_outcome, kind_of_outcome, outcome

CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    (("a",), {}),
    (("a", "b"), {}),
    (("a", "b", "c"), {}),
    (("a", "b", "c", "d"), {}),
    ((5,), {}),
    ((None,), {}),
    ((), {"obj": 1}),
    ((), {"value": 1}),
    ((), {"token": 1}),
    ((), {"name": "a"}),
    ((), {"default": 1}),
    (("a",), {"obj": 1}),
    (("a",), {"value": 1}),
    ((), {"nothing": 1}),
    ((), {"value": 1, "nothing": 1}),
    (([],), {}),
]


def _bound(inscope: ModuleType) -> Any:
    bind = inscope.Var("var").bind(1)
    bind.__enter__()
    return bind


def _scope(inscope: ModuleType) -> Any:
    return type("Own", (inscope.Scope,), {})()


OBJECTS: dict[str, Callable[[ModuleType], Any]] = {
    "LocalProxy": lambda inscope: inscope.LocalProxy(lambda: [3, 1, 2]),
    "shaped": lambda inscope: inscope.LocalProxy(lambda: [3, 1, 2], like=list),
    "Local": lambda inscope: inscope.Local(),
    "LocalStack": lambda inscope: inscope.LocalStack(),
    "StackView": lambda inscope: inscope.LocalStack().push(1),
    "Var": lambda inscope: inscope.Var("var"),
    "Token": lambda inscope: inscope.Var("var").set(1),
    "VarBind": lambda inscope: inscope.Var("var").bind(1),
    "entered VarBind": _bound,
    "Scope": _scope,
    "open Scope": lambda inscope: _scope(inscope).push(),
}

APART = {
    "adopt",
    "resolver",
    "full",
    "rebuilt",
    "release",
    "empty",
    "shorten",
}
"""Methods for the library itself: they trust what they are given."""


def _methods(thing: Any) -> list[str]:
    """Return the names of the methods that a user may call."""
    names = {name for owner in type.mro(type(thing)) for name in vars(owner)}
    return sorted(name for name in names if name[:1] != "_" and name not in APART)


def _called(thing: Any, name: str, *args: Any, **more: Any) -> Any:
    """Call a method as its class has it: a proxy would forward the name."""
    result = getattr(type(thing), name)(thing, *args, **more)
    if iscoroutine(result):
        result.close()  # or Python warns that it was never awaited
    return result


def test_a_method_takes_the_same_arguments(both: Both) -> None:
    """Each public method, called in all these ways, on a new object each time."""

    def tried(inscope: ModuleType) -> dict[str, Record]:
        found = {}
        for kind, make in OBJECTS.items():
            for name in _methods(make(inscope)):
                for args, more in CALLS:
                    thing = make(inscope)
                    found[f"{kind}.{name} {args} {more}"] = Context().run(
                        kind_of_outcome, _called, thing, name, *args, **more
                    )
        return found

    expected, actual = both.each(tried)

    assert expected == actual
    assert {"value", "error"} == {found[0] for found in expected.values()}


GIVEN: list[Any] = [None, 5, "a", "", [], {}, int, len, ContextVar("var"), object]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"name": "a"},
    {"unbound_message": 5},
    {"unbound_message": "m"},
    {"like": 5},
    {"like": list},
    {"like": list, "name": "a"},
    {"factory": 5},
    {"default": 1},
    {"default": 1, "factory": int},
    {"after_exit": "x"},
]


@pytest.mark.parametrize("kind", ["LocalProxy", "Local", "LocalStack", "Var"])
def test_a_constructor_takes_the_same_arguments(both: Both, kind: str) -> None:
    """What is refused is refused by both, and what is made is of the same class."""

    def made(inscope: ModuleType) -> list[Record]:
        cls = getattr(inscope, kind)
        given = [*GIVEN, *(make(inscope) for make in OBJECTS.values())]
        calls = [(), *((thing,) for thing in given), ("a", "b"), (int, int)]
        return [
            kind_of_outcome(
                lambda *args, **more: type(cls(*args, **more)), *args, **more
            )
            for args in calls
            for more in OPTIONS
        ]

    expected, actual = both.each(made)

    assert expected == actual
    assert {"value", "error"} == {found[0] for found in expected}


@pytest.mark.parametrize("kind", ["LocalProxy", "Local", "LocalStack", "Var"])
def test_a_constructor_refuses_in_the_same_words(both: Both, kind: str) -> None:
    """A value of the wrong kind is our own matter, so the text agrees as well."""

    def made(inscope: ModuleType) -> list[Record]:
        cls = getattr(inscope, kind)
        return [outcome(lambda thing: type(cls(thing)), thing) for thing in GIVEN]

    expected, actual = both.each(made)

    assert expected == actual


Act = Callable[[Any], Any]


def _acts(inscope: ModuleType) -> dict[str, Act]:
    """Return what is done with an object, whatever its kind."""
    return {
        "repr": repr,
        "bool": bool,
        "len": len,
        "iter": list,
        "read": lambda thing: thing.name_of_nothing,
        "assign": lambda thing: setattr(thing, "a", 1),
        "delete": lambda thing: delattr(thing, "a"),
        "in": lambda thing: "a" in thing,
        "call": lambda thing: thing("a"),
        "hash": lambda thing: isinstance(hash(thing), int),
        "dir": lambda thing: len(dir(thing)) > 5,
        "release": inscope.release_local,
        "proxy": lambda thing: inscope.LocalProxy(thing) + 1,
        "proxy of a name": lambda thing: inscope.LocalProxy(thing, "a") + 1,
        "is_bound": inscope.is_bound,
        "bind": lambda thing: inscope.bind({thing: 1}).__enter__(),
        "bound": lambda thing: inscope.bound(thing, a=1).__enter__(),
        "pushed": lambda thing: inscope.pushed(thing, 1).__enter__(),
    }


@pytest.mark.parametrize("kind", ["LocalProxy", "Local", "LocalStack", "Var"])
def test_without_init_everything_raises_the_same(both: Both, kind: str) -> None:
    """``__new__`` alone makes an object that raises, whatever is done with it.

    Not in the same words: Python names the slot that is empty.
    """

    def used(inscope: ModuleType) -> dict[str, Record]:
        cls = getattr(inscope, kind)
        found = {
            name: class_of_outcome(act, cls.__new__(cls))
            for name, act in _acts(inscope).items()
        }
        for name in set(_methods(cls.__new__(cls))) - {"reset"}:  # of a token first
            for args in ((), (1,)):
                found[f"{name}{args}"] = class_of_outcome(
                    _called, cls.__new__(cls), name, *args
                )
        return found

    expected, actual = both.each(used)

    assert expected == actual
