"""Odd functions, awaitables, executors and threads: they are carried as any other."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import multiprocessing
import multiprocessing.queues
import pickle
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

Log = list[Any]


@pytest.fixture
def user(inscope: ModuleType) -> Any:
    """A Var."""
    return inscope.Var("user", default="nobody")


@pytest.fixture
def carried(carry: ModuleType, user: Any) -> Any:
    """``carry``, called where the user is ann."""

    def call(function: Any) -> Any:
        with user.bind("ann"):
            return carry.carry(function)

    return call


def _marked(thing: Any) -> Any:
    """Mark *thing* as asgiref does: asyncio takes it for a coroutine function."""
    thing._is_coroutine = getattr(asyncio.coroutines, "_is_coroutine", None)
    if hasattr(inspect, "markcoroutinefunction"):
        inspect.markcoroutinefunction(thing)
    return thing


# Functions


def test_an_object_that_is_marked_itself(carried: Any, user: Any) -> None:
    """Its call is plain, and returns something to await."""

    class Marked:
        def __call__(self) -> Awaitable[str]:
            return get()

    async def get() -> str:
        return str(user.get())

    assert "ann" == asyncio.run(carried(_marked(Marked()))())


def test_the_plain_part_of_a_marked_function(carried: Any, user: Any) -> None:
    """It is a part of the call."""

    def marked() -> Awaitable[list[str]]:
        return get(user.get())

    async def get(before: str) -> list[str]:
        return [before, user.get()]

    assert ["ann", "ann"] == asyncio.run(carried(_marked(marked))())


def test_an_async_mock(carried: Any, user: Any) -> None:
    """Though it has no code."""
    mock = AsyncMock(side_effect=lambda: user.get())
    assert "ann" == asyncio.run(carried(mock)())


def test_a_mock_with_an_odd_name(carried: Any) -> None:
    """It keeps what can be kept."""
    mock = Mock(__name__=5, return_value="called")
    assert "called" == carried(mock)()


def test_an_object_that_is_bound_as_a_method_is(carried: Any, user: Any) -> None:
    """By hand, and in a class."""

    class Decorated:
        def __init__(self, function: Any) -> None:
            self.function = function

        async def __call__(self, *args: Any) -> Any:
            return self.function(*args)

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            return Decorated(self.function.__get__(instance, owner))

    decorated = carried(Decorated(lambda *args: (user.get(), args)))
    assert inspect.iscoroutinefunction(decorated.__call__)
    assert ("ann", (1,)) == asyncio.run(decorated(1))

    class Page:
        title = decorated

    page = Page()
    assert ("ann", (page, 1)) == asyncio.run(page.title(1))


def test_a_call_that_is_static(carried: Any, user: Any) -> None:
    """It takes no self."""

    class Static:
        @staticmethod
        async def __call__(word: str) -> str:
            return f"{word} {user.get()}"

    assert "hello ann" == asyncio.run(carried(Static())("hello"))


def test_parameters_with_the_names_of_builtins(carried: Any) -> None:
    """They hide nothing that the wrapper needs."""

    async def steps(
        hasattr: Any,  # noqa: A002
        type: Any,  # noqa: A002
        StopAsyncIteration: Any,  # noqa: A002, N803
    ) -> AsyncIterator[Any]:
        yield hasattr
        yield type, StopAsyncIteration

    async def main() -> Log:
        made = carried(steps)(1, 2, 3)
        found = [await made.__anext__()]
        await made.aclose()
        return [*found, *[one async for one in carried(steps)(1, 2, 3)]]

    assert [1, 1, (2, 3)] == asyncio.run(main())


def test_a_carried_class_can_be_changed(carried: Any) -> None:
    """What is set, is set on the class."""

    class Page:
        title = ""

    stand_in = carried(Page)
    stand_in.title = "a page"
    assert "a page" == Page.title
    del stand_in.title
    assert not hasattr(Page, "title")


def test_what_is_carried_is_not_copied(carried: Any) -> None:
    """The copy would not be carried."""
    stand_in = carried(Mock())
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="which was carried"):
            attempt(stand_in)


# Awaitables


class Mailbox:
    """Something to await that can be sent mail."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def send(self, mail: Any) -> str:
        return f"sent {mail}"

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.result()


def test_what_has_a_send_of_its_own_is_awaited(carry: ModuleType, user: Any) -> None:
    """By ``__await__``, in the bindings."""
    with user.bind("ann"):
        snapshot = carry.Snapshot.capture()

    async def main() -> Any:
        return await snapshot.drive(Mailbox(user.get))

    assert "ann" == asyncio.run(main())


@pytest.mark.parametrize("wrong", [3, iter([]), (one for one in ())])
def test_drive_refuses_at_once(carry: ModuleType, wrong: Any) -> None:
    """Not when it is awaited."""
    with pytest.raises(TypeError, match="something that can be awaited"):
        carry.Snapshot.capture().drive(wrong)


def test_steps_that_are_no_coroutines(carry: ModuleType, user: Any) -> None:
    """As ``async for`` takes them: futures, and whatever can be awaited."""

    class Steps:
        def __init__(self) -> None:
            self.left = 3

        def __aiter__(self) -> Any:
            return self

        def __anext__(self) -> Any:
            self.left -= 1
            if self.left == 2:
                future = asyncio.get_running_loop().create_future()
                future.set_result(user.get())
                return future
            return Mailbox(self._end if not self.left else user.get)

        def _end(self) -> None:
            raise StopAsyncIteration

    with user.bind("ann"):
        snapshot = carry.Snapshot.capture()

    async def main() -> Log:
        return [one async for one in snapshot.aiter(Steps())]

    assert ["ann", "ann"] == asyncio.run(main())


# Snapshots


def test_diff_goes_by_the_object(inscope: ModuleType, carry: ModuleType) -> None:
    """An equal one, or one with the same in it, is another."""
    thing = object()
    var = inscope.Var("var")
    for before, after in ([], []), ({"a": thing}, {"a": thing}):
        with var.bind(before):
            snapshot = carry.Snapshot.capture()
            with var.bind(after):
                assert (before, after) == snapshot.diff()[var]
                assert snapshot.diff()[var].after is after


# Executors, threads, queues, loops


class SlottedFuture:
    """A future whose class cannot be exchanged."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class OddExecutor(Executor):
    """Runs a job at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return SlottedFuture(fn(*args, **kwargs))


def test_futures_of_any_class(carry: ModuleType, user: Any) -> None:
    """The job runs once, and its future is returned."""
    log: Log = []
    with user.bind("ann"):
        future = carry.carrying(OddExecutor()).submit(log.append, "once")
        assert "ann" == carry.carrying(OddExecutor()).submit(user.get).value
    assert (["once"], None) == (log, future.value)


def test_a_thread_that_fails_keeps_nothing(
    carry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a cycle that only the collector would find, either."""

    class Thing:
        """Can be referred to weakly."""

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    found: Log = []

    def work() -> None:
        thing = Thing()
        found.append(weakref.ref(thing))
        raise RuntimeError

    gc.disable()
    try:
        thread = carry.Thread(target=work)
        thread.start()
        thread.join()
        del thread
        assert found[0]() is None
    finally:
        gc.enable()


def test_a_thread_in_a_context_that_is_given(carry: ModuleType, user: Any) -> None:
    """In that one itself, as of Python 3.14's."""
    context = Context()
    context.run(user.set, "bob")
    with user.bind("ann"):
        thread = carry.Thread(target=user.set, args=["eve"], context=context)
        thread.start()
    thread.join()
    assert "eve" == context.run(user.get)


def test_a_run_of_the_thread_s_own_is_kept(carry: ModuleType, user: Any) -> None:
    """It is there when the thread has ended."""
    log: Log = []
    thread = carry.Thread()
    thread.run = lambda: log.append(user.get())
    with user.bind("ann"):
        thread.start()
    thread.join()
    thread.run()
    assert ["ann", "nobody"] == log


def test_queues_between_processes_are_refused(carry: ModuleType) -> None:
    """They would lose the item, in a thread of their own."""

    class Own(multiprocessing.queues.Queue):  # type: ignore[type-arg]
        """One of somebody's."""

    context = multiprocessing.get_context()
    for queue in (multiprocessing.Queue(), Own(ctx=context)):
        with pytest.raises(TypeError, match="of this process"):
            carry.ContextQueue(queue)
        queue.close()


def test_installed_twice_and_undone_in_any_order(carry: ModuleType, user: Any) -> None:
    """The second one did nothing; the loop has an executor that works."""

    async def main() -> Log:
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(2)
        loop.set_default_executor(pool)
        with user.bind("ann"):
            one, two = carry.install(), carry.install()
            assert 2 == getattr(loop, "_default_executor")._max_workers  # noqa: B009
            found = [await loop.run_in_executor(None, user.get)]
            one.uninstall()
            two.uninstall()
            return [*found, await loop.run_in_executor(None, user.get)]

    assert ["ann", "nobody"] == asyncio.run(main())


# Steps


def test_steps_whose_inside_is_exchanged_while_it_runs(core: str) -> None:
    """What runs goes on to its ``yield``; what came is advanced next."""
    if core == "native":
        from inscope._core.native.step import steps_in
    else:
        from inscope._core.python.step import steps_in

    def first() -> Iterator[int]:
        yield 1
        steps.of(iter([5]))
        gc.collect()
        yield 2

    steps: Any = steps_in(Context(), first())
    assert [1, 2, 5] == [next(steps), next(steps), next(steps)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((ValueError("a"),), ("a",)),
        ((ValueError, None), ()),
        ((ValueError, "a"), ("a",)),
        ((ValueError, ValueError("a"), None), ("a",)),
        ((ValueError("a"), None, None), ("a",)),
    ],
)
def test_throw_where_nothing_takes_it(
    core: str, arguments: tuple[Any, ...], expected: tuple[Any, ...]
) -> None:
    """It is raised, in each of the forms that generators know."""
    if core == "native":
        from inscope._core.native.step import steps_in
    else:
        from inscope._core.python.step import steps_in

    with pytest.raises(ValueError, match=r"^a?$") as raised:
        steps_in(Context(), iter([1])).throw(*arguments)
    assert expected == raised.value.args
