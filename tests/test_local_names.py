"""``Local`` as a map: any number of names, against a plain dict."""

from __future__ import annotations

import random
from contextvars import Context, copy_context
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SIZES = [1, 2, 8, 9, 31, 32, 33, 34, 60, 64, 100, 1_000, 2_100, 5_000]
"""Below, at and above what a small dict holds, and up to three levels of a tree."""


class Hashed(str):
    """A name whose hash is chosen."""

    __slots__ = ("bits",)

    def __new__(cls, name: str, bits: int) -> Hashed:
        new = super().__new__(cls, name)
        new.bits = bits
        return new

    def __hash__(self) -> int:
        return self.bits

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


HASHES = {
    "all the same": lambda number: 7,
    "all zero": lambda number: 0,
    "all minus two": lambda number: -2,
    "negative": lambda number: -2 - number,
    "the same below 2**32": lambda number: number << 32,
    "the same modulo 60": lambda number: number * 60,
    "the same modulo 3600": lambda number: number * 3_600 + 59,
    "the same modulo 64": lambda number: number * 64,
    "two of each": lambda number: number // 2,
}


def some_names(count: int, seed: int = 1) -> list[str]:
    """Return *count* different names in random order."""
    names = [f"name_{number}" for number in range(count)]
    random.Random(seed).shuffle(names)
    return names


def check(local: Any, expected: dict[str, Any]) -> None:
    """Compare everything that *local* tells with a plain dict."""
    assert expected == dict(local)
    assert len(expected) == len(local) == len(list(local))
    for name, value in expected.items():
        assert value == getattr(local, name)
        assert name in local


@pytest.mark.parametrize("size", SIZES)
def test_every_name_that_was_set_is_found(inscope: ModuleType, size: int) -> None:
    """Whatever the number of names; a name that was not set is not found."""
    local = inscope.Local()
    expected = {name: number for number, name in enumerate(some_names(size))}

    for name, value in expected.items():
        setattr(local, name, value)

    check(local, expected)
    assert "missing" not in local
    assert not hasattr(local, "missing")


@pytest.mark.parametrize("size", SIZES)
def test_names_can_be_replaced_at_any_size(inscope: ModuleType, size: int) -> None:
    """Setting a name again changes its value and never the number of names."""
    local = inscope.Local()
    for name in some_names(size):
        setattr(local, name, "old")

    for number, name in enumerate(some_names(size, seed=2)):
        setattr(local, name, number)
        if number % 500 == 0:
            assert size == len(local)

    check(local, {name: n for n, name in enumerate(some_names(size, seed=2))})


@pytest.mark.parametrize("size", SIZES)
def test_names_can_be_deleted_at_any_size(inscope: ModuleType, size: int) -> None:
    """Down to nothing, in another order than they came; what is left is right."""
    local = inscope.Local()
    expected = dict.fromkeys(some_names(size), 1)
    for name in expected:
        setattr(local, name, 1)

    for left, name in enumerate(some_names(size, seed=2), 1 - size):
        delattr(local, name)
        del expected[name]
        assert name not in local
        if left % 311 == 0 or left > -40:
            check(local, expected)

    check(local, {})


@pytest.mark.parametrize("size", SIZES)
def test_deleting_a_name_that_is_not_there_changes_nothing(
    inscope: ModuleType, size: int
) -> None:
    """Whatever the number of other names."""
    local = inscope.Local()
    expected = dict.fromkeys(some_names(size), 1)
    for name in expected:
        setattr(local, name, 1)

    for number in range(200):
        with pytest.raises(inscope.UnboundNameError):
            delattr(local, f"missing_{number}")

    check(local, expected)


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_names_come_and_go_as_in_a_dict(
    inscope: ModuleType, seed: int
) -> None:
    """A long random sequence of writes, with contexts copied on the way."""
    draw = random.Random(seed)
    local, expected = inscope.Local(), dict[str, int]()
    captured: list[tuple[Context, dict[str, int]]] = []
    names = some_names(3_000)

    for step in range(9_000):
        # Grow for a third of the time, then stay level, then shrink.
        keep = [0.9, 0.5, 0.15][step // 3_000]
        name = draw.choice(names)
        if draw.random() < keep:
            setattr(local, name, step)
            expected[name] = step
        elif name in expected:
            delattr(local, name)
            del expected[name]
        if step % 500 == 0:
            captured.append((copy_context(), dict(expected)))

    check(local, expected)
    for context, then in captured:
        context.run(check, local, then)


@pytest.mark.parametrize("bits", HASHES.values(), ids=HASHES)
@pytest.mark.parametrize("size", [2, 33, 400])
def test_names_with_colliding_hashes_are_kept_apart(
    inscope: ModuleType, bits: Any, size: int
) -> None:
    """Hashes steer where a name lies and never which name it is."""
    local = inscope.Local()
    names = [Hashed(f"n{number}", bits(number)) for number in range(size)]
    missing = Hashed("missing", bits(size))
    expected: dict[str, int] = {}

    for number, name in enumerate(names):
        setattr(local, name, number)
        expected[name] = number
    check(local, expected)
    assert missing not in local

    for name in names[::2]:
        setattr(local, name, -1)
        expected[name] = -1
    check(local, expected)

    for name in names[1::2]:
        delattr(local, name)
        del expected[name]
    check(local, expected)

    for name in names[::2]:
        delattr(local, name)
    check(local, {})


def test_a_value_that_a_tree_might_be_made_of_is_a_value(inscope: ModuleType) -> None:
    """Dicts, lists and classes set as values come back as they are."""
    local = inscope.Local()
    values: list[Any] = [{}, [], [None] * 62, {"a": 1}, None, dict, (), KeyError()]

    for number in range(100):
        setattr(local, f"n{number}", values[number % len(values)])

    for number in range(100):
        assert values[number % len(values)] is getattr(local, f"n{number}")


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[tuple[str, int, int]]]:
    """Draw how many names there are at first, and what happens then."""
    before = draw(st.sampled_from([0, 0, 5, 31, 32, 40, 120]))
    number = st.integers(0, before + 10)
    kind = st.sampled_from(["set", "set", "delete", "delete", "copy", "release"])
    step = st.tuples(kind, st.integers(0, 3), number)
    return before, draw(st.lists(step, max_size=40))


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories())
def test_several_contexts_behave_like_several_dicts(
    inscope: ModuleType, history: tuple[int, list[tuple[str, int, int]]]
) -> None:
    """A copied context is a copied dict, whichever of them is written to."""
    before, steps = history
    local = inscope.Local()
    root, model = Context(), dict[str, int]()
    for number in range(before):
        root.run(setattr, local, f"n{number}", number)
        model[f"n{number}"] = number
    worlds = [(root, model)]

    for kind, which, number in steps:
        context, model = worlds[which % len(worlds)]
        name = f"n{number}"
        if kind == "set":
            context.run(setattr, local, name, number + 1_000)
            model[name] = number + 1_000
        elif kind == "copy":
            worlds.append((context.copy(), dict(model)))
        elif kind == "release":
            context.run(inscope.release_local, local)
            model.clear()
        elif name in model:
            context.run(delattr, local, name)
            del model[name]
        else:
            with pytest.raises(inscope.UnboundNameError):
                context.run(delattr, local, name)

    for context, model in worlds:
        context.run(check, local, model)


def test_an_iteration_of_thousands_can_be_left_and_resumed(inscope: ModuleType) -> None:
    """Writes made meanwhile neither repeat a name nor leave one out."""
    local = inscope.Local()
    expected = {name: number for number, name in enumerate(some_names(3_000))}
    for name, value in expected.items():
        setattr(local, name, value)
    pairs = iter(local)
    seen = [next(pairs) for _ in range(100)]

    for name in expected:
        setattr(local, name, None)
    for name in some_names(3_000, seed=3)[:1_500]:
        delattr(local, name)
    seen.extend(pairs)

    assert expected == dict(seen)
    assert 3_000 == len(seen)
