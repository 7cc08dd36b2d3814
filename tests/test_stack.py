"""``LocalStack``: a stack of which each thread, task and greenlet has its own."""

from __future__ import annotations

import copy
import pickle
import weakref
from contextvars import Context, ContextVar, copy_context
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import Place, anywhere, copies, fresh


def unwind(stack: Any) -> list[Any]:
    """Return what is on *stack* here, the bottom first, and leave it empty."""
    items = []
    while (item := stack.pop()) is not None:
        items.append(item)
    return items[::-1]


def peek(stack: Any) -> list[Any]:
    """Return what is on *stack* here, the bottom first, and leave it as it is."""
    return copy_context().run(unwind, stack)


# Push, pop, top


def test_the_last_object_pushed_is_the_first_popped(inscope: ModuleType) -> None:
    """Objects come back in the reverse order, each the very one."""
    stack = inscope.LocalStack()
    objects = [object() for _ in range(5)]

    for one in objects:
        stack.push(one)
        assert one is stack.top

    for one in reversed(objects):
        assert one is stack.top
        assert one is stack.pop()


def test_an_empty_stack_has_no_top_and_pops_none(inscope: ModuleType) -> None:
    """At first, after the last pop, and after one pop too many."""
    stack = inscope.LocalStack()
    assert (None, None) == (stack.top, stack.pop())

    stack.push("a")
    stack.pop()
    assert (None, None, None) == (stack.top, stack.pop(), stack.pop())

    stack.push("b")
    assert "b" == stack.top


def test_reading_the_top_does_not_take_it_off(inscope: ModuleType) -> None:
    """However often it is read."""
    stack = inscope.LocalStack()
    stack.push("a")

    assert ["a"] * 3 == [stack.top for _ in range(3)]
    assert "a" == stack.pop()


def test_the_top_cannot_be_assigned(inscope: ModuleType) -> None:
    """It changes by push and pop alone."""
    stack = inscope.LocalStack()

    with pytest.raises(AttributeError):
        stack.top = "a"


def test_none_is_an_object_like_any_other(inscope: ModuleType) -> None:
    """A pushed ``None`` covers what is below and has to be popped."""
    stack = inscope.LocalStack()
    top = stack()

    stack.push("a")
    view = stack.push(None)

    assert ["a", None] == view
    assert stack.top is None
    assert inscope.is_bound(top)
    assert "None" == repr(top)
    assert stack.pop() is None
    assert "a" == stack.pop()


def test_two_stacks_share_nothing(inscope: ModuleType) -> None:
    """What is pushed on one is not on the other."""
    one, two = inscope.LocalStack(), inscope.LocalStack()

    one.push("a")

    assert two.top is None


def test_a_stack_takes_a_type_parameter(inscope: ModuleType) -> None:
    """``LocalStack[int]()`` is a LocalStack as without."""
    stack = inscope.LocalStack[int]()

    stack.push(1)

    assert type(stack) is inscope.LocalStack
    assert 1 == stack.pop()


def test_repr_shows_the_class_and_what_is_on_it(inscope: ModuleType) -> None:
    """The bottom first, as in a list."""

    class Requests(inscope.LocalStack):  # type: ignore[name-defined,misc]
        pass

    stack = inscope.LocalStack()
    stack.push("a")
    stack.push(2)

    assert "<LocalStack ['a', 2]>" == repr(stack)
    assert "<LocalStack []>" == Context().run(repr, stack)
    assert "<Requests []>" == repr(Requests())


def test_a_stack_that_holds_itself_has_a_repr(inscope: ModuleType) -> None:
    """As a list that holds itself has."""
    stack = inscope.LocalStack()

    view = stack.push([stack])

    assert repr(stack).startswith("<LocalStack [[")
    assert "..." in repr(stack)
    assert "..." in repr(view)


@pytest.mark.parametrize("operation", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stack_is_neither_copied_nor_pickled(
    inscope: ModuleType, operation: Any
) -> None:
    """The refusal says what to do in its place."""
    with pytest.raises(TypeError, match="pass the objects instead"):
        operation(inscope.LocalStack())


def test_a_stack_can_be_weakly_referenced(inscope: ModuleType) -> None:
    """And goes when nothing else refers to it, whatever is on it."""
    stack = inscope.LocalStack()
    stack.push("a")
    reference = weakref.ref(stack)
    assert stack is reference()

    del stack

    assert reference() is None


def test_a_popped_object_is_not_kept(inscope: ModuleType) -> None:
    """Neither by the stack nor, after a release, anything that was on it."""

    class Thing:
        pass

    stack = inscope.LocalStack()
    references = []
    for _ in range(3):
        thing = Thing()
        references.append(weakref.ref(thing))
        stack.push(thing)
    del thing

    stack.pop()
    assert [False, False, True] == [reference() is None for reference in references]

    inscope.release_local(stack)
    assert [True] * 3 == [reference() is None for reference in references]


def test_what_the_variable_holds_has_a_length(inscope: ModuleType) -> None:
    """Code written for werkzeug reads ``stack._storage.get()``."""
    stack = inscope.LocalStack()
    lengths = []

    for number in range(3):
        stack.push(number)
        lengths.append(len(stack._storage.get()))
    for _ in range(3):
        stack.pop()
        lengths.append(len(stack._storage.get()))
    stack.push(None)
    inscope.release_local(stack)

    assert [1, 2, 3, 2, 1, 0] == lengths
    assert 0 == len(stack._storage.get())
    assert [] == list(stack._storage.get())


# Isolation


@fresh
def test_a_new_thread_or_greenlet_starts_with_an_empty_stack(
    inscope: ModuleType, place: Place
) -> None:
    """What is pushed here is not there."""
    stack = inscope.LocalStack()
    stack.push("a")

    assert (None, None) == place(lambda: (stack.top, stack.pop()))


@copies
def test_a_task_or_copied_context_starts_with_the_stack_of_here(
    inscope: ModuleType, place: Place
) -> None:
    """What is pushed here is there, and is the same object."""
    stack = inscope.LocalStack()
    bottom, top = object(), object()
    stack.push(bottom)
    stack.push(top)

    assert [bottom, top] == place(lambda: unwind(stack))
    assert [bottom, top] == peek(stack)


@anywhere
def test_what_is_pushed_and_popped_elsewhere_is_not_seen_here(
    inscope: ModuleType, place: Place
) -> None:
    """Nor is a release."""
    stack = inscope.LocalStack()
    stack.push("a")
    stack.push("b")

    def change() -> list[Any]:
        stack.pop()
        view = list(stack.push("c"))
        unwind(stack)
        stack.push("d")
        inscope.release_local(stack)
        return view

    assert "c" == place(change)[-1]
    assert ["a", "b"] == peek(stack)


def test_contexts_that_share_a_stack_go_on_apart(inscope: ModuleType) -> None:
    """Popping and pushing here is not seen by a copy, in both directions."""
    stack = inscope.LocalStack()
    stack.push("a")
    stack.push("b")
    copied = copy_context()

    stack.pop()
    stack.push("c")
    copied.run(stack.push, "d")

    assert ["a", "c"] == peek(stack)
    assert ["a", "b", "d"] == copied.run(peek, stack)

    inscope.release_local(stack)

    assert [] == peek(stack)
    assert ["a", "b", "d"] == copied.run(peek, stack)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["push", "push", "pop", "copy", "release"]),
            st.integers(0, 3),
            st.integers(0, 9),
        ),
        max_size=40,
    ),
    supplied=st.booleans(),
)
def test_several_contexts_behave_like_several_lists(
    inscope: ModuleType, steps: list[tuple[str, int, int]], supplied: bool
) -> None:
    """A copied context is a copied list, whichever of them is changed."""
    stack = inscope.LocalStack(ContextVar("variable") if supplied else None)
    worlds: list[tuple[Context, list[int]]] = [(Context(), [])]

    for kind, which, number in steps:
        context, model = worlds[which % len(worlds)]
        if kind == "push":
            model.append(number)
            assert model == context.run(stack.push, number)
        elif kind == "pop":
            expected = model.pop() if model else None
            assert expected == context.run(stack.pop)
        elif kind == "copy":
            worlds.append((context.copy(), list(model)))
        else:
            context.run(inscope.release_local, stack)
            model.clear()

    for context, model in worlds:
        assert f"<LocalStack {model!r}>" == context.run(repr, stack)
        assert (model or [None])[-1] == context.run(getattr, stack, "top")
        assert model == context.run(unwind, stack)


# Proxies


def test_calling_a_stack_gives_a_proxy_to_its_top(inscope: ModuleType) -> None:
    """The proxy follows what is pushed and popped."""
    stack = inscope.LocalStack()
    top = stack()
    assert "<LocalProxy unbound>" == repr(top)

    stack.push([1])
    assert [1] == top
    stack.push([2])
    top.append(3)
    assert [2, 3] == stack.pop()
    assert [1] == top

    stack.pop()
    with pytest.raises(inscope.UnboundError) as caught:
        len(top)
    assert "object is not bound" == str(caught.value)


def test_calling_a_stack_with_a_name_gives_a_proxy_to_that_attribute(
    inscope: ModuleType,
) -> None:
    """Of the top; a dotted name goes further, and a false value is a value."""
    stack = inscope.LocalStack()
    user, count = stack("user.name"), stack(name="count")

    stack.push(SimpleNamespace(user=SimpleNamespace(name="ann"), count=0))

    assert "ANN" == user.upper()
    assert 0 == count
    assert inscope.is_bound(count)


def test_an_attribute_that_the_top_does_not_have_is_an_attribute_error(
    inscope: ModuleType,
) -> None:
    """That is a fault of the object, and is not told as an empty stack."""
    stack = inscope.LocalStack()
    stack.push("a")

    with pytest.raises(AttributeError, match="has no attribute 'nonsense'") as caught:
        str(stack("nonsense"))
    assert not isinstance(caught.value, inscope.UnboundError)


def test_a_proxy_to_an_empty_stack_gives_its_own_message(inscope: ModuleType) -> None:
    """The ``unbound_message`` is the text of the error."""
    stack = inscope.LocalStack()

    for proxy in (
        stack(unbound_message="no request"),
        stack("user", unbound_message="no request"),
    ):
        with pytest.raises(inscope.UnboundError) as caught:
            str(proxy)
        assert "no request" == str(caught.value)


# A variable that the caller supplied


@pytest.mark.parametrize("wrong", [[], "name", 1, ContextVar])
def test_anything_but_a_context_variable_is_refused(
    inscope: ModuleType, wrong: object
) -> None:
    """At once, and not at first use."""
    with pytest.raises(TypeError, match="'context_var' must be a ContextVar of lists"):
        inscope.LocalStack(wrong)


def test_a_supplied_variable_holds_real_lists(inscope: ModuleType) -> None:
    """Whoever has the variable reads a list of exactly what is on the stack."""
    variable: ContextVar[list[Any]] = ContextVar("variable")
    stack = inscope.LocalStack(context_var=variable)
    seen = []

    for change in (
        lambda: stack.push("a"),
        lambda: stack.push("b"),
        stack.pop,
        stack.pop,
        lambda: stack.push("c"),
        lambda: inscope.release_local(stack),
    ):
        change()
        seen.append(variable.get())

    assert [["a"], ["a", "b"], ["a"], [], ["c"], []] == seen
    assert [list] * 6 == [type(held) for held in seen]


def test_a_list_of_the_caller_is_never_changed(inscope: ModuleType) -> None:
    """Every push and pop puts a new list into the variable."""
    variable: ContextVar[list[Any]] = ContextVar("variable")
    stack = inscope.LocalStack(variable)
    supplied = ["a", "b"]
    variable.set(supplied)
    held = []

    for change in (
        lambda: stack.push("c"),
        stack.pop,
        stack.pop,
        lambda: stack.push("d"),
        lambda: inscope.release_local(stack),
        lambda: stack.push("e"),
    ):
        held.append((variable.get(), list(variable.get())))
        change()

    assert supplied is held[0][0]
    assert [before for _, before in held] == [now for now, _ in held]
    assert len(held) == len({id(now) for now, _ in held})


def test_what_the_caller_sets_in_the_variable_is_what_is_on_the_stack(
    inscope: ModuleType,
) -> None:
    """The stack has no memory of its own beside the variable."""
    variable: ContextVar[list[Any]] = ContextVar("variable")
    stack = inscope.LocalStack(variable)
    top = stack()

    variable.set(["a", "b"])

    assert ("b", "b") == (stack.top, top)
    assert "<LocalStack ['a', 'b']>" == repr(stack)
    assert "b" == stack.pop()
    assert ["a", None] == stack.push(None)
    assert inscope.is_bound(top)
