"""``carrying``: an executor whose jobs have the context of who submitted them."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from threading import Event, current_thread
from types import ModuleType
from typing import Any

import pytest
from carry_world import define, in_thread, word


@pytest.fixture
def pool(carry: ModuleType) -> Iterator[Any]:
    """One over a single thread, so that a job meets what the last one left."""
    with carry.carrying(ThreadPoolExecutor(1)) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is where jobs are submitted."""
    token = word.set("here")
    yield
    word.reset(token)


def test_a_job_has_the_context_of_who_submits_it(
    inscope: ModuleType, pool: Any
) -> None:
    """As it is at that moment, in whatever thread that is."""
    user, started, go = inscope.Var("user"), Event(), Event()

    def hold() -> None:
        started.set()
        go.wait(10)

    blocker = pool.submit(hold)
    started.wait(10)
    with user.bind("ann"):
        ann = pool.submit(user.get)
        user.set("bob")
        bob = pool.submit(user.get)
    nobody = in_thread(pool.submit, user.get, "nobody")
    go.set()
    assert ["ann", "bob", "nobody"] == [one.result(10) for one in (ann, bob, nobody)]
    assert blocker.done()


def test_map_has_the_context_of_who_calls_it(pool: Any) -> None:
    """For each of its jobs, in order, though they are read somewhere else."""

    def job(number: int, more: int) -> tuple[str, int]:
        found = word.get()
        word.set(f"left by {number}")
        return found, number + more

    results = pool.map(job, range(3), range(3))
    found = Context().run(list, results)
    assert [("here", 0), ("here", 2), ("here", 4)] == found
    assert [("here", 0)] == list(pool.map(job, [0], [0], timeout=10, chunksize=5))
    assert [] == list(pool.map(job, [], []))


def test_arguments_and_results(pool: Any) -> None:
    """Whatever they are called."""

    def job(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    named = {"fn": 1, "self": 2, "function": 3, "callback": 4}
    assert ((1,), named) == pool.submit(job, 1, **named).result(10)
    for args in ((), (3,)):
        with pytest.raises(TypeError):
            pool.submit(*args).result(10)


def test_what_a_job_leaves_behind_is_gone(inscope: ModuleType, pool: Any) -> None:
    """A set, a bind that is left open, a name, a scope; also if it raises."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    jobs, left = define(inscope), list[Any]()

    def leak(*, fail: bool) -> None:
        word.set("leaked")
        for block in (user.bind("leaked"), jobs()):
            left.append(block)
            block.__enter__()
        local.name = "leaked"
        stack.push("leaked")
        if fail:
            raise KeyError

    def look() -> list[Any]:
        found = [word.get(), user.is_bound(), hasattr(local, "name"), stack.top]
        return [*found, jobs.is_active()]

    expected = ["here", False, False, None, False]
    assert expected == pool.submit(look).result(10)
    for fail in (False, True):
        assert fail is isinstance(pool.submit(leak, fail=fail).exception(10), KeyError)
        assert expected == pool.submit(look).result(10)
        assert "nothing" == pool.executor.submit(word.get, "nothing").result(10)


def test_two_jobs_of_one_moment_do_not_meet(carry: ModuleType) -> None:
    """At the same time, in two threads."""
    first, second = Event(), Event()

    def one() -> str:
        word.set("one")
        first.set()
        second.wait(10)
        return word.get()

    def other() -> str:
        first.wait(10)
        found = word.get()
        word.set("other")
        second.set()
        return found

    with carry.carrying(ThreadPoolExecutor(2)) as pool:
        jobs = [pool.submit(one), pool.submit(other)]
        assert ["one", "here"] == [job.result(10) for job in jobs]


def test_the_context_of_a_worker_is_empty(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Whoever started it: what runs there for itself keeps nothing of a job's."""
    user = inscope.Var("user")
    found: list[list[Any]] = []

    def initializer() -> None:
        found.append(list(copy_context()))

    with (
        carry.carrying(ThreadPoolExecutor(1, initializer=initializer)) as pool,
        user.bind("ann"),
    ):
        assert "ann" == pool.submit(user.get).result(10)
        base = pool.executor.submit(lambda: list(copy_context())).result(10)
    assert [[]] == found
    if not base:
        return
    # Where threads inherit, that job had the context of who submitted it by hand.
    assert "here" == copy_context()[word]


def test_errors_and_system_exits_come_out(pool: Any) -> None:
    """As of the executor itself; the worker goes on."""

    def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError("mine"), SystemExit(3), KeyboardInterrupt()):
        assert error is pool.submit(fail, error).exception(10)
    assert "here" == pool.submit(word.get).result(10)


# Callbacks


def test_a_callback_has_the_context_of_who_adds_it(pool: Any) -> None:
    """Not that of the job, nor of the worker that calls it."""
    go, found, done = Event(), list[tuple[str, str]](), Event()

    def job() -> None:
        word.set("job")
        go.wait(10)

    def callback(future: Future[Any]) -> None:
        found.append((word.get("nothing"), current_thread().name))
        word.set("left by a callback")
        if 3 == len(found):
            done.set()

    future = pool.submit(job)
    future.add_done_callback(callback)
    captured_in = copy_context()
    captured_in.run(word.set, "there")
    captured_in.run(future.add_done_callback, callback)
    Context().run(future.add_done_callback, callback)
    go.set()
    assert done.wait(10)
    assert ["here", "there", "nothing"] == [one for one, _ in found]
    assert current_thread().name not in [thread for _, thread in found]
    assert "there" == captured_in[word]


def test_a_callback_of_what_is_done_already(pool: Any) -> None:
    """Runs at once, in a copy."""
    found: list[Any] = []

    def callback(future: Any) -> None:
        found.append((word.get(), future.result()))
        word.set("left")

    future = pool.submit(int)
    concurrent.futures.wait([future], 10)
    future.add_done_callback(callback)
    assert [("here", 0)] == found
    assert "here" == word.get()


def test_a_callback_that_raises(pool: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Is logged by the library, and the next one is called."""
    found: list[str] = []

    def fail(future: Any) -> None:
        raise LookupError

    go = Event()
    future = pool.submit(go.wait, 10)
    future.add_done_callback(fail)

    def callback(_: Any) -> None:
        found.append(word.get())

    future.add_done_callback(callback)
    go.set()
    pool.shutdown()
    assert ["here"] == found
    assert ["exception calling callback"] == [
        one.getMessage().split(" for")[0] for one in caplog.records
    ]


def test_a_callback_of_a_job_that_is_cancelled(pool: Any) -> None:
    """Runs where it is cancelled, with the context of who added it."""
    started, go, found = Event(), Event(), list[Any]()

    def hold() -> None:
        started.set()
        go.wait(10)

    blocker = pool.submit(hold)
    started.wait(10)
    future = pool.submit(found.append, "ran")

    def callback(one: Any) -> None:
        found.append((word.get(), one.cancelled()))

    future.add_done_callback(callback)
    assert Context().run(future.cancel)
    go.set()
    blocker.result(10)
    pool.shutdown()
    assert [("here", True)] == found


# Other libraries' functions


def test_futures_work_with_the_functions_of_the_library(carry: ModuleType) -> None:
    """They are those of the executor."""
    with carry.carrying(ThreadPoolExecutor(2)) as pool:
        futures = [pool.submit(word.get) for _ in range(3)]
        assert all(isinstance(one, Future) for one in futures)
        done = concurrent.futures.wait(futures, 10).done
        assert set(futures) == done
        completed = concurrent.futures.as_completed(futures, 10)
        assert {"here"} == {one.result() for one in completed}
        assert "Future at " in repr(futures[0])
        assert "state=finished" in repr(futures[0])


def test_with_asyncio(carry: ModuleType) -> None:
    """``wrap_future`` and ``run_in_executor``; cancelling, too."""

    async def main(pool: Any) -> list[str]:
        loop = asyncio.get_running_loop()
        token = word.set("main")
        found = [
            await asyncio.wrap_future(pool.submit(word.get)),
            await loop.run_in_executor(pool, word.get),
            *await asyncio.gather(
                *(loop.run_in_executor(pool, job) for job in [job] * 2)
            ),
        ]
        word.reset(token)
        go = Event()
        waiting = [loop.run_in_executor(pool, go.wait, 10) for _ in range(2)]
        pending = loop.run_in_executor(pool, word.set, "never")
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        go.set()
        await asyncio.gather(*waiting)
        return found

    def job() -> str:
        found = word.get()
        word.set("left")
        return found

    with carry.carrying(ThreadPoolExecutor(2)) as pool:
        assert ["main"] * 4 == asyncio.run(main(pool))


# Shutting down


def test_shut_down_half_way(pool: Any) -> None:
    """What has not begun is cancelled, what is running ends; then it refuses."""
    started, go = Event(), Event()

    def job() -> str:
        started.set()
        go.wait(10)
        return word.get()

    running = pool.submit(job)
    started.wait(10)
    waiting = [pool.submit(word.get) for _ in range(3)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert [True] * 3 == [one.cancelled() for one in waiting]
    go.set()
    assert "here" == running.result(10)
    for submit in (pool.submit, pool.executor.submit):
        with pytest.raises(RuntimeError, match="cannot schedule new futures"):
            submit(word.get)
    with pytest.raises(RuntimeError, match="cannot schedule new futures"):
        pool.map(word.get, [1])
    pool.shutdown()


def test_jobs_that_never_start_are_freed(carry: ModuleType) -> None:
    """As of an executor that does nothing with them."""

    class Idle(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return Future()

    pool = carry.carrying(Idle())
    future = pool.submit(word.get)
    assert future.cancel()
    future = pool.submit(word.get)
    future.set_result("by hand")
    assert "by hand" == future.result(0)
    with pool as entered:
        assert entered is pool
