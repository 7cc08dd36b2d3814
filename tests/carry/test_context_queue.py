"""``ContextQueue``: items that bring along the context in which they were put."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator
from contextvars import Context
from threading import Thread
from types import ModuleType
from typing import Any, NoReturn

import pytest
from carry_world import captured, word


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is where nothing else is said."""
    token = word.set("here")
    yield
    word.reset(token)


def put(target: Any, where: str, item: Any, *args: Any, **kwargs: Any) -> Any:
    """Put *item* where ``word`` is *where*."""

    def work() -> Any:
        word.set(where)
        return target.put(item, *args, **kwargs)

    return Context().run(work)


def read(value: Any) -> tuple[Any, str]:
    """Return *value*, and what ``word`` is; and change that."""
    found = word.get()
    word.set("left")
    return value, found


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        (queue.Queue, [2, 3, 1]),
        (queue.LifoQueue, [1, 3, 2]),
        (queue.PriorityQueue, [1, 2, 3]),
        (queue.SimpleQueue, [2, 3, 1]),
    ],
)
def test_each_item_has_its_context(carry: ModuleType, kind: Any, order: Any) -> None:
    """In the order of the queue, of which there may be many kinds."""
    jobs = carry.ContextQueue(kind())
    for number in (2, 3, 1):
        put(jobs, f"at {number}", number)
    assert 3 == jobs.qsize()
    items = [jobs.get(), jobs.get(timeout=1), jobs.get_nowait()]
    assert order == [item.value for item in items]
    assert [(one, f"at {one}") for one in order] == [item.run(read) for item in items]
    assert [(one, f"at {one}") for one in order] == [item.run(read) for item in items]
    assert "here" == word.get()
    assert jobs.empty()
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    with pytest.raises(queue.Empty):
        jobs.get(block=False)


def test_between_threads(carry: ModuleType) -> None:
    """A worker handles each item where it was put; it sees nothing of its own."""
    jobs, found = carry.ContextQueue(), list[Any]()

    def work() -> None:
        word.set("worker")
        while (item := jobs.get()).value is not None:
            found.append(item.run(read))
            assert "worker" == word.get()
            jobs.task_done()
        jobs.task_done()

    worker = Thread(target=work)
    worker.start()
    for name in "abc":
        put(jobs, f"at {name}", name)
    jobs.put(None)
    jobs.join()
    worker.join()
    assert [(name, f"at {name}") for name in "abc"] == found


def test_a_queue_that_is_full(carry: ModuleType) -> None:
    """Refuses as the one inside; options go through, by place and by name."""
    jobs = carry.ContextQueue(queue.Queue(1))
    jobs.put_nowait("first")
    assert jobs.full()
    for args, kwargs in (((False,), {}), ((), {"block": False}), ((True, 0.001), {})):
        with pytest.raises(queue.Full):
            jobs.put("second", *args, **kwargs)
    with pytest.raises(queue.Full):
        jobs.put_nowait("second")
    assert ("first", "here") == jobs.get().run(read)
    assert 1 == jobs.maxsize


def test_equal_priorities(carry: ModuleType) -> None:
    """The values are compared, never the contexts; as ever, they must allow it."""
    jobs = carry.ContextQueue(queue.PriorityQueue())
    for number, name in ((1, "b"), (0, "z"), (1, "a"), (1, "a")):
        put(jobs, name, (number, name))
    found = [jobs.get().run(read) for _ in range(4)]
    expected = [((0, "z"), "z"), *[((1, "a"), "a")] * 2, ((1, "b"), "b")]
    assert expected == found
    jobs.put({})
    with pytest.raises(TypeError, match="'<' not supported"):
        jobs.put({})


def test_items_are_ordered_by_their_values(carry: ModuleType) -> None:
    """As a priority queue wants it; with nothing but each other."""
    jobs = carry.ContextQueue(queue.Queue())
    for value in (1, 2):
        jobs.put(value)
    one, two = jobs.get(), jobs.get()
    assert one < two
    assert two > one
    other: Any
    for other in (2, None, (one,)):
        with pytest.raises(TypeError, match="not supported between"):
            assert one < other
        with pytest.raises(TypeError, match="not supported between"):
            assert other > one
    assert one not in (1, None, two)
    assert "<Item 1>" == repr(one)
    assert isinstance(one, carry.Item)
    assert isinstance(one.snapshot, carry.Snapshot)


def test_a_comparison_that_raises(carry: ModuleType) -> None:
    """Raises; the queue stays as it was."""

    class Hostile:
        def __lt__(self, other: object) -> bool:
            raise LookupError

    jobs = carry.ContextQueue(queue.PriorityQueue())
    jobs.put(Hostile())
    with pytest.raises(LookupError):
        jobs.put(Hostile())
    assert isinstance(jobs.get().value, Hostile)


def test_an_error_in_run(carry: ModuleType) -> None:
    """Comes out; the item can be used again."""
    jobs = carry.ContextQueue()
    jobs.put(1)
    item = jobs.get()
    error = KeyboardInterrupt()

    def fail(_: int) -> NoReturn:
        word.set("left")
        raise error

    with pytest.raises(KeyboardInterrupt) as caught:
        item.run(fail)
    assert error is caught.value
    assert (1, "here") == item.run(read)


@pytest.mark.parametrize(
    "kind", [asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue]
)
def test_with_asyncio(carry: ModuleType, kind: Any) -> None:
    """``put`` and ``get`` are awaited; ``drive`` stays in the task of the worker."""

    async def handle(value: int) -> Any:
        await asyncio.sleep(0)
        return *read(value), asyncio.current_task()

    async def main() -> list[Any]:
        jobs, found = carry.ContextQueue(kind(1)), list[Any]()

        async def work() -> None:
            while (item := await jobs.get()).value < 5:
                value, where, task = await item.drive(handle)
                assert task is asyncio.current_task()
                assert "here" == word.get()
                found.append((value, where))
                jobs.task_done()
            jobs.task_done()

        worker = asyncio.create_task(work())
        for number in range(3):
            await put(jobs, f"at {number}", number)
        await jobs.put(5)
        await jobs.join()
        await worker
        jobs.put_nowait(6)
        with pytest.raises(asyncio.QueueFull):
            jobs.put_nowait(7)
        assert (6, "here") == jobs.get_nowait().run(read)
        with pytest.raises(asyncio.QueueEmpty):
            jobs.get_nowait()
        return found

    assert [(number, f"at {number}") for number in range(3)] == asyncio.run(main())


def test_the_context_is_that_of_the_call_of_put(carry: ModuleType) -> None:
    """Not that in which an asyncio queue has room at last."""

    async def main() -> Any:
        jobs = carry.ContextQueue(asyncio.Queue(1))
        await jobs.put(1)
        waiting = put(jobs, "called", 2)
        task = asyncio.create_task(waiting)
        await asyncio.sleep(0)
        await jobs.get()
        await task
        return (await jobs.get()).run(read)

    assert (2, "called") == asyncio.run(main())


def test_drive_takes_whatever_gives_an_awaitable(carry: ModuleType) -> None:
    """A function of it is called in the context, too; else it is an error."""

    def function(value: int) -> Any:
        found = read(value)

        async def later() -> Any:
            return found

        return later()

    async def main() -> Any:
        jobs = carry.ContextQueue()
        put(jobs, "there", 1)
        item = jobs.get()
        with pytest.raises(TypeError):
            await item.drive(str)
        return await item.drive(function)

    assert (1, "there") == asyncio.run(main())


def test_a_queue_of_ones_own(carry: ModuleType) -> None:
    """Anything with ``put`` and ``get``; an empty one may be false."""

    class Own:
        def __init__(self) -> None:
            self.items: list[Any] = []

        def __len__(self) -> int:
            return len(self.items)

        def put(self, item: Any, *, first: bool = False) -> int:
            self.items.insert(0 if first else len(self.items), item)
            return len(self.items)

        def get(self) -> Any:
            return self.items.pop(0)

        def clear(self) -> None:
            self.items.clear()

    own = Own()
    jobs = carry.ContextQueue(own)
    assert 1 == put(jobs, "a", "a")
    assert 2 == put(jobs, "b", "b", first=True)
    assert ("b", "b") == jobs.get().run(read)
    jobs.clear()
    assert not own
    with pytest.raises(AttributeError, match="nothing"):
        jobs.nothing  # noqa: B018
    with pytest.raises(AttributeError):
        jobs.put_nowait("c")
    assert repr(own) in repr(jobs)


def test_in_a_queue_in_a_queue(carry: ModuleType) -> None:
    """Each has its context."""
    outer, inner = carry.ContextQueue(), carry.ContextQueue()
    put(inner, "inner", 1)
    put(outer, "outer", inner.get())
    item = outer.get()

    def read_both(one: Any) -> Any:
        return word.get(), one.run(read)

    found = item.run(read_both)
    assert ("outer", (1, "inner")) == found


def test_item_of_a_snapshot_taken_elsewhere(carry: ModuleType) -> None:
    """It can be made by hand."""
    item = carry.Item("value", captured(carry, word, "there"))
    assert ("value", "there") == item.run(read)


@pytest.mark.parametrize("inner", [3, "text", [], {}, object(), queue])
def test_what_is_no_queue_is_refused(carry: ModuleType, inner: Any) -> None:
    """And named, false or not."""
    with pytest.raises(TypeError, match=r"ContextQueue\(\) takes a queue") as caught:
        carry.ContextQueue(inner)
    assert repr(inner) in str(caught.value)
