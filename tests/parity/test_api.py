"""What a class shows to those who look at it: names, signatures, docs, bases."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from cores import Both
from recorded import outcome

Kinds = Callable[[ModuleType], Any]

CLASSES: dict[str, Kinds] = {
    "LocalProxy": lambda inscope: inscope.LocalProxy,
    "shaped LocalProxy": lambda inscope: type(inscope.LocalProxy(dict, like=dict)),
    "Local": lambda inscope: inscope.Local,
    "LocalStack": lambda inscope: inscope.LocalStack,
    "StackView": lambda inscope: type(inscope.LocalStack().push(1)),
    "Var": lambda inscope: inscope.Var,
    "Var.over": lambda inscope: type(inscope.Var.over(ContextVar("var"))),
    "Token": lambda inscope: inscope.Token,
    "bind": lambda inscope: type(inscope.Var("var").bind(1)),
    "Scope": lambda inscope: inscope.Scope,
    "a scope": lambda inscope: type("Own", (inscope.Scope,), {}),
}
INTERNAL = ("adopt",)  # called by the library, in one way
FUNCTIONS = ("is_proxy", "unwrap")


def _is_public(name: str) -> bool:
    if name in INTERNAL:
        return False
    return name == "__init__" or not name.startswith("_")


def _members(kind: type) -> dict[str, Any]:
    """Return the public members that a class has, inherited or not."""
    names = {name for owner in type.mro(kind) for name in vars(owner)}
    return {name: inspect.getattr_static(kind, name) for name in sorted(names)}


def _signature(member: Any, *, bound: bool = False) -> Any:
    """Return name, kind and optionality of each parameter; ``None`` if it has none.

    Without ``self``, which C takes by position only, and without what stands for
    "no value", for which C has no name.
    """
    if not callable(member):
        return None
    parameters = list(inspect.signature(member).parameters.values())
    return [
        (parameter.name, parameter.kind.name, parameter.default is parameter.empty)
        for parameter in parameters[bound:]
    ]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_same_public_names(both: Both, name: str) -> None:
    """Whoever lists them finds the same; none belongs to one core alone."""
    expected, actual = both.each(
        lambda inscope: [
            name for name in _members(CLASSES[name](inscope)) if _is_public(name)
        ]
    )

    assert expected == actual
    assert {"__init__"} <= set(expected)


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_method_has_the_same_signature(both: Both, name: str) -> None:
    """``help`` and editors show it; ``inspect`` must be able to read it."""
    expected, actual = both.each(
        lambda inscope: {
            name: _signature(member, bound=True)
            for name, member in _members(CLASSES[name](inscope)).items()
            if _is_public(name) and name != "__init__"
        }
    )

    assert expected == actual


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_same_signature(both: Both, name: str) -> None:
    """That of its constructor."""
    if name in ("StackView", "Token", "bind"):
        pytest.skip("made by the library, never by its user")
    expected, actual = both.each(lambda inscope: _signature(CLASSES[name](inscope)))

    assert expected == actual


@pytest.mark.parametrize("name", CLASSES)
def test_public_members_have_the_same_docstrings(both: Both, name: str) -> None:
    """A method in C is documented as its twin is."""

    def docs(inscope: ModuleType) -> dict[str, str | None]:
        kind = CLASSES[name](inscope)
        members = _members(kind)
        found = {
            name: inspect.getdoc(members[name])
            for name in members
            if _is_public(name) and name != "__init__"
        }
        doc = type.__getattribute__(kind, "__doc__") or ""
        if name != "bind":  # each kind of bind has one, but none is public
            found["class"] = inspect.cleandoc(doc)
        return found

    expected, actual = both.each(docs)

    assert expected == actual


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_same_signature_and_doc(both: Both, name: str) -> None:
    """The functions that are written twice, too."""
    expected, actual = both.each(
        lambda inscope: (
            _signature(getattr(inscope, name)),
            inspect.getdoc(getattr(inscope, name)),
            getattr(inscope, name).__name__,
        )
    )

    assert expected == actual


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_calls_itself_the_same(both: Both, name: str) -> None:
    """Name, module, repr, and the bases that are seen, up to those without a name."""
    public = ("LocalProxy", "Local", "LocalStack", "Var", "Token", "Scope")

    def told(inscope: ModuleType) -> Any:
        kind = CLASSES[name](inscope)
        bases = [base.__name__ for base in kind.__mro__ if base.__name__ in public]
        return kind.__name__, kind.__module__ if name in public else "", bases

    expected, actual = both.each(told)

    assert expected == actual


@pytest.mark.parametrize("name", ["LocalProxy", "LocalStack", "Var", "Token"])
def test_a_generic_class_can_be_parametrized(both: Both, name: str) -> None:
    """``LocalStack[int]`` is the same kind of alias, with the same parameters."""

    def told(inscope: ModuleType) -> Any:
        kind = CLASSES[name](inscope)
        alias = kind[int]
        return (
            repr(alias),
            alias.__origin__ is kind,
            alias.__args__,
            [str(parameter) for parameter in kind.__parameters__],
            isinstance(kind.__orig_bases__, tuple),
        )

    expected, actual = both.each(told)

    assert expected == actual
    with both.native.running() as inscope, pytest.raises(TypeError):
        CLASSES[name](inscope)[int, str]


def test_what_a_generic_alias_makes_works(both: Both) -> None:
    """``LocalProxy[int](…)`` does not mark the object, ``LocalStack[int]()`` itself."""

    class Target:
        pass

    def made(inscope: ModuleType) -> Any:
        target = Target()
        proxy = inscope.LocalProxy[int](lambda: target)
        stack = inscope.LocalStack[int]()
        stack.push(1)
        var = inscope.Var[int]("var", default=3)
        return vars(target), proxy == target, stack.top, var.get(), type(var).__name__

    expected, actual = both.each(made)

    assert ({}, True, 1, 3, "Var") == expected
    assert expected == actual


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_can_be_weakly_referenced_hashed_and_given_attributes(
    both: Both, name: str
) -> None:
    """Each class has, or lacks, ``__dict__`` and ``__weakref__`` on both cores."""

    def told(inscope: ModuleType) -> Any:
        kind = CLASSES[name](inscope)
        return (
            kind.__weakrefoffset__ != 0,
            kind.__dictoffset__ != 0,
            type.__getattribute__(kind, "__hash__") is None,
            kind.__flags__ & (1 << 8),  # Py_TPFLAGS_IMMUTABLETYPE
            kind.__flags__ & (1 << 10),  # Py_TPFLAGS_BASETYPE
        )

    expected, actual = both.each(told)

    assert expected[:4] == actual[:4]
    if name not in ("StackView", "Token", "bind"):  # C knows their layout
        assert expected == actual


def test_python_knows_where_a_copy_can_be_made(both: Both) -> None:
    """What cannot be copied or pickled says so in the same words."""

    def told(inscope: ModuleType) -> Any:
        var, local, stack = inscope.Var("var"), inscope.Local(), inscope.LocalStack()
        things = [var, local, stack, var.set(1), var.bind(2), stack.push(3)]
        things.append(inscope.Scope())
        return [
            outcome(act, thing)
            for thing in things
            for act in (copy.copy, copy.deepcopy, pickle.dumps)
        ]

    expected, actual = both.each(told)

    assert [found[:3] for found in expected] == [found[:3] for found in actual]
