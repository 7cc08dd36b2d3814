"""What the tests let RQ do; its workers import this by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rq import Callback, Queue

seen: list[tuple[str, str]] = []
"""What was noted, by a worker in the process of the tests."""

left: ContextVar[str] = ContextVar("left", default="nothing")

now: list[Callable[[], str]] = []
"""What tells what is seen: the recipe is on one core or the other."""

set_payer: list[Callable[[str], Any]] = []

queues: list[Queue] = []


def tell(label: str = "job") -> str:
    """Note what is seen, under the name of *label*, and return it."""
    seen.append((label, now[0]()))
    return now[0]()


async def later() -> str:
    """Do so in a coroutine."""
    await asyncio.sleep(0)
    return tell("coroutine")


def leaving(name: str) -> str:
    """Leave values behind, after what is seen."""
    found = left.get()
    left.set(name)
    set_payer[0](name)
    return found


def failing_once() -> None:
    """Leave values behind, and fail at the first call."""
    tell("attempt")
    leaving("of the attempt")
    if len(seen) < 2:
        raise ValueError


def failing() -> None:
    """Leave values behind, and fail."""
    leaving("of the job")
    raise ValueError


def outer() -> None:
    """Enqueue others."""
    queues[0].enqueue("rq_work.tell", "inner")


def succeeded(*_: Any) -> None:
    """Be called if a job has done its work."""
    tell("succeeded")


def failed(*_: Any) -> None:
    """Be called if it has not."""
    tell("failed")


CALLBACKS = {"on_success": Callback(succeeded), "on_failure": Callback(failed)}
