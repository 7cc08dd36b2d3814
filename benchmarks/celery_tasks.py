"""A task of Celery's for ``engines``: what a worker runs that ``BENCH`` describes."""

from __future__ import annotations

import os

from celery import Celery

from inscope import Var
from inscope.travel import Boundary

KEY = "a key of the benchmark"
tenant: Var[str] = Var("task_tenant", wire=str, travels_to={"celery"}, default="-")
user: Var[int] = Var("task_user", wire=int, travels_to={"celery"}, identity=True)

broker = os.environ.get("BENCH_BROKER", "memory://")
app = Celery("benchmarks.celery_tasks", broker=broker, backend=broker)
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)


@app.task
def seen() -> str:
    """Return what is seen here."""
    return f"{tenant.get()} {user.get(0)}"


def boundary() -> Boundary:
    """Return what both sides have in common."""
    return Boundary("celery", keys=[KEY], max_age=3600)


if os.environ.get("BENCH_TRAVELS"):
    from inscope.travel.celery import install

    install(boundary())
