"""What ``@scoped`` lets in: the caller's changes between the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from carry_world import binding, define, reports, scoping, word

Bind = Callable[[Any], AbstractContextManager[Any]]


@contextmanager
def _by_token(var: Any, value: Any) -> Generator[None, None, None]:
    token = var.set(value)
    yield
    var.reset(token)


@contextmanager
def _in_job(jobs: Any, value: Any) -> Generator[None, None, None]:
    job = jobs()
    job.value = value
    with job:
        yield


class Subject:
    """Something that can have a value: how it is bound, and how it is read."""

    def __init__(self, bind: Bind, read: Callable[[], Any]) -> None:
        self.bind, self.read = bind, read


@pytest.fixture(params=["var", "token", "plain", "local", "stack", "scope"])
def subject(request: pytest.FixtureRequest, inscope: ModuleType) -> Subject:
    """Each of them; read, it gives ``None`` for nothing."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    jobs = define(inscope)

    def value_of_job() -> Any:
        return jobs.current().value if jobs.is_active() else None

    subjects: dict[str, Subject] = {
        "var": Subject(user.bind, lambda: user.get(None)),
        "token": Subject(lambda one: _by_token(user, one), lambda: user.get(None)),
        "plain": Subject(lambda one: _by_token(word, one), lambda: word.get(None)),
        "local": Subject(
            lambda one: inscope.bound(local, name=one),
            lambda: getattr(local, "name", None),
        ),
        "stack": Subject(lambda one: inscope.pushed(stack, one), lambda: stack.top),
        "scope": Subject(lambda one: _in_job(jobs, one), value_of_job),
    }
    return subjects[request.param]


def test_changes_of_the_caller_show_through(
    carry: ModuleType, subject: Subject
) -> None:
    """What it binds, binds again, and unbinds, between two steps."""

    @scoping(carry)
    def look() -> Iterator[Any]:
        while True:
            yield subject.read()

    before, during = look(), look()
    assert next(before) is None
    with subject.bind("a"):
        assert ["a", "a"] == [next(before), next(during)]
        with subject.bind("b"):
            assert ["b", "b"] == [next(before), next(during)]
        assert ["a", "a"] == [next(before), next(during)]
    assert (None, None) == (next(before), next(during))
    with subject.bind("c"):
        assert ["c", "c"] == [next(before), next(during)]
    assert next(before) is None


def test_what_is_bound_inside_stays_on_top(carry: ModuleType, subject: Subject) -> None:
    """Whatever the caller does; when it has ended, its present value is seen."""

    @scoping(carry)
    def work() -> Iterator[Any]:
        yield subject.read()
        with subject.bind("own"):
            for _ in range(4):
                yield subject.read()
        yield "ended"
        while True:
            yield subject.read()

    steps = work()
    with ExitStack() as stack:
        stack.enter_context(subject.bind("a"))
        assert ["a", "own"] == [next(steps), next(steps)]
        with subject.bind("b"):
            assert "own" == next(steps)
        assert "own" == next(steps)
        stack.close()
        assert "own" == next(steps)
        assert subject.read() is None
        stack.enter_context(subject.bind("c"))
        assert ["ended", "c"] == [next(steps), next(steps)]
    assert next(steps) is None


def test_a_value_that_the_caller_did_not_touch_comes_back(
    carry: ModuleType, subject: Subject
) -> None:
    """At once, as the block inside ends."""

    @scoping(carry)
    def work() -> Iterator[Any]:
        with subject.bind("own"):
            yield subject.read()
        yield subject.read()

    with subject.bind("a"):
        assert [("own", "a"), ("a", "a")] == [(one, subject.read()) for one in work()]
    assert [("own", None), (None, None)] == [(one, subject.read()) for one in work()]


def test_what_ends_before_the_first_value_of_the_caller(
    carry: ModuleType, subject: Subject
) -> None:
    """Leaves nothing that would be in its way."""

    @scoping(carry)
    def work() -> Iterator[Any]:
        with subject.bind("own"):
            pass
        while True:
            yield subject.read()

    steps = work()
    assert next(steps) is None
    with subject.bind("a"):
        assert "a" == next(steps)


def test_in_the_middle_of_a_step(inscope: ModuleType, carry: ModuleType) -> None:
    """As a Var's block ends, the caller's present value is there at once."""
    user = inscope.Var("user", default="nobody")

    @scoping(carry)
    def work() -> Iterator[list[str]]:
        found: list[str] = [user.get()]
        with user.bind("outer"):
            with user.bind("inner"):
                yield found
                found = [user.get()]
            found.append(user.get())
            yield found
            found = [user.get()]
        found.append(user.get())
        yield found

    for change, rest in (
        (user.bind("b"), ["inner", "outer"]),
        (ExitStack(), ["inner", "outer"]),
    ):
        steps = work()
        with user.bind("a"):
            assert ["a"] == next(steps)
        with change:
            assert rest == next(steps)
            with user.bind("c"):
                assert ["outer", "c"] == next(steps)
        steps.close()
    steps = work()
    next(steps)
    with user.bind("b"):
        next(steps)
    assert ["outer", "nobody"] == next(steps)


def test_a_value_set_for_good_inside(carry: ModuleType, inscope: ModuleType) -> None:
    """Stays the generator's, over all that the caller does."""
    user = inscope.Var("user")

    @scoping(carry)
    def work() -> Iterator[Any]:
        user.set("own")
        word.set("own")
        while True:
            yield user.get(), word.get()

    steps = work()
    assert ("own", "own") == next(steps)
    with user.bind("caller"), _by_token(word, "caller"):
        assert ("own", "own") == next(steps)
    assert ("own", "own") == next(steps)


def test_a_factory_runs_once_inside(inscope: ModuleType, carry: ModuleType) -> None:
    """What it made there is the generator's; the caller makes one for itself."""
    made: list[list[int]] = []

    def factory() -> list[int]:
        made.append([])
        return made[-1]

    notes = inscope.Var("notes", factory=factory)

    @scoping(carry)
    def work() -> Iterator[Any]:
        while True:
            yield notes.get()

    steps = work()
    assert next(steps) is next(steps) is made[0]
    assert notes.get() is notes.get() is made[1]
    assert 2 == len(made)
    Context().run(steps.close)


def test_a_scope_that_closes_outside(inscope: ModuleType, carry: ModuleType) -> None:
    """Is no longer active inside; one that is opened there closes there."""
    jobs = define(inscope)

    @scoping(carry)
    def work() -> Iterator[Any]:
        while True:
            yield jobs.is_active()
            with jobs() as job:
                yield jobs.current() is job
            yield "ended"

    steps = work()
    for _ in range(2):
        with jobs():
            assert [True, True, "ended"] == [next(steps) for _ in range(3)]
        assert [False, True, "ended"] == [next(steps) for _ in range(3)]
    steps.close()


def test_coroutines_see_changes_of_their_caller(
    carry: ModuleType, subject: Subject
) -> None:
    """If that is one that changes things while they wait."""

    class Turn:
        def __await__(self) -> Generator[None, None, None]:
            yield

    @scoping(carry)
    async def work(found: list[Any]) -> None:
        found.append(subject.read())
        await Turn()
        found.append(subject.read())
        with subject.bind("own"):
            await Turn()
            found.append(subject.read())

    found: list[Any] = []
    coroutine = work(found)
    coroutine.send(None)
    with subject.bind("a"):
        coroutine.send(None)
    with subject.bind("b"), pytest.raises(StopIteration):
        coroutine.send(None)
    assert [None, "a", "own"] == found


def test_async_generators_see_changes_of_their_caller(
    carry: ModuleType, subject: Subject
) -> None:
    """Between two of its items."""

    @scoping(carry)
    async def work() -> Any:
        yield subject.read()
        with subject.bind("own"):
            await asyncio.sleep(0)
            yield subject.read()
            yield subject.read()
        yield "ended"
        yield subject.read()

    async def main() -> list[Any]:
        steps = work()
        with subject.bind("a"):
            found = [await anext(steps), await anext(steps)]
        found.append(await anext(steps))
        with subject.bind("b"):
            found.extend([await anext(steps), await anext(steps)])
        await steps.aclose()
        return found

    assert ["a", "own", "own", "ended", "b"] == asyncio.run(main())


def test_many_changes_keep_nothing(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """A long-lived generator, and a caller that binds anew at each step."""
    user, log = inscope.Var("user"), list[Any]()
    steps = carry.scoped(binding)(user, "own", log)
    for number in range(3000):
        with user.bind(number):
            assert "own" == next(steps)
    steps.close()
    assert ["nothing"] == log
    assert [] == reports(caplog)


def test_the_caller_binds_the_same_object_again(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """A Var's own block is its own, even if it binds what was there."""
    user = inscope.Var("user")

    @scoping(carry)
    def work() -> Iterator[Any]:
        with user.bind("ann"):
            yield user.get()
            yield user.get()
        yield user.get()

    steps = work()
    with user.bind("ann"):
        assert "ann" == next(steps)
    with user.bind("bob"):
        assert ["ann", "bob"] == [next(steps), next(steps)]


def test_after_binds_of_the_caller_that_ended_out_of_order(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """They leave nothing that would hide what the caller binds later."""
    user = inscope.Var("user")

    @scoping(carry)
    def work() -> Iterator[Any]:
        yield user.get(None)
        with user.bind("own"):
            yield user.get()
        yield user.get(None)

    first, second = user.bind("first"), user.bind("second")
    for end in (first, second):
        end.__enter__()
    for end in (first, second):
        end.__exit__(None, None, None)
    steps = work()
    assert [None, "own"] == [next(steps), next(steps)]
    with user.bind("later"):
        assert "later" == next(steps)


def test_after_a_bind_that_was_revoked(inscope: ModuleType, carry: ModuleType) -> None:
    """What is bound inside sees through it, as everybody does."""
    user = inscope.Var("user", after_exit="revoke")

    @scoping(carry)
    def work() -> Iterator[Any]:
        yield user.get(None)
        yield user.get(None)
        with user.bind("own"):
            yield user.get()
        yield user.get(None)

    steps = work()
    with user.bind("a"):
        assert "a" == next(steps)
    assert [None, "own"] == [next(steps), next(steps)]
    with user.bind("later"):
        assert "later" == next(steps)


def test_what_the_caller_bound_below_an_own_bind(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Is gone when the caller has unbound it, and bound others meanwhile."""
    user = inscope.Var("user")

    @scoping(carry)
    def work() -> Iterator[Any]:
        with user.bind("own"):
            yield user.get()
        while True:
            yield user.get(None)

    steps = work()
    assert "own" == next(steps)
    with user.bind("a"):
        assert "a" == next(steps)
        with user.bind("b"):
            assert "b" == next(steps)
    assert next(steps) is None
