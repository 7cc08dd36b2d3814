"""Binds left in another order than the reverse of that in which they were entered.

Two generators that run by turns in one context do it. What is read is the value
of the open bind that was entered last; when all have ended, what was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from itertools import permutations
from types import ModuleType
from typing import Any

import pytest
from bindable import (
    CELLS,
    KINDS,
    LOCALS,
    NOTHING,
    STACKS,
    Bindable,
    leave_elsewhere,
    make,
)

ORDERS = [*permutations(range(3))]


@pytest.fixture(params=KINDS)
def thing(request: pytest.FixtureRequest, inscope: ModuleType) -> Bindable:
    """One of everything that can be bound, with nothing bound."""
    return make(inscope, request.param)


def _entered(thing: Bindable, value: object) -> Any:
    bind = thing.bind(value)
    bind.__enter__()
    return bind


def _leave(bind: Any) -> None:
    bind.__exit__(None, None, None)


def test_two_generators_may_end_in_the_order_they_began(thing: Bindable) -> None:
    """The second keeps its value until it ends, and nothing stays behind."""

    def binding(value: str) -> Iterator[Any]:
        with thing.bind(value):
            yield thing.read()
            yield thing.read()

    thing.write("before")
    first, second = binding("first"), binding("second")

    assert ("first", "second") == (next(first), next(second))
    first.close()
    assert "second" == next(second)
    second.close()
    assert "before" == thing.read()


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("before", [NOTHING, None, "before"])
def test_the_open_bind_entered_last_is_what_is_read(
    thing: Bindable, order: tuple[int, ...], before: object
) -> None:
    """Whichever of three ends first, second and last."""
    if before is not NOTHING:
        thing.write(before)
    binds = {number: _entered(thing, number) for number in range(3)}

    for number in order:
        _leave(binds.pop(number))
        assert max(binds, default=before) == thing.read()


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_what_was_set_between_ends_with_the_bind_below_it(
    thing: Bindable, order: tuple[int, ...]
) -> None:
    """A ``set`` belongs to the bind that was the innermost when it was done."""
    thing.write("before")
    binds = {}
    for number in range(3):
        binds[number] = _entered(thing, number)
        thing.write(f"set in {number}")

    for number in order:
        _leave(binds.pop(number))
        expected = f"set in {max(binds)}" if binds else "before"
        assert expected == thing.read()


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("kind", LOCALS)
@pytest.mark.parametrize("drop", ["delete", "release"])
def test_names_dropped_between_come_back_with_the_bind_below(
    inscope: ModuleType, kind: str, order: tuple[int, ...], drop: str
) -> None:
    """To delete a name, or all, is to set nothing."""
    thing = make(inscope, kind)
    thing.write("before")
    binds = {}
    for number in range(3):
        binds[number] = _entered(thing, number)
        if number == 1 and drop == "delete":
            del thing.subject.thing
        elif number == 1:
            inscope.release_local(thing.subject)

    expected = {0: 0, 1: NOTHING, 2: 2}
    for number in order:
        _leave(binds.pop(number))
        assert (expected[max(binds)] if binds else "before") == thing.read()


@pytest.mark.parametrize("kind", STACKS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_stack_keeps_what_belongs_to_open_binds(
    inscope: ModuleType, kind: str, order: tuple[int, ...]
) -> None:
    """All of it: objects pushed by hand go with the bind below them."""
    stack = make(inscope, kind).subject
    stack.push("base")
    binds = {}
    for name in "abc":
        binds[name] = _entered_push(inscope, stack, name)
        stack.push(name.upper())

    for number in order:
        _leave(binds.pop("abc"[number]))
        left = ["base", *(item for name in binds for item in (name, name.upper()))]
        assert f"<LocalStack {left!r}>" == repr(stack)


def _entered_push(inscope: ModuleType, stack: Any, value: object) -> Any:
    bind = inscope.pushed(stack, value)
    bind.__enter__()
    return bind


@pytest.mark.parametrize("kind", LOCALS)
def test_binds_of_different_names_do_not_meet(inscope: ModuleType, kind: str) -> None:
    """Each ends for its own names, those that both have as for one."""
    local = make(inscope, kind).subject
    first = inscope.bound(local, a=1, both=1)
    second = inscope.bound(local, b=2, both=2)
    first.__enter__()
    second.__enter__()

    _leave(first)
    assert {"b": 2, "both": 2} == dict(local)
    _leave(second)
    assert {} == dict(local)


# With copies, and with binds that were left elsewhere


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "revoking var"])
def test_a_copy_keeps_what_it_captured_whatever_the_order(
    inscope: ModuleType, kind: str
) -> None:
    """The end of the lower bind in its own context changes no other context."""
    thing = make(inscope, kind)
    lower, upper = _entered(thing, "lower"), _entered(thing, "upper")
    copy = copy_context()
    text = copy.run(repr, thing.subject)

    _leave(lower)
    assert "upper" == copy.run(thing.read)
    assert text == copy.run(repr, thing.subject)
    _leave(upper)
    assert "upper" == copy.run(thing.read)
    assert text == copy.run(repr, thing.subject)
    assert NOTHING == thing.read()


@pytest.mark.parametrize("kind", [kind for kind in CELLS if kind != "revoking var"])
def test_a_copy_reads_through_to_the_lower_bind_it_captured(
    inscope: ModuleType, kind: str
) -> None:
    """Also where that has ended in the context that it came from."""
    thing = make(inscope, kind)
    lower, upper = _entered(thing, "lower"), _entered(thing, "upper")
    copy = copy_context()
    _leave(lower)

    leave_elsewhere(upper)

    assert NOTHING == thing.read()
    assert "lower" == copy.run(thing.read)


def test_a_revoked_lower_bind_is_withdrawn_from_copies_too(inscope: ModuleType) -> None:
    """The upper one stays open, here and there."""
    thing = make(inscope, "revoking var")
    thing.write("before")
    lower, upper = _entered(thing, "lower"), _entered(thing, "upper")
    copy = copy_context()

    _leave(lower)
    assert ["upper", "upper"] == [thing.read(), copy.run(thing.read)]
    _leave(upper)
    assert ["before", "before"] == [thing.read(), copy.run(thing.read)]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("write", [False, True])
def test_a_bind_left_elsewhere_is_not_open_any_more(
    inscope: ModuleType, kind: str, write: bool
) -> None:
    """The end of the bind around it takes all that was set inside it."""
    thing = make(inscope, kind)
    thing.write("before")
    with thing.bind("outer"):
        inner = _entered(thing, "inner")
        leave_elsewhere(inner)
        if write:
            thing.write("set after")

    assert "before" == thing.read()


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("elsewhere", range(3))
def test_one_of_three_may_be_left_elsewhere(
    inscope: ModuleType, kind: str, order: tuple[int, ...], elsewhere: int
) -> None:
    """It is then gone from all contexts, and the two others end as ever."""
    thing = make(inscope, kind)
    thing.write("before")
    binds = {number: _entered(thing, number) for number in range(3)}

    for number in order:
        leave = leave_elsewhere if number == elsewhere else _leave
        leave(binds.pop(number))
        assert max(binds, default="before") == thing.read()


def test_a_bind_left_under_another_ident_takes_no_other_with_it(
    inscope: ModuleType,
) -> None:
    """A Local kept by ident beside one that is not: each ends for itself."""
    ident = ["first"]
    by_ident, other = inscope.Local(), make(inscope, "local")
    inscope.LocalManager(by_ident, ident_func=lambda: ident[0])
    bind = inscope.bound(by_ident, user="ann")
    bind.__enter__()
    lower = _entered(other, "lower")

    ident[0] = "second"
    _leave(bind)

    upper = _entered(other, "upper")
    _leave(lower)
    assert "upper" == other.read()
    _leave(upper)
    assert NOTHING == other.read()
    ident[0] = "first"
    assert {} == dict(by_ident)
