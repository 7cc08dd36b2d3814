"""gevent's greenlets, pools and threads, with the context of who starts the work."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

gevent: Any = pytest.importorskip("gevent")
pools: Any = pytest.importorskip("gevent.pool")
threadpools: Any = pytest.importorskip("gevent.threadpool")

Log = list[Any]
Start = Callable[[Any, Callable[[], Any]], Any]


@pytest.fixture
def ours(carry: ModuleType) -> ModuleType:
    """``inscope.carry.gevent``, of the copy of the package under test."""
    return importlib.import_module("inscope.carry.gevent")


class Theirs:
    """The names that are gevent's own."""

    Greenlet = gevent.Greenlet
    Group = pools.Group
    Pool = pools.Pool
    ThreadPool = threadpools.ThreadPool
    spawn = staticmethod(gevent.spawn)
    spawn_later = staticmethod(gevent.spawn_later)
    spawn_raw = staticmethod(gevent.spawn_raw)


# Everything that starts work


def _raw(of: Any, function: Callable[[], Any]) -> Any:
    result = gevent.event.AsyncResult()
    of.spawn_raw(lambda: result.set(function()))
    return result


def _called_back(method: str) -> Start:
    """Start by a method of a pool that calls back, and return what that sees."""

    def start(of: Any, function: Callable[[], Any]) -> Any:
        result = gevent.event.AsyncResult()
        called: Any = getattr(of.Pool(2), method)
        arguments = ([1],) if method.startswith("map") else ()

        def callback(_: Any) -> None:
            result.set(function())

        called(str, *arguments, callback=callback)
        return result

    return start


def _of_pool(name: str, method: str, *arguments: Any) -> Start:
    """Start by *method* of a pool of the class *name*."""

    def start(of: Any, function: Callable[[], Any]) -> Any:
        pool = getattr(of, name)(*([] if name == "Group" else [2]))

        def work(*_: Any) -> Any:
            return function()

        return Started(pool, getattr(pool, method)(work, *arguments))

    return start


class Started:
    """What a method of a pool returned, whatever that is; keeps the pool."""

    def __init__(self, pool: Any, started: Any) -> None:
        self.pool = pool
        self.started = started

    def get(self, timeout: float | None = None) -> Any:
        """Return the first result."""
        result: Any = self.started
        if hasattr(result, "__next__"):
            result = list(result)
        if hasattr(result, "get"):
            result = result.get(timeout=timeout)
        return result.pop(0) if hasattr(result, "pop") else result


STARTS: dict[str, Start] = {
    "Greenlet.spawn": lambda of, function: of.Greenlet.spawn(function),
    "spawn": lambda of, function: of.spawn(function),
    "spawn_later": lambda of, function: of.spawn_later(0.001, function),
    "spawn_raw": _raw,
    "apply_async, callback": _called_back("apply_async"),
    "apply_cb, callback": _called_back("apply_cb"),
    "map_async, callback": _called_back("map_async"),
}
for _name in ("Group", "Pool", "ThreadPool"):
    STARTS[f"{_name}.spawn"] = _of_pool(_name, "spawn")
    STARTS[f"{_name}.apply"] = _of_pool(_name, "apply")
    STARTS[f"{_name}.apply_async"] = _of_pool(_name, "apply_async")
    STARTS[f"{_name}.apply_cb"] = _of_pool(_name, "apply_cb")
    for _method in ("map", "map_async", "map_cb", "imap", "imap_unordered"):
        STARTS[f"{_name}.{_method}"] = _of_pool(_name, _method, [1, 2, 3])


@pytest.mark.parametrize("start", STARTS)
def test_what_gevent_starts_has_an_empty_context(start: str) -> None:
    """The fault."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    token = current.set("ann")
    started = STARTS[start](Theirs, current.get)
    assert "nobody" == started.get(timeout=30)
    current.reset(token)


@pytest.mark.parametrize("start", STARTS)
def test_what_is_started_has_the_context_of_who_starts_it(
    inscope: ModuleType, ours: ModuleType, start: str
) -> None:
    """Of the moment when it is started; what it sets, nobody else sees."""
    current = inscope.Var("current", default="nobody")
    theirs: ContextVar[str] = ContextVar("theirs", default="nobody")

    def work() -> Any:
        seen = current.get(), theirs.get()
        current.set("work")
        theirs.set("work")
        return seen

    token = theirs.set("ann")
    with current.bind("ann"):
        started = STARTS[start](ours, work)
    theirs.set("bob")
    with current.bind("bob"):
        assert ("ann", "ann") == started.get(timeout=30)
        assert ("bob", "bob") == (current.get(), theirs.get())
    theirs.reset(token)
    assert ("nobody", "nobody") == (current.get(), theirs.get())


SWITCHING = [name for name in STARTS if "raw" not in name and "Thread" not in name]


@pytest.mark.parametrize("start", SWITCHING)
def test_what_is_started_may_switch(
    inscope: ModuleType, carry: ModuleType, ours: ModuleType, start: str
) -> None:
    """Many at the same time, each within a block, and one snapshot for all of them."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    def work() -> None:
        before = current.get()
        for step in range(3):
            with current.bind(step):
                gevent.sleep(0)
                log.append((before, snapshot.run(switching), step == current.get()))

    def switching() -> Any:
        gevent.sleep(0)
        return current.get()

    snapshot = carry.Snapshot.capture()
    started: Log = []
    for name in range(5):
        with current.bind(name):
            started.append(STARTS[start](ours, work))
    for one in started:
        one.get(timeout=30)
    jobs = 3 if any(part in start for part in (".map", ".imap")) else 1
    expected = [(name, "nobody", True) for name in range(5)] * 3 * jobs
    assert sorted(expected) == sorted(log)


# Pools


@pytest.mark.parametrize("name", ["Group", "Pool", "ThreadPool"])
@pytest.mark.parametrize("method", ["map", "map_async", "imap", "imap_unordered"])
def test_an_iterable_is_iterated_over_in_the_context_of_who_starts_it(
    inscope: ModuleType, ours: ModuleType, name: str, method: str
) -> None:
    """A generator, say, that reads what is bound where it was handed over."""
    current = inscope.Var("current", default="nobody")

    def users() -> Iterator[str]:
        for _ in range(3):
            yield current.get()

    pool = getattr(ours, name)(*([] if name == "Group" else [2]))
    with current.bind("ann"):
        started = getattr(pool, method)(str, users())
    results = started.get() if method == "map_async" else list(started)
    assert ["ann"] * 3 == results


def test_several_iterables_and_the_options_of_imap(
    inscope: ModuleType, ours: ModuleType
) -> None:
    """As gevent's own."""
    current = inscope.Var("current")

    def work(first: int, second: str) -> str:
        return f"{current.get()} {first}{second}"

    for pool in (ours.Pool(1), ours.Group(), ours.ThreadPool(1)):
        with current.bind("ann"):
            results = pool.imap(work, [1, 2], "ab", maxsize=1)
            unordered = pool.imap_unordered(work, [1, 2], "ab", maxsize=1)
        assert ["ann 1a", "ann 2b"] == list(results)
        assert ["ann 1a", "ann 2b"] == sorted(unordered)


def test_a_pool_that_is_full(inscope: ModuleType, ours: ModuleType) -> None:
    """What waits for room has the context of who started it, its callback too."""
    current = inscope.Var("current", default="nobody")
    go = gevent.event.Event()
    log: Log = []
    pool = ours.Pool(1)
    pool.spawn(go.wait)

    def work() -> Any:
        return current.get()

    def note(result: Any) -> None:
        log.append((result, current.get()))

    started: Log = []
    for name in ("ann", "bob"):
        with current.bind(name):
            started.append(pool.apply_async(work, callback=note))
    go.set()
    assert ["ann", "bob"] == [one.get(timeout=30) for one in started]
    gevent.idle()
    assert [("ann", "ann"), ("bob", "bob")] == sorted(log)


def test_a_pool_takes_arguments_by_position_and_name(ours: ModuleType) -> None:
    """As gevent's own."""

    def work(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    expected = ((1, 2), {"three": 3})
    for pool in (ours.Group(), ours.Pool(), ours.ThreadPool(1)):
        assert expected == pool.apply(work, (1, 2), {"three": 3})
        assert expected == pool.apply_async(work, (1, 2), {"three": 3}).get()
        assert expected == pool.apply_cb(work, (1, 2), {"three": 3})
        assert expected == pool.spawn(work, 1, 2, three=3).get()
        assert expected == pool.apply(func=work, args=(1, 2), kwds={"three": 3})
        assert [((1,), {})] == pool.map(func=work, iterable=[1])


def test_an_error_comes_out(ours: ModuleType) -> None:
    """Of each way to wait for a result."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("of the work")

    gevent.get_hub().exception_stream, stream = None, gevent.get_hub().exception_stream
    try:
        for pool in (ours.Group(), ours.Pool(), ours.ThreadPool(1)):
            for call in (
                lambda pool=pool: pool.apply(fail),
                lambda pool=pool: pool.map(fail, [1]),
                lambda pool=pool: list(pool.imap(fail, [1])),
                lambda pool=pool: pool.spawn(fail).get(),
            ):
                with pytest.raises(ZeroDivisionError, match="of the work"):
                    call()
    finally:
        gevent.get_hub().exception_stream = stream


def test_a_worker_thread_keeps_nothing(inscope: ModuleType, ours: ModuleType) -> None:
    """The fault: what a job sets stays on its thread, for the next one."""
    plain: ContextVar[str] = ContextVar("plain", default="nobody")
    pool = threadpools.ThreadPool(1)
    pool.apply(plain.set, ("ann",))
    assert "ann" == pool.apply(plain.get)

    pool = ours.ThreadPool(1)
    pool.apply(plain.set, ("ann",))
    assert "nobody" == pool.apply(plain.get)
