"""``copy_current_request_context`` of asynchronous generators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import ModuleType
from typing import Any

import pytest
from web_apps import Log, nothing_left, saying


def _chatty(web: ModuleType, log: Log) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return an asynchronous generator function that tells what it gets."""

    async def chatty(first: str) -> AsyncGenerator[Any, Any]:
        got: Any = first
        try:
            while got != "end":
                await asyncio.sleep(0)
                try:
                    got = yield web.request.path, got, list(web.g)
                    web.g.seen = True
                except KeyError as error:
                    got = f"caught {error}"
        finally:
            await asyncio.sleep(0)
            log.append(("finally", web.request.path))

    return chatty


async def _copied(web: ModuleType, log: Log, path: str = "/x") -> Any:
    """Return a copied generator function, of an application that notes teardowns."""
    app = web.WSGI(saying())

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    async def teardown(error: BaseException | None) -> None:
        await asyncio.sleep(0)
        log.append("teardown")

    async with app.test_request_context(path):
        copied = web.copy_current_request_context(_chatty(web, log))
    log.clear()
    return copied


def _noting(web: ModuleType, log: Log, function: Any) -> Any:
    """Return *function* copied; *log* gets the error of each of its teardowns."""
    app = web.WSGI(saying())
    app.teardown_appcontext(log.append)
    with app.test_request_context("/x"):
        copied = web.copy_current_request_context(function)
    assert [None] == log[-1:]
    log.pop()
    return copied


def test_it_is_driven_as_any(web: ModuleType) -> None:
    """``asend`` and ``athrow`` reach it; its context is not the caller's."""
    log: Log = []

    async def main() -> None:
        steps = (await _copied(web, log))("first")
        with nothing_left(web):
            assert ("/x", "first", []) == await anext(steps)
            assert not web.has_app_context()
            assert ("/x", "second", ["seen"]) == await steps.asend("second")
            thrown = await steps.athrow(KeyError("thrown"))
            assert ("/x", "caught 'thrown'", ["seen"]) == thrown
            with pytest.raises(StopAsyncIteration):
                await steps.asend("end")
            with pytest.raises(StopAsyncIteration):
                await anext(steps)

    asyncio.run(main())
    assert [("finally", "/x"), "teardown"] == log


def test_it_is_read_as_any(web: ModuleType) -> None:
    """By ``async for``, to its end."""
    log: Log = []

    async def count() -> AsyncGenerator[str, None]:
        for number in range(3):
            await asyncio.sleep(0)
            web.g.number = number
            yield f"{web.request.path}{web.g.number}"

    async def main() -> list[str]:
        copied = _noting(web, log, count)
        with nothing_left(web):
            return [item async for item in copied()]

    assert ["/x0", "/x1", "/x2"] == asyncio.run(main())
    assert [None] == log


def test_an_error_comes_out_and_closes_the_context_with_it(web: ModuleType) -> None:
    """Its own as well as one that it was thrown and did not catch."""
    log: Log = []

    async def main(own: bool) -> None:
        async def fail() -> AsyncGenerator[int, None]:
            yield 1
            raise ValueError("an error")

        copied = _noting(web, log, fail)
        steps = copied()
        assert 1 == await anext(steps)
        with nothing_left(web), pytest.raises(ValueError, match="an error"):
            await (anext(steps) if own else steps.athrow(ValueError("an error")))

    asyncio.run(main(own=True))
    asyncio.run(main(own=False))
    assert [ValueError, ValueError] == [type(error) for error in log]


@pytest.mark.parametrize("steps_before", [0, 1])
def test_one_that_is_closed_early_closes_its_context(
    web: ModuleType, steps_before: int
) -> None:
    """Unless it has never begun: then there is none."""
    log: Log = []

    async def main() -> None:
        steps = (await _copied(web, log))("first")
        for _ in range(steps_before):
            await anext(steps)
        with nothing_left(web):
            await steps.aclose()
        await steps.aclose()

    asyncio.run(main())
    assert [("finally", "/x"), "teardown"] * steps_before == log


def test_one_that_is_dropped_is_closed_by_the_loop(web: ModuleType) -> None:
    """As all asynchronous generators of asyncio are."""
    log: Log = []

    async def main() -> None:
        steps = (await _copied(web, log))("first")
        await anext(steps)
        del steps
        with nothing_left(web):
            for _ in range(20):
                await asyncio.sleep(0)

    asyncio.run(main())
    assert [("finally", "/x"), "teardown"] == log


def test_one_whose_task_is_cancelled_closes_its_context(web: ModuleType) -> None:
    """In that task, to the end."""
    log: Log = []

    async def main() -> None:
        begun = asyncio.Event()

        async def hang() -> AsyncGenerator[int, None]:
            try:
                begun.set()
                await asyncio.Event().wait()
                yield 1
            finally:
                log.append(web.request.path)

        copied = _noting(web, log, hang)

        async def read() -> None:
            async for _ in copied():
                pass

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ["/x", asyncio.CancelledError] == [log[0], type(log[1])]
    assert 2 == len(log)


def test_several_that_are_read_by_turns_do_not_meet(web: ModuleType) -> None:
    """In one task, and each by another task in each step."""
    log: Log = []

    async def main() -> None:
        copies = [await _copied(web, log, f"/{number}") for number in range(5)]
        many = [copied("first") for copied in copies]
        with nothing_left(web):
            for _ in range(3):
                steps = [asyncio.ensure_future(anext(one)) for one in many]
                for number, step in enumerate(steps):
                    path, *_ = await step
                    assert f"/{number}" == path
            for one in many:
                await one.aclose()

    asyncio.run(main())
    assert [f"/{number}" for number in range(5)] == [
        entry[1] for entry in log if entry != "teardown"
    ]
    assert 10 == len(log)
