"""Dramatiq: an actor has the values of who sent its message.

``python dramatiq_context.py`` sends and works in one process. With a broker, do the
same with ``RedisBroker`` or ``RabbitmqBroker``, in senders and in workers.
"""

from __future__ import annotations

import os
from threading import local
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, MiddlewareError

from inscope import ContextRefused, NotPortableError, Var
from inscope.travel import Boundary, dump, load

KEY = os.environ.get("CONTEXT_KEY", "the same for workers and senders")
DRAMATIQ = Boundary("dramatiq", keys=[KEY], max_age=24 * 3600)
FIELD = "inscope_context"

customer: Var[str] = Var("customer", wire=str, travels_to={DRAMATIQ}, identity=True)


class NotSentError(MiddlewareError):
    """What else a hook raises is logged, and the message sent without its values."""


class ContextMiddleware(Middleware):
    """Writes the values into messages, and gives them to actors."""

    def __init__(self) -> None:
        self._here = local()  # a thread works on one message at a time

    def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
        """Let *message* have the values of here; a retry keeps those that it has."""
        if FIELD in message.options:
            return
        try:
            message.options[FIELD] = dump(DRAMATIQ).text
        except ContextRefused:  # an error would be of no use where Dramatiq sends
            message.options[FIELD] = "refused"
        except NotPortableError as error:
            raise NotSentError(str(error)) from error

    def after_enqueue(self, broker: Any, message: Any, delay: Any, **_: Any) -> None:
        """Take them out again: somebody else may send this object, as in pipelines."""
        message.options.pop(FIELD, None)

    def before_process_message(self, broker: Any, message: Any) -> None:
        """Let the actor have what came, and nothing if nothing did: also in a retry."""
        text = message.options.setdefault(FIELD, "")
        self._here.entered = load(text, DRAMATIQ).entered()
        self._here.entered.__enter__()

    def after_process_message(self, broker: Any, message: Any, **_: Any) -> None:
        """Let all be as it was before the message."""
        self._here.entered.__exit__()

    after_skip_message = after_process_message


def install(broker: dramatiq.Broker) -> None:
    """Let *broker* carry the values: first to enter, so that it is the last to leave.

    Others send in their ``after`` hooks: the next stage of a pipeline, retries.
    """
    first = type(broker.middleware[0]) if broker.middleware else None
    broker.add_middleware(ContextMiddleware(), before=first)


if __name__ == "__main__":
    broker = StubBroker()
    install(broker)

    @dramatiq.actor(broker=broker)
    def invoice(number: int) -> None:
        """Print whose invoice it is."""
        print(f"invoice {number}, for {customer.get()}")

    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    for name in ("ann", "bob"):
        with customer.bind(name):
            invoice.send(5)
    broker.join(invoice.queue_name)
    worker.stop()
