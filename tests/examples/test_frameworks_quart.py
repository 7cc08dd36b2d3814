"""``examples/frameworks/quart_contexts.py`` does what Quart's own contexts do.

The application is Quart's, and so are its requests, websockets and sessions.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from test_frameworks import load

quart: Any = pytest.importorskip("quart")
from quart.sessions import SecureCookieSessionInterface  # noqa: E402
from quart.signals import appcontext_popped, appcontext_pushed  # noqa: E402
from quart.testing.utils import (  # noqa: E402
    make_test_headers_path_and_query_string,
    make_test_scope,
)

pytestmark = pytest.mark.skipif(
    "ctx" in inspect.signature(quart.Quart.do_teardown_request).parameters,
    reason="from 0.23 on Quart has one context, as Flask; the example has its three",
)

Log = list[Any]
Main = Callable[[], Coroutine[Any, Any, Any]]

TASKS = 8
OUTSIDE = {
    "app_ctx": "Not within an app context",
    "current_app": "Not within an app context",
    "g": "Not within an app context",
    "request": "Not within a request context",
    "websocket": "Not within a websocket context",
    "session": "Not within a request nor websocket context",
}


class App(quart.Quart):
    """Quart's application, with a way to ask for a context of the example's."""

    contexts: Any

    def request(self, path: str = "/", **arguments: Any) -> Any:
        """Return a context of a request, not opened."""
        request = self.test_request_context(path, **arguments).request
        request.json_module = None  # which Quart's own context has set
        return self.contexts.RequestContext(self, request)

    def websocket(self, path: str = "/live") -> Any:  # type: ignore[override]
        """Return a context of a websocket, not opened."""
        headers, path, query = make_test_headers_path_and_query_string(self, path)
        scope = make_test_scope(
            "websocket", path, "GET", headers, query, "ws", "", "1.1", None
        )
        nothing = [None, None, None, None]
        websocket = self.websocket_class(
            path, query, "ws", headers, "", "1.1", [], *nothing, scope
        )
        return self.contexts.WebsocketContext(self, websocket)


@pytest.fixture
def contexts(inscope: ModuleType) -> ModuleType:
    """The example, on the core under test."""
    return load("quart_contexts")


@pytest.fixture
def app(contexts: ModuleType) -> App:
    """An application with a route for each kind of connection."""
    app = App("shop")
    app.secret_key = "secret of the tests"
    app.contexts = contexts
    app.add_url_rule("/<int:number>", "show", lambda number: str(number))
    app.add_websocket("/live", "live", lambda: None)
    return app


@pytest.fixture
def log(app: App) -> Log:
    """What the functions that the application calls at the end are called with."""
    log: Log = []
    app.teardown_request(lambda exc: log.append(("request", exc)))
    app.teardown_websocket(lambda exc: log.append(("websocket", exc)))
    app.teardown_appcontext(lambda exc: log.append(("app", exc)))
    return log


def _raiser(error: BaseException) -> Callable[[BaseException | None], Any]:
    async def fail(_: BaseException | None) -> None:
        raise error

    return fail


def _run(main: Main) -> Any:
    return asyncio.run(main())


# Contexts


def test_a_request_has_the_applications_context_too(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """It is opened with it, and closed after it; the route has been found."""

    async def main() -> None:
        async with app.request("/7?page=2") as ctx:
            assert ({"number": 7}, "2") == (
                contexts.request.view_args,
                contexts.request.args["page"],
            )
            assert "shop" == contexts.current_app.name
            assert ctx.request is contexts.RequestContext.current().request
            assert not contexts.has_websocket_context()
        assert not contexts.has_app_context()
        assert not contexts.has_request_context()

    _run(main)
    assert [("request", None), ("app", None)] == log


def test_the_request_closes_with_its_context(app: App, log: Log) -> None:
    """After what the application does at the end of a request; it has its JSON."""

    async def close() -> None:
        log.append(("close", None))

    async def main() -> None:
        async with app.request("/7") as ctx:
            assert app.json is ctx.request.json_module
            ctx.request.close = close

    _run(main)
    assert [("request", None), ("close", None), ("app", None)] == log


def test_a_request_joins_the_context_of_its_application(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """And does not close it."""

    async def main() -> None:
        async with contexts.AppContext(app) as outer:
            contexts.g.user = "ann"
            async with app.request("/7"):
                assert "ann" == contexts.g.user
            assert [("request", None)] == log
            assert outer is contexts.AppContext.current()

    _run(main)
    assert [("request", None), ("app", None)] == log


def test_a_request_does_not_join_the_context_of_another_application(
    app: App, contexts: ModuleType
) -> None:
    """It has one of its own, and the other is there again afterwards."""
    other = quart.Quart("other")

    async def main() -> None:
        async with contexts.AppContext(other):
            async with app.request("/7"):
                assert "shop" == contexts.current_app.name
            assert "other" == contexts.current_app.name

    _run(main)


def test_an_address_without_a_route_is_for_the_view_to_refuse(app: App) -> None:
    """The context opens all the same."""

    async def main() -> None:
        async with app.request("/nowhere") as ctx:
            assert 404 == ctx.request.routing_exception.code

    _run(main)


def test_a_websocket_has_a_place_of_its_own(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """It may be open within a request, which goes on to be found."""

    async def main() -> None:
        async with app.request("/7"), app.websocket():
            assert "/7" == contexts.request.path
            assert "/live" == contexts.websocket.path
        async with app.websocket():
            assert "live" == contexts.websocket.endpoint
            assert not contexts.has_request_context()

    _run(main)
    expected = ["websocket", "request", "app", "websocket", "app"]
    assert expected == [name for name, _ in log]


def test_the_session_is_the_requests_else_the_websockets(
    app: App, contexts: ModuleType
) -> None:
    """It is asked for in this order, each time."""

    async def main() -> None:
        async with app.websocket():
            contexts.session["of"] = "websocket"
            async with app.request("/7"):
                contexts.session["of"] = "request"
                assert "request" == contexts.session["of"]
            assert "websocket" == contexts.session["of"]

    _run(main)


def test_a_session_is_opened_from_the_cookie(app: App, contexts: ModuleType) -> None:
    """By the application's own sessions."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    cookie = f"session={serializer.dumps({'user': 'ann'})}"

    async def main() -> None:
        async with app.request("/7", headers={"Cookie": cookie}):
            assert "ann" == contexts.session["user"]

    _run(main)


def test_without_a_secret_the_session_cannot_be_written(
    app: App, contexts: ModuleType
) -> None:
    """It is empty, and says so: that it is empty does not make it absent."""
    app.secret_key = None

    async def main() -> None:
        async with app.request("/7"):
            assert 0 == len(contexts.session)
            with pytest.raises(RuntimeError, match="no secret key"):
                contexts.session["user"] = "ann"

    _run(main)


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_of_a_context_each_proxy_says_what_it_needs(
    contexts: ModuleType, name: str
) -> None:
    """In Quart's words; and it is false."""
    proxy = getattr(contexts, name)
    with pytest.raises(RuntimeError) as caught:
        proxy.anything  # noqa: B018  # it raises
    assert OUTSIDE[name] == str(caught.value)
    assert not proxy


def test_a_context_that_is_pushed_again_only_counts(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """The last pop tears down."""

    async def main() -> None:
        ctx = app.request("/7")
        await ctx.apush()
        async with ctx:
            pass
        assert [] == log
        assert contexts.has_app_context()
        await ctx.apop()

    _run(main)
    assert [("request", None), ("app", None)] == log


def test_a_context_is_not_opened_without_await(inscope: ModuleType, app: App) -> None:
    """Its parts have to be awaited."""
    with pytest.raises(inscope.AsyncInSyncScopeError):
        app.request("/7").push()


def test_quarts_signals_tell_of_the_applications_context(
    app: App, contexts: ModuleType
) -> None:
    """Within it, and when it is there no more."""
    told: Log = []

    async def note(sender: Any) -> None:
        told.append((sender, contexts.has_app_context()))

    async def main() -> None:
        pushed = appcontext_pushed.connected_to(note)
        with pushed, appcontext_popped.connected_to(note):
            async with app.request("/7"):
                pass

    _run(main)
    assert [(app, True), (app, False)] == told


def test_each_task_has_its_own_request(app: App, contexts: ModuleType) -> None:
    """Tasks that take turns within their contexts do not mix them up."""

    async def work(number: int) -> str:
        async with app.request(f"/{number}"):
            contexts.g.number = number
            await asyncio.sleep(0)
            return f"{contexts.request.path} {contexts.g.number}"

    async def main() -> list[str]:
        return await asyncio.gather(*map(work, range(TASKS)))

    assert [f"/{number} {number}" for number in range(TASKS)] == _run(main)


def test_a_sync_function_of_the_application_sees_the_context(
    app: App, contexts: ModuleType
) -> None:
    """On the thread where Quart runs it; what it does to ``g`` stays."""

    def work() -> str:
        contexts.g.user = "ann"
        return str(contexts.request.path)

    async def main() -> tuple[str, str]:
        async with app.request("/7"):
            return await app.ensure_async(work)(), contexts.g.user

    assert ("/7", "ann") == _run(main)


# Copies and tasks


@pytest.mark.parametrize("kind", ["request", "websocket"])
def test_one_function_in_a_copy_runs_in_many_tasks_at_once(
    app: App, contexts: ModuleType, log: Log, kind: str
) -> None:
    """Each call has a copy; Quart has one for all, and fails."""
    path = {"request": "/7", "websocket": "/live"}[kind]

    async def main() -> list[str]:
        async with getattr(app, kind)(path):

            @getattr(contexts, f"copy_current_{kind}_context")
            async def work() -> str:
                """Work."""
                await asyncio.sleep(0)
                return str(getattr(contexts, kind).path)

            assert inspect.iscoroutinefunction(work)
            assert ("work", "Work.") == (work.__name__, work.__doc__)
            contexts.session["user"] = "ann"
        assert 1 == log.count((kind, None))
        return await asyncio.gather(*(work() for _ in range(TASKS)))

    assert TASKS * [path] == _run(main)
    assert TASKS + 1 == log.count((kind, None)) == log.count(("app", None))


def test_a_copy_has_the_session_of_the_original(app: App, contexts: ModuleType) -> None:
    """The very object, not one more from the cookie."""

    async def main() -> None:
        async with app.request("/7") as ctx, ctx.fork() as copy:
            assert ctx.session is copy.session
            assert ctx.request is copy.request
            assert copy is not ctx

    _run(main)


def test_copies_of_an_applications_context_share_g(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """As in Quart; each is torn down by itself."""

    async def main() -> list[str]:
        async with contexts.AppContext(app):
            contexts.g.seen = []

            @contexts.copy_current_app_context
            async def work(number: int) -> str:
                contexts.g.seen.append(number)
                await asyncio.sleep(0)
                return str(contexts.current_app.name)

            done = await asyncio.gather(*map(work, range(TASKS)))
            assert list(range(TASKS)) == contexts.g.seen
            return done

    assert TASKS * ["shop"] == _run(main)
    assert TASKS + 1 == log.count(("app", None))


def test_a_sync_function_in_a_copy_is_to_be_awaited(
    app: App, contexts: ModuleType
) -> None:
    """It runs on a thread, and sees the copy."""

    async def main() -> Any:
        async with app.request("/7"):
            work = contexts.copy_current_request_context(lambda: contexts.request.path)
        return await work()

    assert "/7" == _run(main)


@pytest.mark.parametrize("name", ["app", "request", "websocket"])
def test_there_is_nothing_to_copy_outside(contexts: ModuleType, name: str) -> None:
    """In Quart's words."""
    with pytest.raises(RuntimeError) as caught:
        getattr(contexts, f"copy_current_{name}_context")(_raiser(ValueError()))
    expected = f"Attempt to copy {name} context outside of a {name} context"
    assert expected == str(caught.value)


# What goes wrong


class Closed(SecureCookieSessionInterface):
    """Sessions that cannot be opened."""

    async def open_session(self, *_: Any) -> Any:
        """Fail."""
        raise OSError("no sessions today")


@pytest.mark.parametrize("kind", ["request", "websocket"])
def test_a_session_that_cannot_be_opened_leaves_no_context(
    app: App, contexts: ModuleType, log: Log, kind: str
) -> None:
    """What had been opened is torn down, with the error, which comes out."""
    app.session_interface = Closed()

    async def main() -> None:
        with pytest.raises(OSError, match="no sessions today") as caught:
            await getattr(app, kind)("/live").apush()
        assert [(kind, caught.value), ("app", caught.value)] == log
        assert not contexts.has_app_context()
        assert not contexts.has_request_context()
        assert not contexts.has_websocket_context()

    _run(main)


def test_functions_at_the_end_get_the_error(app: App, log: Log) -> None:
    """It goes on from there."""
    error = ValueError("view")

    async def main() -> None:
        async with app.request("/7"):
            raise error

    with pytest.raises(ValueError, match="view"):
        _run(main)
    assert [("request", error), ("app", error)] == log


def test_a_pop_in_another_context_refuses_before_anything_has_run(
    inscope: ModuleType, app: App, log: Log
) -> None:
    """A task has one of its own; then it can be popped where it belongs."""

    async def main() -> None:
        ctx = app.request("/7")
        await ctx.apush()
        with pytest.raises(inscope.ForeignScopeError):
            await asyncio.create_task(ctx.apop(), context=copy_context())
        assert [] == log
        await ctx.apop()

    _run(main)
    assert [("request", None), ("app", None)] == log


def test_errors_in_several_functions_come_out_as_a_group(
    app: App, contexts: ModuleType
) -> None:
    """Of the request and of the application; nothing is left open."""
    errors = ValueError("request"), KeyError("app")
    app.teardown_request(_raiser(errors[0]))
    app.teardown_appcontext(_raiser(errors[1]))

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            async with app.request("/7"):
                pass
        assert errors == caught.value.exceptions
        assert not contexts.has_app_context()

    _run(main)


def test_an_interrupt_during_teardown_comes_out_bare(app: App, log: Log) -> None:
    """After everything else has run, so that ``except KeyboardInterrupt`` sees it."""
    app.teardown_request(_raiser(KeyboardInterrupt()))

    async def main() -> None:
        with pytest.raises(KeyboardInterrupt):
            async with app.request("/7"):
                pass

    _run(main)
    assert ("app", None) in log


def test_a_cancelled_request_is_torn_down_to_the_end(app: App, log: Log) -> None:
    """The cancellation waits for what the teardown awaits."""

    async def slow(_: BaseException | None) -> None:
        closing.set()
        await asyncio.sleep(0)
        log.append(("slow", None))

    async def work() -> None:
        async with app.request("/7"):
            begun.set()
            await asyncio.sleep(30)

    async def main() -> None:
        task = asyncio.create_task(work())
        for moment in (begun, closing):
            await moment.wait()
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    begun, closing = asyncio.Event(), asyncio.Event()
    app.teardown_request(slow)
    _run(main)
    assert ["slow", "request", "app"] == [name for name, _ in log]
