"""Taskiq: a task has the values of who sent it, be it a coroutine or a function.

``python taskiq_context.py`` sends and works in one process; the middleware is the same
for every broker, in senders and in workers.
"""

from __future__ import annotations

import asyncio
import os
from contextvars import ContextVar
from typing import Any

from taskiq import InMemoryBroker, TaskiqMessage, TaskiqMiddleware, TaskiqResult

from inscope import Var
from inscope.travel import Boundary, Entering, dump, load

KEY = os.environ.get("CONTEXT_KEY", "the same for workers and senders")
TASKIQ = Boundary("taskiq", keys=[KEY], max_age=24 * 3600)
FIELD = "inscope_context"

author: Var[str] = Var("author", wire=str, travels_to={TASKIQ}, identity=True)

Entered = tuple[Entering, Any]
"""What a task has entered, and what the one around it has, if it is run in place."""


class ContextMiddleware(TaskiqMiddleware):
    """Writes the values into labels; the first middleware, so that it leaves last."""

    def __init__(self) -> None:
        super().__init__()
        self._entered: ContextVar[Entered | None] = ContextVar("entered", default=None)

    def pre_send(self, message: TaskiqMessage) -> TaskiqMessage:
        """Let *message* have the values of here; a retry keeps those that it has."""
        if FIELD not in message.labels:
            message.labels[FIELD] = dump(TASKIQ).text
        return message

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """Let the task have what came, and nothing if nothing did: also in a retry."""
        entering = load(message.labels.setdefault(FIELD, ""), TASKIQ).entered()
        entering.__enter__()
        self._entered.set((entering, self._entered.get()))
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        """Let all be as it was; ``on_error``, with its retries, is called before."""
        entered = self._entered.get()
        if entered is not None:
            entering, outer = entered
            entering.__exit__()
            self._entered.set(outer)


async def main() -> None:
    """Let a task be done for two authors."""
    broker = InMemoryBroker().with_middlewares(ContextMiddleware())

    @broker.task
    async def publish(number: int) -> str:
        return f"article {number}, by {author.get()}"

    await broker.startup()
    for name in ("ann", "bob"):
        with author.bind(name):
            task = await publish.kiq(5)
        print((await task.wait_result(timeout=60)).return_value)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
