"""What ``test_gotchas.py`` lets other processes do; these import it by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import process_work as work


def tell(queue: Any) -> None:
    """Put what is seen into *queue*."""
    queue.put(work.seen())


async def seen_later() -> Any:
    """Return what a coroutine sees."""
    await asyncio.sleep(0)
    return work.seen()


def seen_by_steps() -> Iterator[Any]:
    """Yield what a generator sees."""
    yield work.seen()


def refused_by_steps() -> Iterator[str]:
    """Yield why a read fails in a generator."""
    yield work.refused()


def run(coroutine_function: Any) -> Any:
    """Run it, as a process would that has a loop."""
    return asyncio.run(coroutine_function())


def read(generator_function: Any) -> list[Any]:
    """Read what it yields."""
    return list(generator_function())


class Counted:
    """A function that counts how often it is pickled."""

    count = 0

    def __call__(self, number: int) -> Any:
        return work.seen(number)

    def __reduce__(self) -> Any:
        Counted.count += 1
        return Counted, ()


class Asked:
    """Something with a method that reads a Var."""

    def __init__(self, var: Any) -> None:
        self.var = var

    def ask(self) -> Any:
        """Return its value."""
        return self.var.get()
