"""What Celery does: ``python -m celery -A examples.cluster.tasks worker``."""

from __future__ import annotations

from functools import cache

from celery import Celery
from dask.distributed import Client

from examples.cluster import work
from examples.cluster.context import (
    BROKER,
    CELERY,
    DASK_SCHEDULER,
    current_tenant,
    current_user,
    log,
)
from inscope.travel.celery import install
from inscope.travel.dask import travelling

app = Celery("cluster", broker=BROKER, backend=BROKER)
app.conf.update(
    broker_connection_retry_on_startup=True,
    result_expires=3600,
    task_default_queue="examples.cluster",
)
install(CELERY)


@cache
def dask() -> Client:
    """Return this process's client of the cluster."""
    return Client(DASK_SCHEDULER, set_as_default=False)


@app.task
def report(number: int) -> dict[str, str]:
    """Let Dask count, and say who saw what."""
    log.getChild("celery").info("report %d", number)
    seen = {"celery": f"{current_user} of {current_tenant}"}
    seen["dask"] = dask().submit(travelling(work.count), number).result(timeout=60)
    return seen
