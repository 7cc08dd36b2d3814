"""A hard case: what a dependency of FastAPI's binds, which runs in a thread.

FastAPI runs it in a copy of the context, up to its ``yield`` in one and from there in
another.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from asking import ask

fastapi: Any = pytest.importorskip("fastapi")

Log = list[Any]


def _app(dependency: Callable[..., Any], name: Callable[[], str]) -> Any:
    """Return an application whose endpoints say *name*, after *dependency* has run."""
    app = fastapi.FastAPI(dependencies=[fastapi.Depends(dependency)])

    def threaded() -> str:
        return name()

    async def asynchronous() -> str:
        return name()

    app.get("/sync/{user}")(threaded)
    app.get("/async/{user}")(asynchronous)
    return app


ENDPOINTS = pytest.mark.parametrize("endpoint", ["sync", "async"])


@ENDPOINTS
def test_a_context_variable_of_a_sync_dependency_does_not_reach_the_endpoint(
    endpoint: str,
) -> None:
    """The fault."""
    current: ContextVar[str] = ContextVar("current", default="nobody")

    def dependency(user: str) -> Iterator[None]:
        current.set(user)
        yield

    app = _app(dependency, current.get)
    assert ["nobody"] == ask(app, f"/{endpoint}/ann")


@ENDPOINTS
def test_a_context_variable_of_a_sync_dependency_cannot_be_reset(endpoint: str) -> None:
    """The fault: the request fails."""
    current: ContextVar[str] = ContextVar("current", default="nobody")

    def dependency(user: str) -> Iterator[None]:
        token = current.set(user)
        yield
        current.reset(token)

    app = _app(dependency, current.get)
    with pytest.raises(ValueError, match="created in a different Context"):
        ask(app, f"/{endpoint}/ann")


@ENDPOINTS
def test_a_scope_of_the_request_brings_it_to_the_endpoint(
    inscope: ModuleType, log: Log, endpoint: str
) -> None:
    """All that a request runs shares it; requests at the same time do not."""

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        user = "nobody"

    current = Request.proxy("user")

    def dependency(user: str) -> Iterator[None]:
        Request.current().user = user
        yield
        log.append(str(current))

    app = _app(dependency, lambda: str(current))

    async def with_scope(asgi_scope: Any, receive: Any, send: Any) -> None:
        async with Request():
            await app(asgi_scope, receive, send)

    paths = [f"/{endpoint}/ann", f"/{endpoint}/bob"]
    assert ["ann", "bob"] == ask(with_scope, *paths)
    assert ["ann", "bob"] == sorted(log)


@ENDPOINTS
def test_the_g_of_inscope_web_brings_it_to_the_endpoint(
    inscope: ModuleType, log: Log, endpoint: str
) -> None:
    """The same, with nothing to declare."""
    g = importlib.import_module("inscope.web").g
    web_asgi = importlib.import_module("inscope.web.asgi")

    def dependency(user: str) -> Iterator[None]:
        g.user = user
        yield
        log.append(g.user)

    app = web_asgi.ASGI(_app(dependency, lambda: str(g.user)))
    paths = [f"/{endpoint}/ann", f"/{endpoint}/bob"]
    assert ["ann", "bob"] == ask(app, *paths)
    assert ["ann", "bob"] == sorted(log)


@ENDPOINTS
def test_a_resource_of_the_scope_stands_for_the_dependency(
    inscope: ModuleType, log: Log, endpoint: str
) -> None:
    """It is made where it is first used, also in a thread; it ends with the request."""

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        pass

    def function() -> Iterator[list[str]]:
        log.append("open")
        yield ["connected"]
        log.append("closed")

    connection = Request.resource(function)

    def dependency(user: str) -> None:
        connection.append(user)

    app = _app(dependency, lambda: " ".join(connection))

    async def with_scope(asgi_scope: Any, receive: Any, send: Any) -> None:
        async with Request():
            await app(asgi_scope, receive, send)
        log.append("answered")

    assert ["connected ann"] == ask(with_scope, f"/{endpoint}/ann")
    assert ["open", "closed", "answered"] == log


@ENDPOINTS
def test_a_bind_of_a_sync_dependency_ends_without_an_error(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    """FastAPI has lost its value all the same; that is told once, with its place."""
    current = inscope.Var("current", default="nobody")

    def dependency(user: str) -> Iterator[None]:
        with current.bind(user):
            yield

    app = _app(dependency, current.get)
    with caplog.at_level(logging.WARNING, "inscope"):
        assert ["nobody"] == ask(app, f"/{endpoint}/ann")
    [record] = [one for one in caplog.records if one.name.startswith("inscope")]
    assert "test_hard_fastapi.py" in record.getMessage()


@ENDPOINTS
def test_a_bind_of_an_async_dependency_reaches_the_endpoint(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    """As it runs in the context of the request; with nothing to report."""
    current = inscope.Var("current", default="nobody")

    async def dependency(user: str) -> AsyncIterator[None]:
        with current.bind(user):
            yield

    app = _app(dependency, current.get)
    paths = [f"/{endpoint}/ann", f"/{endpoint}/bob"]
    assert ["ann", "bob"] == ask(app, *paths)
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


def _dependencies(current: Any) -> dict[str, Any]:
    """Return dependencies of every kind: what they give is who is bound in them."""

    def function(user: str) -> Any:
        return [user, current.get()]

    async def coroutine(user: str) -> Any:
        return [user, current.get()]

    def generator(user: str) -> Iterator[Any]:
        with current.bind(f"{current.get()}, inside"):
            yield [user, current.get()]
            assert "ann, inside" == current.get()

    async def async_generator(user: str) -> AsyncIterator[Any]:
        with current.bind(f"{current.get()}, inside"):
            yield [user, current.get()]
            assert "ann, inside" == current.get()

    class Called:
        def __call__(self, user: str) -> Any:
            return function(user)

    class Awaited:
        async def __call__(self, user: str) -> Any:
            return function(user)

    return {
        "function": function,
        "coroutine": coroutine,
        "generator": generator,
        "async generator": async_generator,
        "callable": Called(),
        "awaitable": Awaited(),
    }


@ENDPOINTS
@pytest.mark.parametrize("kind", _dependencies(None))
def test_dependencies_and_endpoints_may_be_carried(
    inscope: ModuleType,
    carry: ModuleType,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    endpoint: str,
) -> None:
    """FastAPI finds their parameters, and runs each as what it is."""
    current = inscope.Var("current", default="nobody")
    with current.bind("ann"):
        dependency = carry.carry(_dependencies(current)[kind])
    needed: Any = fastapi.Depends(dependency)

    def threaded(given: Any = needed) -> Any:
        return [*given, current.get()]

    async def asynchronous(given: Any = needed) -> Any:
        return [*given, current.get()]

    app = fastapi.FastAPI()
    with current.bind("bob"):
        app.get("/sync/{user}")(carry.carry(threaded))
        app.get("/async/{user}")(carry.carry(asynchronous))

    inside = "ann, inside" if "generator" in kind else "ann"
    assert [["eve", inside, "bob"]] == ask(app, f"/{endpoint}/eve")
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]
