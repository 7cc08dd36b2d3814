"""RQ: a job, and its callbacks, have the values of who enqueued it.

``rq worker invoices -S rq.serializers.JSONSerializer -j rq_context.ContextJob`` takes
what this sends. RQ's own serializer is pickle: whoever can write to Redis could run
code in workers.
"""

from __future__ import annotations

import os
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from inscope import Var
from inscope.travel import Boundary, Entering, dump, load

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = os.environ.get("CONTEXT_KEY", "the same for workers and senders")
RQ = Boundary("rq", keys=[KEY], max_age=24 * 3600)
FIELD = "inscope_context"

payer: Var[str] = Var("payer", wire=str, travels_to={RQ}, identity=True)


class ContextJob(Job):
    """A job with values; queues and workers, both, are told to use it."""

    @classmethod
    def create(cls, *args: Any, **options: Any) -> Job:
        """Make a job with the values of here and now; retries and repeats keep them."""
        job = super().create(*args, **options)
        job.meta = {**job.meta, FIELD: dump(RQ).text}
        return job

    def perform(self) -> Any:
        """Do the work with what came."""
        with self._arrived():
            return super().perform()

    @property
    def success_callback(self) -> Any:
        """What is called after the work, outside of ``perform``."""
        return self._arriving(super().success_callback)

    @property
    def failure_callback(self) -> Any:
        """What is called if the work has failed."""
        return self._arriving(super().failure_callback)

    @property
    def stopped_callback(self) -> Any:
        """What is called, by the worker's own process, if the work was stopped."""
        return self._arriving(super().stopped_callback)

    def _arrived(self) -> Entering:
        return load(self.meta.get(FIELD), RQ).entered()

    def _arriving(self, callback: Callable[..., Any] | None) -> Any:
        if callback is None or iscoroutinefunction(callback):  # RQ refuses the latter
            return callback

        @wraps(callback)
        def arriving(*args: Any) -> Any:
            with self._arrived():
                return callback(*args)

        return arriving


def queue(name: str, connection: Redis) -> Queue:
    """Return a queue of such jobs."""
    return Queue(
        name, connection=connection, serializer=JSONSerializer, job_class=ContextJob
    )


def invoice(number: int) -> str:
    """Return whose invoice it is."""
    return f"invoice {number}, for {payer.get()}"


if __name__ == "__main__":
    with Redis.from_url(os.environ.get("BROKER", "redis://127.0.0.1:6379/0")) as server:
        for name in ("acme", "duck"):
            with payer.bind(name):
                job = queue("invoices", server).enqueue("rq_context.invoice", 5)
            result = job.latest_result(timeout=60)
            print(result and result.return_value)
