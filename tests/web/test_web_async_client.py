"""The client for tests of ASGI: the same promises as that of WSGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest
from web_apps import Log, acting_async, answer, nothing_left

pytest.importorskip("httpx")


def _app(
    web: ModuleType,
    asgi: ModuleType,
    log: Log,
    action: Callable[[], Awaitable[object]] | None = None,
) -> Any:
    """Return an application that does *action*, and notes its teardowns in *log*."""

    async def work() -> object:
        web.g.path = web.request.url.path
        return await action() if action else web.request.url.path

    app = asgi.ASGI(acting_async(work), secret_key="key")

    async def teardown(error: BaseException | None) -> None:
        await asyncio.sleep(0)
        log.append((web.g.get("path"), error))

    app.teardown_request(teardown)
    return app


def test_without_a_block_nothing_is_kept(web: ModuleType, asgi: ModuleType) -> None:
    """The context has closed with the response."""
    log: Log = []

    async def main() -> None:
        client = _app(web, asgi, log).test_client()
        with nothing_left(web):
            assert "/a" == (await client.get("/a")).text
            assert [("/a", None)] == log
        await client.aclose()

    asyncio.run(main())


def test_in_a_block_the_context_of_the_last_request_is_kept(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Until the next one, or the end; each is torn down once, in the same task."""
    log: Log = []

    async def main() -> None:
        app = _app(web, asgi, log)
        with nothing_left(web):
            async with app.test_client() as client:
                await client.get("/a?x=1")
                assert "/a" == web.g.path
                assert "1" == asgi.request.query_params["x"]
                assert web.current_app._get_current_object() is app
                assert [] == log
                await client.get("/b")
                assert "/b" == web.g.path
                assert [("/a", None)] == log
            assert [("/a", None), ("/b", None)] == log

    asyncio.run(main())


def test_the_request_is_in_the_task_of_the_test(
    web: ModuleType, asgi: ModuleType
) -> None:
    """No task is begun."""

    async def main() -> None:
        tasks: list[Any] = []

        async def action() -> None:
            tasks.append(asyncio.current_task())

        async with _app(web, asgi, [], action).test_client() as client:
            await client.get("/")
        assert [asyncio.current_task()] == tasks

    asyncio.run(main())


def test_blocks_of_one_client_cannot_be_nested(
    web: ModuleType, asgi: ModuleType
) -> None:
    """The same error."""

    async def main() -> None:
        async with _app(web, asgi, []).test_client() as client:
            with pytest.raises(RuntimeError, match="Cannot nest client invocations"):
                await client.__aenter__()

    asyncio.run(main())


def test_an_application_that_fails_is_torn_down_in_a_block_too(
    web: ModuleType, asgi: ModuleType
) -> None:
    """There is no response to keep its context for."""
    log: Log = []
    error = ValueError("of the application")

    async def fail() -> None:
        raise error

    async def main() -> None:
        with nothing_left(web):
            async with _app(web, asgi, log, fail).test_client() as client:
                for _ in range(2):
                    with pytest.raises(ValueError, match="of the application"):
                        await client.get("/a")

    asyncio.run(main())
    assert [("/a", error)] * 2 == log


def test_each_hop_of_a_redirect_is_torn_down_once(
    web: ModuleType, asgi: ModuleType
) -> None:
    """The context of the last one is kept."""
    log: Log = []

    async def redirect(asgi_scope: Any, receive: Any, send: Any) -> None:
        web.g.path = asgi_scope["path"]
        number = int(asgi_scope["path"][1:])
        if not number:
            await answer(send)
            return
        headers = [(b"location", f"/{number - 1}".encode())]
        start = {"type": "http.response.start", "status": 302, "headers": headers}
        await send(start)
        await send({"type": "http.response.body"})

    async def main() -> None:
        app = asgi.ASGI(redirect)
        app.teardown_request(lambda _: log.append(web.g.path))
        with nothing_left(web):
            async with app.test_client(follow_redirects=True) as client:
                assert 200 == (await client.get("/2")).status_code
                assert "/0" == web.g.path
                assert ["/2", "/1"] == log

    asyncio.run(main())
    assert ["/2", "/1", "/0"] == log


def test_requests_at_once_are_all_torn_down_once(
    web: ModuleType, asgi: ModuleType
) -> None:
    """In tasks of their own, by one client, in its block or not."""
    log: Log = []
    many = 10

    async def main(keeps: bool) -> None:
        client = _app(web, asgi, log, lambda: asyncio.sleep(0)).test_client()
        if keeps:
            await client.__aenter__()
        paths = [f"/{number}" for number in range(many)]
        await asyncio.gather(*(client.get(path) for path in paths))
        if keeps:
            await client.__aexit__(None, None, None)
        else:
            await client.aclose()
        assert not web.has_app_context()

    asyncio.run(main(keeps=False))
    assert many == len(log)
    asyncio.run(main(keeps=True))
    assert 2 * many == len(log)
    assert many == len(set(log))


def test_a_session_comes_back(web: ModuleType, asgi: ModuleType) -> None:
    """The client keeps cookies."""

    async def count() -> int:
        web.session["count"] = web.session.get("count", 0) + 1
        return int(web.session["count"])

    async def main() -> list[str]:
        async with _app(web, asgi, [], count).test_client() as client:
            texts = [(await client.get("/")).text for _ in range(3)]
            assert 3 == web.session["count"]
            return texts

    assert ["1", "2", "3"] == asyncio.run(main())


def test_a_session_can_be_prepared_and_looked_at(
    web: ModuleType, asgi: ModuleType
) -> None:
    """By a block before and after the requests, as in the client of WSGI."""

    async def count() -> int:
        web.session["count"] = web.session.get("count", 0) + 1
        return int(web.session["count"])

    async def main() -> None:
        async with _app(web, asgi, [], count).test_client() as client:
            async with client.session_transaction() as kept:
                kept["count"] = 5
            assert "6" == (await client.get("/")).text
            async with client.session_transaction() as kept:
                assert {"count": 6} == dict(kept)

    asyncio.run(main())


def test_an_error_of_the_teardown_comes_out_of_the_block(
    web: ModuleType, asgi: ModuleType
) -> None:
    """And nothing stays active."""

    async def main() -> None:
        app = _app(web, asgi, [])

        @app.teardown_appcontext  # type: ignore[untyped-decorator]
        async def fail(_: BaseException | None) -> None:
            raise ValueError("of the teardown")

        client = app.test_client()
        with nothing_left(web), pytest.raises(ValueError, match="of the teardown"):
            async with client:
                await client.get("/")
        assert client.is_closed

    asyncio.run(main())
