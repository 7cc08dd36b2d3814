"""The five names: outside of any context, in one without a request, in a request."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from web_apps import acting, call, saying
from werkzeug.wrappers import Request

NO_APP = "Working outside of application context."
NO_REQUEST = "Working outside of request context."
NO_REQUEST_HERE = "There is no request in this context."
NAMES = ("app_ctx", "current_app", "g", "request", "session")
OF_REQUEST = ("request", "session")


def _message(name: str) -> str:
    return NO_REQUEST if name in OF_REQUEST else NO_APP


@pytest.mark.parametrize("name", NAMES)
def test_outside_of_a_context_a_name_says_what_is_missing(
    web: ModuleType, name: str
) -> None:
    """Reading, writing, asking for what is not there: the text of Flask."""
    proxy = getattr(web, name)
    uses: list[Callable[[], Any]] = [
        lambda: proxy.anything,
        lambda: getattr(proxy, "anything", None),
        lambda: hasattr(proxy, "anything"),
        lambda: setattr(proxy, "anything", 1),
        lambda: str(proxy),
        proxy._get_current_object,
    ]
    for use in uses:
        with pytest.raises(RuntimeError) as caught:
            use()
        assert str(caught.value).startswith(_message(name))


@pytest.mark.parametrize("name", NAMES)
def test_outside_of_a_context_a_name_is_false_and_says_unbound(
    web: ModuleType, name: str
) -> None:
    """What Flask's own do: these are questions that anybody may ask."""
    proxy = getattr(web, name)
    assert False is bool(proxy)
    assert "<LocalProxy unbound>" == repr(proxy)
    assert [] == dir(proxy)
    kinds = (Request, web.App, web.AppContext, web.Globals, web.Session)
    assert not isinstance(proxy, kinds)


@pytest.mark.parametrize("name", OF_REQUEST)
def test_without_a_request_the_names_of_a_request_say_so(
    web: ModuleType, name: str
) -> None:
    """In a context of the application alone: not that there is no context."""
    proxy = getattr(web, name)
    uses: list[Callable[[], Any]] = [
        lambda: proxy.anything,
        lambda: getattr(proxy, "anything", None),
        lambda: setattr(proxy, "anything", 1),
        lambda: str(proxy),
        proxy._get_current_object,
        lambda: web.app_ctx.__class__.request.__get__(
            web.app_ctx._get_current_object(), web.AppContext
        ),
    ]
    with web.WSGI(saying()).app_context():
        for use in uses:
            with pytest.raises(RuntimeError) as caught:
                use()
            assert NO_REQUEST_HERE == str(caught.value)
        assert False is bool(proxy)
        assert "<LocalProxy unbound>" == repr(proxy)
        assert not isinstance(proxy, (Request, web.Session))


def test_without_a_request_the_other_names_are_there(web: ModuleType) -> None:
    """The application, ``g`` and the context itself."""
    app = web.WSGI(saying(), name="shop")
    with app.app_context() as context:
        assert web.current_app._get_current_object() is app
        assert "shop" == web.current_app.name
        assert web.app_ctx._get_current_object() is context
        assert web.g._get_current_object() is context.g
        assert all(bool(getattr(web, name)) for name in ("app_ctx", "current_app", "g"))
        assert isinstance(web.g, web.Globals)
        assert isinstance(web.current_app, web.App)
        assert isinstance(web.app_ctx, web.AppContext)
        assert "<AppContext active of shop>" == repr(web.app_ctx)
        assert 1 == getattr(web.g, "missing", 1)


def test_in_a_request_all_names_are_there(web: ModuleType) -> None:
    """Each is of the class of what it stands for."""
    app = web.WSGI(saying(), name="shop", secret_key="key")
    with app.test_request_context("/here?a=1", method="POST") as context:
        assert issubclass(web.request.__class__, Request)
        assert isinstance(web.session, web.Session)
        assert "/here" == web.request.path
        assert "1" == web.request.args["a"]
        assert "POST" == web.request.method
        assert web.request._get_current_object() is context.request
        assert web.session._get_current_object() is context.session
        assert 1 == getattr(web.request, "missing", 1)
        assert True is bool(web.request)
        assert False is bool(web.session)
        web.session["a"] = 1
        assert True is bool(web.session)
        text = "<AppContext active of shop, POST 'http://localhost/here?a=1'>"
        assert text == repr(context)


def test_the_classes_for_annotations_exist_and_are_not_to_be_made(
    web: ModuleType,
) -> None:
    """They can be imported at run time, and say what to do instead."""
    names = ("AppContext", "App", "Globals", "Request", "Session")
    for name in names:
        kind = getattr(web, f"{name}Proxy")
        assert isinstance(kind, type)
        base = Request if name == "Request" else getattr(web, name)
        assert issubclass(kind, base)
        make: Any = kind
        with pytest.raises(TypeError, match="for annotations"):
            make()


def test_the_request_of_asgi_is_the_same_name_typed_otherwise(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Both stand for what is active."""
    app = web.WSGI(saying())
    assert False is bool(asgi.request)
    with app.test_request_context("/x"):
        same = web.request._get_current_object()
        assert asgi.request._get_current_object() is same


def test_the_tellers_tell_what_is_active(web: ModuleType) -> None:
    """Three places, and back."""
    app = web.WSGI(saying())

    def told() -> tuple[bool, bool]:
        return web.has_app_context(), web.has_request_context()

    assert (False, False) == told()
    with app.app_context():
        assert (True, False) == told()
        with app.test_request_context():
            assert (True, True) == told()
            with app.app_context():
                assert (True, False) == told()
                assert not web.request
            assert (True, True) == told()
        assert (True, False) == told()
    assert (False, False) == told()


def test_a_request_is_made_once_and_only_when_it_is_asked_for(web: ModuleType) -> None:
    """Most requests to most applications never need it."""
    made: list[int] = []

    class Counted(web.WSGI):  # type: ignore[misc, name-defined]
        def make_request(self, source: Any) -> Any:
            made.append(1)
            return super().make_request(source)

    call(Counted(saying())).read()
    assert [] == made
    call(Counted(acting(lambda: (web.request.path, web.request.path)))).read()
    assert [1] == made


@pytest.mark.parametrize("use", [bool, repr, lambda proxy: isinstance(proxy, Request)])
def test_an_error_of_making_the_request_is_not_taken_for_no_request(
    web: ModuleType, use: Callable[[Any], object]
) -> None:
    """A RuntimeError of a library below means that something is broken."""

    class Broken(web.WSGI):  # type: ignore[misc, name-defined]
        def make_request(self, source: Any) -> Any:
            raise RuntimeError("the parser is broken")

    with (
        Broken(saying()).test_request_context(),
        pytest.raises(RuntimeError, match="the parser is broken"),
    ):
        use(web.request)


def test_an_error_of_opening_the_session_is_not_taken_for_an_empty_one(
    web: ModuleType,
) -> None:
    """``if session:`` would log everybody out while the store is down."""

    class Down(web.Sessions):  # type: ignore[misc, name-defined]
        def open(self, app: Any, request: Any) -> Any:
            raise RuntimeError("the store is down")

    app = web.WSGI(saying(), sessions=Down())
    with (
        app.test_request_context(),
        pytest.raises(RuntimeError, match="the store is down"),
    ):
        bool(web.session)


def test_the_names_of_the_package_are_all_there(web: ModuleType) -> None:
    """What ``__all__`` promises, of both modules."""
    for module in (web, importlib.import_module("inscope.web.asgi")):
        assert [] == [name for name in module.__all__ if not hasattr(module, name)]
