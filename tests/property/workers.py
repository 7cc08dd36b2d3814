"""Workers that a driver steps: it says what to do, one call at a time.

Each kind of worker runs in the context that its runner gives it: a thread, an
asyncio task, a greenlet, a copied Context. A call runs *inside* the worker, and
the driver waits for it, so a schedule drawn by Hypothesis is run exactly. All
but threads run in the thread of the driver. Used by ``test_interleaving.py``.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Any, Protocol

try:
    import greenlet
except ModuleNotFoundError:  # there is no build that runs without the GIL
    greenlet = None

THREADS_INHERIT = bool(getattr(sys.flags, "thread_inherit_context", 0))
"""Whether a thread starts with a copy of the context that starts it (3.14t does)."""

KINDS = ("thread", "task", *(["greenlet"] if greenlet else []), "context")
INHERITS = {
    "thread": THREADS_INHERIT,
    "task": True,
    "greenlet": False,
    "context": True,
}


class Worker(Protocol):
    """What the driver knows of one."""

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return what ``function(*args)`` returns inside the worker."""

    def stop(self) -> None:
        """End the worker."""


class Outcome:
    """What a call returned or raised, brought from the worker to the driver."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        try:
            self.value = function(*args)
        except BaseException as error:
            self.error = error

    def get(self) -> Any:
        """Return or raise it."""
        if self.error is not None:
            raise self.error
        return self.value


class ThreadWorker:
    """A thread that takes calls from a queue."""

    def __init__(self, driver: Driver) -> None:
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._outcomes.put(Outcome(*call))

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        self._calls.put((function, args))
        return self._outcomes.get().get()

    def stop(self) -> None:
        self._calls.put(None)
        self._thread.join()


class TaskWorker:
    """An asyncio task that awaits each call; the driver runs the loop meanwhile."""

    def __init__(self, driver: Driver) -> None:
        self._loop = driver.loop
        self._call: asyncio.Future[Any] = self._loop.create_future()
        self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        while (call := await self._call) is not None:
            function, args, done = call
            self._call = self._loop.create_future()
            done.set_result(Outcome(function, args))

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        done: asyncio.Future[Outcome] = self._loop.create_future()
        self._call.set_result((function, args, done))
        return self._loop.run_until_complete(done).get()

    def stop(self) -> None:
        self._call.set_result(None)
        self._loop.run_until_complete(self._task)


class GreenletWorker:
    """A greenlet that is switched to with each call, and switches back."""

    def __init__(self, driver: Driver) -> None:
        self._greenlet = greenlet.greenlet(self._work)
        self._greenlet.switch(greenlet.getcurrent())

    def _work(self, caller: greenlet.greenlet) -> None:
        call = caller.switch()
        while call is not None:
            caller, function, args = call
            call = caller.switch(Outcome(function, args))

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        call = (greenlet.getcurrent(), function, args)
        outcome: Outcome = self._greenlet.switch(call)
        return outcome.get()

    def stop(self) -> None:
        self._greenlet.parent = greenlet.getcurrent()
        self._greenlet.switch(None)


class ContextWorker:
    """A copy of the context, entered for each call."""

    def __init__(self, driver: Driver) -> None:
        self._context = copy_context()

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._context.run(function, *args)

    def stop(self) -> None:
        """Nothing is to be ended."""


_CLASSES: dict[str, Callable[[Driver], Worker]] = {
    "thread": ThreadWorker,
    "task": TaskWorker,
    "greenlet": GreenletWorker,
    "context": ContextWorker,
}


class Driver:
    """Makes workers and ends them all; owns the loop of the tasks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._workers: list[Worker] = []

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in reversed(self._workers):
            worker.stop()
        self.loop.close()

    def start(self, kind: str, parent: Worker) -> Worker:
        """Start a worker from inside *parent*, as a program would."""
        worker: Worker = parent.run(_CLASSES[kind], self)
        self._workers.append(worker)
        return worker


class Main:
    """The driver's own context, as the parent of the first workers."""

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    def stop(self) -> None:
        """Nothing is to be ended."""
