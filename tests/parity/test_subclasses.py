"""Subclasses: with slots and without, and with access to attributes of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from cores import Both
from recorded import Record, kind_of_outcome

BASES = ("LocalProxy", "Local", "LocalStack", "Var", "Scope")
Body = Callable[[type, list[Any]], dict[str, Any]]


def _told(name: str, told: list[Any]) -> Callable[..., Any]:
    """Return a method that tells of its call and goes on with the one above it."""

    def method(self: Any, *args: Any) -> Any:
        told.append((name, args))
        return getattr(super(type(self), self), name)(*args)

    return method


def _overriding(*names: str) -> Body:
    return lambda base, told: {name: _told(name, told) for name in names}


def _fixed(base: type, told: list[Any]) -> dict[str, Any]:
    def refuse(self: Any) -> Any:
        raise AttributeError("refused")

    return {
        "constant": 5,
        "method": lambda self: "own",
        "read_only": property(lambda self: "own"),
        "refusing": property(refuse),
        "_private": [1],
    }


BODIES: dict[str, Body] = {
    "nothing": lambda base, told: {},
    "no dict": lambda base, told: {"__slots__": ()},
    "a slot": lambda base, told: {"__slots__": ("own",)},
    "its own attributes": _fixed,
    "__getattribute__": _overriding("__getattribute__"),
    "__setattr__": _overriding("__setattr__"),
    "__delattr__": _overriding("__delattr__"),
    "all three": _overriding("__getattribute__", "__setattr__", "__delattr__"),
    "__getattr__": lambda base, told: {
        "__getattr__": lambda self, name: told.append(name) or f"got {name}"
    },
    "a call": lambda base, told: {"__call__": lambda self, *args: ("called", args)},
    "comparison": lambda base, told: {
        "__eq__": lambda self, other: "equal",
        "__hash__": lambda self: 42,
    },
}

Act = Callable[[Any], Any]
NAMES = ("own", "constant", "method", "read_only", "refusing", "_private", "absent")
ACTS: dict[str, Act] = {
    **{f"read {name}": lambda thing, name=name: getattr(thing, name) for name in NAMES},
    **{
        f"write {name}": lambda thing, name=name: setattr(thing, name, 7)
        for name in NAMES
    },
    **{
        f"read {name} again": lambda thing, name=name: getattr(thing, name)
        for name in NAMES
    },
    **{
        f"delete {name}": lambda thing, name=name: delattr(thing, name)
        for name in NAMES
    },
    "object.__setattr__": lambda thing: object.__setattr__(thing, "own", 8),
    "object.__getattribute__": lambda thing: object.__getattribute__(thing, "own"),
    "object.__delattr__": lambda thing: object.__delattr__(thing, "own"),
    "vars": lambda thing: sorted(object.__getattribute__(thing, "__dict__")),
    "call": lambda thing: type(thing(1)).__name__,
    "compare": lambda thing: (thing == 1, hash(thing) == 42),
    "dir": lambda thing: [name for name in dir(thing) if name in NAMES],
    "class": lambda thing: (type(thing).__name__, thing.__class__.__name__),
    "bool": bool,
}


class Target:
    """What a proxy of a subclass stands for."""

    def __repr__(self) -> str:
        return "Target()"


def _made(inscope: ModuleType, base: str, body: dict[str, Any]) -> Any:
    kind = type("Own", (getattr(inscope, base),), body)
    target = Target()
    arguments = {"LocalProxy": (lambda: target,), "Var": ("var",)}
    return kind(*arguments.get(base, ()))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("base", BASES)
def test_a_subclass_does_the_same(both: Both, base: str, body: str) -> None:
    """Whatever it overrides: what each access gives, and which methods it asked.

    Python finds the storage of a Local by an attribute; C asks nobody.
    """

    def used(inscope: ModuleType) -> dict[str, Record]:
        told: list[Any] = []
        thing = _made(inscope, base, BODIES[body](object, told))
        told.clear()
        found = {}
        for name, act in ACTS.items():
            found[name] = (
                kind_of_outcome(act, thing),
                [str(one) for one in told if "_Local__" not in str(one)],
            )
            told.clear()
        return found

    expected, actual = both.each(lambda inscope: Context().run(used, inscope))

    assert expected == actual


@pytest.mark.parametrize("base", ["LocalProxy", "LocalStack"])
def test_a_class_can_be_changed_after_it_was_made(both: Both, base: str) -> None:
    """A method that is put into the class later counts from then on."""

    def used(inscope: ModuleType) -> list[Record]:
        thing = _made(inscope, base, {})
        found = []
        for name, method in {
            "__getattr__": lambda self, name: f"got {name}",
            "__getattribute__": lambda self, name: f"all {name}",
            "__setattr__": lambda self, name, value: None,
            "__len__": lambda self: 9,
        }.items():
            setattr(type(thing), name, method)
            found.append(kind_of_outcome(getattr, thing, "absent"))
            found.append(kind_of_outcome(setattr, thing, "given", 1))
            found.append(kind_of_outcome(len, thing))
        for name in ("__getattribute__", "__getattr__", "__setattr__"):
            delattr(type(thing), name)
            found.append(kind_of_outcome(getattr, thing, "absent"))
            found.append(kind_of_outcome(setattr, thing, "given", 1))
        return found

    expected, actual = both.each(lambda inscope: Context().run(used, inscope))

    assert expected == actual


def test_a_method_of_a_proxys_subclass_is_asked_for_the_object(both: Both) -> None:
    """``_get_current_object`` decides, and may call the one above it."""

    def used(inscope: ModuleType) -> Any:
        class Own(inscope.LocalProxy):  # type: ignore[misc, name-defined]
            def _get_current_object(self) -> Any:
                return [super()._get_current_object()]

        class Deeper(Own):
            def _get_current_object(self) -> Any:
                return [super()._get_current_object()]

        own, deeper = Own(lambda: 5), Deeper(lambda: 5)
        return own == [5], deeper == [[5]], len(own), repr(deeper), inscope.unwrap(own)

    expected, actual = both.each(used)

    assert (True, True, 1, "[[5]]", [5]) == expected
    assert expected == actual
