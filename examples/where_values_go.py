"""Find out where a bound value goes, on the interpreter that runs this.

Each function below starts a piece of work, in the plain way and with ``inscope.carry``,
where ``user`` is bound to "ann"; the work tells what it finds. ``docs/carry.md`` has
the table of several interpreters: ``--json`` prints what it is made of.

    python where_values_go.py
"""

from __future__ import annotations

import asyncio
import json
import queue
import sys
import sysconfig
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from inscope import Var
from inscope.carry import (
    ContextQueue,
    Snapshot,
    Thread,
    Timer,
    carry,
    carrying,
    install,
    scoped,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

user = Var("user", default="nobody")

ARRIVES, LOST, FOREIGN = "arrives", "lost", "**another's**"
STAYS, LEAKS = "stays inside", "**leaks**"
MISSING = "not installed"


class Way(NamedTuple):
    """One way to start work."""

    work: str
    started: str
    by: str
    probe: Callable[[bool], str]
    needs: str


WAYS: list[Way] = []


def way(work: str, started: str, by: str, needs: str = "") -> Callable[[Any], Any]:
    """Add a function to the table: the work, how it is started, and what carries it."""

    def add(probe: Callable[[bool], str]) -> Callable[[bool], str]:
        WAYS.append(Way(work, started, by, probe, needs))
        return probe

    return add


def joined(thread: threading.Thread) -> None:
    """Start *thread* and wait for it."""
    thread.start()
    thread.join()


def pool(with_inscope: bool) -> Executor:
    """Return a pool of one thread."""
    plain = ThreadPoolExecutor(1)
    return carrying(plain) if with_inscope else plain


# Threads


@way("a thread", "`Thread(target=f)`", "`Thread`")
def thread(with_inscope: bool) -> str:
    found: list[str] = []
    kind = Thread if with_inscope else threading.Thread
    joined(kind(target=lambda: found.append(user.get())))
    return found[0]


@way("a timer", "`Timer(1, f)`", "`Timer`")
def timer(with_inscope: bool) -> str:
    found: list[str] = []
    kind = Timer if with_inscope else threading.Timer
    joined(kind(0, lambda: found.append(user.get())))
    return found[0]


@way("a job of a pool", "`executor.submit(f)`", "`carrying`")
def job(with_inscope: bool) -> str:
    with pool(with_inscope) as executor:
        return executor.submit(user.get).result()


@way(
    "the next job on that thread, of bob's",
    "`executor.submit(f)`",
    "`carrying`",
)
def next_job(with_inscope: bool) -> str:
    with pool(with_inscope) as executor:
        executor.submit(user.get).result()
        with user.bind("bob"):
            return executor.submit(user.get).result()


@way("a callback of a future", "`add_done_callback(f)`", "`carrying`")
def callback(with_inscope: bool) -> str:
    found: list[str] = []
    go = threading.Event()
    with pool(with_inscope) as executor:
        future: Future[Any] = Context().run(executor.submit, go.wait)
        future.add_done_callback(lambda _: found.append(user.get()))
        go.set()
    return found[0]


@way("an item of a queue, in a worker", "`queue.put(item)`", "`ContextQueue`")
def item(with_inscope: bool) -> str:
    found: list[str] = []
    jobs: Any = ContextQueue() if with_inscope else queue.Queue()

    def work() -> None:
        taken = jobs.get()
        if with_inscope:
            taken.run(lambda _: found.append(user.get()))
        else:
            found.append(user.get())

    worker = threading.Thread(target=work)
    Context().run(worker.start)
    jobs.put("item")
    worker.join()
    return found[0]


# asyncio


async def get() -> str:
    """Return what is bound, in a coroutine."""
    return user.get()


@way("a task", "`create_task(f())`", "–")
def task(with_inscope: bool) -> str:
    async def main() -> str:
        return await asyncio.create_task(get())

    return asyncio.run(main())


@way("a callback of a loop", "`call_later(1, f)`", "–")
def call_later(with_inscope: bool) -> str:
    async def main() -> str:
        found = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0, lambda: found.set_result(user.get()))
        result: str = await found
        return result

    return asyncio.run(main())


@way("a job of a loop's threads", "`run_in_executor(None, f)`", "`install`")
def run_in_executor(with_inscope: bool) -> str:
    async def main() -> str:
        if with_inscope:
            install()
        return await asyncio.get_running_loop().run_in_executor(None, user.get)

    return asyncio.run(main())


@way("a job of a loop's threads", "`to_thread(f)`", "–")
def to_thread(with_inscope: bool) -> str:
    async def main() -> str:
        return await asyncio.to_thread(user.get)

    return asyncio.run(main())


@way(
    "a coroutine, awaited elsewhere",
    "`await coroutine`",
    "`snapshot.drive`",
)
def coroutine(with_inscope: bool) -> str:
    snapshot, made = Snapshot.capture(), get()

    async def main() -> str:
        return await (snapshot.drive(made) if with_inscope else made)

    return Context().run(asyncio.run, main())


# trio, anyio, asgiref


@way("a task of trio's", "`nursery.start_soon(f)`", "–", "trio")
def trio_task(with_inscope: bool) -> str:
    import trio

    found: list[str] = []

    async def work() -> None:
        found.append(user.get())

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)

    trio.run(main)
    return found[0]


@way("a thread of trio's", "`to_thread.run_sync(f)`", "–", "trio")
def trio_thread(with_inscope: bool) -> str:
    import trio

    async def main() -> str:
        return await trio.to_thread.run_sync(user.get)

    return trio.run(main)


@way("a thread of anyio's", "`to_thread.run_sync(f)`", "–", "anyio")
def anyio_thread(with_inscope: bool) -> str:
    import anyio.to_thread

    async def main() -> str:
        return await anyio.to_thread.run_sync(user.get)

    return anyio.run(main)


@way("a thread of asgiref's", "`sync_to_async(f)()`", "–", "asgiref")
def asgiref_thread(with_inscope: bool) -> str:
    from asgiref.sync import sync_to_async

    async def main() -> str:
        return await sync_to_async(user.get)()

    return asyncio.run(main())


# Greenlets


@way("a greenlet", "`greenlet(f).switch()`", "`carry.greenlet`", "greenlet")
def raw_greenlet(with_inscope: bool) -> str:
    import greenlet

    from inscope.carry.greenlet import greenlet as carrying_greenlet

    kind = carrying_greenlet if with_inscope else greenlet.greenlet
    found: str = kind(user.get).switch()
    return found


@way("a greenlet of gevent's", "`gevent.spawn(f)`", "`carry.gevent`", "gevent")
def gevent_greenlet(with_inscope: bool) -> str:
    import gevent

    from inscope.carry.gevent import spawn

    found: str = (spawn if with_inscope else gevent.spawn)(user.get).get()
    return found


@way("a pool of gevent's", "`Pool(2).map(f, items)`", "`carry.gevent`", "gevent")
def gevent_pool(with_inscope: bool) -> str:
    from gevent.pool import Pool as PlainPool

    from inscope.carry.gevent import Pool

    kind = Pool if with_inscope else PlainPool
    found: str = kind(2).map(lambda _: user.get(), [1])[0]
    return found


@way(
    "a thread of gevent's",
    "`ThreadPool(1).spawn(f)`",
    "`carry.gevent`",
    "gevent",
)
def gevent_thread(with_inscope: bool) -> str:
    from gevent.threadpool import ThreadPool as PlainPool

    from inscope.carry.gevent import ThreadPool

    threads = (ThreadPool if with_inscope else PlainPool)(1)
    found: str = threads.spawn(user.get).get()
    threads.kill()
    return found


# Generators that are read later


@way("a generator, read after the block", "`return generator()`", "`snapshot.iter`")
def stream(with_inscope: bool) -> str:
    def parts() -> Iterator[str]:
        yield user.get()

    made: Iterator[str] = Snapshot.capture().iter(parts()) if with_inscope else parts()
    return Context().run(next, made)


@way(
    "an async generator, read after the block",
    "`return generator()`",
    "`snapshot.aiter`",
)
def async_stream(with_inscope: bool) -> str:
    async def parts() -> AsyncIterator[str]:
        yield user.get()

    made: Any = Snapshot.capture().aiter(parts()) if with_inscope else parts()

    async def main() -> str:
        async for part in made:
            await made.aclose()
            return str(part)
        return "nothing"

    return Context().run(asyncio.run, main())


@way("a function, called after the block", "`f()`", "`carry`")
def function(with_inscope: bool) -> str:
    called = carry(user.get) if with_inscope else user.get
    return Context().run(called)


# What is bound inside: "cat" is what the work binds; does the caller see it?


@way("bound in a generator, seen by the caller", "`next(generator)`", "`@scoped`")
def bound_in_generator(with_inscope: bool) -> str:
    def steps() -> Iterator[None]:
        with user.bind("cat"):
            yield

    made = (scoped(steps) if with_inscope else steps)()
    next(made)
    return user.get()


@way(
    "bound in an async generator, seen by the caller", "`anext(generator)`", "`@scoped`"
)
def bound_in_async_generator(with_inscope: bool) -> str:
    async def steps() -> AsyncIterator[None]:
        with user.bind("cat"):
            yield

    async def main() -> str:
        made: Any = (scoped(steps) if with_inscope else steps)()
        await made.__anext__()
        found = user.get()
        await made.aclose()
        return found

    return asyncio.run(main())


@way("set in a coroutine, seen by who awaits it", "`await f()`", "`@scoped`")
def set_in_coroutine(with_inscope: bool) -> str:
    async def work() -> None:
        user.set("cat")

    async def main() -> str:
        await (scoped(work) if with_inscope else work)()
        return user.get()

    return asyncio.run(main())


@way("set in a job, seen by the next one", "`executor.submit(f)`", "`carrying`")
def set_in_job(with_inscope: bool) -> str:
    with pool(with_inscope) as executor:
        executor.submit(user.set, "cat").result()
        return executor.submit(user.get).result()


WORDS = {"ann": ARRIVES, "nobody": LOST, "bob": ARRIVES, "cat": LEAKS}


def said(one: Way, with_inscope: bool) -> str:
    """Run a probe, and say what became of the value."""
    if one.needs and find_spec(one.needs) is None:
        return MISSING

    def run() -> str:
        with user.bind("ann"):
            return one.probe(with_inscope)

    found = Context().run(run)
    if one.probe is next_job and found == "ann":
        return FOREIGN
    if one.work.startswith(("bound", "set")):
        return LEAKS if found == "cat" else STAYS
    return WORDS[found]


def interpreter() -> str:
    """Return what the column of this interpreter is called."""
    if getattr(sys.flags, "thread_inherit_context", 0):
        return "inheriting"
    free = sysconfig.get_config_var("Py_GIL_DISABLED")
    return "free-threaded" if free else "regular"


def found_here() -> dict[str, dict[str, str]]:
    """Return, by column, what became of the value in each row."""
    columns = ((interpreter(), False), ("inscope", True))
    return {
        column: {name_of(one): said(one, with_inscope) for one in WAYS}
        for column, with_inscope in columns
    }


def name_of(one: Way) -> str:
    """Return what a row is called."""
    return f"{one.work} | {one.started}"


def table(columns: dict[str, dict[str, str]]) -> str:
    """Return the table, in Markdown."""
    head = ["unit of work", "started by", *columns, "with"]
    lines = [head, ["---"] * len(head)]
    for one in WAYS:
        cells = [found[name_of(one)] for found in columns.values()]
        lines.append([one.work, one.started, *cells, one.by])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    found = found_here()
    print(json.dumps(found) if "--json" in sys.argv else table(found).rstrip())
