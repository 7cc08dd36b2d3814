"""``ensure``: the active scope if it will do, else a new one."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define


@pytest.fixture
def jobs(inscope: ModuleType, log: Log) -> Any:
    """A class of scopes with a path and a user."""

    def init(job: Any, path: str = "/", user: str | None = None) -> None:
        job.path, job.user = path, user

    return define(
        inscope,
        __init__=init,
        on_push=lambda job: log.append(f"push {job.path}"),
        on_pop=lambda job, error: log.append(f"pop {job.path} {error!r}"),
    )


def test_a_scope_is_opened_where_none_is_active(jobs: Any, log: Log) -> None:
    """With what is wanted, and closed with the block."""
    with jobs.ensure(path="/a", user="ann") as job:
        assert job is jobs.current()
        assert ("/a", "ann") == (job.path, job.user)
    assert "closed" == job.state
    assert ["push /a", "pop /a None"] == log


def test_an_active_scope_that_matches_is_joined(jobs: Any, log: Log) -> None:
    """And not closed; also if nothing is wanted of it, or only a part."""
    with jobs("/a", "ann") as job:
        for wanted in ({}, {"path": "/a"}, {"path": "/a", "user": "ann"}):
            with jobs.ensure(**wanted) as joined:
                assert job is joined
            assert "active" == job.state
        log.append("inside")
    assert ["push /a", "inside", "pop /a None"] == log


@pytest.mark.parametrize("wanted", [{"path": "/b"}, {"path": "/a", "user": "bob"}])
def test_one_that_does_not_match_is_left_alone(
    jobs: Any, log: Log, wanted: dict[str, str]
) -> None:
    """Another one is opened inside of it."""
    with jobs("/a", "ann") as job:
        with jobs.ensure(**wanted) as other:
            assert job is not other
            assert other is jobs.current()
        assert job is jobs.current()
        assert ("active", "closed") == (job.state, other.state)


def test_an_attribute_that_is_missing_does_not_match(inscope: ModuleType) -> None:
    """Not even ``None``."""

    def init(job: Any, **wanted: Any) -> None:
        vars(job).update(wanted)

    jobs = define(inscope, __init__=init)
    with jobs() as job, jobs.ensure(user=None) as other:
        assert job is not other
        with jobs.ensure(user=None) as joined:
            assert other is joined


def test_matches_may_be_said_by_the_class(inscope: ModuleType) -> None:
    """It alone decides."""
    calls: list[dict[str, Any]] = []
    answers = [True, False]

    def matches(_: Any, **wanted: Any) -> bool:
        calls.append(wanted)
        return answers.pop(0)

    jobs = define(inscope, __init__=lambda _, user: None, matches=matches)
    with jobs("ann") as job:
        with jobs.ensure(user="bob") as joined:
            assert job is joined
        with jobs.ensure(user="bob") as other:
            assert job is not other
    assert [{"user": "bob"}] * 2 == calls


def test_a_block_that_joined_does_not_close_what_failed(jobs: Any, log: Log) -> None:
    """The error goes on to whoever opened the scope."""
    error = ValueError("no")

    def work() -> None:
        with jobs("/a"):
            with pytest.raises(ValueError, match="no"), jobs.ensure(path="/a"):
                raise error
            log.append("still open")
            raise error

    with pytest.raises(ValueError, match="no"):
        work()
    assert ["push /a", "still open", f"pop /a {error!r}"] == log


def test_a_block_that_opened_tells_the_scope_of_its_error(jobs: Any, log: Log) -> None:
    """As ``with`` on the scope itself."""
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught, jobs.ensure():
        raise error
    assert error is caught.value
    assert ["push /", f"pop / {error!r}"] == log


def test_a_block_that_failed_to_open_can_be_entered_again(
    inscope: ModuleType,
) -> None:
    """Nothing of the failure is left."""
    errors = [ValueError("no")]

    def on_push(_: Any) -> None:
        while errors:
            raise errors.pop()

    jobs = define(inscope, on_push=on_push)
    block = jobs.ensure()
    with pytest.raises(ValueError, match="no"):
        block.__enter__()
    with pytest.raises(inscope.BindStateError, match="not entered"):
        block.__exit__(None, None, None)
    with block:
        assert jobs.is_active()
    assert not jobs.is_active()


def test_one_block_may_be_entered_inside_of_itself(jobs: Any, log: Log) -> None:
    """The inner one joins; the outer one closes."""
    block = jobs.ensure(path="/a")
    with block as outer, block as inner:
        assert outer is inner
    assert ["push /a", "pop /a None"] == log
    assert "Job.ensure(path='/a')" == repr(block)


def test_a_closed_scope_is_not_joined(inscope: ModuleType, jobs: Any, log: Log) -> None:
    """In a context that still holds it, whether or not it may be read there."""
    reading = define(inscope, after_close="allow")
    for kind in (jobs, reading):
        with kind() as closed:
            context = copy_context()

        def work(kind: Any = kind, closed: Any = closed) -> None:
            with kind.ensure() as job:
                assert closed is not job
                assert "active" == job.state

        context.run(work)


def test_a_closing_scope_is_not_joined(inscope: ModuleType) -> None:
    """What is opened while it closes is closed before it."""
    jobs = define(inscope)
    seen: list[Any] = []

    def work() -> None:
        with jobs.ensure() as job:
            seen.append(job)

    with jobs() as job:
        job.callback(work)
    assert [True] == [one is not job for one in seen]
    assert not jobs.is_active()


def test_a_derived_class_does_not_join_its_base(inscope: ModuleType) -> None:
    """The base joins the derived one."""
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    with jobs(), specials.ensure() as special:
        assert type(special) is specials
        with jobs.ensure() as joined:
            assert special is joined


def test_a_task_joins_the_scope_of_the_one_that_started_it(jobs: Any, log: Log) -> None:
    """In a copied context; it does not close it."""

    async def work() -> Any:
        async with jobs.ensure(path="/a") as joined:
            await asyncio.sleep(0)
            return joined

    async def main() -> None:
        async with jobs("/a") as job:
            joined = await asyncio.gather(*[work() for _ in range(3)])
            assert [job] * 3 == joined
            assert "active" == job.state
        log.append("between")
        await work()

    asyncio.run(main())
    assert ["push /a", "pop /a None", "between", "push /a", "pop /a None"] == log


def test_tasks_share_one_block(jobs: Any) -> None:
    """Each leaves the scope that it has entered itself, in whichever order."""
    block = jobs.ensure()
    states: list[tuple[str, str]] = []

    async def work(turns: int) -> None:
        async with block as job:
            for _ in range(turns):
                await asyncio.sleep(0)
            inside = job.state
        states.append((inside, job.state))

    async def main() -> None:
        await asyncio.gather(work(3), work(5), work(1))

    asyncio.run(main())
    assert [("active", "closed")] * 3 == states


@pytest.mark.parametrize("is_async", [False, True])
def test_a_scope_opened_by_ensure_knows_the_line(
    inscope: ModuleType, is_async: bool
) -> None:
    """That of the block, not one inside of the library."""
    jobs = define(inscope)

    async def main() -> Any:
        async with jobs.ensure() as job:
            assert f"opened at {__file__}:" in repr(job)
        return job

    if is_async:
        job = asyncio.run(main())
    else:
        with jobs.ensure() as job:
            assert f"opened at {__file__}:" in repr(job)
    assert f"opened at {__file__}:" in repr(job)
