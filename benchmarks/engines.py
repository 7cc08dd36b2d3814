"""The rows of ``engines``: what a task costs that brings declared values along.

As it is: the engine without inscope, or beside it: its own function, pool and worker.
Each engine runs in processes of its own, on this machine; what is not installed, or
cannot be started, has no row.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import OURS, Row
from benchmarks.timing import alternate
from dev.processes import ROOT, started
from dev.redis import fetch_redis, find_redis, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.timing import Effort, Timer

AS_IT_IS = "as it is"
JOB = "a job of a pool of processes, and its result"
TASK = "a task of Celery's on Redis, and its result"
MAP = "a task of Dask's `client.map`, of 200, and its result"

TASKS = 200
SECONDS = 0.1
"""How long a turn takes, about: these are slow."""

NAMES = ("user", "tenant", "locale", "request_id")


def measure(effort: Effort) -> list[Row]:
    """Return the rows of what is there."""
    slowly = effort._replace(
        seconds=SECONDS if effort.rounds else 0.0, rounds=min(effort.rounds, 31)
    )
    return [*_pool(slowly), *_celery(slowly), *_dask(slowly)]


def nothing(*_: Any) -> None:
    """Do nothing."""


def _each(call: Callable[[], Any]) -> Timer:
    """Return what times *call*, one after the other."""

    def run(loops: int) -> float:
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return time.perf_counter() - start

    return run


def _declare(*boundaries: str) -> None:
    """Bind four declared Vars, for as long as the context lasts."""
    from inscope import Var

    for name in NAMES:
        _kept.append(Var(f"bench_{name}", wire=str, travels_to=boundaries))
        _kept[-1].set(f"{name} 1234567")


_kept: list[Any] = []


def _pool(effort: Effort) -> list[Row]:
    from inscope.carry import carrying

    _declare("process")
    with ProcessPoolExecutor(1) as plain, carrying(ProcessPoolExecutor(1)) as ours:
        timers = {
            AS_IT_IS: _each(lambda: plain.submit(nothing).result()),
            OURS: _each(lambda: ours.submit(nothing).result()),
        }
        return [Row(JOB, "", (), alternate(timers, effort))]


def _is_installed(package: str) -> bool:
    """Tell whether *package* can be imported."""
    try:
        import_module(package)
    except ModuleNotFoundError:
        return False
    return True


def _celery(effort: Effort) -> list[Row]:
    with celery_tasks() as tasks:
        timers = _senders(tasks) if tasks else {}
        return [Row(TASK, "", (), alternate(timers, effort))] if timers else []


@contextmanager
def celery_tasks() -> Iterator[Any]:
    """Start workers of Celery's, and give their tasks; None if they cannot be."""
    fetch_redis()
    server = find_redis()
    if not (server and _is_installed("celery")):
        yield None
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(serving(server, Path(folder)))
        os.environ["BENCH_BROKER"] = url
        stack.callback(os.environ.pop, "BENCH_BROKER")
        for queue, travels in (("plain", ""), ("ours", "1")):
            stack.enter_context(_worker(queue, travels))
        sys.modules.pop("benchmarks.celery_tasks", None)  # of another broker
        yield import_module("benchmarks.celery_tasks")


def _senders(tasks: Any) -> dict[str, Timer]:
    from inscope import bind
    from inscope.travel.celery import install

    boundary = tasks.boundary()

    def ask(queue: str) -> str:
        return str(tasks.seen.apply_async(queue=queue).get(timeout=60, interval=0.001))

    def ours(loops: int) -> float:
        with install(boundary):
            return _each(lambda: ask("ours"))(loops)

    values = {tasks.tenant: "acme", tasks.user: 7}
    with bind(values), install(boundary):
        seen = ask("ours")
    if (seen, ask("plain")) != ("acme 7", "- 0"):
        message = f"the worker has seen {seen!r}"
        raise RuntimeError(message)
    bind(values).__enter__()
    return {AS_IT_IS: _each(lambda: ask("plain")), OURS: ours}


def _worker(queue: str, travels: str) -> Any:
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.celery_tasks"]
    command += ["worker", "--pool=solo", "-Q", queue, "-n", f"{queue}@bench"]
    command += ["--without-mingle", "--without-gossip"]
    environment = os.environ | {"BENCH_TRAVELS": travels, "PYTHONPATH": str(ROOT)}
    return started(command, cwd=ROOT, env=environment)


@contextmanager
def dask_client() -> Iterator[Any]:
    """Start a cluster of Dask's, and give its client; None without Dask."""
    if not _is_installed("distributed"):
        yield None
        return
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    with cluster, Client(cluster) as client:
        yield client


def _dask(effort: Effort) -> list[Row]:
    with dask_client() as client:
        if client is None:
            return []
        from inscope.travel.dask import travelling

        _declare("dask")

        def each(function: Any) -> Timer:
            def run(loops: int) -> float:
                start = time.perf_counter()
                for _ in range(-(-loops // TASKS)):
                    client.gather(client.map(function(), range(TASKS), pure=False))
                taken = time.perf_counter() - start
                return taken * loops / (-(-loops // TASKS) * TASKS)

            return run

        timers = {
            AS_IT_IS: each(lambda: nothing),
            OURS: each(lambda: travelling(nothing)),
        }
        return [Row(MAP, "", (), alternate(timers, effort))]
