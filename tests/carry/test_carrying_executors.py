"""Which executors ``carrying`` takes, and what becomes of their futures."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from carry_world import captured, define, word


@pytest.fixture
def pool(carry: ModuleType) -> Iterator[Any]:
    """One over a single thread."""
    with carry.carrying(ThreadPoolExecutor(1)) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is around."""
    token = word.set("here")
    yield
    word.reset(token)


class Inline(Executor):
    """Runs each job at once, by futures of its own."""

    class OwnFuture(Future[Any]):
        """One that knows more."""

        title = "own"

    class SlottedFuture(Future[Any]):
        """One that has no room."""

        __slots__ = ("more",)

    futures: Any = OwnFuture

    def __init__(self) -> None:
        self.ended: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it."""
        future: Future[Any] = self.futures()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Note it."""
        self.ended.append((wait, cancel_futures))


@pytest.mark.parametrize("futures", [Inline.OwnFuture, Inline.SlottedFuture])
def test_an_executor_of_ones_own(carry: ModuleType, futures: Any) -> None:
    """Its futures stay of its class."""
    inner, found = Inline(), list[str]()
    inner.futures = futures

    def callback(_: Any) -> None:
        found.append(word.get())

    with carry.carrying(inner) as pool:
        future = pool.submit(word.set, "inside")
        assert isinstance(future, futures)
        assert futures.__name__ == type(future).__name__
        assert getattr(futures, "title", None) == getattr(future, "title", None)
        assert "here" == word.get()
        captured(carry, word, "there").run(future.add_done_callback, callback)
        assert type(future) is type(pool.submit(word.get))
        assert isinstance(pool.submit(int, "x").exception(), ValueError)
    assert ["there"] == found
    assert [(True, False)] == inner.ended
    assert repr(inner) in repr(pool)


def test_a_future_that_an_executor_gives_twice(carry: ModuleType) -> None:
    """Its callbacks run once."""
    future: Future[str] = Future()

    class Same(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return future

    pool, found = carry.carrying(Same()), list[str]()
    assert pool.submit(int) is pool.submit(int) is future
    future.add_done_callback(lambda _: found.append(word.get()))
    future.set_result("")
    assert ["here"] == found


def test_carrying_twice(carry: ModuleType, pool: Any) -> None:
    """Is the same as once."""
    assert pool is carry.carrying(pool)
    assert isinstance(pool, carry.CarryingExecutor)
    assert isinstance(pool, Executor)


@pytest.mark.parametrize("thing", [None, 3, ThreadPoolExecutor, object(), "pool"])
def test_what_is_no_executor_is_refused(carry: ModuleType, thing: Any) -> None:
    """And named."""
    with pytest.raises(
        TypeError, match=r"carrying\(\) takes a concurrent.*, not "
    ) as e:
        carry.carrying(thing)
    assert repr(thing) in str(e.value)


def test_a_job_that_is_carried_has_a_scope_of_its_own(
    inscope: ModuleType, carry: ModuleType, pool: Any
) -> None:
    """A plain one shares that of who submits it, and is refused it once closed."""
    jobs, go = define(inscope), Event()

    def job() -> Any:
        go.wait(10)
        return jobs.current()

    with jobs() as parent:
        go.set()
        assert parent is pool.submit(job).result(10)
        go.clear()
        shared, own = pool.submit(job), pool.submit(carry.carry(job))
    go.set()
    assert isinstance(shared.exception(10), inscope.ScopeClosedError)
    assert own.result(10) is not parent
    assert type(parent) is type(own.result(10))
