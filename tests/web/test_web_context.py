"""Contexts: with a request and without, ``g``, and what runs as they close."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from web_apps import (
    Exchange,
    Log,
    acting,
    acting_async,
    call,
    end,
    nothing_left,
    saying,
)


def test_globals_are_a_namespace(web: ModuleType) -> None:
    """Attributes, and what a dictionary has besides."""
    g = web.Globals()
    g.user = "ann"
    assert "ann" == g.user
    assert "user" in g
    assert ["user"] == list(g)
    assert "ann" == g.get("user")
    assert None is g.get("role")
    assert 1 == g.get("role", 1)
    assert 2 == g.setdefault("role", 2)
    assert 2 == g.setdefault("role", 3)
    assert 2 == g.pop("role")
    assert 4 == g.pop("role", 4)
    assert None is g.pop("role", None)
    assert None is g.setdefault("nothing")
    del g.nothing
    assert "<g: user>" == repr(g)
    del g.user
    assert "<g: empty>" == repr(g)


def test_what_globals_have_not_is_an_error_of_the_usual_kind(web: ModuleType) -> None:
    """So that ``hasattr`` and ``getattr`` with a default work."""
    g = web.Globals()
    assert not hasattr(g, "user")
    with pytest.raises(AttributeError, match="user") as caught:
        _ = g.user
    assert "user" == caught.value.name
    with pytest.raises(AttributeError, match="user"):
        del g.user
    with pytest.raises(KeyError, match="user"):
        g.pop("user")


def test_each_context_has_globals_of_its_own(web: ModuleType) -> None:
    """Also one inside of another, of the same application."""
    app = web.WSGI(saying())
    with app.app_context():
        web.g.value = 1
        with app.test_request_context():
            assert "value" not in web.g
            web.g.value = 2
        assert 1 == web.g.value


def test_the_class_of_globals_and_of_contexts_can_be_replaced(web: ModuleType) -> None:
    """On the application, before or after its first context."""

    class Mine(web.Globals):  # type: ignore[misc, name-defined]
        user = "nobody"

    class Context(web.AppContext):  # type: ignore[misc, name-defined]
        note = "mine"

    app = web.WSGI(saying())
    with app.app_context():
        assert "user" not in dir(web.g._get_current_object())
    app.globals_class = Mine
    app.context_class = Context
    with app.app_context() as context:
        assert "nobody" == web.g.user
        assert "mine" == context.note


def test_a_context_class_with_a_hook_of_its_own_keeps_it(web: ModuleType) -> None:
    """Whether or not the application has teardown functions besides."""
    log: Log = []

    class Context(web.AppContext):  # type: ignore[misc, name-defined]
        def on_tearing_down(self, exc: BaseException | None) -> None:
            log.append("hook")

    app = web.WSGI(saying())
    app.context_class = Context
    with app.app_context():
        pass
    assert ["hook"] == log
    app.teardown_appcontext(lambda _: log.append("function"))
    log.clear()
    with app.app_context():
        pass
    assert ["function", "hook"] == sorted(log)


def test_teardown_functions_run_the_last_first_and_those_of_the_request_before(
    web: ModuleType,
) -> None:
    """Everything is still there as they run."""
    app = web.WSGI(saying())
    log: Log = []

    def note(name: str) -> Any:
        return lambda error: log.append((name, error, web.g.value))

    app.teardown_appcontext(note("app 1"))
    app.teardown_request(note("request 1"))
    app.teardown_appcontext(note("app 2"))
    app.teardown_request(note("request 2"))
    with app.test_request_context():
        web.g.value = 1
    names = ["request 2", "request 1", "app 2", "app 1"]
    assert [(name, None, 1) for name in names] == log
    log.clear()
    with app.app_context():
        web.g.value = 2
    assert [(name, None, 2) for name in names[2:]] == log


def test_teardown_functions_run_before_anything_of_the_context_closes(
    web: ModuleType,
) -> None:
    """They may use the resources."""
    app = web.WSGI(saying())
    log: Log = []
    app.teardown_appcontext(lambda _: log.append("function"))
    with app.app_context() as context:
        context.callback(log.append, "callback")
    assert ["function", "callback"] == log


def test_teardown_functions_get_the_error_of_the_context(web: ModuleType) -> None:
    """And return what they like, without consequence."""
    app = web.WSGI(saying())
    log: Log = []

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def note(error: BaseException | None) -> bool:
        log.append(error)
        return True

    error = ValueError("of the work")
    with pytest.raises(ValueError, match="of the work"), app.app_context():
        raise error
    assert [error] == log


def test_all_teardown_functions_run_whatever_they_raise(web: ModuleType) -> None:
    """Their errors come out together; the context is closed."""
    app = web.WSGI(saying())
    log: Log = []
    errors = [ValueError("first"), KeyError("second")]

    def failing(error: BaseException) -> Any:
        def function(_: BaseException | None) -> None:
            log.append(error)
            raise error

        return function

    for error in errors:
        app.teardown_appcontext(failing(error))
    app.teardown_request(log.append)
    with pytest.raises(ExceptionGroup) as caught, app.test_request_context():
        pass
    assert errors[::-1] == list(caught.value.exceptions)
    assert [None, *errors[::-1]] == log
    assert not web.has_app_context()


def test_one_error_of_a_teardown_function_comes_out_as_it_is(web: ModuleType) -> None:
    """With that of the work as its context."""
    app = web.WSGI(saying())
    error = ValueError("of the work")

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def fail(_: BaseException | None) -> None:
        raise KeyError("of the teardown")

    with pytest.raises(KeyError) as caught, app.app_context():
        raise error
    assert error is caught.value.__context__


def test_asynchronous_teardown_functions_run_in_a_context_without_await(
    web: ModuleType,
) -> None:
    """By way of asgiref, where the proxies work; the error comes along."""
    pytest.importorskip("asgiref")
    app = web.WSGI(saying(), name="shop")
    log: Log = []

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    async def note(error: BaseException | None) -> None:
        log.append((web.current_app.name, web.g.get("value"), error))

    with app.app_context():
        web.g.value = 1
    error = ValueError("of the work")
    with pytest.raises(ValueError, match="of the work"):
        end(app.app_context(), error)
    assert [("shop", 1, None), ("shop", None, error)] == log


@pytest.mark.parametrize("ends", [True, False])
def test_an_asynchronous_teardown_function_is_awaited_for_as_long_as_elsewhere(
    web: ModuleType, ends: bool
) -> None:
    """``exit_timeout`` is for ``with`` as well; what it sets, the next one sees."""
    pytest.importorskip("asgiref")
    log: Log = []
    var: ContextVar[str] = ContextVar("var", default="unset")

    class Context(web.AppContext):  # type: ignore[misc, name-defined]
        exit_timeout = 0.01

    async def hang(_: BaseException | None) -> None:
        var.set("set")
        try:
            await asyncio.sleep(10)
        finally:
            if ends:
                log.append("cancelled")
            else:
                raise KeyError("late")

    app = web.WSGI(saying())
    app.context_class = Context
    app.teardown_request(lambda _: log.append(var.get()))
    app.teardown_request(hang)
    timeout = (
        "hang took longer than 0.01 s to close, and was cancelled;"
        " see the scope's exit_timeout"
    )
    answer = call(app)
    with (
        nothing_left(web),
        pytest.raises(TimeoutError if ends else ExceptionGroup) as caught,
    ):
        answer.read()

    several: Any = caught.value
    errors = [caught.value] if ends else several.exceptions
    assert timeout in str(errors[0])
    assert "ScopeExitTimeoutError" == type(errors[0]).__name__
    assert ends or KeyError is type(errors[1])
    assert ["cancelled"] * ends + ["set"] == log


def test_without_asgiref_the_error_says_what_to_install(
    web: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the other optional libraries."""

    async def nothing() -> None: ...

    app = web.WSGI(saying())
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "asgiref.sync", None)
        patch.setitem(sys.modules, "asgiref", None)
        with pytest.raises(ImportError) as caught:
            app.ensure_sync(nothing)
    assert "inscope[web]" in str(caught.value)


def test_without_starlette_the_error_says_what_to_install(
    web: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``inscope.web`` does without it, ``inscope.web.asgi`` cannot."""
    names = [name for name in sys.modules if name.partition(".")[0] == "starlette"]
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "inscope.web.asgi", raising=False)
        for name in ("starlette", *names):
            patch.setitem(sys.modules, name, None)
        with pytest.raises(ImportError) as caught:
            importlib.import_module("inscope.web.asgi")
    assert "inscope[web]" in str(caught.value)


def test_a_sync_function_is_left_as_it_is(web: ModuleType) -> None:
    """``ensure_sync`` is for both kinds."""
    app = web.WSGI(saying())
    assert len is app.ensure_sync(len)


def test_functions_after_this_request_change_the_response_in_order(
    web: ModuleType,
) -> None:
    """They may return another one, or none; may be asynchronous; run once."""

    def work() -> str:
        @web.after_this_request  # type: ignore[untyped-decorator]
        def first(response: Any) -> None:
            response.headers["X-Steps"] = "1"

        @web.after_this_request  # type: ignore[untyped-decorator]
        async def second(response: Any) -> Any:
            response.headers["X-Steps"] += "2"
            response.set_cookie("a", "b")
            return response

        @web.after_this_request  # type: ignore[untyped-decorator]
        def third(response: Any) -> None:
            response.status_code = 201
            response.headers["X-Steps"] += web.request.path

        return "body"

    answer = call(web.WSGI(acting(work)), "/3")
    assert ["12/3"] == answer.values("X-Steps")
    assert ["a=b; Path=/"] == answer.values("Set-Cookie")
    assert "201 CREATED" == answer.status
    assert b"body" == answer.read()


async def _asynchronous(web: ModuleType) -> str:
    @web.after_this_request  # type: ignore[untyped-decorator]
    async def first(response: Any) -> None:
        response.headers["x-steps"] = "1"

    @web.after_this_request  # type: ignore[untyped-decorator]
    def second(response: Any) -> Any:
        response.headers["x-steps"] += web.request.url.path
        response.status_code = 201
        return response

    return "body"


def test_functions_after_this_request_change_a_response_of_asgi(
    asgi: ModuleType, web: ModuleType
) -> None:
    """The same, awaited in the task of the request."""
    import asyncio

    app = asgi.ASGI(acting_async(lambda: _asynchronous(web)))
    exchange = asyncio.run(Exchange("/2").ask(app))
    assert ["1/2"] == exchange.values("x-steps")
    assert 201 == exchange.sent[0]["status"]
    assert b"body" == exchange.body


def test_after_this_request_needs_a_request(web: ModuleType) -> None:
    """It says its name."""
    message = "'after_this_request' can only be used when a request context is active"
    with pytest.raises(RuntimeError, match=message):
        web.after_this_request(print)
    with (
        web.WSGI(saying()).app_context(),
        pytest.raises(RuntimeError, match=message),
    ):
        web.after_this_request(print)


def test_an_application_has_a_name(web: ModuleType) -> None:
    """As given, or as the application has it."""

    class Application:
        def __call__(self, *_: object) -> list[bytes]:
            return []

    def function(*_: object) -> list[bytes]:
        return []

    assert "function" == web.WSGI(function).name
    assert "Application" == web.WSGI(Application()).name
    assert "shop" == web.WSGI(function, name="shop").name
    assert "<WSGI 'function'>" == repr(web.WSGI(function))


def test_what_makes_no_application_is_refused(web: ModuleType) -> None:
    """Before any request comes."""
    with pytest.raises(TypeError, match="an application is called"):
        web.WSGI(1)
    with pytest.raises(TypeError, match="not both"):
        web.WSGI(saying(), secret_key="a", sessions=web.Sessions())
