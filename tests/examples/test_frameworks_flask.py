"""``examples/frameworks/flask_context.py`` does what Flask's own contexts do.

The application is Flask's: its routes, sessions, requests and functions to call at the
end. Only what Flask 3.1 asks of its own contexts is told what Flask 3.2 tells it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, copy_context
from itertools import chain
from types import ModuleType
from typing import Any

import pytest
from test_frameworks import load

flask: Any = pytest.importorskip("flask")
from flask.sessions import SecureCookieSessionInterface  # noqa: E402
from flask.signals import (  # noqa: E402
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_tearing_down,
)
from werkzeug.routing import BaseConverter  # noqa: E402
from werkzeug.test import Client, EnvironBuilder  # noqa: E402

Log = list[Any]

THREADS = 8
NO_REQUEST = "There is no request in this context."
OUTSIDE = {
    "app_ctx": "Working outside of application context.",
    "current_app": "Working outside of application context.",
    "g": "Working outside of application context.",
    "request": "Working outside of request context.",
    "session": "Working outside of request context.",
}


class App(flask.Flask):
    """Flask's application, calling what Flask 3.2 calls, with its arguments."""

    contexts: Any

    def do_teardown_request(self, ctx: Any, exc: BaseException | None) -> None:
        """Call the functions of the blueprints and of the application, last first."""
        ctx.callback(self._send, request_tearing_down, exc)
        for name in reversed([*ctx.request.blueprints, None]):
            for function in self.teardown_request_funcs[name]:
                ctx.callback(self.ensure_sync(function), exc)

    def do_teardown_appcontext(self, ctx: Any, exc: BaseException | None) -> None:
        """Call the functions of the application, last first."""
        ctx.callback(self._send, appcontext_tearing_down, exc)
        for function in self.teardown_appcontext_funcs:
            ctx.callback(self.ensure_sync(function), exc)

    def _send(self, signal: Any, exc: BaseException | None) -> None:
        signal.send(self, _async_wrapper=self.ensure_sync, exc=exc)

    def context(self, path: str = "/", **arguments: Any) -> Any:
        """Return a context of a request, not opened."""
        environ = EnvironBuilder(path, **arguments).get_environ()
        return self.contexts.AppContext.from_environ(self, environ)

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """Answer a request within its context."""
        try:
            with self.contexts.AppContext.from_environ(self, environ) as ctx:
                response = self._answer(ctx)
        except Exception as error:
            response = self.response_class(repr(error), 500)
        return response(environ, start_response)

    def _answer(self, ctx: Any) -> Any:
        if ctx.request.routing_exception is not None:
            response = ctx.request.routing_exception.get_response()
        else:
            view = self.ensure_sync(self.view_functions[ctx.request.endpoint])
            response = self.response_class(view(**ctx.request.view_args))
        after = reversed(self.after_request_funcs[None])
        for function in chain(ctx._after_request_functions, after):
            response = function(response)
        self.session_interface.save_session(self, ctx._get_session(), response)
        return response


@pytest.fixture
def contexts(inscope: ModuleType) -> ModuleType:
    """The example, on the core under test."""
    return load("flask_context")


@pytest.fixture
def app(contexts: ModuleType) -> App:
    """An application with a view or two."""
    app = App("shop")
    app.secret_key = "secret of the tests"
    app.contexts = contexts

    @app.get("/<int:number>")
    def show(number: int) -> str:
        return f"{contexts.request.method} {number} of {contexts.current_app.name}"

    @app.get("/visits")
    def visits() -> str:
        contexts.session["visits"] = contexts.session.get("visits", 0) + 1
        return str(contexts.session["visits"])

    return app


@pytest.fixture
def log(app: App) -> Log:
    """What the functions that the application calls at the end are called with."""
    log: Log = []
    app.teardown_request(lambda exc: log.append(("request", exc)))
    app.teardown_appcontext(lambda exc: log.append(("app", exc)))
    return log


@pytest.fixture
def client(app: App) -> Client:
    """Who asks the application."""
    return Client(app.wsgi_app)


@contextmanager
def _told(signal: Any, receiver: Callable[..., Any]) -> Iterator[None]:
    with signal.connected_to(receiver):
        yield


def _raiser(error: BaseException) -> Callable[[BaseException | None], None]:
    def fail(_: BaseException | None) -> None:
        raise error

    return fail


# Requests


def test_a_view_finds_its_request(client: Client) -> None:
    """Its method, its route and the application."""
    assert "GET 7 of shop" == client.get("/7").text


def test_an_address_without_a_route_is_for_the_view_to_refuse(client: Client) -> None:
    """The context opens all the same."""
    assert 404 == client.get("/nowhere").status_code


def test_a_session_lasts_from_one_request_to_the_next(client: Client) -> None:
    """It is opened from the cookie, and saved into it."""
    assert ["1", "2"] == [client.get("/visits").text for _ in range(2)]


def test_only_a_touch_makes_a_session_count_as_accessed(client: Client) -> None:
    """To open it and to save it is none; ``Vary`` says so to caches."""
    assert "Cookie" not in client.get("/7").headers.get("Vary", "")
    assert "Cookie" in client.get("/visits").headers["Vary"]


def test_looking_whether_there_is_a_session_is_a_touch(
    app: App, contexts: ModuleType
) -> None:
    """As in Flask, where that depends on the cookie, too."""
    with app.context("/7") as ctx:
        assert not ctx._get_session().accessed
        assert not contexts.session
        assert ctx._get_session().accessed


def test_without_a_secret_the_session_cannot_be_written(
    app: App, contexts: ModuleType
) -> None:
    """It is empty, and says so."""
    app.secret_key = None
    with app.context("/7"):
        assert 0 == len(contexts.session)
        with pytest.raises(RuntimeError, match="no secret key"):
            contexts.session["user"] = "ann"


def test_a_host_that_is_not_trusted_is_for_the_view_to_refuse(app: App) -> None:
    """Its context opens without any routes; an application's own opens, too."""
    app.config["TRUSTED_HOSTS"] = ["shop.example"]
    with app.context("/7", base_url="http://elsewhere.example") as ctx:
        assert 400 == ctx.request.routing_exception.code
        assert ctx.url_adapter is None
    with app.context("/7", base_url="http://shop.example") as ctx:
        assert ctx.request.routing_exception is None
        assert app.json is ctx.request.json_module


def test_the_session_is_open_before_the_route_is_looked_for(app: App) -> None:
    """Though nothing has touched it."""
    order: Log = []

    class Noting(SecureCookieSessionInterface):
        """Notes when it opens a session."""

        def open_session(self, *arguments: Any) -> Any:
            """Open it."""
            order.append("session")
            return super().open_session(*arguments)

    class Noted(BaseConverter):
        """Notes when it reads a part of an address."""

        def to_python(self, value: str) -> str:
            """Read it."""
            order.append("route")
            return value

    app.session_interface = Noting()
    app.url_map.converters["noted"] = Noted
    app.add_url_rule("/noted/<noted:text>", view_func=lambda text: text)
    with app.context("/noted/x"):
        assert ["session", "route"] == order


def test_a_converter_may_use_the_session(app: App, contexts: ModuleType) -> None:
    """The session is open before the route is looked for."""

    class Own(BaseConverter):
        """A number that the session may add to."""

        def to_python(self, value: str) -> int:
            """Return the number."""
            return int(value) + int(contexts.session.get("add", 100))

    app.url_map.converters["own"] = Own
    app.add_url_rule("/own/<own:number>", view_func=lambda number: str(number))
    assert "101" == Client(app.wsgi_app).get("/own/1").text


def test_functions_for_this_request_get_the_response_first(
    app: App, contexts: ModuleType
) -> None:
    """In the order in which they came, before those for every request."""
    order: Log = []

    def noting(name: str) -> Callable[[Any], Any]:
        def note(response: Any) -> Any:
            order.append(name)
            return response

        return note

    app.after_request(noting("every"))

    @app.get("/after")
    def view() -> str:
        for name in ("first", "second"):
            note = noting(name)
            assert contexts.after_this_request(note) is note
        return "done"

    client = Client(app.wsgi_app)
    client.get("/after")
    client.get("/7")
    assert ["first", "second", "every", "every"] == order


def test_each_thread_answers_its_own_request(app: App, contexts: ModuleType) -> None:
    """Eight at once, each with a ``g`` of its own."""
    meeting = threading.Barrier(THREADS, timeout=30)

    @app.get("/meet/<int:number>")
    def meet(number: int) -> str:
        contexts.g.number = number
        meeting.wait()
        return f"{contexts.request.path} {contexts.g.number}"

    def ask(number: int) -> str:
        return Client(app.wsgi_app).get(f"/meet/{number}").text

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(THREADS)))
    assert [f"/meet/{number} {number}" for number in range(THREADS)] == answers


def test_each_task_has_its_own_request(app: App, contexts: ModuleType) -> None:
    """Tasks that take turns within their contexts do not mix them up."""

    async def work(number: int) -> str:
        with app.context(f"/{number}"):
            await asyncio.sleep(0)
            return str(contexts.request.path)

    async def main() -> list[str]:
        return await asyncio.gather(*map(work, range(THREADS)))

    assert [f"/{number}" for number in range(THREADS)] == asyncio.run(main())


# Opening, counting, closing


def test_teardown_runs_last_in_first_out_within_the_context(
    app: App, contexts: ModuleType
) -> None:
    """The request's functions, the request itself, the application's; then no more."""
    order: Log = []
    blueprint = flask.Blueprint("part", "part")
    blueprint.add_url_rule("/part", view_func=lambda: "")
    blueprint.teardown_request(lambda _: order.append("blueprint"))
    app.register_blueprint(blueprint)
    app.teardown_request(lambda _: order.append("request, first"))
    app.teardown_request(lambda _: order.append(contexts.request.path))
    app.teardown_appcontext(lambda _: order.append("app, first"))
    app.teardown_appcontext(lambda _: order.append(contexts.current_app.name))

    def popped(_: Any) -> None:
        order.append(f"popped, {contexts.has_app_context()}")

    with _told(appcontext_popped, popped), app.context("/part") as ctx:
        ctx.request.close = lambda: order.append("closed")
    expected = ["blueprint", "/part", "request, first", "closed"]
    assert [*expected, "shop", "app, first", "popped, False"] == order


def test_flasks_signals_tell_of_the_context(app: App) -> None:
    """Once each, with the application and what went wrong."""
    told: Log = []
    error = ValueError("view")
    signals = [appcontext_pushed, request_tearing_down, appcontext_tearing_down]

    def note(sender: Any, **arguments: Any) -> None:
        told.append((sender, arguments.get("exc")))

    with _told(signals[0], note), _told(signals[1], note), _told(signals[2], note):
        ctx = app.context("/7")
        ctx.push()
        ctx.push()
        ctx.pop()
        ctx.pop(error)
    assert [(app, None), (app, error), (app, error)] == told


def test_a_context_that_is_pushed_again_only_counts(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """The last pop tears down."""
    with app.context("/7") as ctx:
        with ctx:
            contexts.g.kept = True
        assert contexts.g.kept
        assert [] == log
    assert [("request", None), ("app", None)] == log


def test_a_popped_context_may_be_pushed_again(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """It has its ``g`` still, and is torn down again."""
    ctx = app.context("/7")
    with ctx:
        contexts.g.kept = True
    with ctx:
        assert contexts.g.kept
    assert 2 * [("request", None), ("app", None)] == log


def test_functions_at_the_end_get_the_error(app: App, log: Log) -> None:
    """It goes on from there."""
    error = ValueError("view")
    with pytest.raises(ValueError, match="view"), app.context("/7"):
        raise error
    assert [("request", error), ("app", error)] == log


def test_an_applications_context_has_no_request(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """Nothing of a request is torn down."""
    with contexts.AppContext(app):
        assert contexts.has_app_context()
        assert not contexts.has_request_context()
        assert "shop" == contexts.current_app.name
    assert [("app", None)] == log


def test_a_request_within_an_applications_context_has_its_own_g(
    app: App, contexts: ModuleType
) -> None:
    """Nothing is joined; afterwards the outer one is there again."""
    with contexts.AppContext(app) as outer:
        contexts.g.user = "ann"
        with app.context("/7"):
            assert not hasattr(contexts.g, "user")
            assert contexts.has_request_context()
        assert outer is contexts.AppContext.current()
        assert "ann" == contexts.g.user


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_of_a_context_each_proxy_says_what_it_needs(
    contexts: ModuleType, name: str
) -> None:
    """In Flask's words; and it is false."""
    proxy = getattr(contexts, name)
    with pytest.raises(RuntimeError, match=OUTSIDE[name]):
        proxy.anything  # noqa: B018  # it raises
    assert not proxy
    assert "<LocalProxy unbound>" == repr(proxy)


@pytest.mark.parametrize("name", ["request", "session"])
def test_where_there_is_no_request_the_proxy_says_just_that(
    app: App, contexts: ModuleType, name: str
) -> None:
    """The application's context is there, so its text would mislead."""
    with contexts.AppContext(app):
        proxy = getattr(contexts, name)
        with pytest.raises(RuntimeError) as caught:
            proxy.anything  # noqa: B018  # it raises
        assert NO_REQUEST == str(caught.value)
        assert not proxy


def test_what_needs_a_request_refuses_without_one(
    app: App, contexts: ModuleType
) -> None:
    """In Flask's words; a copy may be made of an application's context, too."""
    text = (
        "'{}' can only be used when a request context is active, such as in a view"
        " function."
    )
    for name in ("after_this_request", "copy_current_request_context"):
        with pytest.raises(RuntimeError) as caught:
            getattr(contexts, name)(print)
        assert text.format(name) == str(caught.value)
    with contexts.AppContext(app):
        with pytest.raises(RuntimeError, match="after_this_request"):
            contexts.after_this_request(print)
        work = contexts.copy_current_request_context(lambda: contexts.current_app.name)
    assert "shop" == work()


def test_a_context_that_has_closed_can_still_be_read_where_it_was_copied_to(
    app: App, contexts: ModuleType
) -> None:
    """As in Flask; by default a scope refuses."""
    with app.context("/7"):
        contexts.g.user = "ann"
        copied = copy_context()
    assert "ann" == copied.run(lambda: contexts.g.user)
    assert copied.run(contexts.has_request_context)


# Copies


def test_a_copy_has_the_request_and_the_session_but_its_own_g(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """The session is the one that the original has now."""
    with app.context("/7") as ctx:
        contexts.g.user = "ann"
        contexts.session["cart"] = 1
        contexts.after_this_request(lambda response: response)
        with ctx.copy() as copy:
            assert ctx.request is copy.request
            assert ctx.session is copy.session
            assert not hasattr(contexts.g, "user")
            assert [] == copy._after_request_functions
        assert [("request", None), ("app", None)] == log
        assert "ann" == contexts.g.user
        assert ctx is contexts.AppContext.current()


def test_one_function_in_a_copy_runs_in_many_threads_at_once(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """Each call has a copy; Flask has one for all, and fails."""
    meeting = threading.Barrier(THREADS, timeout=30)
    with app.context("/7"):

        @contexts.copy_current_request_context
        def work(number: int) -> str:
            """Work."""
            contexts.g.number = number
            meeting.wait()
            return f"{contexts.request.path} {contexts.g.number}"

        with ThreadPoolExecutor(THREADS) as pool:
            done = list(pool.map(work, range(THREADS)))
    assert [f"/7 {number}" for number in range(THREADS)] == done
    assert THREADS + 1 == log.count(("request", None))
    assert ("work", "Work.") == (work.__name__, work.__doc__)


def test_one_function_in_a_copy_runs_in_many_tasks_at_once(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """Also when the tasks are on threads and have inherited the original context."""
    meeting = threading.Barrier(2, timeout=30)

    async def main() -> list[str]:
        with app.context("/7"):

            @contexts.copy_current_request_context
            def work() -> str:
                meeting.wait()
                assert not hasattr(contexts.g, "user")
                return str(contexts.request.path)

            contexts.g.user = "ann"
            return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(2)))

    assert ["/7", "/7"] == asyncio.run(main())
    assert 3 == log.count(("app", None))


def test_a_coroutine_function_in_a_copy_is_run_to_its_end(
    app: App, contexts: ModuleType
) -> None:
    """As Flask runs an asynchronous view."""
    pytest.importorskip("asgiref")

    async def work() -> str:
        await asyncio.sleep(0)
        return str(contexts.request.path)

    with app.context("/7"):
        assert "/7" == contexts.copy_current_request_context(work)()


def test_a_function_in_a_copy_may_call_itself(app: App, contexts: ModuleType) -> None:
    """Each call has a copy."""
    with app.context("/7"):

        @contexts.copy_current_request_context
        def count(left: int) -> int:
            contexts.g.left = left
            return left if left == 0 else count(left - 1) + contexts.g.left

    assert 6 == count(3)


# What goes wrong


class Closed(SecureCookieSessionInterface):
    """Sessions that cannot be opened."""

    def open_session(self, *_: Any) -> Any:
        """Fail."""
        raise OSError("no sessions today")


def test_a_session_that_cannot_be_opened_leaves_no_context(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """What had been opened is torn down, with the error, which comes out."""
    app.session_interface = Closed()
    with pytest.raises(OSError, match="no sessions today") as caught:
        app.context("/7").push()
    assert [("request", caught.value), ("app", caught.value)] == log
    assert not contexts.has_app_context()


def test_a_session_that_cannot_be_opened_leaves_the_outer_context(
    app: App, contexts: ModuleType
) -> None:
    """And a server goes on."""
    with contexts.AppContext(app) as outer:
        app.session_interface = Closed()
        assert 500 == Client(app.wsgi_app).get("/7").status_code
        app.session_interface = SecureCookieSessionInterface()
        assert 200 == Client(app.wsgi_app).get("/7").status_code
        assert outer is contexts.AppContext.current()


@pytest.mark.parametrize("elsewhere", [Context, copy_context])
def test_a_pop_in_another_context_refuses_before_anything_has_run(
    inscope: ModuleType, app: App, log: Log, elsewhere: Callable[[], Context]
) -> None:
    """Then it can be popped where it belongs, once."""
    ctx = app.context("/7")
    ctx.push()
    with pytest.raises(inscope.ForeignScopeError):
        elsewhere().run(ctx.pop)
    assert [] == log
    ctx.pop()
    assert [("request", None), ("app", None)] == log
    with pytest.raises(inscope.ScopeNotActiveError):
        ctx.pop()


def test_a_pop_out_of_order_refuses_before_anything_has_run(
    inscope: ModuleType, app: App, log: Log
) -> None:
    """The inner one comes first."""
    with app.context("/7") as outer, app.context("/8"):
        with pytest.raises(inscope.ScopeOrderError):
            outer.pop()
        assert [] == log
    assert 4 == len(log)


def test_an_error_in_one_function_does_not_keep_the_others_from_running(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """It comes out as it is, and the context has closed."""
    app.teardown_request(_raiser(ValueError("alone")))
    with pytest.raises(ValueError, match="alone"), app.context("/7"):
        pass
    assert [("request", None), ("app", None)] == log
    assert not contexts.has_app_context()


def test_errors_in_several_functions_come_out_as_a_group(app: App, log: Log) -> None:
    """The view's own is their context."""
    errors = [ValueError("request"), KeyError("app")]
    app.teardown_request(_raiser(errors[0]))
    app.teardown_appcontext(_raiser(errors[1]))
    with pytest.raises(ExceptionGroup) as caught, app.context("/7"):
        raise LookupError("view")
    assert tuple(errors) == caught.value.exceptions
    assert isinstance(caught.value.__context__, LookupError)
    assert ["request", "app"] == [name for name, _ in log]


def test_an_interrupt_during_teardown_comes_out_bare(
    app: App, contexts: ModuleType, log: Log
) -> None:
    """After everything else has run, so that ``except KeyboardInterrupt`` sees it."""
    app.teardown_request(_raiser(KeyboardInterrupt()))
    app.teardown_appcontext(_raiser(ValueError("app")))
    with pytest.raises(KeyboardInterrupt) as caught, app.context("/7"):
        pass
    assert isinstance(caught.value.__context__, ValueError)
    assert [("request", None), ("app", None)] == log
    assert not contexts.has_app_context()
