"""Binds entered and left in one Context: whatever happens, the value goes back.

Left elsewhere: ``test_bind_elsewhere.py``. Left in another order than they were
entered: ``test_bind_order.py``.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import sys
import weakref
from collections.abc import Callable
from contextvars import Context
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from bindable import KINDS, LOCALS, NOTHING, STACKS, VARS, Bindable, Thing, make

BASE = "<LocalStack ['base']>"
BEFORE: tuple[Any, ...] = (NOTHING, None, 0, "before")


@pytest.fixture(params=KINDS)
def thing(request: pytest.FixtureRequest, inscope: ModuleType) -> Bindable:
    """One of everything that can be bound, with nothing bound."""
    return make(inscope, request.param)


def _prepare(thing: Bindable, before: object) -> None:
    if before is not NOTHING:
        thing.write(before)


# Restoring


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("value", ["inside", None, 0, "before"])
def test_a_bind_puts_back_what_was_there(
    thing: Bindable, before: object, value: object
) -> None:
    """A value, ``None``, or nothing at all; inside, the bound value is read."""
    _prepare(thing, before)

    with thing.bind(value):
        assert value is thing.read()

    assert before is thing.read()


@pytest.mark.parametrize(
    "error",
    [ValueError("inside"), KeyboardInterrupt(), GeneratorExit(), StopIteration()],
)
def test_a_bind_ends_with_an_exception(thing: Bindable, error: BaseException) -> None:
    """The value goes back, and the exception goes on, the very same."""
    thing.write("before")

    with pytest.raises(type(error)) as caught, thing.bind("inside"):
        raise error

    assert error is caught.value
    assert "before" == thing.read()


def test_nested_binds_end_one_by_one(thing: Bindable) -> None:
    """Each end shows the value of the bind around it."""
    seen = []
    with thing.bind("a"):
        with thing.bind("b"):
            with thing.bind(None):
                seen.append(thing.read())
            seen.append(thing.read())
        seen.append(thing.read())

    assert [None, "b", "a"] == seen
    assert NOTHING == thing.read()


@pytest.mark.parametrize("before", BEFORE)
def test_what_is_set_inside_a_bind_ends_with_it(
    thing: Bindable, before: object
) -> None:
    """However often, and also with other binds around it."""
    _prepare(thing, before)

    with thing.bind("outer"):
        thing.write("x")
        with thing.bind("inner"):
            thing.write("y")
            thing.write("z")
            assert "z" == thing.read()
        assert "x" == thing.read()

    assert before is thing.read()


def test_a_bind_in_a_loop_leaves_no_trace(thing: Bindable) -> None:
    """The hundredth round is as the first."""
    thing.write("before")
    for number in range(100):
        with thing.bind(number):
            thing.write(-number)
        assert "before" == thing.read()


def test_several_binds_end_in_an_exit_stack(inscope: ModuleType) -> None:
    """Binds are ordinary context managers."""
    things = [make(inscope, kind) for kind in KINDS]
    with contextlib.ExitStack() as stack:
        entered = [stack.enter_context(thing.bind("in")) for thing in things]
        assert len(KINDS) == len(entered)
        assert {"in"} == {thing.read() for thing in things}

    assert {NOTHING} == {thing.read() for thing in things}


def test_a_value_is_only_kept_and_never_asked_anything(thing: Bindable) -> None:
    """Nothing of it is called, compared or tested for truth; nor is its class."""

    class OfClass(type):
        def __eq__(cls, other: object) -> bool:
            raise AssertionError

        __hash__ = None  # type: ignore[assignment]

    class Hostile(metaclass=OfClass):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __bool__(self) -> bool:
            raise AssertionError

        __hash__ = None  # type: ignore[assignment]

    hostile = Hostile()
    with thing.bind(hostile), thing.bind(hostile):
        thing.write(hostile)
        assert thing.read() is hostile
    assert NOTHING == thing.read()


def test_a_value_is_freed_as_its_bind_ends(thing: Bindable) -> None:
    """Even while the bind itself is kept; so are those that were set inside."""
    values = [Thing(), Thing()]
    references = [weakref.ref(value) for value in values]
    bind = thing.bind(values[0])
    with bind:
        thing.write(values[1])
    values.clear()
    gc.collect()

    assert [None, None] == [reference() for reference in references]
    assert "left" in repr(bind)


def test_a_bind_that_is_never_entered_does_nothing(thing: Bindable) -> None:
    """It goes, and its value with it."""
    value = Thing()
    reference = weakref.ref(value)
    bind = thing.bind(value)
    assert NOTHING == thing.read()
    assert "not entered" in repr(bind)

    del value, bind
    gc.collect()

    assert reference() is None


# Entering and leaving


@pytest.mark.parametrize("kind", KINDS)
def test_as_gives_what_the_block_is_about(inscope: ModuleType, kind: str) -> None:
    """The value; of a Local, itself; of several, nothing."""
    thing = make(inscope, kind)
    value = ["value"]

    with thing.bind(value) as given:
        expected = thing.subject if kind in LOCALS else value
        assert (None if kind == "several" else expected) is given


def test_a_bind_is_entered_once(inscope: ModuleType, thing: Bindable) -> None:
    """The second entry raises, and the first goes on and ends as if it had not."""
    thing.write("before")
    bind = thing.bind("inside")
    with bind:
        with pytest.raises(inscope.BindStateError, match="entered already; make a new"):
            bind.__enter__()
        assert "inside" == thing.read()
    assert "before" == thing.read()

    with pytest.raises(inscope.BindStateError, match="left already; make a new"):
        bind.__enter__()
    assert "before" == thing.read()


def test_a_bind_is_left_once(inscope: ModuleType, thing: Bindable) -> None:
    """The second exit raises and changes nothing."""
    bind = thing.bind("inside")
    with bind:
        pass
    thing.write("after")

    with pytest.raises(inscope.BindStateError, match="cannot be left: it was left"):
        bind.__exit__(None, None, None)

    assert "after" == thing.read()


def test_a_bind_that_was_not_entered_cannot_be_left(
    inscope: ModuleType, thing: Bindable
) -> None:
    """The error says so; it can be entered all the same."""
    bind = thing.bind("inside")
    with pytest.raises(inscope.BindStateError, match="left: it was not entered"):
        bind.__exit__(None, None, None)

    with bind:
        assert "inside" == thing.read()
    assert NOTHING == thing.read()


def test_a_bind_is_for_the_context_that_enters_it(thing: Bindable) -> None:
    """Not for the one in which it was made."""
    bind = thing.bind("inside")

    def enter() -> Any:
        with bind:
            return thing.read()

    assert "inside" == Context().run(enter)
    assert NOTHING == thing.read()


def test_the_repr_of_a_bind_tells_how_far_it_is(thing: Bindable) -> None:
    """And not the value, which may be a secret."""
    bind = thing.bind("secret")
    texts = [repr(bind)]
    with bind:
        texts.append(repr(bind))
    texts.append(repr(bind))

    for text, state in zip(texts, ("not entered", "entered", "left"), strict=True):
        assert text.startswith("<bind of ")
        assert text.endswith(f", {state}>")
        assert "secret" not in text


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_bind_is_not_copied_or_pickled(
    thing: Bindable, duplicate: Callable[[Any], Any]
) -> None:
    """It belongs to one block."""
    with pytest.raises(TypeError, match="belongs to one 'with' block"):
        duplicate(thing.bind(1))


def test_a_bind_says_where_it_was_made(inscope: ModuleType) -> None:
    """File, line and function of the call, for each of the four ways."""
    local, stack, var = inscope.Local(), inscope.LocalStack(), inscope.Var("user")
    line = sys._getframe().f_lineno + 2
    binds = [
        var.bind(1),
        inscope.bound(local, user=1, id=2),
        inscope.pushed(stack, 1),
        inscope.bind({var: 1, inscope.Var("tenant"): 2}),
    ]

    subjects = [
        "<Var 'user'>",
        "user, id of a Local",
        "an object on a LocalStack",
        "<Var 'user'>, <Var 'tenant'>",
    ]
    for number, (bind, subject) in enumerate(zip(binds, subjects, strict=True)):
        place = f"{__file__}:{line + number} in test_a_bind_says_where_it_was_made"
        assert f"<bind of {subject} at {place}, not entered>" == repr(bind)


# By hand, inside


@pytest.mark.parametrize("kind", ["var", "revoking var", "var over"])
def test_a_token_from_before_can_be_used_inside(inscope: ModuleType, kind: str) -> None:
    """The bind then ends as it would have: the value before it goes back."""
    var = make(inscope, kind).subject
    token = var.set("before")

    with var.bind("inside"):
        var.reset(token)
        assert not var.is_bound()

    assert "before" == var.get()


@pytest.mark.parametrize("kind", LOCALS)
@pytest.mark.parametrize("before", BEFORE)
def test_names_deleted_or_released_inside_are_put_back(
    inscope: ModuleType, kind: str, before: object
) -> None:
    """What was there before is there again, whatever was done by hand."""
    thing = make(inscope, kind)
    _prepare(thing, before)

    with thing.bind("inside"):
        del thing.subject.thing
        assert NOTHING == thing.read()
    assert before is thing.read()
    with thing.bind("inside"):
        inscope.release_local(thing.subject)
        assert NOTHING == thing.read()
    assert before is thing.read()


@pytest.mark.parametrize("kind", LOCALS)
def test_other_names_changed_inside_stay_changed(
    inscope: ModuleType, kind: str
) -> None:
    """A bind ends for the names that it bound."""
    local = make(inscope, kind).subject
    local.kept, local.dropped = 1, 1

    with inscope.bound(local, user="ann", id=7):
        assert ("ann", 7) == (local.user, local.id)
        local.kept, local.new = 2, 2
        del local.dropped

    assert {"kept": 2, "new": 2} == dict(local)


@pytest.mark.parametrize("kind", LOCALS)
def test_a_local_of_many_names_is_put_back(inscope: ModuleType, kind: str) -> None:
    """Also where it is kept in more than one piece."""
    local = make(inscope, kind).subject
    before = {f"name{number}": number for number in range(0, 1000, 2)}
    for name, number in before.items():
        setattr(local, name, number)

    with inscope.bound(local, **{f"name{number}": None for number in range(1000)}):
        assert 1000 == len(local)
        assert {None} == set(dict(local).values())

    assert before == dict(local)


@pytest.mark.parametrize("kind", LOCALS)
def test_bound_takes_any_name(inscope: ModuleType, kind: str) -> None:
    """Its own parameter's name, ``self``, and none at all."""
    thing = make(inscope, kind)
    with inscope.bound(thing.subject, local=1, self=2) as local:
        assert {"local": 1, "self": 2} == dict(local)
    with inscope.bound(thing.subject):
        assert [] == list(thing.subject)


@pytest.mark.parametrize("kind", STACKS)
def test_pushing_inside_pushed_is_undone(inscope: ModuleType, kind: str) -> None:
    """What was pushed above the object goes with it."""
    stack = make(inscope, kind).subject
    stack.push("base")

    with inscope.pushed(stack, "inside"):
        stack.push("left lying")
        stack.push("about")

    assert BASE == repr(stack)


@pytest.mark.parametrize("kind", STACKS)
def test_a_stack_popped_by_hand_inside_is_as_it_was(
    inscope: ModuleType, kind: str
) -> None:
    """The object itself, those below it, or all of them, replaced or not."""
    stack = make(inscope, kind).subject
    stack.push("base")

    with inscope.pushed(stack, "inside"):
        assert ("inside", "base", None) == (stack.pop(), stack.pop(), stack.pop())
    assert BASE == repr(stack)
    with inscope.pushed(stack, "inside"):
        stack.pop()
        stack.push("other")
    assert BASE == repr(stack)
    with inscope.pushed(stack, "inside"):
        inscope.release_local(stack)
    assert BASE == repr(stack)


# Several as one, and bad input


def test_bind_binds_several_vars_and_ends_as_one(inscope: ModuleType) -> None:
    """Of every kind, each with a value of its own."""
    things = [make(inscope, kind) for kind in VARS]
    for thing in things[::2]:
        thing.write("before")
    before = [thing.read() for thing in things]

    with inscope.bind({thing.subject: thing.kind for thing in things}):
        assert [*VARS] == [thing.read() for thing in things]

    assert before == [thing.read() for thing in things]


def test_bind_takes_any_mapping_and_none_is_too_small(inscope: ModuleType) -> None:
    """The mapping is read as the bind is made."""
    var = inscope.Var("user")
    values = {var: "ann"}
    bind = inscope.bind(MappingProxyType(values))
    values[var] = "bob"

    with inscope.bind({}), bind:
        assert "ann" == var.get()
    assert not var.is_bound()


@pytest.mark.parametrize("values", [None, [], "user", 7, [("user", 1)]])
def test_bind_refuses_what_is_no_mapping(inscope: ModuleType, values: object) -> None:
    """The error says what it takes."""
    with pytest.raises(TypeError, match="takes a mapping of Vars to values"):
        inscope.bind(values)


def test_bind_refuses_keys_that_are_not_vars(inscope: ModuleType) -> None:
    """A name, a plain variable, or a Local, for which there is another function."""
    for key in ("user", inscope.Var, inscope.Local()):
        with pytest.raises(TypeError, match=r"binds Vars, not .* there is bound\(\)"):
            inscope.bind({inscope.Var("user"): 1, key: 2})


def test_bound_and_pushed_refuse_each_others_subjects(inscope: ModuleType) -> None:
    """The errors name the type that each takes."""
    for wrong in (inscope.Var("user"), inscope.LocalStack(), {}, None):
        with pytest.raises(TypeError, match=r"bound\(\) takes a Local, not"):
            inscope.bound(wrong, user=1)
    for wrong in (inscope.Var("user"), inscope.Local(), [], None):
        with pytest.raises(TypeError, match=r"pushed\(\) takes a LocalStack, not"):
            inscope.pushed(wrong, 1)


def test_bound_and_pushed_reach_through_a_proxy(inscope: ModuleType) -> None:
    """A proxy to a Local or a stack serves as one."""
    local, stack = inscope.Local(), inscope.LocalStack()

    with inscope.bound(inscope.LocalProxy(lambda: local), user="ann") as given:
        assert local is given
        assert "ann" == local.user
    with inscope.pushed(inscope.LocalProxy(lambda: stack), "ann"):
        assert "ann" == stack.top
    assert ([], None) == (list(local), stack.top)


@pytest.mark.parametrize("kind", LOCALS)
def test_a_local_shows_bound_names_like_any_other(
    inscope: ModuleType, kind: str
) -> None:
    """To whatever lists, counts, prints or copies its names."""
    local = make(inscope, kind).subject
    with inscope.bound(local, user="ann"):
        assert [("user", "ann")] == list(local)
        assert "<Local user='ann'>" == repr(local)
        assert {"user": "ann"} == dict(copy.copy(local))
        assert "user" in dir(local)
        assert "user" in local
        assert 1 == len(local)


@pytest.mark.parametrize("kind", STACKS)
def test_a_stack_shows_pushed_objects_like_any_other(
    inscope: ModuleType, kind: str
) -> None:
    """To whatever lists, prints or takes from it."""
    stack = make(inscope, kind).subject
    with inscope.pushed(stack, "a"):
        assert ["a", "b"] == list(stack.push("b"))
        assert "<LocalStack ['a', 'b']>" == repr(stack)
        assert ("b", "a", None) == (stack.pop(), stack.top, stack.pop() and stack.top)
