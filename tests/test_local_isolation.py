"""``Local`` in many places: what each sees, and a variable that the caller supplied."""

from __future__ import annotations

import asyncio
import weakref
from collections import OrderedDict, defaultdict
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest
from places import Place, anywhere, copies, fresh


def names(local: Any) -> dict[str, Any]:
    """Return the names and values that *local* has here and now."""
    return dict(local)


@fresh
def test_a_new_thread_or_greenlet_starts_with_nothing(
    inscope: ModuleType, place: Place
) -> None:
    """A name that is set here is not there."""
    local = inscope.Local()
    local.user = "ann"

    assert {} == place(lambda: names(local))
    assert not place(lambda: hasattr(local, "user"))


@copies
def test_a_task_or_copied_context_starts_with_the_names_of_here(
    inscope: ModuleType, place: Place
) -> None:
    """A name that is set here is there, and is the same object."""
    local = inscope.Local()
    local.user = user = ["ann"]

    assert user is place(lambda: local.user)


@anywhere
def test_what_is_done_elsewhere_is_not_seen_here(
    inscope: ModuleType, place: Place
) -> None:
    """Neither setting, replacing, deleting nor releasing there is seen here."""
    local = inscope.Local()
    local.user, local.tenant = "ann", 7

    def change() -> list[dict[str, Any]]:
        local.user = "bob"
        local.extra = 1
        seen = [names(local)]
        local.tenant = 8
        del local.tenant
        seen.append(names(local))
        inscope.release_local(local)
        return [*seen, names(local)]

    *seen, last = place(change)

    assert {"user": "bob", "extra": 1} == seen[-1]
    assert {} == last
    assert {"user": "ann", "tenant": 7} == names(local)


def test_a_context_that_was_copied_does_not_see_what_changes_here(
    inscope: ModuleType,
) -> None:
    """Isolation holds in both directions, for a copy of a copy too."""
    local = inscope.Local()
    local.user = "ann"
    copied = copy_context()
    copied_again = copied.run(copy_context)

    local.user = "bob"
    copied.run(setattr, local, "user", "cem")
    inscope.release_local(local)

    assert {} == names(local)
    assert {"user": "cem"} == copied.run(names, local)
    assert {"user": "ann"} == copied_again.run(names, local)


def test_concurrent_tasks_each_see_their_own(inscope: ModuleType) -> None:
    """Tasks that wait for one another in between do not mix."""
    local = inscope.Local()

    async def serve(number: int) -> list[int]:
        local.number = number
        seen = []
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(local.number)
            local.number += 10
        return seen

    async def main() -> list[list[int]]:
        return await asyncio.gather(*map(serve, range(5)))

    expected = [[number, number + 10, number + 20] for number in range(5)]
    assert expected == asyncio.run(main())


def test_interleaved_greenlets_each_see_their_own(inscope: ModuleType) -> None:
    """Greenlets that switch in between do not mix."""
    greenlet = pytest.importorskip("greenlet")
    local = inscope.Local()
    main = greenlet.getcurrent()

    def serve(number: int) -> int:
        local.number = number
        main.switch()
        return int(local.number)

    served = [greenlet.greenlet(serve) for _ in range(3)]
    for number, one in enumerate(served):
        one.switch(number)

    assert [0, 1, 2] == [one.switch() for one in served]
    assert not hasattr(local, "number")


def test_release_empties_a_local_here_alone(inscope: ModuleType) -> None:
    """Other contexts keep their names; here it can be filled again."""
    local = inscope.Local()
    local.user = "ann"
    copied = copy_context()

    inscope.release_local(local)

    assert {} == names(local)
    assert {"user": "ann"} == copied.run(names, local)

    local.user = "bob"

    assert {"user": "bob"} == names(local)
    assert {"user": "ann"} == copied.run(names, local)


def test_releasing_an_empty_local_does_nothing(inscope: ModuleType) -> None:
    """Nor does releasing it twice."""
    local = inscope.Local()

    inscope.release_local(local)
    inscope.release_local(local)

    assert {} == names(local)


def test_release_frees_the_values(inscope: ModuleType) -> None:
    """Nothing keeps what was released, once no other context holds it."""
    local = inscope.Local()

    class Thing:
        pass

    local.thing = Thing()
    for number in range(100):
        setattr(local, f"thing{number}", Thing())
    references = [weakref.ref(value) for _, value in local]

    inscope.release_local(local)

    assert [None] * 101 == [reference() for reference in references]


# A variable that the caller supplied


def test_a_supplied_variable_holds_real_dicts(inscope: ModuleType) -> None:
    """Whoever has the variable reads a dict of exactly the names that are set."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    seen = []

    local.user = "ann"
    seen.append(variable.get())
    local.user, local.tenant = "bob", 7
    seen.append(variable.get())
    del local.user
    seen.append(variable.get())
    inscope.release_local(local)
    seen.append(variable.get())

    assert [{"user": "ann"}, {"user": "bob", "tenant": 7}, {"tenant": 7}, {}] == seen
    assert [dict] * 4 == [type(held) for held in seen]


def test_a_supplied_variable_still_holds_a_plain_dict_of_thousands(
    inscope: ModuleType,
) -> None:
    """However many names there are, and in the order in which they came."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(context_var=variable)
    expected = {f"n{number}": number for number in range(2_000)}

    for name, value in expected.items():
        setattr(local, name, value)

    assert type(variable.get()) is dict
    assert list(expected.items()) == list(variable.get().items()) == list(local)


def test_a_dict_of_the_caller_is_never_changed(inscope: ModuleType) -> None:
    """Every write puts a new dict into the variable and leaves the old alone."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    supplied = {"user": "ann", "tenant": 7}
    variable.set(supplied)
    held = []

    def write(operation: Any, *args: Any) -> None:
        held.append((variable.get(), dict(variable.get())))
        operation(local, *args)

    write(setattr, "user", "bob")
    write(setattr, "extra", 1)
    write(delattr, "tenant")
    write(inscope.release_local)
    write(setattr, "user", "cem")
    write(inscope.release_local)

    assert supplied is held[0][0]
    assert [before for _, before in held] == [now for now, _ in held]
    assert len(held) == len({id(now) for now, _ in held})


def test_failed_reads_and_deletes_leave_the_callers_dict_in_place(
    inscope: ModuleType,
) -> None:
    """Reading never replaces the dict, and neither does a ``del`` that fails."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    supplied = {"user": "ann"}
    variable.set(supplied)

    with pytest.raises(inscope.UnboundNameError):
        del local.tenant
    assert not hasattr(local, "tenant")
    assert ("ann", True, 1) == (local.user, "user" in local, len(local))

    assert supplied is variable.get()
    assert {"user": "ann"} == supplied


def test_what_the_caller_sets_in_the_variable_is_what_the_local_reads(
    inscope: ModuleType,
) -> None:
    """The Local has no memory of its own beside the variable."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    local.user = "ann"

    token = variable.set({"tenant": 7})
    inside = names(local)
    variable.reset(token)

    assert {"tenant": 7} == inside
    assert {"user": "ann"} == names(local)


def test_two_locals_over_one_variable_share_their_names(inscope: ModuleType) -> None:
    """The variable is where the names are."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    one, two = inscope.Local(variable), inscope.Local(variable)

    one.user = "ann"
    two.tenant = 7

    assert {"user": "ann", "tenant": 7} == names(one) == names(two)


@anywhere
def test_a_supplied_variable_is_isolated_too(inscope: ModuleType, place: Place) -> None:
    """What is written elsewhere is not seen here."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    local.user = "ann"

    def change() -> dict[str, Any]:
        local.user = "bob"
        return variable.get()

    assert {"user": "bob"} == place(change)
    assert {"user": "ann"} == variable.get()


@pytest.mark.parametrize("kind", [OrderedDict, defaultdict])
def test_a_subclass_of_dict_is_read_like_a_dict(
    inscope: ModuleType, kind: type[dict[str, Any]]
) -> None:
    """What the caller put in is found, and is not changed by a write."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    supplied = kind()
    supplied["user"] = "ann"
    variable.set(supplied)

    local.tenant = 7

    assert {"user": "ann", "tenant": 7} == names(local)
    assert {"user": "ann"} == supplied


def test_a_supplied_defaultdict_is_not_filled_by_reading(inscope: ModuleType) -> None:
    """Asking for a name neither invents it nor changes the caller's dict."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    supplied: dict[str, Any] = defaultdict(list)
    variable.set(supplied)
    local = inscope.Local(variable)

    assert "user" not in local
    assert not hasattr(local, "user")
    assert {} == supplied
