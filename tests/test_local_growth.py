"""What writing costs and what memory is kept, counted in bytes and not in seconds.

Bytes stand for work here: a write that copies all of a map allocates all of it.
"""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest

MANY = 100_000
NAMES = [sys.intern(f"name_{number}") for number in range(MANY)]
"""Made and interned beforehand, or the interpreter's own table of them is counted."""

SLACK = 64 * 1024
"""Bytes that may differ between two measurements: free lists, the loop itself."""


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Count allocations, with the collector at rest."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def work(function: Callable[..., Any], *args: Any) -> int:
    """Return how many bytes *function* needs at most while it runs."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    function(*args)
    return tracemalloc.get_traced_memory()[1] - before


def kept(function: Callable[..., Any], *args: Any) -> int:
    """Return how many bytes more there are after *function* than before."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    function(*args)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


def least(*steps: Callable[[], Any]) -> list[int]:
    """Return the least that each of *steps* needs, of twenty times in turn.

    Any may need more by chance: the first ones fill what the interpreter keeps for the
    next, and others allocate where that has run out.
    """
    turns = [[work(step) for step in steps] for _ in range(20)]
    return list(map(min, zip(*turns, strict=True)))


def worst(limit: float, measure: Callable[[], list[int]]) -> int:
    """Return the most that was measured, after a second and a third try if need be.

    What other threads allocate is counted, too, such as the one by which pytest-xdist
    is told what to run. What a write needs is the same each time.
    """
    for _ in range(3):
        found = max(measure())
        if found < limit:
            break
    return found


def local_of(inscope: ModuleType, size: int) -> Any:
    """Return a Local of *size* names that came in random order."""
    local = inscope.Local()
    for name in random.Random(size).sample(NAMES[:size], size):
        setattr(local, name, None)
    return local


def add_names(local: Any, size: int) -> list[int]:
    """Return the work of each of 300 writes of a new name."""
    return [work(setattr, local, name, None) for name in NAMES[size : size + 300]]


def replace_names(local: Any, size: int) -> list[int]:
    """Return the work of each of 300 writes of a name that is there."""
    chosen = random.Random(0).choices(NAMES[:size], k=300)
    return [work(setattr, local, name, 1) for name in chosen]


def delete_names(local: Any, size: int) -> list[int]:
    """Return the work of each of 300 deletions."""
    chosen = random.Random(0).sample(NAMES[:size], 300)
    return [work(delattr, local, name) for name in chosen]


WRITES = {"add": add_names, "replace": replace_names, "delete": delete_names}
writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


# The cost of a write


@writes
def test_a_write_copies_a_small_part_of_the_names(
    inscope: ModuleType, write: Callable[[Any, int], list[int]]
) -> None:
    """The worst of 300 writes among thousands is far below a copy of them all."""
    copy_of_1_000 = work(dict.fromkeys, NAMES[:1_000])
    copy_of_10_000 = work(dict.fromkeys, NAMES[:10_000])

    def writes_at(size: int) -> list[int]:
        return write(local_of(inscope, size), size)

    at_1_000 = worst(copy_of_1_000 / 10, lambda: writes_at(1_000))
    limit = min(copy_of_10_000 / 50, 2 * at_1_000)

    assert at_1_000 < copy_of_1_000 / 10
    assert worst(limit, lambda: writes_at(10_000)) < limit


def test_a_write_among_thousands_takes_little_more_than_one_among_few(
    inscope: ModuleType,
) -> None:
    """What is written copies about as much as a small dict has, at any size."""
    few = work(dict.fromkeys, NAMES[:64])

    def writes_at(size: int) -> list[int]:
        return replace_names(local_of(inscope, size), size)

    at_30 = worst(few, lambda: writes_at(30))
    limit = 3 * at_30

    assert at_30 < few
    assert worst(limit, lambda: writes_at(10_000)) < limit


def test_no_single_write_pays_for_the_growth(inscope: ModuleType) -> None:
    """Of 10,000 writes one by one, none copies or rebuilds what came before."""
    limit = work(dict.fromkeys, NAMES[:1_000]) / 10

    def grow() -> list[int]:
        local = inscope.Local()
        return [work(setattr, local, name, None) for name in NAMES[:10_000]]

    assert worst(limit, grow) < limit


def test_no_single_deletion_pays_for_the_shrinking(inscope: ModuleType) -> None:
    """The same on the way down to nothing."""
    limit = work(dict.fromkeys, NAMES[:1_000]) / 10

    def shrink() -> list[int]:
        local = local_of(inscope, 10_000)
        needed = [work(delattr, local, name) for name in NAMES[:10_000]]
        assert 0 == len(local)
        return needed

    assert worst(limit, shrink) < limit


def test_reading_copies_nothing(inscope: ModuleType) -> None:
    """Neither a read nor ``in`` depends on how many names there are."""
    one, thousands = local_of(inscope, 1), local_of(inscope, 10_000)

    def read(local: Any) -> bool:
        return getattr(local, NAMES[0]) is None and NAMES[0] in local

    (of_one,) = least(lambda: read(one))
    (of_thousands,) = least(lambda: read(thousands))

    assert of_thousands <= of_one + 512


# What is kept


def test_names_that_come_and_go_leave_nothing(inscope: ModuleType) -> None:
    """100,000 names set and deleted in turn leave what ten leave."""
    local = inscope.Local()

    def come_and_go(count: int) -> None:
        for name in NAMES[:count]:
            setattr(local, name, None)
            delattr(local, name)

    of_ten = kept(come_and_go, 10)

    assert kept(come_and_go, MANY) < of_ten + SLACK


def test_names_that_come_and_go_beside_others_leave_nothing(
    inscope: ModuleType,
) -> None:
    """Nor do they where a thousand other names stay."""
    local = local_of(inscope, 1_000)

    def come_and_go(first: int, last: int) -> None:
        for name in NAMES[first:last]:
            setattr(local, name, None)
            delattr(local, name)

    of_ten = kept(come_and_go, 1_000, 1_010)

    assert kept(come_and_go, 1_010, 30_000) < of_ten + SLACK
    assert 1_000 == len(local)


def test_a_hundred_thousand_names_that_are_all_deleted_leave_nothing(
    inscope: ModuleType,
) -> None:
    """Memory follows the names down as it followed them up."""
    local = inscope.Local()

    def fill_and_empty(count: int) -> None:
        for name in NAMES[:count]:
            setattr(local, name, None)
        for name in NAMES[:count]:
            delattr(local, name)

    of_ten = kept(fill_and_empty, 10)

    assert kept(fill_and_empty, MANY) < of_ten + SLACK
    assert 0 == len(local)


def test_a_few_names_out_of_thousands_keep_no_memory_for_thousands(
    inscope: ModuleType,
) -> None:
    """What is left after most names went is about as large as if they never came."""
    local, fresh = inscope.Local(), inscope.Local()

    def fill_and_leave_some() -> None:
        for name in NAMES[:20_000]:
            setattr(local, name, None)
        for name in NAMES[100:20_000]:
            delattr(local, name)

    def fill_some() -> None:
        for name in NAMES[:100]:
            setattr(fresh, name, None)

    assert kept(fill_and_leave_some) < kept(fill_some) + SLACK
    assert 100 == len(local) == len(fresh)


def test_a_local_that_was_large_is_written_to_like_a_new_one(
    inscope: ModuleType,
) -> None:
    """Once its names are gone, whatever was done to them before."""
    fresh, local = local_of(inscope, 5), local_of(inscope, 3_000)
    for name in NAMES[:3_000] * 2:
        setattr(local, name, "replaced")
    for name in NAMES[5:3_000]:
        delattr(local, name)
    replace_names(fresh, 5)
    replace_names(local, 5)

    limit = 1.5 * max(replace_names(fresh, 5))

    assert worst(limit, lambda: replace_names(local, 5)) < limit


def test_released_names_are_given_back(inscope: ModuleType) -> None:
    """``release_local`` frees the map together with the values."""
    local = inscope.Local()

    def fill_and_release() -> None:
        for name in NAMES[:20_000]:
            setattr(local, name, None)
        inscope.release_local(local)

    assert kept(fill_and_release) < SLACK


def test_contexts_share_the_names_that_they_did_not_change(inscope: ModuleType) -> None:
    """A thousand copies with one write each do not hold a thousand maps."""
    local = local_of(inscope, 1_000)
    copies: list[Context] = []

    def copy_and_write() -> None:
        for name in NAMES[:1_000]:
            copies.append(copy_context())
            copies[-1].run(setattr, local, name, "changed")

    whole = work(dict.fromkeys, NAMES[:1_000])

    assert kept(copy_and_write) < 1_000 * whole / 5
    for name, context in zip(NAMES, copies, strict=False):
        assert "changed" == context.run(getattr, local, name)
    assert getattr(local, NAMES[0]) is None


def test_a_captured_context_keeps_its_view_while_the_original_goes_on(
    inscope: ModuleType,
) -> None:
    """Taken at any moment of a growth and a decline, it shows that moment."""
    local = inscope.Local()
    captured: list[tuple[Context, dict[str, int]]] = []
    expected: dict[str, int] = {}

    for number, name in enumerate(NAMES[:3_000]):
        setattr(local, name, number)
        expected[name] = number
        if number % 200 == 0:
            captured.append((copy_context(), dict(expected)))
    for number, name in enumerate(NAMES[:3_000]):
        delattr(local, name)
        del expected[name]
        if number % 200 == 0:
            captured.append((copy_context(), dict(expected)))

    assert 0 == len(local)
    for context, then in captured:
        assert then == context.run(dict, local)


# Stacks


def test_push_and_pop_take_the_same_at_any_depth(inscope: ModuleType) -> None:
    """At depth 100,000 to the byte what they take at depth one."""
    stack = inscope.LocalStack()
    marks: dict[int, list[int]] = {}

    for depth in range(MANY + 1):
        if depth in (1, 1_000, MANY):
            marks[depth] = least(lambda: stack.push(None), stack.pop)
        stack.push(None)

    assert marks[1] == marks[1_000] == marks[MANY]


def test_reading_the_top_takes_the_same_at_any_depth(inscope: ModuleType) -> None:
    """So does a proxy to it."""
    stack = inscope.LocalStack()
    top = stack()

    def read() -> str:
        return f"{stack.top} {top}"

    stack.push("a")
    (at_one,) = least(read)
    for _ in range(10_000):
        stack.push("a")

    assert [at_one] == least(read)


def test_what_was_pushed_and_popped_leaves_nothing(inscope: ModuleType) -> None:
    """Neither in turn nor in one long way up and down."""
    stack = inscope.LocalStack()

    def in_turn(count: int) -> None:
        for _ in range(count):
            stack.push(object())
            stack.pop()

    def up_and_down(count: int) -> None:
        for _ in range(count):
            stack.push(object())
        for _ in range(count):
            stack.pop()

    assert kept(in_turn, 30_000) < kept(in_turn, 10) + SLACK
    assert kept(up_and_down, 30_000) < kept(up_and_down, 10) + SLACK


def test_contexts_share_the_stack_below_what_they_pushed(inscope: ModuleType) -> None:
    """A hundred copies of a deep stack hold a hundred objects more, not stacks."""
    stack = inscope.LocalStack()
    for number in range(10_000):
        stack.push(number)
    copies: list[Context] = []

    def copy_and_push() -> None:
        for number in range(100):
            copies.append(copy_context())
            copies[-1].run(stack.push, number)

    whole = work(list, range(10_000))

    assert kept(copy_and_push) < 100 * whole / 10
    assert list(range(100)) == [c.run(getattr, stack, "top") for c in copies]


def test_temporary_locals_and_stacks_cost_no_more_than_a_variable(
    inscope: ModuleType,
) -> None:
    """Released and dropped, they leave at most what plain variables would."""

    def make_variables() -> None:
        for number in range(2_000):
            ContextVar(f"<{number}>").set({})

    def make_locals() -> None:
        for number in range(1_000):
            local, stack = inscope.Local(), inscope.LocalStack()
            local.number = number
            stack.push(number)
            inscope.release_local(local)
            inscope.release_local(stack)

    plain = Context().run(kept, make_variables)

    assert Context().run(kept, make_locals) < 1.5 * plain + SLACK


DROP = """
import threading
from contextvars import Context
import inscope

stack = inscope.LocalStack()

def fill():
    for number in range(10**6):
        view = stack.push(number)
    return view

def released():
    fill()
    inscope.release_local(stack)

def with_its_context():
    Context().run(fill)

def on_a_thread_with_little_room():
    threading.stack_size(2 * 1024 * 1024)
    thread = threading.Thread(target=fill)
    thread.start()
    thread.join()

{how}()
print("alive")
"""


@pytest.mark.parametrize(
    "how", ["released", "with_its_context", "on_a_thread_with_little_room"]
)
def test_a_stack_a_million_deep_is_dropped_without_a_crash(core: str, how: str) -> None:
    """However it goes, it goes without recursion."""
    code = DROP.replace("{how}", how)
    environment = os.environ | {"INSCOPE_CORE": core}
    command = [sys.executable, "-c", code]

    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )

    assert (0, "alive\n") == (done.returncode, done.stdout), done.stderr
