"""The rows of ``whose``: of many tasks of many users, how many saw another's value.

A figure that is not 0 is a fault. The engines are those of ``engines``.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from benchmarks import engines
from benchmarks.results import Cell, Row
from inscope import Var

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.timing import Effort

TASKS, USERS = 10_000, 100
COLUMNS = ("tasks", "users", "saw another's")

user: Var[str] = Var("bench_whose", wire=str, travels_to={"process", "dask"})


def read(number: int) -> tuple[int, str]:
    """Return the *number* of a task, and whose it is by what is seen in it."""
    return number, user.get("nobody's")


def measure(effort: Effort) -> list[Row]:
    """Return a row for each engine that there is."""
    tasks = TASKS if effort.rounds else 200
    users = USERS if effort.rounds else 10
    found = {
        engines.JOB: _pool(tasks, users),
        engines.TASK: _celery(tasks, users),
        engines.MAP: _dask(tasks, users),
    }
    return [
        Row(name, "", (), _cells(tasks, users, others), "tasks")
        for name, others in found.items()
        if others is not None
    ]


def _cells(*figures: int) -> dict[str, Cell]:
    return {
        name: Cell(float(value)) for name, value in zip(COLUMNS, figures, strict=True)
    }


def name_of(number: int, users: int) -> str:
    """Return who sends the *number*th task."""
    return f"user-{number % users}"


def wrong(seen: Iterable[tuple[int, str]], tasks: int, users: int) -> int:
    """Return how many tasks have not seen their own; those without an answer, too."""
    right = {number for number, name in seen if name == name_of(number, users)}
    return tasks - len(right)


def _pool(tasks: int, users: int) -> int:
    from inscope.carry import carrying

    with carrying(ProcessPoolExecutor(2)) as pool:
        jobs = []
        for number in range(tasks):
            with user.bind(name_of(number, users)):
                jobs.append(pool.submit(read, number))
        return wrong((job.result() for job in jobs), tasks, users)


def _celery(tasks: int, users: int) -> int | None:
    with engines.celery_tasks() as celery:
        if celery is None:
            return None
        from inscope.travel.celery import install

        sent: list[Any] = []
        with install(celery.boundary()):
            for number in range(tasks):
                with celery.tenant.bind(name_of(number, users)):
                    sent.append(celery.seen.apply_async(queue="ours"))
        answers = [one.get(timeout=60, interval=0.001).split() for one in sent]
        seen = ((number, name) for number, (name, _) in enumerate(answers))
        return wrong(seen, tasks, users)


def _dask(tasks: int, users: int) -> int | None:
    with engines.dask_client() as client:
        if client is None:
            return None
        from inscope.travel.dask import travelling

        futures: list[Any] = []
        for first in range(users):
            with user.bind(name_of(first, users)):
                numbers = range(first, tasks, users)
                futures += client.map(travelling(read), numbers, pure=False)
        return wrong(client.gather(futures), tasks, users)
