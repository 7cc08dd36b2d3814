"""What is refused, each by a class of its own, before anything has run."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, in_thread


@pytest.fixture(params=["plain", "full"])
def job(request: pytest.FixtureRequest, inscope: ModuleType, log: Log) -> Any:
    """A scope on the short way from new to closed, or one that writes all it does."""
    if request.param == "plain":
        return define(inscope)()
    jobs = define(
        inscope,
        on_push=lambda _: log.append("on_push"),
        on_pop=lambda _, error: log.append("on_pop"),
    )
    for signal in ("pushed", "tearing_down", "popped"):
        receiver: Any = lambda *_, name=signal: log.append(name)  # noqa: E731
        getattr(jobs, signal).connect(receiver)
    return jobs()


def _refuse(job: Any, log: Log, error: type[Exception], act: Callable[[], Any]) -> str:
    """See that *act* raises exactly *error* and does nothing; return its text."""
    before = list(log), job.state
    with pytest.raises(error) as caught:
        act()
    assert error is caught.type
    assert before == (log, job.state)
    return str(caught.value)


def test_a_scope_that_was_never_opened_is_not_closed(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """It can be opened all the same."""
    text = _refuse(job, log, inscope.ScopeNotActiveError, job.pop)

    assert "never opened" in text
    with job:
        assert "active" == job.state


def test_a_scope_is_closed_once(inscope: ModuleType, job: Any, log: Log) -> None:
    """The second time nothing runs, and the scope around it stays active."""
    jobs = type(job)
    with jobs() as around:
        with job:
            pass
        text = _refuse(job, log, inscope.ScopeNotActiveError, job.pop)
        assert around is jobs.current()

    assert "closed already" in text


def test_a_scope_is_not_closed_before_those_inside(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """The error names the inner one; in order, both then close."""
    jobs = type(job)
    inner = jobs()
    with job:
        with inner:
            text = _refuse(job, log, inscope.ScopeOrderError, job.pop)
            assert inner is jobs.current()
            assert f"the innermost one is {inner!r}" in text
        assert "active" == job.state

    assert ("closed", "closed") == (job.state, inner.state)


def test_a_scope_is_not_entered_again_below_another(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """Where it counts, it would have to be the innermost one."""
    with job, type(job)():
        text = _refuse(job, log, inscope.ScopeOrderError, job.push)
    assert "cannot be entered again" in text
    assert "closed" == job.state


@pytest.mark.parametrize("act", ["pop", "push"])
@pytest.mark.parametrize("where", ["copied", "empty", "with another inside"])
def test_a_scope_belongs_to_one_context(
    inscope: ModuleType, job: Any, log: Log, act: str, where: str
) -> None:
    """Another one is foreign, whatever is to be seen there."""
    with job:
        context = Context() if where == "empty" else copy_context()
        if where == "with another inside":
            context.run(type(job)().push)
        text = _refuse(
            job,
            log,
            inscope.ForeignScopeError,
            lambda: context.run(getattr(job, act)),
        )
        assert job is type(job).current()

    assert "another context" in text
    assert "closed" == job.state


@pytest.mark.parametrize("act", ["pop", "push"])
def test_another_thread_is_foreign_by_its_context(
    inscope: ModuleType, job: Any, log: Log, act: str
) -> None:
    """The error names the thread."""
    with job:
        text = _refuse(
            job,
            log,
            inscope.ForeignScopeError,
            lambda: in_thread(getattr(job, act), name="lodger"),
        )
    assert "'lodger'" in text


def test_a_copied_context_on_another_thread_is_foreign(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """It sees the scope, and is still not where that was opened."""
    with job:
        context = copy_context()
        text = _refuse(
            job,
            log,
            inscope.ForeignScopeError,
            lambda: in_thread(context.run, job.pop, name="lodger"),
        )
    assert "'lodger'" in text


def test_the_same_context_on_another_thread_is_at_home(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """A Context is foreign to a scope, a thread is not."""
    context = Context()
    context.run(job.push)
    in_thread(context.run, job.push)
    in_thread(context.run, job.pop)
    assert "active" == job.state

    in_thread(context.run, job.pop)

    assert "closed" == job.state
    assert not context.run(type(job).is_active)


def test_a_counted_scope_is_foreign_elsewhere_too(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """What is refused there is not counted here."""
    with job:
        with job:
            context = copy_context()
            for act in (job.pop, job.push):
                _refuse(
                    job,
                    log,
                    inscope.ForeignScopeError,
                    lambda act=act: context.run(act),  # type: ignore[misc]
                )
        assert "active" == job.state
    assert "closed" == job.state


def test_a_refusal_leaves_the_order_of_others_alone(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """After many of them, in any order, each scope still closes in its turn."""
    jobs = type(job)
    outer, inner = jobs().push(), jobs()
    job.push()
    inner.push()
    context = copy_context()
    for one in (outer, job, inner, job, outer):
        with pytest.raises(inscope.ScopeError):
            context.run(one.pop)
        with pytest.raises(inscope.ScopeError):
            in_thread(one.pop)
    for one in (job, outer):
        _refuse(one, log, inscope.ScopeOrderError, one.pop)

    found = []
    for one in (inner, job, outer):
        found.append(jobs.current())
        one.pop()

    assert [inner, job, outer] == found
    assert not jobs.is_active()


def test_a_closing_scope_is_neither_closed_nor_entered(
    inscope: ModuleType, job: Any, log: Log
) -> None:
    """Its callbacks are told so, and the others run."""
    texts: Log = []

    def call() -> None:
        texts.extend(
            _refuse(job, log, inscope.ScopeNotActiveError, act)
            for act in (job.pop, job.push)
        )

    with job:
        job.callback(call)
        job.callback(call)

    assert 4 == len(texts)
    assert all("closing" in text for text in texts)
    assert "closed" == job.state


def test_callbacks_are_for_open_scopes(inscope: ModuleType, job: Any, log: Log) -> None:
    """Neither before nor after, when nothing would call them."""
    for _ in range(2):
        text = _refuse(
            job, log, inscope.ScopeNotActiveError, lambda: job.callback(print)
        )
        assert "not open" in text
        if job.state == "new":
            with job:
                pass


def test_each_error_is_a_scope_error(inscope: ModuleType) -> None:
    """So one ``except`` is enough; it is the ``RuntimeError`` that callers expect."""
    kinds = (
        inscope.ScopeNotActiveError,
        inscope.ScopeOrderError,
        inscope.ForeignScopeError,
        inscope.AsyncInSyncScopeError,
        inscope.ResourceCycleError,
    )
    assert [inscope.ScopeError] * 5 == [kind.__bases__[0] for kind in kinds]
    assert issubclass(inscope.ScopeError, RuntimeError)
    assert issubclass(inscope.ScopeClosedError, inscope.UnboundError)
    assert issubclass(inscope.ResourceNotReady, inscope.UnboundError)
    assert issubclass(inscope.ScopeExitTimeoutError, TimeoutError)


def test_a_scope_left_open_by_a_step_is_told(inscope: ModuleType) -> None:
    """The step had no way to close it any more; the outer one closes all the same."""
    jobs = define(inscope)
    left = jobs()
    job = jobs()
    with pytest.raises(inscope.ScopeOrderError, match="was left open inside"), job:
        job.callback(left.push)

    assert "closed" == job.state
    assert not jobs.is_active()
