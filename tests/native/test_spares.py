"""Cells, binds and views that were given back are given out as if they were new."""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import weakref

import pytest

from inscope import LocalStack, Var

native = pytest.importorskip("inscope._core.native._native", reason="it is not built")

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="without the GIL nothing is kept to be given out again",
)

MORE_THAN_ARE_KEPT = 100


def test_a_bind_made_of_a_left_one_is_new() -> None:
    """Its state, place and value are its own; who watched the old one is told."""
    user: Var[str] = Var("user")
    left = user.bind("ann")
    with left:
        pass
    told: list[str] = []
    watch = weakref.ref(left, lambda _: told.append("gone"))
    said = repr(left)
    del left

    again = user.bind("bob")

    assert ["gone"] == told
    assert watch() is None
    assert 0 == weakref.getweakrefcount(again)
    assert "left" in said
    assert said.replace("left", "new") != repr(again)
    assert "new" in repr(again)
    with again as name:
        assert ("bob", "bob") == (name, user.get())


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="AddressSanitizer is to see the use of what was given back",
)
def test_a_bind_is_made_of_what_was_given_back() -> None:
    """The collector counts what is allocated: neither a bind nor its cell is."""
    user: Var[int] = Var("user")
    user.bind(0)
    gc.disable()
    try:
        before = gc.get_count()[0]
        again = user.bind(1)
        after = gc.get_count()[0]
    finally:
        gc.enable()

    assert before == after
    with again as number:
        assert 1 == number


def test_a_value_does_not_outlive_its_cell() -> None:
    """What is kept of a cell is its memory, and not what lay in it."""

    class Value:
        pass

    user: Var[object] = Var("user")
    values = [Value() for _ in range(MORE_THAN_ARE_KEPT)]
    watched = [weakref.ref(value) for value in values]
    for value in values:
        with user.bind(value):
            pass
        user.reset(user.set(value))
    del value
    values.clear()
    gc.collect()

    assert [None] * MORE_THAN_ARE_KEPT == [watch() for watch in watched]


def test_many_at_once_and_few_after_leave_no_reference_to_the_type() -> None:
    """Each object holds its type while it lives, a spare one does not."""
    stack: LocalStack[int] = LocalStack()
    user: Var[int] = Var("user")
    types = (native.LinkedCell, type(user.bind(0)), type(stack.push(0)))

    def use(depth: int) -> None:
        binds = [user.bind(number) for number in range(depth)]
        for bind in binds:
            bind.__enter__()
        for bind in reversed(binds):
            bind.__exit__(None, None, None)
        for number in range(depth):
            stack.push(number)
        while stack.pop() is not None:
            pass

    use(MORE_THAN_ARE_KEPT)
    before = [sys.getrefcount(kind) for kind in types]
    for _ in range(10):
        use(MORE_THAN_ARE_KEPT)
        use(1)

    assert before == [sys.getrefcount(kind) for kind in types]
