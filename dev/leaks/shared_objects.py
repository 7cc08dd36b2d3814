"""Many threads on one proxy, one Local, one stack and one Var, and no lock.

Run by ``races.py`` under a thread sanitizer; what is asserted is only that nothing
was lost on the way.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar

import pytest

import inscope
from inscope.carry import Snapshot, scoped

THREADS = 4
ROUNDS = 100

numbers = [1, 2, 3]
shared: ContextVar[list[int]] = ContextVar("shared", default=numbers)
over_shared = inscope.LocalProxy(shared)
local = inscope.Local()
of_local = local("name")
stack: inscope.LocalStack[int] = inscope.LocalStack()
number: inscope.Var[int] = inscope.Var("number")
of_number = number.proxy()


def read_a_proxy(round_: int) -> None:
    """Forward operations to what all threads see."""
    assert [1, 2, 3] == list(over_shared)
    assert 3 == len(over_shared)
    assert "[1, 2, 3]" == repr(over_shared)


def use_a_local(round_: int) -> None:
    """Write, read and delete a name."""
    local.name = round_
    assert round_ + 1 == of_local + 1
    del local.name


def use_a_stack(round_: int) -> None:
    """Push and pop."""
    stack.push(round_)
    assert round_ == stack.top
    assert round_ == stack.pop()


def bind_a_var(round_: int) -> None:
    """Bind, and read through the proxy."""
    with number.bind(round_):
        assert round_ == of_number + 0
    assert not inscope.is_bound(of_number)


snapshot = Snapshot.capture()


def run_a_snapshot(round_: int) -> None:
    """Run in copies of it, once and step by step."""
    assert numbers is snapshot.run(shared.get)
    assert [numbers, numbers] == list(snapshot.iter(iter([shared.get(), numbers])))
    assert snapshot.diff(snapshot) == {}


@scoped
def steps(round_: int) -> Iterator[int]:
    """Bind, and keep it inside."""
    with number.bind(round_):
        yield of_number + 0
        yield of_number + 1


def take_steps(round_: int) -> None:
    """Advance what is scoped."""
    assert [round_, round_ + 1] == list(steps(round_))
    assert not inscope.is_bound(of_number)


def initialise_again(round_: int) -> None:
    """Give a proxy its source again while the others read it."""
    inscope.LocalProxy.__init__(over_shared, shared)
    read_a_proxy(round_)


@pytest.mark.parametrize(
    "work",
    [
        read_a_proxy,
        use_a_local,
        use_a_stack,
        bind_a_var,
        run_a_snapshot,
        take_steps,
        initialise_again,
    ],
)
def test_threads_share_what_is_global(work: Callable[[int], None]) -> None:
    """Each thread sees what is its own, whatever the others do at the same time."""
    errors: list[BaseException] = []
    meeting = threading.Barrier(THREADS)

    def run() -> None:
        try:
            meeting.wait(60)
            for round_ in range(ROUNDS):
                work(round_)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=Context().run, args=(run,)) for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == errors


def test_the_native_core_runs_without_the_lock() -> None:
    """Else there is nothing to be found."""
    assert "native" == inscope.CORE
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined, unused-ignore]
