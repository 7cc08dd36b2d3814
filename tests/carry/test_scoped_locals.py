"""``@scoped`` and Locals: name by name, the caller's and the own ones."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from carry_world import scoping


def test_names_of_a_local_one_by_one(inscope: ModuleType, carry: ModuleType) -> None:
    """One that is bound inside hides no other one."""
    local = inscope.Local()

    def see() -> dict[str, Any]:
        return dict(local)

    @scoping(carry)
    def work() -> Iterator[dict[str, Any]]:
        local.own = "own"
        with inscope.bound(local, both="inside"):
            for _ in range(3):
                yield see()
        del local.own
        while True:
            yield see()

    steps, own = work(), {"own": "own", "both": "inside"}
    assert own == next(steps)
    with inscope.bound(local, both="caller", theirs=1):
        assert own | {"theirs": 1} == next(steps)
        local.theirs = 2
        local.more = 3
        assert own | {"theirs": 2, "more": 3} == next(steps)
        assert {"both": "caller", "theirs": 2, "more": 3} == see()
        next(steps)
        assert see() == next(steps)
        del local.more
        assert see() == next(steps)
    assert {} == see() == next(steps)


def test_a_local_that_is_released_outside(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Takes away the caller's names, not those of the generator."""
    local, stack = inscope.Local(), inscope.LocalStack()

    @scoping(carry)
    def work() -> Iterator[Any]:
        local.own = 1
        while True:
            yield dict(local), stack.top

    steps = work()
    local.theirs = 2
    stack.push("a")
    assert ({"own": 1, "theirs": 2}, "a") == next(steps)
    inscope.release_local(local)
    inscope.release_local(stack)
    assert ({"own": 1}, None) == next(steps)
    assert {} == dict(local)


def test_a_local_that_is_released_inside(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Takes nothing away from the caller."""
    local, stack = inscope.Local(), inscope.LocalStack()

    @scoping(carry)
    def work() -> Iterator[Any]:
        inscope.release_local(local)
        inscope.release_local(stack)
        while True:
            yield dict(local), stack.top

    with inscope.bound(local, name=1), inscope.pushed(stack, 1):
        steps = work()
        assert ({}, None) == next(steps)
        assert ({"name": 1}, 1) == (dict(local), stack.top)
        assert ({}, None) == next(steps)
