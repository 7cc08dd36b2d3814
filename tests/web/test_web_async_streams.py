"""``stream_with_context`` of asynchronous iterators, and streams under ASGI."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, Log, nothing_left

responses = pytest.importorskip("starlette.responses")


async def _names(web: ModuleType, log: Log, count: int = 3) -> AsyncIterator[str]:
    """Yield the request's path, and tell of the end."""
    try:
        for _ in range(count):
            await asyncio.sleep(0)
            yield web.request.url.path
    finally:
        log.append(("end", web.request.url.path))


def _sync_names(web: ModuleType, log: Log) -> Iterator[str]:
    """The same without ``await``."""
    try:
        for _ in range(3):
            yield web.request.url.path
    finally:
        log.append(("end", web.request.url.path))


def _app(asgi: ModuleType, log: Log, application: Any = print) -> Any:
    """Return an application that notes its teardowns."""
    app = asgi.ASGI(application)

    async def teardown(error: BaseException | None) -> None:
        await asyncio.sleep(0)
        log.append(("teardown", error))

    app.teardown_appcontext(teardown)
    return app


async def _settle(log: Log) -> None:
    """Let everything run that the loop is given until there was a teardown.

    The thread that made the last step of a stream may be the last to hold it.
    """
    for _ in range(5000):
        gc.collect()
        if any(name == "teardown" for name, _ in log):
            break
        await asyncio.sleep(0.001)
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_stream_sees_its_request_after_the_function_has_returned(
    web: ModuleType, asgi: ModuleType
) -> None:
    """And the context closes at its end, once."""
    log: Log = []

    async def main() -> None:
        async with _app(asgi, log).test_request_context("/x") as context:
            stream = web.stream_with_context(_names(web, log))
        with nothing_left(web):
            assert [] == log
            assert ["/x"] * 3 == [name async for name in stream]
            assert [("end", "/x"), ("teardown", None)] == log
            assert "closed" == context.state
            assert [] == [name async for name in stream]
            await stream.aclose()

    asyncio.run(main())
    assert 2 == len(log)


def test_as_a_decorator_it_streams_each_call(web: ModuleType, asgi: ModuleType) -> None:
    """The context is that of the call."""
    log: Log = []

    @web.stream_with_context  # type: ignore[untyped-decorator]
    def names(count: int) -> AsyncIterator[str]:
        return _names(web, log, count)

    async def main() -> list[list[str]]:
        streams = []
        for path in ("/a", "/b"):
            async with _app(asgi, log).test_request_context(path):
                streams.append(names(1))
        return [[name async for name in stream] for stream in streams]

    assert [["/a"], ["/b"]] == asyncio.run(main())
    assert 4 == len(log)


def test_streams_that_are_read_by_turns_see_their_own_request(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Each step in a task of its own, all at once."""
    log: Log = []

    async def main() -> None:
        streams = []
        for path in "abc":
            async with _app(asgi, log).test_request_context(f"/{path}"):
                streams.append(web.stream_with_context(_names(web, log, 4)))
        with nothing_left(web):
            for _ in range(3):
                names = await asyncio.gather(*(anext(stream) for stream in streams))
                assert ["/a", "/b", "/c"] == names
            for stream in streams:
                await stream.aclose()

    asyncio.run(main())
    ends = [what for name, what in log if name == "end"]
    assert ["/a", "/b", "/c"] == ends
    assert 6 == len(log)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_stream_that_is_closed_half_way_closes_its_context(
    web: ModuleType, asgi: ModuleType, steps: int
) -> None:
    """Also where it has never begun."""
    log: Log = []

    async def main() -> None:
        async with _app(asgi, log).test_request_context("/x"):
            stream = web.stream_with_context(_names(web, log))
        for _ in range(steps):
            await anext(stream)
        with nothing_left(web):
            await stream.aclose()

    asyncio.run(main())
    assert [("end", "/x")] * steps + [("teardown", None)] == log


@pytest.mark.parametrize("steps", [0, 1])
def test_a_stream_that_is_dropped_is_closed_by_the_loop(
    web: ModuleType, asgi: ModuleType, steps: int
) -> None:
    """As an asynchronous generator is; its context must not stay open for ever."""
    log: Log = []

    async def main() -> None:
        async with _app(asgi, log).test_request_context("/x"):
            stream = web.stream_with_context(_names(web, log))
        for _ in range(steps):
            await anext(stream)
        del stream
        with nothing_left(web):
            await _settle(log)

    asyncio.run(main())
    assert 1 == [name for name, _ in log].count("teardown")


def test_an_error_of_a_stream_closes_its_context_with_it(
    web: ModuleType, asgi: ModuleType
) -> None:
    """It comes out of the step."""
    log: Log = []
    error = ValueError("of the stream")

    async def fail() -> AsyncIterator[int]:
        yield 1
        raise error

    async def main() -> None:
        async with _app(asgi, log).test_request_context("/x"):
            stream = web.stream_with_context(fail())
        assert 1 == await anext(stream)
        with nothing_left(web), pytest.raises(ValueError, match="of the stream"):
            await anext(stream)

    asyncio.run(main())
    assert [("teardown", error)] == log


def test_a_stream_whose_reader_is_cancelled_closes_its_context(
    web: ModuleType, asgi: ModuleType
) -> None:
    """To the end of its teardown."""
    log: Log = []

    async def hang() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 1

    async def main() -> None:
        async with _app(asgi, log).test_request_context("/x"):
            stream = web.stream_with_context(hang())
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        with nothing_left(web), pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ["teardown"] == [name for name, _ in log]


def _streaming(web: ModuleType, log: Log, kind: str) -> Any:
    """Return an application of Starlette's that streams names."""

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        names: Any = _names(web, log) if kind == "async" else _sync_names(web, log)
        response = responses.StreamingResponse(web.stream_with_context(names))
        await response(asgi_scope, receive, send)

    return application


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_stream_as_the_response_of_starlette_is_read_in_its_context(
    web: ModuleType, asgi: ModuleType, kind: str
) -> None:
    """Without ``async`` each step is on a thread; the context closes at the end."""
    log: Log = []

    async def main() -> bytes:
        app = _app(asgi, log, _streaming(web, log, kind))
        with nothing_left(web):
            return (await Exchange("/x").ask(app)).body

    assert b"/x" * 3 == asyncio.run(main())
    assert [("end", "/x"), ("teardown", None)] == log


@pytest.mark.parametrize("kind", ["async", "sync"])
@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_a_client_that_goes_away_in_the_middle_closes_the_context(
    web: ModuleType, asgi: ModuleType, kind: str, fails_at: int
) -> None:
    """The server raises as it is to send: nobody reads or closes the stream."""
    log: Log = []

    async def main() -> None:
        app = _app(asgi, log, _streaming(web, log, kind))
        with nothing_left(web):
            with pytest.raises(Exception):  # noqa: B017, PT011  # Starlette's own
                await Exchange("/x", fails_at=fails_at).ask(app)
            await _settle(log)

    asyncio.run(main())
    assert 1 == [name for name, _ in log].count("teardown")


def test_a_stream_that_is_being_read_cannot_be_closed(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Nothing is closed under the step that is taken; afterwards it can be."""
    log: Log = []
    app = _app(asgi, log)

    async def main() -> None:
        go_on = asyncio.Event()

        async def names() -> AsyncIterator[str]:
            await go_on.wait()
            yield web.request.url.path

        async with app.test_request_context("/here"):
            stream = web.stream_with_context(names())
        step = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="is being read"):
            await stream.aclose()
        assert [] == log
        go_on.set()
        assert "/here" == await step
        await stream.aclose()

    asyncio.run(main())
    assert [("teardown", None)] == log
