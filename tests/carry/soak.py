"""Random work in threads, tasks, greenlets, generators and executors, with faults.

Each piece of work is begun where something is bound that is its own, and looks,
wherever it runs, whether it sees just that.
"""

from __future__ import annotations

import asyncio
import importlib
import random
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from carry_world import ends_in_order

FOREVER = 3600
MANY = 50
"""Generators that are left half-way, at the same time."""


UNAWAITED = ("job", "callback", "run")
"""What may go on when the block that began it, and its scope, have ended."""


class Fault(Exception):  # noqa: N818  # no error of the program
    """Thrown in on purpose."""


class Owner:
    """Whose work it is; it is bound by each kind of variable."""


class Soak:
    """Random work until a time, by several threads.

    Attributes:
        wrong: What was seen where it ought not to be.
        owners: All owners that are still alive.
        done: How often each kind of work was done.
    """

    def __init__(self, inscope: ModuleType, seed: int) -> None:
        self.carry = importlib.import_module("inscope.carry")
        self.random = random.Random(seed)
        self.wrong: list[str] = []
        self.owners: weakref.WeakSet[Owner] = weakref.WeakSet()
        self.done: dict[str, int] = {}
        self.plain: ContextVar[Any] = ContextVar("plain", default=None)
        self.var = inscope.Var("var", default=None)
        self.local = inscope.Local()
        self.stack = inscope.LocalStack()
        self.bound = inscope.bound
        self.pushed = inscope.pushed
        self.scopes: Any = type(
            "Job", (inscope.Scope,), {"owner": None, "on_fork": _same}
        )
        self.closed = inscope.ScopeClosedError
        self.pool = self.carry.carrying(ThreadPoolExecutor(3))
        self.may_drop = ends_in_order(inscope.CORE)
        self.suspended: list[tuple[Owner, Any]] = []
        self.queue = self.carry.ContextQueue()
        self.kinds: list[Callable[[Owner], None]] = [
            self.job,
            self.job_that_leaks,
            self.thread,
            self.generator,
            self.scoped_generator,
            self.advance,
            self.tasks,
            self.queued,
            self.forked,
            self.detached,
            self.nested,
        ]
        with suppress(ImportError):
            self.greenlets = importlib.import_module("inscope.carry.greenlet").greenlet
            self.kinds.append(self.greenlet)

    def run(self, seconds: float, threads: int = 4) -> None:
        """Do random work for so long; then end what is left."""
        end = time.monotonic() + seconds
        workers = [
            threading.Thread(target=self._work, args=[end]) for _ in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.pool.shutdown()
        while self.suspended:
            self._drop()

    def _drop(self) -> None:
        """Let go of a generator: it ends here, wherever it was begun."""
        _, generator = self.suspended.pop(0)
        if not self.may_drop:
            generator.close()

    def _work(self, end: float) -> None:
        while time.monotonic() < end:
            work = self.random.choice(self.kinds)
            self._as(Owner(), work)
            self.expect(None, f"after {work.__name__}")
            self.done[work.__name__] = self.done.get(work.__name__, 0) + 1

    def _as(self, owner: Owner, work: Callable[[Owner], None]) -> None:
        """Call *work* where everything is bound to its *owner*."""
        self.owners.add(owner)
        token = self.plain.set(owner)
        scope = self.scopes()
        scope.owner = owner
        try:
            with (
                scope,
                self.var.bind(owner),
                self.bound(self.local, owner=owner),
                self.pushed(self.stack, owner),
            ):
                work(owner)
        finally:
            self.plain.reset(token)

    def expect(self, owner: Owner | None, where: str) -> None:
        """Note it if what is bound here is not the *owner*'s."""
        found = {
            "plain": self.plain.get(),
            "var": self.var.get(),
            "local": getattr(self.local, "owner", None),
            "stack": self.stack.top,
        }
        if self.scopes.is_active():
            try:
                found["scope"] = self.scopes.current().owner
            except self.closed:
                if where not in UNAWAITED:
                    self.wrong.append(f"{where}: the scope is closed")
        for name, value in found.items():
            if value is not owner:
                self.wrong.append(f"{where}: {name} has {value!r}, not {owner!r}")

    def fail(self) -> None:
        """Raise a fault, now and then."""
        if self.random.random() < 0.2:
            raise Fault

    # Kinds of work

    def job(self, owner: Owner) -> None:
        """A job of an executor; some are cancelled, and some never waited for."""

        def work() -> None:
            self.expect(owner, "job")
            self.fail()

        future = self.pool.submit(work)
        future.add_done_callback(lambda _: self.expect(owner, "callback"))
        if self.random.random() < 0.3:
            future.cancel()
        elif self.random.random() < 0.7:
            future.exception()

    def job_that_leaks(self, owner: Owner) -> None:
        """One that leaves everything bound."""
        other = Owner()
        self.owners.add(other)

        def work() -> None:
            self.plain.set(other)
            self.var.set(other)
            self.local.owner = other
            self.stack.push(other)
            self.var.bind(other).__enter__()
            self.fail()

        self.pool.submit(work).exception()

    def thread(self, owner: Owner) -> None:
        """A thread of its own."""
        thread = self.carry.Thread(target=lambda: self.expect(owner, "thread"))
        thread.start()
        thread.join()

    def generator(self, owner: Owner) -> None:
        """A generator that others advance, close or drop."""

        def steps() -> Iterator[None]:
            token = self.plain.set(owner)
            try:
                with self.var.bind(owner):
                    while True:
                        yield
                        self.expect(owner, "generator")
                        self.fail()
            finally:
                self.plain.reset(token)
                self.expect(owner, "end of a generator")

        made = self.carry.carry(steps)()
        next(made)
        self.suspended.append((owner, made))
        if len(self.suspended) > MANY:
            self._drop()

    def scoped_generator(self, owner: Owner) -> None:
        """One that binds something else inside."""
        inner = Owner()
        self.owners.add(inner)

        @self.carry.scoped  # type: ignore[untyped-decorator]
        def steps() -> Iterator[None]:
            with self.var.bind(inner):
                for _ in range(3):
                    yield
                    if self.var.get() is not inner or self.plain.get() is not owner:
                        self.wrong.append("scoped generator")
                    self.fail()

        with suppress(Fault):
            for _ in steps():
                self.expect(owner, "between steps")

    def advance(self, owner: Owner) -> None:
        """Take a generator of somebody's one step on, or to its end."""
        try:
            whose, generator = self.suspended.pop(0)
        except IndexError:
            return
        choice = self.random.random()
        if choice < 0.5:
            with suppress(Fault, StopIteration):
                next(generator)
                self.suspended.append((whose, generator))
        elif choice < 0.7:
            with suppress(Fault, StopIteration):
                generator.throw(Fault)
        elif choice < 0.9 or not self.may_drop:
            generator.close()
        self.expect(owner, "advance")

    def tasks(self, owner: Owner) -> None:
        """A loop with tasks that overlap, some of them cancelled."""
        snapshot = self.carry.Snapshot.capture()

        async def work() -> None:
            for _ in range(self.random.randrange(3)):
                self.expect(owner, "task")
                await asyncio.sleep(0)
            self.fail()
            if self.random.random() < 0.2:
                await asyncio.sleep(FOREVER)

        async def stream() -> AsyncIterator[None]:
            token = self.plain.set(owner)
            try:
                for _ in range(3):
                    await asyncio.sleep(0)
                    self.expect(owner, "stream")
                    yield
            finally:
                self.plain.reset(token)

        async def read() -> None:
            async for _ in snapshot.aiter(stream()):
                self.fail()

        async def main() -> None:
            running = [asyncio.create_task(snapshot.drive(work())) for _ in range(3)]
            running += [asyncio.create_task(read()) for _ in range(2)]
            for _ in range(5):
                await asyncio.sleep(0)
            for task in running:
                if not task.done():
                    task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

        self.carry.detached().run(asyncio.run, main())

    def queued(self, owner: Owner) -> None:
        """An item that somebody else takes."""
        self.queue.put(owner)
        item = self.queue.get()
        item.run(lambda whose: self.expect(whose, "item"))
        self.expect(owner, "queue")

    def forked(self, owner: Owner) -> None:
        """A function with a fork of the scope, called when that has ended."""
        ended = threading.Event()

        def work() -> None:
            ended.wait()
            self.expect(owner, "fork")
            if not self.scopes.current().is_fork:
                self.wrong.append("no fork")
            self.fail()

        self.carry.detached().run(self.pool.executor.submit, self.carry.carry(work))
        ended.set()

    def detached(self, owner: Owner) -> None:
        """Work that must see nothing."""
        self.carry.detached().run(self.expect, None, "detached")
        self.carry.detached(keep=[self.var]).run(self._kept, owner)

    def _kept(self, owner: Owner) -> None:
        if self.var.get() is not owner or self.plain.get() is not None:
            self.wrong.append("detached, with one kept")

    def nested(self, owner: Owner) -> None:
        """A snapshot that is run in itself, and in another thread meanwhile."""
        snapshot = self.carry.Snapshot.capture()

        def work(depth: int) -> None:
            self.expect(owner, "nested")
            if depth:
                future = self.pool.submit(snapshot.run, self.expect, owner, "run")
                snapshot.run(work, depth - 1)
                future.cancel()

        snapshot.run(work, 3)

    def greenlet(self, owner: Owner) -> None:
        """Greenlets that switch here and back, within what is run with a snapshot."""
        greenlet = importlib.import_module("greenlet")
        here = greenlet.getcurrent()
        snapshot = self.carry.Snapshot.capture()

        def work() -> None:
            for _ in range(3):
                snapshot.run(here.switch)
                self.expect(owner, "greenlet")

        running = [self.greenlets(work) for _ in range(3)]
        for _ in range(4):
            for one in running:
                if not one.dead:
                    one.switch()
                self.expect(owner, "between greenlets")


def _same(self: Any, parent: Any) -> None:
    self.owner = parent.owner
