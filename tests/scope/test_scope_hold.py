"""Keeping a scope open after its block has ended."""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

import pytest
from scopes import Log, define

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def jobs(inscope: ModuleType, log: Log) -> Any:
    """A class that tells when its scopes close, and with which error."""

    def on_pop(_: Any, exc: BaseException | None) -> None:
        log.append(f"closed {exc!r}")

    return define(inscope, on_pop=on_pop)


def test_a_held_scope_closes_when_the_hold_is_left(jobs: Any, log: Log) -> None:
    """Its block ends before that, and leaves nothing active."""
    with jobs() as job:
        hold = job.hold()
    assert not jobs.is_active()
    assert "active" == job.state
    assert [] == log
    with hold as held:
        assert job is held is jobs.current()
    assert ["closed None"] == log
    assert "closed" == job.state
    assert not jobs.is_active()


def test_a_hold_that_ends_first_closes_nothing(jobs: Any, log: Log) -> None:
    """The block is still there to do it."""
    with jobs() as job:
        with job.hold():
            pass
        assert "active" == job.state
        assert jobs.current() is job
        assert [] == log
    assert ["closed None"] == log


def test_the_last_of_several_holds_closes(jobs: Any, log: Log) -> None:
    """In whatever order they were taken."""
    with jobs() as job:
        first, second = job.hold(), job.hold()
    with second:
        pass
    assert [] == log
    with first:
        assert [] == log
    assert ["closed None"] == log


def test_a_hold_is_released_without_having_been_entered(jobs: Any, log: Log) -> None:
    """For what was to be streamed, and never was."""
    with jobs() as job:
        hold = job.hold()
    hold.release()
    hold.release()
    assert ["closed None"] == log


def test_the_error_of_the_block_is_what_it_closes_with(jobs: Any, log: Log) -> None:
    """Also if it closes much later; else the error of the hold's own block."""
    error, later = ValueError("in the block"), KeyError("in the hold")
    job = jobs().push()
    hold = job.hold()
    job.pop(error)
    with hold:
        pass
    with jobs() as job:
        other = job.hold()
    with pytest.raises(KeyError), other:
        raise later
    assert [f"closed {error!r}", f"closed {later!r}"] == log


def test_it_closes_in_the_context_of_the_hold(jobs: Any, log: Log) -> None:
    """On another thread, say; the one of its block is long gone."""
    home = copy_context()
    job = home.run(jobs().push)
    elsewhere = Context()
    hold = job.hold()
    elsewhere.run(hold.__enter__)
    home.run(job.pop)
    assert [] == log
    assert job is elsewhere.run(jobs.current)
    elsewhere.run(hold.__exit__, None, None, None)
    assert ["closed None"] == log
    assert not elsewhere.run(jobs.is_active)


def test_a_scope_without_anything_to_do_is_held_as_well(inscope: ModuleType) -> None:
    """It does not take the short way out."""
    jobs = define(inscope)
    with jobs() as job:
        hold = job.hold()
    assert "active" == job.state
    hold.release()
    assert "closed" == job.state


def test_its_resources_stay_open_with_it(inscope: ModuleType, log: Log) -> None:
    """They close when it does."""
    jobs = define(inscope)

    @jobs.resource  # type: ignore[untyped-decorator]
    def lazy() -> Any:
        yield "value"
        log.append("closed")

    with jobs() as job:
        assert "value" == lazy
        hold = job.hold()
    with hold:
        assert "value" == lazy
        assert [] == log
    assert ["closed"] == log


def test_a_hold_is_used_once(inscope: ModuleType, jobs: Any) -> None:
    """Then it is over."""
    with jobs() as job:
        hold = job.hold()
        with hold, pytest.raises(inscope.ScopeNotActiveError, match="used already"):
            hold.__enter__()
        with pytest.raises(inscope.ScopeNotActiveError, match="used already"):
            hold.__enter__()
        with pytest.raises(inscope.ScopeNotActiveError, match="given back"):
            hold.__exit__(None, None, None)
    with pytest.raises(inscope.ScopeNotActiveError, match="not open"):
        job.hold()


def test_a_hold_that_is_left_elsewhere_closes_the_scope_there(
    jobs: Any, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """As a stream that the loop finalises; nobody else would do it, and it is told."""
    home = copy_context()
    with jobs() as job:
        hold = job.hold()
        home.run(hold.__enter__)
    copy_context().run(hold.__exit__, None, None, None)
    assert ["closed None"] == log
    assert ["WARNING"] == [record.levelname for record in caplog.records]
    assert "was left in another context" in caplog.text
    assert not home.run(jobs.is_active)


def test_a_scope_whose_block_has_ended_is_not_popped_again(
    inscope: ModuleType, jobs: Any
) -> None:
    """Nor entered again: only the hold is left."""
    with jobs() as job:
        hold = job.hold()
    for misuse in (job.pop, job.push):
        with pytest.raises(inscope.ScopeNotActiveError, match="a hold is left"):
            misuse()
    hold.release()


def test_an_asynchronous_scope_is_held_by_async_with(
    inscope: ModuleType, log: Log
) -> None:
    """And what it awaits to close is awaited there."""

    async def on_pop(_: Any, exc: BaseException | None) -> None:
        await asyncio.sleep(0)
        log.append(f"closed {exc!r}")

    jobs = define(inscope, on_pop=on_pop)

    async def main() -> None:
        async with jobs() as job:
            hold, other = job.hold(), job.hold()
        for misuse in (hold.__enter__, hold.release):
            with pytest.raises(inscope.AsyncInSyncScopeError):
                misuse()
        async with hold:
            assert jobs.current() is job
        assert [] == log
        await other.arelease()
        await other.arelease()

    asyncio.run(main())
    assert ["closed None"] == log
