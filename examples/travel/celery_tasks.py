"""Tasks that know for whom they work: ``celery -A celery_tasks worker``, and this."""

from __future__ import annotations

import os

from celery import Celery

from inscope import Var
from inscope.travel import Boundary
from inscope.travel.celery import install

user: Var[int] = Var("user", wire=int, travels_to={"celery"}, identity=True)

broker = os.environ.get("BROKER", "redis://127.0.0.1:6379/0")
key = os.environ.get("CONTEXT_KEY", "the same for workers and senders")

app = Celery("celery_tasks", broker=broker, backend=broker)
install(Boundary("celery", keys=[key], max_age=24 * 3600))


@app.task
def invoice(number: int) -> str:
    """Return whose invoice it is."""
    return f"invoice {number}, for user {user.get()}"


if __name__ == "__main__":
    with user.bind(7):
        print(invoice.delay(5).get(timeout=60))
