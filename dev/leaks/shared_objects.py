"""Many threads on one proxy, Local, stack, Var and class of scopes, and no lock.

Run by ``races.py`` under a thread sanitizer; what is asserted is only that nothing
was lost on the way.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, ContextVar

import pytest

import inscope
from inscope._core import iterate_in_scope
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


class Plain(inscope.Scope):
    """Goes the short way."""

    number = 0


class Hooked(Plain, own_slot=True):
    """Goes the long way."""

    def on_pop(self, exc: BaseException | None) -> None:
        """Note it."""
        self.number = -1


of_plain = Plain.proxy("number")
of_hooked = Hooked.proxy("number")
open_for_all = Context()
scope_of_all = open_for_all.run(Plain().push)


def use_scopes(round_: int) -> None:
    """Open and close, the short way and the long one, and look inside."""
    with Plain() as plain, Hooked() as hooked:
        plain.number = hooked.number = round_
        assert 2 * round_ == of_plain + of_hooked
    assert ("closed", "closed") == (plain.state, hooked.state)
    assert -1 == hooked.number


def use_the_scope_of_all(round_: int) -> None:
    """Read, hold and add to what is open elsewhere."""
    context = open_for_all.copy()
    assert 0 == context.run(lambda: of_plain + 0)
    scope_of_all.callback(int)
    assert "active" in repr(scope_of_all)
    with scope_of_all.hold() as held:
        assert held is Plain.current()


def iterate_in_scopes(round_: int) -> None:
    """Open a scope around a call and the steps of what it returns."""
    steps = iterate_in_scope(Plain(), lambda: (of_plain + one for one in range(3)))
    assert [0, 1, 2] == list(steps)
    assert [round_] == list(iterate_in_scope(Hooked(), lambda: [round_]))


async def in_a_scope() -> int:
    """Open one that need not wait."""
    async with Plain():
        return of_plain + 0


def await_a_scope(round_: int) -> None:
    """Drive it by hand."""
    with suppress(StopIteration):
        in_a_scope().send(None)
        raise AssertionError
    assert not Plain.is_active()


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
        use_scopes,
        use_the_scope_of_all,
        iterate_in_scopes,
        await_a_scope,
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
