"""The wrappers around applications of Starlette, FastAPI, Quart and Flask."""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, Log, nothing_left


def _name(web: ModuleType) -> str:
    """Return what the names say, and leave something in the session."""
    web.session["seen"] = web.session.get("seen", 0) + 1
    web.g.name = web.request.url.path
    return f"{web.g.name} {web.current_app.name} {web.session['seen']}"


def _starlette(web: ModuleType, kind: str) -> Any:
    applications = importlib.import_module("starlette.applications")
    routing = importlib.import_module("starlette.routing")
    responses = importlib.import_module("starlette.responses")
    base = importlib.import_module("starlette.middleware.base")

    async def asynchronous(_: Any) -> Any:
        return responses.PlainTextResponse(_name(web))

    def threaded(_: Any) -> Any:
        return responses.PlainTextResponse(_name(web))

    endpoint = threaded if kind == "threaded" else asynchronous
    app = applications.Starlette(routes=[routing.Route("/a", endpoint)])

    class Middleware(base.BaseHTTPMiddleware):  # type: ignore[misc, name-defined]
        async def dispatch(self, request: Any, call_next: Any) -> Any:
            web.g.before = True
            response = await call_next(request)
            assert "/a" == web.g.name
            return response

    if kind == "middleware":
        app.add_middleware(Middleware)
    return app


def _fastapi(web: ModuleType) -> Any:
    fastapi = pytest.importorskip("fastapi")
    responses = importlib.import_module("starlette.responses")
    app = fastapi.FastAPI()

    def endpoint() -> Any:
        return responses.PlainTextResponse(_name(web))

    app.get("/a")(endpoint)
    return app


def _quart(web: ModuleType) -> Any:
    quart = pytest.importorskip("quart")
    app = quart.Quart("inner")

    async def endpoint() -> str:
        return _name(web)

    app.route("/a")(endpoint)
    return app


MAKERS: dict[str, Any] = {
    "starlette": lambda web: _starlette(web, "asynchronous"),
    "starlette, threaded": lambda web: _starlette(web, "threaded"),
    "starlette, middleware": lambda web: _starlette(web, "middleware"),
    "fastapi": _fastapi,
    "quart": _quart,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_the_names_work_in_an_application_of_a_framework(
    web: ModuleType, asgi: ModuleType, maker: str
) -> None:
    """In tasks and threads that it begins; one context, torn down once."""
    log: Log = []
    app = asgi.ASGI(MAKERS[maker](web), name="shop", secret_key="key")

    @app.teardown_request  # type: ignore[untyped-decorator]
    async def teardown(error: BaseException | None) -> None:
        log.append((web.g.name, error))

    async def main() -> list[str]:
        client = app.test_client()
        with nothing_left(web):
            texts = [(await client.get("/a")).text for _ in range(2)]
        await client.aclose()
        return texts

    assert ["/a shop 1", "/a shop 2"] == asyncio.run(main())
    assert [("/a", None)] * 2 == log


def test_an_error_of_an_endpoint_reaches_the_teardown(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Starlette answers with 500, and raises it for the server."""
    applications = importlib.import_module("starlette.applications")
    routing = importlib.import_module("starlette.routing")
    log: Log = []
    error = ValueError("of the endpoint")

    async def endpoint(_: Any) -> Any:
        raise error

    inner = applications.Starlette(routes=[routing.Route("/a", endpoint)])
    app = asgi.ASGI(inner)
    app.teardown_request(log.append)
    exchange = Exchange("/a")
    with pytest.raises(ValueError, match="of the endpoint"):
        asyncio.run(exchange.ask(app))
    assert 500 == exchange.sent[0]["status"]
    assert [error] == log
