"""What ``LocalStack.push`` returns: the stack as it is then, to be read."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, MutableSequence, Sequence
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

New = Callable[[ModuleType], Any]


def own(inscope: ModuleType) -> Any:
    """Return a stack that made its own variable."""
    return inscope.LocalStack()


def supplied(inscope: ModuleType) -> Any:
    """Return a stack over a variable of the caller."""
    return inscope.LocalStack(ContextVar("variable"))


each_kind = pytest.mark.parametrize("new", [own, supplied])
several_depths = pytest.mark.parametrize("depth", [1, 2, 5, 50])


@each_kind
@several_depths
def test_push_returns_the_stack_as_it_is_then(
    inscope: ModuleType, new: New, depth: int
) -> None:
    """The bottom first, equal to a list, a tuple and a view of equal items."""
    stack, other = new(inscope), new(inscope)
    for number in range(depth):
        view, same = stack.push(number), other.push(number)
    expected = list(range(depth))

    assert expected == view == expected
    assert tuple(expected) == view == tuple(expected)
    assert same == view
    assert not expected != view  # noqa: SIM202  (the operator itself)
    assert view != [*expected, depth]
    assert view != expected[:-1]
    assert view != dict.fromkeys(expected)
    assert view != str(expected)
    assert [[0]] != view


@each_kind
def test_a_view_does_not_change_with_the_stack(inscope: ModuleType, new: New) -> None:
    """It shows the moment of its push, whatever is pushed, popped or released."""
    stack = new(inscope)
    views = [stack.push(number) for number in range(3)]

    stack.pop()
    stack.push("x")
    inscope.release_local(stack)

    assert [[0], [0, 1], [0, 1, 2]] == [list(view) for view in views]


@each_kind
@several_depths
def test_a_view_is_a_sequence_that_is_read_like_a_list(
    inscope: ModuleType, new: New, depth: int
) -> None:
    """Every index, every slice, both directions."""
    stack = new(inscope)
    expected = [f"item {number % 7}" for number in range(depth)]
    for item in expected:
        view = stack.push(item)
    steps = [None, -depth - 1, -depth, -2, -1, 0, 1, 2, depth, depth + 1]

    assert depth == len(view)
    assert expected == list(iter(view))
    assert expected[::-1] == list(reversed(view))
    assert expected == [view[index] for index in range(depth)]
    assert expected == [view[index - depth] for index in range(depth)]
    for start in steps:
        for stop in steps:
            assert expected[start:stop] == view[start:stop]
            assert expected[start:stop:-2] == view[start:stop:-2]
    for item in expected:
        assert expected.index(item) == view.index(item)
        assert expected.count(item) == view.count(item)
        assert item in view


@each_kind
def test_a_view_refuses_what_is_not_in_it(inscope: ModuleType, new: New) -> None:
    """With the errors that a list raises."""
    view = new(inscope).push("a")

    for index in (1, -2, 10**30):
        with pytest.raises(IndexError):
            view[index]
    with pytest.raises(TypeError):
        view["a"]
    with pytest.raises(ValueError):  # noqa: PT011  (whatever a list says)
        view.index("b")
    assert 0 == view.count("b")
    assert "b" not in view


@each_kind
def test_a_view_is_read_only(inscope: ModuleType, new: New) -> None:
    """It is a Sequence, not a mutable one, and cannot be a key."""
    view = new(inscope).push("a")

    assert isinstance(view, Sequence)
    assert not isinstance(view, MutableSequence)
    with pytest.raises(TypeError):
        view[0] = "b"
    with pytest.raises(TypeError):
        del view[0]
    for method in ("append", "pop", "clear", "insert", "sort", "reverse"):
        assert not hasattr(view, method)
    with pytest.raises(TypeError, match="unhashable"):
        hash(view)


@each_kind
def test_a_view_is_true_and_shows_its_items(inscope: ModuleType, new: New) -> None:
    """After a push there is at least one item, be it a false one."""
    view = new(inscope).push(None)

    assert bool(view) is True
    assert "<stack [None]>" == repr(view)


@each_kind
def test_a_view_can_be_copied_and_pickled(inscope: ModuleType, new: New) -> None:
    """As the list that werkzeug returns can be; a deep copy has copied items."""
    stack = new(inscope)
    stack.push("a")
    view = stack.push(["b"])

    shallow, deep = copy.copy(view), copy.deepcopy(view)
    read = pickle.loads(pickle.dumps(view))

    assert ["a", ["b"]] == shallow == deep == read
    assert view[1] is shallow[1]
    assert view[1] is not deep[1]
    assert 2 == len(deep) == len(read)


def test_views_of_both_kinds_are_equal(inscope: ModuleType) -> None:
    """A view is compared by its items, wherever they lie."""
    assert own(inscope).push("a") == supplied(inscope).push("a")
    assert own(inscope).push("a") != supplied(inscope).push("b")


def test_a_view_does_not_follow_the_list_in_the_variable(inscope: ModuleType) -> None:
    """What the caller puts into the variable later is not in it."""
    variable: ContextVar[list[Any]] = ContextVar("variable")
    stack = inscope.LocalStack(variable)

    view = stack.push("a")
    variable.set(["x", "y"])

    assert ["a"] == view


def test_views_can_be_taken_apart(inscope: ModuleType) -> None:
    """By unpacking and in a ``match``, as any sequence."""
    stack = inscope.LocalStack()
    stack.push("a")
    stack.push("b")
    view = stack.push("c")

    first, *rest = view
    match view:
        case [*_, top]:
            matched = top
        case _:
            matched = None

    assert ("a", ["b", "c"], "c") == (first, rest, matched)


def test_deep_views_are_read_without_recursion(inscope: ModuleType) -> None:
    """A view of ten thousand items has its length, its ends and its equal."""
    stack = inscope.LocalStack()
    for number in range(10_000):
        view = stack.push(number)

    assert (10_000, 0, 9_999) == (len(view), view[0], view[-1])
    assert list(range(10_000)) == view
    assert 5_000 == view.index(5_000, 4_990)
    assert repr(view).endswith("9998, 9999]>")
