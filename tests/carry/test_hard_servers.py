"""A hard case: a request that sees what another one before it has left.

uvicorn makes the task of a request that was pipelined in the context of the one before;
``httpx.ASGITransport`` runs each one in the context of the test.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from pipelined import pipelined

httpx: Any = pytest.importorskip("httpx")

Ask = Callable[[Any], list[str]]


PATHS = ["/ann", "/bob", "/eve"]


async def _in_one_test(app: Any) -> list[str]:
    """Return the answers of *app* to three requests, made by httpx one by one."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return [(await client.get(path)).text for path in PATHS]


def _h11(app: Any) -> list[str]:
    return pipelined(app, "h11", [(path, {}) for path in PATHS])


def _httptools(app: Any) -> list[str]:
    return pipelined(app, "httptools", [(path, {}) for path in PATHS])


def _httpx(app: Any) -> list[str]:
    return asyncio.run(_in_one_test(app))


SERVERS = pytest.mark.parametrize(
    "ask",
    [
        pytest.param(_h11, id="h11"),
        pytest.param(_httptools, id="httptools"),
        pytest.param(_httpx, id="httpx"),
    ],
)


def _app(get_user: Callable[[], str], set_user: Callable[[str], object]) -> Any:
    """Return an application that says who is there, and sets who asks."""

    async def app(asgi_scope: Any, receive: Any, send: Any) -> None:
        body = get_user().encode()
        set_user(asgi_scope["path"].strip("/"))
        headers = [(b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return app


NOBODY = ["nobody"] * 3


@SERVERS
def test_a_request_sees_a_context_variable_of_the_one_before(ask: Ask) -> None:
    """The fault: bob is served as ann."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    assert ["nobody", "ann", "bob"] == ask(_app(current.get, current.set))


@SERVERS
def test_an_application_that_is_carried_begins_where_it_was_made(
    inscope: ModuleType, carry: ModuleType, ask: Ask
) -> None:
    """``carry(app)``: each request has a copy of the context of that moment."""
    current = inscope.Var("current", default="nobody")
    plain: ContextVar[str] = ContextVar("plain")
    with current.bind("everyone"):
        app = carry.carry(_app(current.get, current.set))
    assert ["everyone"] * 3 == ask(app)

    app = carry.carry(_app(lambda: plain.get("nobody"), plain.set))
    assert NOBODY == ask(app)


def test_a_server_does_not_take_what_is_carried_for_a_factory(
    carry: ModuleType,
) -> None:
    """uvicorn calls it without arguments, to see whether that raises a TypeError."""
    app = _app(str, str)
    for carried in (app, carry.carry(app), carry.Snapshot.capture().wrap(app)):
        with pytest.raises(TypeError):
            carried()


@SERVERS
def test_an_application_object_that_is_carried(
    inscope: ModuleType, carry: ModuleType, ask: Ask
) -> None:
    """One of Starlette's, say: servers take what results for an ASGI application."""
    applications = pytest.importorskip("starlette.applications")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")
    current = inscope.Var("current", default="nobody")

    async def endpoint(request: Any) -> Any:
        before = current.get()
        current.set(request.path_params["user"])
        return responses.PlainTextResponse(before)

    app = applications.Starlette(routes=[routing.Route("/{user}", endpoint)])
    assert ["nobody", "ann", "bob"] == ask(app)
    assert NOBODY == ask(carry.carry(app))


@SERVERS
def test_an_application_that_is_driven_detached(
    inscope: ModuleType, carry: ModuleType, ask: Ask
) -> None:
    """Each request begins with nothing but what is kept."""
    current = inscope.Var("current", default="nobody")
    server = inscope.Var("server", default="unknown")
    app = _app(lambda: f"{current.get()} {server.get()}", current.set)

    async def isolated(asgi_scope: Any, receive: Any, send: Any) -> None:
        with server.bind("here"):
            snapshot = carry.detached(keep=[server])
        await snapshot.drive(app(asgi_scope, receive, send))

    assert ["nobody here"] * 3 == ask(isolated)


@SERVERS
def test_each_request_has_its_own_g(inscope: ModuleType, ask: Ask) -> None:
    """The context of ``inscope.web`` is made anew, whatever was there."""
    g = importlib.import_module("inscope.web").g
    web_asgi = importlib.import_module("inscope.web.asgi")
    app = _app(lambda: g.get("user", "nobody"), lambda user: setattr(g, "user", user))
    assert NOBODY == ask(web_asgi.ASGI(app))


@SERVERS
def test_each_request_has_its_own_scope(inscope: ModuleType, ask: Ask) -> None:
    """It is opened within the one before, as that has not closed; it hides it."""

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        user = "nobody"

    app = _app(
        lambda: Request.current().user,
        lambda user: setattr(Request.current(), "user", user),
    )

    async def with_scope(asgi_scope: Any, receive: Any, send: Any) -> None:
        async with Request():
            await app(asgi_scope, receive, send)

    assert NOBODY == ask(with_scope)


def test_a_bind_that_revokes_leaves_nothing_to_a_pipelined_request(
    inscope: ModuleType,
) -> None:
    """That is begun within the block of the one before, and keeps what was bound."""

    def binding(current: Any) -> Any:
        async def app(asgi_scope: Any, receive: Any, send: Any) -> None:
            before = current.get()
            with current.bind(asgi_scope["path"].strip("/")):
                await _app(lambda: before, lambda _: None)(asgi_scope, receive, send)

        return app

    keeping = inscope.Var("keeping", default="nobody")
    assert ["nobody", "ann", "bob"] == _h11(binding(keeping))
    revoking = inscope.Var("revoking", default="nobody", after_exit="revoke")
    assert NOBODY == _h11(binding(revoking))
