"""Everything that runs concurrent work: threads, tasks, greenlets, pools.

A job is a generator: what it does between two ``yield``s it does at one go, at
each ``yield`` the others run. ``RUNNERS`` run jobs side by side, each in a worker
of its own; ``REUSING`` run one after the other in one and the same worker.
``INHERITING`` says which workers start with what is bound where they are started.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

Job = Generator[None, None, None]
Runner = Callable[[list[Job]], None]

THREADS_INHERIT = bool(getattr(sys.flags, "thread_inherit_context", 0))
"""Whether a thread starts with a copy of the context that starts it (3.14t does)."""


def _exhaust(job: Job) -> None:
    for _ in job:
        pass


async def _asyncio_job(job: Job) -> None:
    for _ in job:
        await asyncio.sleep(0)


async def _asyncio_jobs(jobs: list[Job]) -> None:
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_asyncio_job(job))


def on_asyncio(jobs: list[Job]) -> None:
    """A task for each, on asyncio's own loop."""
    asyncio.run(_asyncio_jobs(jobs))


def on_uvloop(jobs: list[Job]) -> None:
    """A task for each, on uvloop."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_asyncio_jobs(jobs))


def on_eager_tasks(jobs: list[Job]) -> None:
    """A task for each, which begins to run as it is made."""
    if sys.version_info < (3, 12):
        pytest.skip("eager tasks came with Python 3.12")

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await _asyncio_jobs(jobs)

    asyncio.run(main())


def on_to_thread(jobs: list[Job]) -> None:
    """A pooled thread for each, through ``asyncio.to_thread``."""
    meeting = threading.Barrier(len(jobs))

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(jobs)))
        await asyncio.gather(
            *(asyncio.to_thread(_in_step, job, meeting) for job in jobs)
        )

    asyncio.run(main())


async def _trio_job(job: Job) -> None:
    import trio

    for _ in job:
        await trio.sleep(0)


def on_trio(jobs: list[Job]) -> None:
    """A task of trio for each."""
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for job in jobs:
                nursery.start_soon(_trio_job, job)

    trio.run(main)


def _on_anyio(backend: str) -> Runner:
    def run(jobs: list[Job]) -> None:
        anyio = pytest.importorskip("anyio")
        pytest.importorskip(backend)

        async def work(job: Job) -> None:
            for _ in job:
                await anyio.sleep(0)

        async def main() -> None:
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(work, job)

        anyio.run(main, backend=backend)

    return run


def _in_step(job: Job, meeting: threading.Barrier) -> None:
    """Run *job*, and at each ``yield`` wait for all the others to get there."""
    try:
        for _ in job:
            meeting.wait(30)
    except BaseException:
        meeting.abort()
        raise


def on_threads(jobs: list[Job]) -> None:
    """A thread for each."""
    meeting = threading.Barrier(len(jobs))
    threads = [threading.Thread(target=_in_step, args=(job, meeting)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def on_pool(jobs: list[Job]) -> None:
    """A thread of a pool for each."""
    meeting = threading.Barrier(len(jobs))
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(_in_step, job, meeting) for job in jobs]:
            done.result()


def on_greenlets(jobs: list[Job]) -> None:
    """A greenlet for each, by turns."""
    greenlet = pytest.importorskip("greenlet")
    hub = greenlet.getcurrent()

    def work(job: Job) -> None:
        for _ in job:
            hub.switch()

    workers = [greenlet.greenlet(work) for _ in jobs]
    for worker, job in zip(workers, jobs, strict=True):
        worker.switch(job)
    while workers := [worker for worker in workers if not worker.dead]:
        for worker in workers:
            worker.switch()


def on_gevent(jobs: list[Job]) -> None:
    """A greenlet of gevent's for each."""
    gevent = pytest.importorskip("gevent")

    def work(job: Job) -> None:
        for _ in job:
            gevent.sleep(0)

    gevent.joinall([gevent.spawn(work, job) for job in jobs], raise_error=True)


RUNNERS: dict[str, Runner] = {
    "asyncio": on_asyncio,
    "uvloop": on_uvloop,
    "eager tasks": on_eager_tasks,
    "to_thread": on_to_thread,
    "trio": on_trio,
    "anyio on asyncio": _on_anyio("asyncio"),
    "anyio on trio": _on_anyio("trio"),
    "threads": on_threads,
    "thread pool": on_pool,
    "greenlets": on_greenlets,
    "gevent": on_gevent,
}

INHERITING = {
    name: THREADS_INHERIT
    if name in ("threads", "thread pool")
    else name not in ("greenlets", "gevent")
    for name in RUNNERS
}


# One worker for all


def in_one_pooled_thread(jobs: list[Job]) -> None:
    """The only thread of a pool."""
    with ThreadPoolExecutor(1) as pool:
        for job in jobs:
            pool.submit(_exhaust, job).result()


def in_one_task(jobs: list[Job]) -> None:
    """A task that takes its work from a queue."""

    async def main() -> None:
        for job in jobs:
            await _asyncio_job(job)

    asyncio.run(main())


def in_one_asyncio_runner(jobs: list[Job]) -> None:
    """``asyncio.Runner``: each ``run`` is a task, but in one context."""
    with asyncio.Runner() as runner:
        for job in jobs:
            runner.run(_asyncio_job(job))


def in_one_trio_task(jobs: list[Job]) -> None:
    """A task of trio that works for several."""
    trio = pytest.importorskip("trio")

    async def main() -> None:
        for job in jobs:
            await _trio_job(job)

    trio.run(main)


def in_one_greenlet(jobs: list[Job]) -> None:
    """A greenlet that works for several."""
    greenlet = pytest.importorskip("greenlet")
    greenlet.greenlet(lambda: [_exhaust(job) for job in jobs]).switch()


REUSING: dict[str, Runner] = {
    "pooled thread": in_one_pooled_thread,
    "task": in_one_task,
    "asyncio.Runner": in_one_asyncio_runner,
    "trio task": in_one_trio_task,
    "greenlet": in_one_greenlet,
}
