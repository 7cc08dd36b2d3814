"""A hard case: the body of a StreamingResponse, made after its view has ended.

Starlette advances a sync generator in threads: each step in a copy of the context,
which is thrown away. An async one runs in the task of the request.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from asking import ask

responses: Any = pytest.importorskip("starlette.responses")

Log = list[Any]
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


def _app(view: Callable[[str], Any]) -> Any:
    """Return an application whose *view* takes the user and returns the body."""
    routing = importlib.import_module("starlette.routing")

    async def endpoint(request: Any) -> Any:
        return responses.StreamingResponse(view(request.path_params["user"]))

    return routing.Router([routing.Route("/{user}", endpoint)])


def _saying(name: Callable[[], str], kind: str) -> Callable[[], Any]:
    """Return a generator function of this kind that says *name*, twice."""

    def sync() -> Iterator[str]:
        yield name()
        yield " " + name()

    async def asynchronous() -> AsyncIterator[str]:
        yield name()
        yield " " + name()

    return sync if kind == "sync" else asynchronous


@KINDS
def test_a_body_does_not_see_a_context_variable_of_its_view(kind: str) -> None:
    """The fault: it was reset before the body is made."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    body = _saying(current.get, kind)

    def view(user: str) -> Any:
        token = current.set(user)
        try:
            return body()
        finally:
            current.reset(token)

    assert ["nobody nobody"] == ask(_app(view), "/ann")


@KINDS
@pytest.mark.parametrize("way", ["iterate", "carry", "wrap"])
def test_a_body_that_carries_sees_what_its_view_bound(
    inscope: ModuleType, carry: ModuleType, kind: str, way: str
) -> None:
    """Each one that of its own view, also when they are streamed at the same time."""
    current = inscope.Var("current", default="nobody")
    body = _saying(current.get, kind)

    def view(user: str) -> Any:
        with current.bind(user):
            snapshot = carry.Snapshot.capture()
            if way == "carry":
                return carry.carry(body)()
            if way == "wrap":
                return snapshot.wrap(body)()
            return snapshot.iter(body()) if kind == "sync" else snapshot.aiter(body())

    answers = ask(_app(view), "/ann", "/bob")
    assert ["ann ann", "bob bob"] == answers


@KINDS
def test_a_body_that_carries_has_a_scope_that_is_open(
    inscope: ModuleType, carry: ModuleType, kind: str
) -> None:
    """The scope of its view is closed by then, and refused; it has a fork."""
    log: Log = []

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        user = inscope.scope.shared()

        def __init__(self, user: str) -> None:
            self.user = user

        def on_pop(self, error: BaseException | None) -> None:
            log.append((self.is_fork, error))

    body = _saying(lambda: str(Request.current().user), kind)

    def carrying(user: str) -> Any:
        with Request(user):
            return carry.carry(body)()

    assert ["ann ann", "bob bob"] == ask(_app(carrying), "/ann", "/bob")
    assert [(False, None)] * 2 + [(True, None)] * 2 == sorted(log, key=str)

    def not_forking(user: str) -> Any:
        with Request(user):
            snapshot = carry.Snapshot.capture()
            return snapshot.iter(body()) if kind == "sync" else snapshot.aiter(body())

    with pytest.raises(inscope.ScopeClosedError):
        ask(_app(not_forking), "/ann")


def test_a_sync_body_loses_a_context_variable_of_its_own() -> None:
    """The fault: it is gone at the next step, and cannot be reset."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    log: Log = []

    def body(user: str) -> Iterator[str]:
        token = current.set(user)
        yield current.get()
        log.append(current.get())
        current.reset(token)

    with pytest.raises(ValueError, match="created in a different Context"):
        ask(_app(body), "/ann")
    assert ["nobody"] == log


@KINDS
def test_a_scoped_body_keeps_what_it_binds(
    inscope: ModuleType,
    carry: ModuleType,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    """From its first step to its last; a plain token and a bind end as they should."""
    current = inscope.Var("current", default="nobody")
    plain: ContextVar[str] = ContextVar("plain")

    @carry.scoped  # type: ignore[untyped-decorator]
    def sync(user: str) -> Iterator[str]:
        token = plain.set(user)
        with current.bind(user):
            yield current.get()
            yield f" {current.get()} {plain.get()}"
        plain.reset(token)
        yield " " + current.get()

    @carry.scoped  # type: ignore[untyped-decorator]
    async def asynchronous(user: str) -> AsyncIterator[str]:
        token = plain.set(user)
        with current.bind(user):
            yield current.get()
            yield f" {current.get()} {plain.get()}"
        plain.reset(token)
        yield " " + current.get()

    body = sync if kind == "sync" else asynchronous
    answers = ask(_app(body), "/ann", "/bob")
    assert ["ann ann ann nobody", "bob bob bob nobody"] == answers
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


# A client that goes away


async def _leave(app: Any) -> list[BaseException]:
    """Ask *app*, and be gone at the second part of the body.

    Returns:
        The errors of which the loop was told while the rest was collected.
    """
    told: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, about: told.append(about["exception"]))
    sent: Log = []
    asgi_scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": "/ann",
        "headers": [],
    }

    async def receive() -> Any:
        await loop.create_future()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 2:
            raise OSError("the client has gone away")

    disconnected = importlib.import_module("starlette.requests").ClientDisconnect
    with pytest.raises(disconnected):
        await app(asgi_scope, receive, send)
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0)
    return told


def test_an_abandoned_body_cannot_reset_its_context_variable() -> None:
    """The fault: the loop closes it in another task."""
    current: ContextVar[str] = ContextVar("current", default="nobody")

    async def body(user: str) -> AsyncIterator[str]:
        token = current.set(user)
        try:
            yield user
            yield user
        finally:
            current.reset(token)

    [error] = asyncio.run(_leave(_app(body)))
    assert isinstance(error, ValueError)
    assert "created in a different Context" in str(error)


def test_an_abandoned_body_that_is_scoped_ends_as_it_should(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """In its own context: its token is valid, its bind is still there."""
    log: Log = []
    current = inscope.Var("current", default="nobody")
    plain: ContextVar[str] = ContextVar("plain")

    @carry.scoped  # type: ignore[untyped-decorator]
    async def body(user: str) -> AsyncIterator[str]:
        token = plain.set(user)
        try:
            with current.bind(user):
                try:
                    yield user
                    yield user
                finally:
                    log.append(current.get())
        finally:
            plain.reset(token)
            log.append(current.get())

    assert [] == asyncio.run(_leave(_app(body)))
    assert ["ann", "nobody"] == log
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


def test_a_bind_of_an_abandoned_body_ends_without_an_error(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Also of one that is not scoped; it is told, once."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    async def body(user: str) -> AsyncIterator[str]:
        with current.bind(user):
            yield user
            yield user

    async def main() -> list[BaseException]:
        told = await _leave(_app(body))
        log.append(current.get())
        return told

    with caplog.at_level(logging.WARNING, "inscope"):
        assert [] == asyncio.run(main())
    assert ["nobody"] == log
    [record] = [one for one in caplog.records if one.name.startswith("inscope")]
    assert "test_hard_streams.py" in record.getMessage()
