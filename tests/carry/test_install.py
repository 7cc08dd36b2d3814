"""``install``: asyncio's default executor with the context of its caller."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, current_thread
from types import ModuleType
from typing import Any

import pytest
from carry_world import word

INHERITS: bool = getattr(sys.flags, "thread_inherit_context", False)

Run = Callable[[Any], Any]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """A function that runs a coroutine: on asyncio, and on uvloop."""
    factory: Any = None
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    def function(coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(coroutine)

    return function


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is in the first place."""
    token = word.set("here")
    yield
    word.reset(token)


def job(*args: Any) -> Any:
    """Return what ``word`` is, and change it."""
    found = word.get("nothing")
    word.set("left by a job")
    return found, *args


def in_executor(*args: Any) -> Any:
    """Run the job in the default executor."""
    return asyncio.get_running_loop().run_in_executor(None, job, *args)


def test_run_in_executor_has_the_context(carry: ModuleType, run: Run) -> None:
    """That of the caller; jobs leave nothing behind, and the rest is as ever."""

    async def main() -> None:
        carry.install()
        for _ in range(3):
            assert ("here", 1, 2) == await in_executor(1, 2)
        word.set("main")
        assert [("main",)] * 5 == await asyncio.gather(
            *(in_executor() for _ in range(5))
        )

        async def child() -> Any:
            word.set("child")
            return await in_executor()

        assert ("child",) == await asyncio.create_task(child())
        assert "main" == word.get()

    run(main())


@pytest.mark.skipif(INHERITS, reason="threads inherit the context here")
def test_without_it_nothing_is_carried(run: Run) -> None:
    """This is what it is for."""

    async def main() -> Any:
        return await in_executor()

    assert ("nothing",) == run(main())


def test_to_thread_stays_as_it_is(carry: ModuleType, run: Run) -> None:
    """Its jobs see the caller's context; keywords go through."""

    def keywords(**kwargs: Any) -> Any:
        return word.get(), kwargs, current_thread().name

    async def main() -> None:
        carry.install()
        for _ in range(2):
            assert ("here", 3) == await asyncio.to_thread(job, 3)
        found = await asyncio.to_thread(keywords, one=1)
        assert ("here", {"one": 1}) == found[:2]
        assert found[2].startswith("asyncio")

    run(main())


def test_errors_come_out(carry: ModuleType, run: Run) -> None:
    """As they are."""
    error = LookupError()

    def fail() -> None:
        raise error

    async def main() -> None:
        carry.install()
        with pytest.raises(LookupError) as caught:
            await asyncio.get_running_loop().run_in_executor(None, fail)
        assert error is caught.value

    run(main())


def test_uninstall(carry: ModuleType, run: Run) -> None:
    """By a block, or by hand; once more does nothing."""

    async def main() -> None:
        with carry.install() as installation:
            assert ("here",) == await in_executor()
            installation.uninstall()
            installation.uninstall()
            await _assert_nothing_carried()
        await _assert_nothing_carried()
        with suppress(KeyError), carry.install():
            assert ("here",) == await in_executor()
            raise KeyError
        await _assert_nothing_carried()
        with carry.install():
            assert ("here",) == await in_executor()

    run(main())


async def _assert_nothing_carried() -> None:
    """What a job sees does not depend on who submits it."""
    token = word.set("changed")
    found = await in_executor()
    word.reset(token)
    assert INHERITS or ("changed",) != found


def test_installed_twice(carry: ModuleType, run: Run) -> None:
    """The second one changes nothing; each takes back its own."""

    async def main() -> None:
        with carry.install():
            with carry.install():
                assert ("here",) == await in_executor()
            assert ("here",) == await in_executor()
        await _assert_nothing_carried()

    run(main())


def test_an_executor_that_was_set_before(carry: ModuleType) -> None:
    """Does the work, and is there again afterwards."""

    def name() -> tuple[str, str]:
        return current_thread().name, word.get("nothing")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        inner = ThreadPoolExecutor(1, thread_name_prefix="mine")
        loop.set_default_executor(inner)
        with carry.install():
            assert ("mine_0", "here") == await loop.run_in_executor(None, name)
            assert ("mine_0", "here") == await asyncio.to_thread(name)
        found = await loop.run_in_executor(None, name)
        assert "mine_0" == found[0]
        await _assert_nothing_carried()
        assert not inner._shutdown

    asyncio.run(main())


def test_jobs_under_way_when_it_is_taken_back(carry: ModuleType, run: Run) -> None:
    """They go on, and those that wait, too."""
    started, go = Event(), Event()

    def hold() -> str:
        started.set()
        go.wait(10)
        return word.get()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with carry.install():
            jobs = [loop.run_in_executor(None, hold) for _ in range(50)]
            started.wait(10)
        go.set()
        assert ["here"] * 50 == await asyncio.gather(*jobs)

    run(main())


def test_the_end_of_the_loop(carry: ModuleType, run: Run) -> None:
    """Waits for what is running, as ``asyncio.run`` does with any."""
    started, go, found = Event(), Event(), list[str]()

    def work() -> None:
        started.set()
        go.wait(10)
        found.append(word.get())

    async def main() -> Any:
        carry.install()
        future = asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.to_thread(started.wait, 10)
        asyncio.get_running_loop().call_soon(go.set)
        return future

    run(main())
    assert ["here"] == found


def test_on_a_loop_that_is_given(carry: ModuleType, run: Run) -> None:
    """Before it runs."""

    async def main() -> Any:
        return await in_executor()

    loop = asyncio.new_event_loop()
    try:
        with carry.install(loop):
            assert ("here",) == loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_an_executor_that_was_set_inside_stays(carry: ModuleType) -> None:
    """The loop of asyncio tells which it has."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        with carry.install():
            loop.set_default_executor(ThreadPoolExecutor(1, "own"))
        return await loop.run_in_executor(None, lambda: current_thread().name)

    assert "own_0" == asyncio.run(main())


def test_without_a_loop(carry: ModuleType) -> None:
    """It says what it needs."""
    with pytest.raises(RuntimeError, match=r"install\(\) needs a loop"):
        carry.install()


@pytest.mark.parametrize("loop", [3, "loop", object()])
def test_what_is_no_loop(carry: ModuleType, loop: Any) -> None:
    """Is refused by name."""
    with pytest.raises(TypeError, match=r"install\(\) takes an event loop"):
        carry.install(loop)


def test_a_library_that_asks_for_the_executor(carry: ModuleType, run: Run) -> None:
    """``loop.getaddrinfo`` goes by it."""

    async def main() -> Any:
        carry.install()
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo("127.0.0.1", 80)

    assert "127.0.0.1" == run(main())[0][4][0]
