"""A hard case: work that a view leaves behind, for when its request has ended."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from asking import ask, asked

fastapi: Any = pytest.importorskip("fastapi")

Log = list[Any]
View = Callable[[str, Any], None]

KINDS = pytest.mark.parametrize("kind", ["sync", "async"])
FRAMEWORKS = pytest.mark.parametrize("framework", ["starlette", "fastapi"])


def _starlette(view: View) -> Any:
    background = importlib.import_module("starlette.background")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")

    async def endpoint(request: Any) -> Any:
        tasks = background.BackgroundTasks()
        view(request.path_params["user"], tasks.add_task)
        return responses.PlainTextResponse("answered", background=tasks)

    return routing.Router([routing.Route("/{user}", endpoint)])


def _fastapi(view: View) -> Any:
    app = fastapi.FastAPI()

    async def endpoint(user: str, tasks: Any) -> str:
        view(user, tasks.add_task)
        return "answered"

    endpoint.__annotations__["tasks"] = fastapi.BackgroundTasks
    app.get("/{user}")(endpoint)
    return app


def _app(framework: str, view: View) -> Any:
    """Return an application with *view*, which takes the user and ``add_task``."""
    return {"starlette": _starlette, "fastapi": _fastapi}[framework](view)


def _working(log: Log, name: Callable[[], Any], kind: str) -> Callable[[], Any]:
    """Return a function of this kind: *log* gets *name*."""

    def sync() -> None:
        log.append(name())

    async def asynchronous() -> None:
        await asyncio.sleep(0)
        log.append(name())

    return sync if kind == "sync" else asynchronous


# What its view has bound


@KINDS
@FRAMEWORKS
def test_a_background_task_does_not_see_a_context_variable_of_its_view(
    log: Log, framework: str, kind: str
) -> None:
    """The fault: it was reset when the view ended."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    work = _working(log, current.get, kind)

    def view(user: str, add_task: Any) -> None:
        token = current.set(user)
        add_task(work)
        current.reset(token)

    assert ["answered"] == ask(_app(framework, view), "/ann")
    assert ["nobody"] == log


@KINDS
@FRAMEWORKS
def test_a_background_task_that_is_carried_sees_what_its_view_bound(
    inscope: ModuleType, carry: ModuleType, log: Log, framework: str, kind: str
) -> None:
    """And the scope of its view, as a fork, where that is closed."""

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        user = inscope.scope.shared()

        def __init__(self, user: str) -> None:
            self.user = user

        def on_pop(self, error: BaseException | None) -> None:
            log.append(f"{'fork' if self.is_fork else 'request'} of {self.user} closed")

    current = inscope.Var("current", default="nobody")
    work = _working(log, lambda: (current.get(), Request.current().user), kind)

    def view(user: str, add_task: Any) -> None:
        with Request(user), current.bind(user):
            add_task(carry.carry(work))

    assert ["answered"] == ask(_app(framework, view), "/ann")
    assert ["request of ann closed", ("ann", "ann"), "fork of ann closed"] == log


@KINDS
@FRAMEWORKS
def test_a_background_task_sees_what_its_view_leaves_behind(
    log: Log, framework: str, kind: str
) -> None:
    """The fault, the other way round: work that is nobody's runs as the user's."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    work = _working(log, current.get, kind)

    def view(user: str, add_task: Any) -> None:
        current.set(user)
        add_task(work)

    ask(_app(framework, view), "/ann")
    assert ["ann"] == log


@KINDS
@FRAMEWORKS
def test_a_background_task_that_is_detached_sees_nothing(
    inscope: ModuleType, carry: ModuleType, log: Log, framework: str, kind: str
) -> None:
    """But for what is kept."""
    plain: ContextVar[str] = ContextVar("plain", default="nobody")
    current = inscope.Var("current", default="nobody")
    request_id = inscope.Var("request_id")
    everything = [plain, current, request_id]
    work = _working(log, lambda: [one.get() for one in everything], kind)

    def view(user: str, add_task: Any) -> None:
        for var in everything:
            var.set(user)
        add_task(carry.detached(keep=[request_id]).wrap(work))

    ask(_app(framework, view), "/ann")
    assert [["nobody", "nobody", "ann"]] == log


# A task that outlives its request


class Connection:
    """To a database, say."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


def _leaving(work: Callable[[], Any], tasks: Log, *dependencies: Any) -> Any:
    """Return an application whose endpoint begins a task, and leaves it."""
    app = fastapi.FastAPI(dependencies=[fastapi.Depends(one) for one in dependencies])

    async def endpoint() -> str:
        tasks.append(asyncio.create_task(work()))
        return "answered"

    app.get("/")(endpoint)
    return app


def test_a_task_that_outlives_its_request_finds_its_connection_closed(
    log: Log,
) -> None:
    """The fault."""
    connection: ContextVar[Connection] = ContextVar("connection")

    async def dependency() -> AsyncIterator[None]:
        made = Connection()
        connection.set(made)
        yield
        made.close()

    async def main() -> None:
        answered = asyncio.Event()
        tasks: Log = []

        async def work() -> None:
            await answered.wait()
            log.append(connection.get().is_open)

        await asked(_leaving(work, tasks, dependency), "/")
        answered.set()
        await tasks[0]

    asyncio.run(main())
    assert [False] == log


@pytest.mark.parametrize("way", ["plain", "carry"])
def test_a_task_that_outlives_its_request_has_a_connection_of_its_own(
    inscope: ModuleType, carry: ModuleType, log: Log, way: str
) -> None:
    """If it is carried; if not, it is refused the closed one, and told so."""

    class Request(inscope.Scope):  # type: ignore[misc, name-defined]
        pass

    def function() -> Iterator[Connection]:
        log.append("open")
        made = Connection()
        yield made
        made.close()
        log.append("closed")

    connection = Request.resource(function)

    async def main() -> None:
        answered = asyncio.Event()
        tasks: Log = []

        async def work() -> None:
            await answered.wait()
            log.append(connection.is_open)

        async def endpoint() -> str:
            assert connection.is_open
            working = carry.carry(work) if way == "carry" else work
            tasks.append(asyncio.create_task(working()))
            return "answered"

        app = fastapi.FastAPI()
        app.get("/")(endpoint)

        async def with_scope(asgi_scope: Any, receive: Any, send: Any) -> None:
            async with Request():
                await app(asgi_scope, receive, send)

        assert ["answered"] == await asked(with_scope, "/")
        assert ["open", "closed"] == log
        answered.set()
        await tasks[0]

    if way == "carry":
        asyncio.run(main())
        assert ["open", "closed", "open", True, "closed"] == log
    else:
        with pytest.raises(inscope.ScopeClosedError):
            asyncio.run(main())
