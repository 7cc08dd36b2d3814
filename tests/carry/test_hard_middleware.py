"""A hard case: Starlette's BaseHTTPMiddleware, which runs the endpoint in a task."""

from __future__ import annotations

import importlib
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from asking import ask

pytest.importorskip("starlette")

Log = list[Any]

ENDPOINTS = pytest.mark.parametrize("endpoint", ["sync", "async"])


def _app(set_user: Any, get_user: Any, log: Log) -> Any:
    """Return an application: its endpoints set the user, its middleware asks for it."""
    applications = importlib.import_module("starlette.applications")
    base = importlib.import_module("starlette.middleware.base")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")

    def threaded(request: Any) -> Any:
        set_user(request.path_params["user"])
        return responses.PlainTextResponse("")

    async def asynchronous(request: Any) -> Any:
        set_user(request.path_params["user"])
        return responses.PlainTextResponse("")

    class Middleware(base.BaseHTTPMiddleware):  # type: ignore[misc, name-defined]
        async def dispatch(self, request: Any, call_next: Any) -> Any:
            set_user("nobody")
            response = await call_next(request)
            log.append(get_user())
            return response

    app = applications.Starlette(
        routes=[
            routing.Route("/sync/{user}", threaded),
            routing.Route("/async/{user}", asynchronous),
        ]
    )
    app.add_middleware(Middleware)
    return app


@ENDPOINTS
def test_a_context_variable_of_the_endpoint_is_invisible_after_call_next(
    endpoint: str,
) -> None:
    """The fault."""
    log: Log = []
    current: ContextVar[str] = ContextVar("current")
    ask(_app(current.set, current.get, log), f"/{endpoint}/ann")
    assert ["nobody"] == log


@ENDPOINTS
def test_an_attribute_of_a_scope_is_visible_after_call_next(
    inscope: ModuleType, endpoint: str
) -> None:
    """The task of the endpoint has the same scope; another request has not."""
    log: Log = []

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        user = "nobody"

    def set_user(user: str) -> None:
        Request.current().user = user

    app = _app(set_user, lambda: Request.current().user, log)

    async def with_scope(asgi_scope: Any, receive: Any, send: Any) -> None:
        async with Request():
            await app(asgi_scope, receive, send)

    ask(with_scope, f"/{endpoint}/ann", f"/{endpoint}/bob")
    assert ["ann", "bob"] == sorted(log)


@ENDPOINTS
def test_what_g_has_is_visible_after_call_next(
    inscope: ModuleType, endpoint: str
) -> None:
    """The same, with nothing to declare."""
    log: Log = []
    g = importlib.import_module("inscope.web").g
    web_asgi = importlib.import_module("inscope.web.asgi")
    app = _app(partial(setattr, g, "user"), lambda: g.user, log)

    ask(web_asgi.ASGI(app), f"/{endpoint}/ann", f"/{endpoint}/bob")
    assert ["ann", "bob"] == sorted(log)


def test_a_variable_is_visible_after_a_pure_asgi_middleware(
    inscope: ModuleType,
) -> None:
    """It runs the endpoint in its own task, so that what that sets, it sees."""
    log: Log = []
    current = inscope.Var("current")
    routing = importlib.import_module("starlette.routing")
    responses = importlib.import_module("starlette.responses")

    async def endpoint(request: Any) -> Any:
        current.set(request.path_params["user"])
        return responses.PlainTextResponse("")

    app = routing.Router([routing.Route("/{user}", endpoint)])

    async def middleware(asgi_scope: Any, receive: Any, send: Any) -> None:
        with current.bind("nobody"):
            await app(asgi_scope, receive, send)
            log.append(current.get())
        log.append(current.is_bound())

    ask(middleware, "/ann")
    assert ["ann", False] == log
