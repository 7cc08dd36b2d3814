"""``ASGI``: http, websocket and lifespan, in the task of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, Log, acting_async, answer, nothing_left


def _noting(asgi: ModuleType, application: Any, log: Log, **settings: Any) -> Any:
    """Return *application* wrapped, which notes each teardown and its error."""
    app = asgi.ASGI(application, **settings)

    async def teardown(error: BaseException | None) -> None:
        await asyncio.sleep(0)
        log.append(("teardown", error))

    app.teardown_appcontext(teardown)
    return app


def test_a_request_is_in_the_task_of_the_server(
    web: ModuleType, asgi: ModuleType
) -> None:
    """No task is begun, for the request or for its teardown."""
    log: Log = []
    tasks: list[Any] = []

    async def work() -> str:
        tasks.append(asyncio.current_task())
        return f"{web.request.url.path} {web.current_app.name}"

    async def main() -> bytes:
        app = _noting(asgi, acting_async(work), log, name="shop")
        app.teardown_appcontext(lambda _: tasks.append(asyncio.current_task()))
        with nothing_left(web):
            exchange = await Exchange("/here").ask(app)
        tasks.append(asyncio.current_task())
        return exchange.body

    assert b"/here shop" == asyncio.run(main())
    assert 3 == len(tasks)
    assert 1 == len(set(tasks))
    assert [("teardown", None)] == log


def test_a_websocket_has_a_context_with_a_request(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Its connection, whose headers and cookies can be read."""
    log: Log = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        web.after_this_request(
            lambda response: response.headers.__setitem__("x-a", web.request.url.path)
        )
        log.append(("request", web.request.headers["host"], web.has_request_context()))
        await send({"type": "websocket.accept", "subprotocol": "chat"})
        await send({"type": "websocket.send", "text": "hello"})

    async def main() -> Exchange:
        exchange = Exchange("/chat", kind="websocket")
        with nothing_left(web):
            return await exchange.ask(_noting(asgi, application, log))

    exchange = asyncio.run(main())
    assert [("request", "localhost", True), ("teardown", None)] == log
    assert "chat" == exchange.sent[0]["subprotocol"]
    assert ["/chat"] == exchange.values("x-a")
    assert {"type": "websocket.send", "text": "hello"} == exchange.sent[1]


def test_a_context_of_a_websocket_can_be_shown(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Messages of errors show it; a websocket has no method."""
    shown: list[str] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        _ = web.request.url
        shown.append(repr(web.app_ctx))

    app = asgi.ASGI(application, name="chat")
    asyncio.run(Exchange("/x", kind="websocket").ask(app))
    (text,) = shown
    assert text.startswith("<AppContext active of chat")


def test_a_lifespan_has_a_context_without_a_request(
    web: ModuleType, asgi: ModuleType
) -> None:
    """One, from its start to its end."""
    log: Log = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        log.append((asgi_scope["type"], web.has_app_context(), bool(web.request)))
        await asyncio.sleep(0)
        log.append(web.current_app.name)

    async def main() -> None:
        app = _noting(asgi, application, log, name="shop")
        app.teardown_request(lambda _: log.append("not called"))
        with nothing_left(web):
            await Exchange(kind="lifespan").ask(app)

    asyncio.run(main())
    assert [("lifespan", True, False), "shop", ("teardown", None)] == log


def test_what_is_no_known_kind_passes(web: ModuleType, asgi: ModuleType) -> None:
    """Servers have extensions."""
    seen: list[Any] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        seen.append((asgi_scope, receive, send, web.has_app_context()))

    async def main() -> list[Any]:
        arguments: list[Any] = [{"type": "other"}, print, repr]
        await asgi.ASGI(application)(*arguments)
        return [*arguments, False]

    assert [tuple(asyncio.run(main()))] == seen


def test_a_stream_sees_its_request_and_then_the_context_closes(
    web: ModuleType, asgi: ModuleType
) -> None:
    """A body in parts, in the application."""
    log: Log = []

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0)
            log.append(web.request.url.path)
            yield b"x"

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for part in parts():
            more = {"type": "http.response.body", "body": part, "more_body": True}
            await send(more)
        await send({"type": "http.response.body"})

    exchange = asyncio.run(Exchange("/x").ask(_noting(asgi, application, log)))
    assert b"xxx" == exchange.body
    assert ["/x", "/x", "/x", ("teardown", None)] == log


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_error_of_the_application_closes_the_context_with_it(
    web: ModuleType, asgi: ModuleType, when: str
) -> None:
    """Before or after the response has begun; the server gets it."""
    log: Log = []
    error = ValueError("of the application")

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        if when == "after":
            await answer(send)
        raise error

    async def main() -> None:
        with nothing_left(web), pytest.raises(ValueError, match="of the application"):
            await Exchange().ask(_noting(asgi, application, log))

    asyncio.run(main())
    assert [("teardown", error)] == log


def test_a_client_that_has_gone_closes_the_context(
    web: ModuleType, asgi: ModuleType
) -> None:
    """The server says so as it is to send."""
    log: Log = []
    app = _noting(asgi, acting_async(lambda: asyncio.sleep(0)), log)

    async def main() -> None:
        with nothing_left(web), pytest.raises(OSError, match="has gone away"):
            await Exchange(fails_at=1).ask(app)

    asyncio.run(main())
    assert [("teardown", OSError)] == [(name, type(error)) for name, error in log]


def test_a_request_that_is_cancelled_is_torn_down_to_the_end(
    web: ModuleType, asgi: ModuleType
) -> None:
    """What is awaited in the teardown is awaited; then the cancellation goes on."""
    log: Log = []

    async def main() -> None:
        begun = asyncio.Event()

        async def work() -> str:
            begun.set()
            await asyncio.Event().wait()
            return "never"

        app = _noting(asgi, acting_async(work), log)
        task = asyncio.create_task(Exchange().ask(app))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [("teardown", asyncio.CancelledError)] == [
        (name, type(error)) for name, error in log
    ]


def test_a_teardown_that_hangs_is_cancelled_in_the_end(
    web: ModuleType, asgi: ModuleType
) -> None:
    """After ``exit_timeout``, which the class of the context says."""
    log: Log = []

    class Context(web.AppContext):  # type: ignore[misc, name-defined]
        exit_timeout = 0

    async def hang(_: BaseException | None) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    app = asgi.ASGI(acting_async(lambda: asyncio.sleep(0)))
    app.context_class = Context
    app.teardown_appcontext(log.append)
    app.teardown_appcontext(hang)

    async def main() -> None:
        with nothing_left(web), pytest.raises(TimeoutError, match="hang"):
            await Exchange().ask(app)

    asyncio.run(main())
    assert ["cancelled", None] == log


def test_very_many_requests_at_once_never_meet(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Each in a task of its own, all of them waiting at each step."""
    var: ContextVar[str] = ContextVar("var", default="unset")
    many = 200

    async def main() -> list[bytes]:
        meeting = asyncio.Barrier(many)

        async def work() -> str:
            name = web.request.query_params["name"]
            assert "unset" == var.get()
            var.set(name)
            web.g.name = name
            web.session["name"] = name
            await meeting.wait()
            seen = {web.request.query_params["name"], web.g.name, var.get()}
            seen.add(web.session["name"])
            await meeting.wait()
            return "".join(seen)

        app = asgi.ASGI(acting_async(work), secret_key="key")
        exchanges = await asyncio.gather(
            *(Exchange(f"/?name={number}").ask(app) for number in range(many))
        )
        return [exchange.body for exchange in exchanges]

    assert [str(number).encode() for number in range(many)] == asyncio.run(main())


def test_a_made_up_request_can_be_opened(web: ModuleType, asgi: ModuleType) -> None:
    """With or without ``async``; its body is empty."""
    app = asgi.ASGI(acting_async(lambda: asyncio.sleep(0)))

    async def main() -> None:
        headers = {"x_a": "1"}
        async with app.test_request_context("/a?b=1", method="PUT", **headers):
            assert "/a" == asgi.request.url.path
            assert "1" == asgi.request.query_params["b"]
            assert "PUT" == asgi.request.method
            assert "1" == asgi.request.headers["x-a"]
            assert b"" == await asgi.request.body()

    asyncio.run(main())
    with app.test_request_context("/a"):
        assert "/a" == web.request.url.path
    with app.app_context():
        assert not web.request


@pytest.mark.parametrize("use", [lambda web: None, lambda web: web.session.get("a")])
def test_the_message_that_starts_the_response_stays_as_it_is(
    web: ModuleType, asgi: ModuleType, use: Callable[[Any], object]
) -> None:
    """Only headers are added to it, and the application's own is not changed."""
    start = {
        "type": "http.response.start",
        "status": 299,
        "trailers": True,
        "headers": [(b"x-a", b"1"), (b"x-a", b"2"), (b"set-cookie", b"a=\xff")],
    }

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        use(web)
        before = {**start, "headers": list(start["headers"])}  # type: ignore[call-overload]
        await send(start)
        assert before == start

    app = asgi.ASGI(application, secret_key="key")
    (sent,) = asyncio.run(Exchange().ask(app)).sent
    assert start["headers"] == sent["headers"][:3]
    assert {**sent, "headers": start["headers"]} == start
