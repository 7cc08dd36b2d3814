"""Where context has been lost or kept in Taskiq: a test for each of these.

The recipe is ``examples/engines/taskiq_context.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import ModuleType
from typing import Any

import pytest
from engine_recipes import KINDS, NOTHING, forged, recipe

pytest.importorskip("taskiq")
pytest.importorskip("itsdangerous")

from taskiq import (
    InMemoryBroker,
    SimpleRetryMiddleware,
    TaskiqMessage,
    TaskiqMiddleware,
)

SECONDS = 60
USERS = ("ann", "bob")


class Press:
    """A broker, and tasks that note what they see."""

    def __init__(self, made: ModuleType, refused: type[Exception]) -> None:
        self.made = made
        self.author: Any = made.author
        self.refused = refused
        self.seen: list[tuple[str, str]] = []
        self.new()

    def new(self, *others: TaskiqMiddleware, plain: bool = False, **more: Any) -> None:
        """Make a broker, with the recipe and then *others*."""
        first = () if plain else (self.made.ContextMiddleware(),)
        self.broker = InMemoryBroker(sync_tasks_pool_size=1, **more)
        self.broker.add_middlewares(*first, *others)

        def see(label: str = "task") -> str:
            return self.tell(label)

        self.see = self.task(see)

    def tell(self, label: str = "task") -> str:
        """Note what is seen, under the name of *label*."""
        self.seen.append((label, self.now()))
        return self.now()

    def now(self) -> str:
        """Return what is seen here."""
        try:
            return str(self.author.get(NOTHING))
        except self.refused:
            return "refused"

    def task(self, function: Callable[..., Any], **labels: Any) -> Any:
        """Make a task of *function*."""
        return self.broker.task(task_name=function.__name__, **labels)(function)

    def bare(self, task: Any) -> Any:
        """Return a message for *task* as of a sender that knows nothing of this."""
        return self.broker.formatter.dumps(task.kicker()._prepare_message())

    async def work(self) -> None:
        """Do all there is to do, and what comes of that."""
        while self.broker._running_tasks:
            await self.broker.wait_all()
            await asyncio.sleep(0)  # those that are done are taken out by the loop

    def run(self, sending: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run *sending*, and what it has sent; the broker ends with it."""

        async def running() -> Any:
            await self.broker.startup()
            try:
                found = await sending()
                await self.work()
                return found
            finally:
                await self.broker.shutdown()

        return asyncio.run(asyncio.wait_for(running(), SECONDS))


@pytest.fixture
def press(inscope: ModuleType, core: str) -> Press:
    """Taskiq with the recipe."""
    return Press(recipe("taskiq", core), inscope.ContextRefused)


class Raising(TaskiqMiddleware):
    """A hook that fails, where a context is to be restored."""

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """Fail."""
        raise ValueError("cannot be restored")


class Watching(TaskiqMiddleware):
    """Notes what the other hooks see."""

    def __init__(self, press: Press) -> None:
        super().__init__()
        self.press = press

    def on_error(self, message: Any, result: Any, exception: Any) -> None:
        """While the recipe is in."""
        self.press.tell("on_error")

    def post_save(self, message: Any, result: Any) -> None:
        """When it has left."""
        self.press.tell("post_save")


def test_a_hook_that_fails_drops_the_task(press: Press) -> None:
    """The fault: who waits for the result waits until the time is over."""
    press.new(Raising(), plain=True)

    async def sending() -> bool:
        task = await press.see.kiq()
        with pytest.raises(ValueError, match="cannot be restored"):
            await press.broker.wait_all()
        return bool(await task.is_ready())

    assert press.run(sending) is False
    assert [] == press.seen


@pytest.mark.parametrize("kind", ["function", "coroutine function"])
def test_tasks_see_who_has_sent_them(press: Press, kind: str) -> None:
    """Two users' at the same time, and nobody's; functions run in a thread."""

    async def later(label: str) -> str:
        before = press.tell(label)
        await asyncio.sleep(0)
        assert before == press.now()
        press.author.set("of the task")
        return before

    def at_once(label: str) -> str:
        found = press.tell(label)
        press.author.set("of the task")
        return found

    task = press.task(at_once if kind == "function" else later)

    async def sending() -> list[Any]:
        sent = []
        for name in USERS:
            with press.author.bind(name):
                sent.append(await task.kiq(name))
        sent.append(await task.kiq("nobody"))
        results = [await one.wait_result(0.01, timeout=SECONDS) for one in sent]
        return [one.return_value for one in results]

    assert ["ann", "bob", NOTHING] == press.run(sending)
    assert [("ann", "ann"), ("bob", "bob"), ("nobody", NOTHING)] == sorted(press.seen)


def test_tasks_of_tasks_see_the_same(press: Press) -> None:
    """Or what the task has bound for them; the sender's is as it was."""

    async def outer() -> None:
        await press.see.kiq("inner")
        with press.author.bind("bob"):
            await press.see.kiq("as bob")

    task = press.task(outer)

    async def sending() -> str:
        with press.author.bind("ann"):
            await task.kiq()
            await press.work()
            return press.now()

    assert "ann" == press.run(sending)
    assert [("as bob", "bob"), ("inner", "ann")] == sorted(press.seen)


def test_tasks_that_are_run_in_place_leave_nothing(press: Press) -> None:
    """Nested in each other, in the context of who sends the outermost."""
    press.new(await_inplace=True)

    async def outer() -> None:
        with press.author.bind("bob"):
            await press.see.kiq("inner")
        press.tell("outer")
        press.author.set("of the task")

    task = press.task(outer)

    async def sending() -> str:
        with press.author.bind("ann"):
            await task.kiq()
            found = press.now()
        await press.see.kiq("nobody")
        return found

    assert "ann" == press.run(sending)
    assert [("inner", "bob"), ("outer", "ann"), ("nobody", NOTHING)] == press.seen


@pytest.mark.parametrize("name", ["ann", ""])
@pytest.mark.parametrize("place", [True, False])
def test_a_retry_has_the_values_of_the_first_attempt(
    press: Press, name: str, place: bool
) -> None:
    """Also if that were none, and the first attempt has left others."""
    press.new(SimpleRetryMiddleware(), await_inplace=place)

    async def failing() -> None:
        press.tell("attempt")
        press.author.set("of the attempt")
        if len(press.seen) < 3:
            raise ValueError

    task = press.task(failing, retry_on_error=True, max_retries=5)

    async def sending() -> None:
        if not name:
            await press.broker.kick(press.bare(task))
            return
        with press.author.bind(name):
            await task.kiq()

    press.run(sending)
    assert [("attempt", name or NOTHING)] * 3 == press.seen


def test_what_lies_about_is_not_seen(press: Press) -> None:
    """A message without a payload, from a sender without the recipe."""

    async def sending() -> str:
        with press.author.bind("of the worker"):
            await press.broker.kick(press.bare(press.see))
        return press.now()

    assert NOTHING == press.run(sending)
    assert [("task", NOTHING)] == press.seen


def test_other_hooks_see_it_until_the_task_is_over(press: Press) -> None:
    """``on_error`` does, ``post_save`` does not; in place, that is the sender's."""
    press.new(Watching(press), await_inplace=True)

    async def failing() -> None:
        press.author.set("of the task")
        raise ValueError

    task = press.task(failing)

    async def sending() -> None:
        with press.author.bind("ann"):
            message = task.kicker()
        with press.author.bind("bob"):
            await message.kiq()

    press.run(sending)
    assert [("on_error", "of the task"), ("post_save", "bob")] == press.seen


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forged_is_refused_in_the_task(
    press: Press, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No hook fails, and the result comes: an error, of the read."""
    caplog.set_level(logging.CRITICAL, "taskiq")

    def reading() -> str:
        return str(press.author.get("nobody"))

    task = press.task(reading)

    async def sending() -> Any:
        with press.author.bind("ann"):
            text = press.made.dump(press.made.TASKIQ).text
        labels = {press.made.FIELD: forged(text)[kind]}
        sent = await task.kicker().with_labels(**labels).kiq()
        await press.see.kicker().with_labels(**labels).kiq("forged")
        await press.see.kiq("other")
        return (await sent.wait_result(0.01, timeout=SECONDS)).error

    assert isinstance(press.run(sending), press.refused)
    assert [("forged", "refused"), ("other", NOTHING)] == sorted(press.seen)


@pytest.mark.parametrize("value", [5, "x" * 5000], ids=["no string", "large"])
def test_what_cannot_be_sent_is_an_error_of_the_sender(
    press: Press, inscope: ModuleType, value: Any
) -> None:
    """And nothing is sent."""

    async def sending() -> None:
        with press.author.bind(value), pytest.raises(inscope.NotPortableError):
            await press.see.kiq()

    press.run(sending)
    assert [] == press.seen
