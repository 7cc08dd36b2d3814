"""The documents that the project began with: what 002 and 004 show, it does.

They tell of proxies over context variables: those of the second generation of
``werkzeug.local``, and Flask's. The others are in ``test_seeds.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token, copy_context
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from places import in_greenlet, in_task, in_thread

# Seed 002: the second generation, on context variables


def test_a_proxy_over_a_context_variable_is_its_object(inscope: ModuleType) -> None:
    """Checks deep inside a program see the request of their own worker."""
    request_var: ContextVar[Any] = ContextVar("request")
    request = inscope.LocalProxy(request_var)

    def check() -> str:
        if request.form["username"] != "admin":
            raise PermissionError(request.form["username"])
        return f"welcome {request.form['username']}"

    def serve(name: str) -> str:
        request_var.set(SimpleNamespace(form={"username": name}))
        return check()

    assert "welcome admin" == in_thread(lambda: serve("admin"))
    with pytest.raises(PermissionError, match="eve"):
        in_thread(lambda: serve("eve"))


def test_an_unset_variable_is_a_runtime_error_and_false(inscope: ModuleType) -> None:
    """Most operations raise; ``bool`` says no; the object is there once set."""
    request_var: ContextVar[Any] = ContextVar("request")
    request = inscope.LocalProxy(request_var)

    for operation in (str, len, iter, hash, lambda proxy: proxy._get_current_object()):
        with pytest.raises(RuntimeError) as caught:
            operation(request)
        assert "object is not bound" == str(caught.value)
    assert bool(request) is False

    value = [1]
    request_var.set(value)

    assert bool(request) is True
    assert value is request._get_current_object()


@pytest.mark.parametrize("place", [in_task, in_thread, in_greenlet])
def test_stacks_and_namespaces_share_nothing_between_nested_contexts(
    inscope: ModuleType, place: Callable[[Callable[[], Any]], Any]
) -> None:
    """What an inner context adds, replaces or takes away stays inside."""
    namespace, stack = inscope.Local(), inscope.LocalStack()
    namespace.user = "outer"
    stack.push("outer")

    def inner() -> tuple[dict[str, Any], Any]:
        stack.pop()
        stack.push("inner")
        namespace.user = "inner"
        namespace.extra = 1
        return dict(namespace), stack.top

    assert ({"user": "inner", "extra": 1}, "inner") == place(inner)
    assert ({"user": "outer"}, "outer") == (dict(namespace), stack.top)
    assert ("outer", None) == (stack.pop(), stack.pop())


def test_data_can_be_released_and_otherwise_goes_with_its_context(
    inscope: ModuleType,
) -> None:
    """A manager is kept for those that want it."""
    namespace, stack = inscope.Local(), inscope.LocalStack()
    manager = inscope.LocalManager([namespace, stack])

    def fill_and_clean() -> tuple[dict[str, Any], Any]:
        namespace.user = "ann"
        stack.push("ann")
        manager.cleanup()
        return dict(namespace), stack.top

    assert ({}, None) == copy_context().run(fill_and_clean)


# Seed 004: Flask's proxies, all over one variable


class App:
    """An application."""

    name = "shop"


class Request:
    """A request."""

    def __init__(self, path: str) -> None:
        self.path = path


class Context:
    """What is pushed: it has all that the proxies show."""

    def __init__(self, app: App, request: Request) -> None:
        self.app, self.request = app, request


@contextmanager
def pushed(variable: ContextVar[Context], context: Context) -> Iterator[Context]:
    """Push *context*, and pop it by its token."""
    token: Token[Context] = variable.set(context)
    try:
        yield context
    finally:
        variable.reset(token)


def test_proxies_over_one_variable_show_the_object_and_its_attributes(
    inscope: ModuleType,
) -> None:
    """Valid between push and pop, nested too; outside, the message says why."""
    variable: ContextVar[Context] = ContextVar("app_ctx")
    no_app, no_request = "Working outside of it.", "No request.\n\nPush one."
    app_ctx = inscope.LocalProxy(variable, unbound_message=no_app)
    current_app = inscope.LocalProxy(variable, "app", unbound_message=no_app)
    request = inscope.LocalProxy(variable, "request", unbound_message=no_request)
    app = App()

    with pushed(variable, Context(app, Request("/"))) as outer:
        assert outer is app_ctx._get_current_object()
        assert app is current_app._get_current_object()
        with pushed(variable, Context(app, Request("/inner"))):
            assert "/inner" == request.path
        assert ("shop", "/") == (current_app.name, request.path)

    for proxy, message in ((app_ctx, no_app), (request, no_request)):
        with pytest.raises(RuntimeError) as caught:
            _ = proxy.anything
        assert message == str(caught.value)
        assert not proxy


def test_a_proxy_can_have_a_type_that_is_the_objects_and_its_own(
    inscope: ModuleType,
) -> None:
    """The class is for checkers; at run time it is a proxy like any other."""

    class RequestProxy(inscope.Proxied[Request], Request):  # type: ignore[name-defined,misc]
        pass

    variable = inscope.Var("request")
    request: RequestProxy = variable.proxy(like=RequestProxy)
    by_hand: RequestProxy = inscope.LocalProxy(variable, like=RequestProxy)
    assert not request

    with variable.bind(Request("/login")):
        for proxy in (request, by_hand):
            assert "/login" == proxy.path
            assert isinstance(proxy, Request)
            assert inscope.is_proxy(proxy)
            assert variable.get() is proxy._get_current_object()


def test_a_copy_takes_the_request_to_another_thread(inscope: ModuleType) -> None:
    """By itself nothing goes there; what is pushed there stays there."""
    variable: ContextVar[Context] = ContextVar("app_ctx")
    request = inscope.LocalProxy(variable, "request")

    def read() -> str:
        return str(request.path)

    def copied(function: Callable[[], str]) -> Callable[[], str]:
        original = variable.get()

        def run() -> str:
            with pushed(variable, Context(original.app, original.request)):
                return function()

        return run

    with pushed(variable, Context(App(), Request("/sent"))):
        job = copied(read)
        with pytest.raises(RuntimeError):
            in_thread(read)

    assert "/sent" == in_thread(job)
    assert not request
