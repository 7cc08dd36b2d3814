"""What checkers see of the names for web applications; checked, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from werkzeug.wrappers import Request

from inscope.web import (
    WSGI,
    App,
    AppContext,
    Session,
    app_ctx,
    asgi,
    copy_current_request_context,
    current_app,
    request,
    session,
    stream_with_context,
)
from inscope.web.proxies import RequestProxy

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_name_is_of_the_class_of_its_object() -> None:
    """So it can be given to what wants one, and completes in an editor."""
    assert_type(request.method, str)
    assert_type(current_app.name, str)
    assert_type(asgi.request.url.path, str)
    take(request, current_app, session, app_ctx)


def take(request: Request, app: App, session: Session, context: AppContext) -> None:
    """Take the objects themselves."""


def test_a_name_has_the_object_itself() -> None:
    """By the method that Flask's names have."""
    assert_type(request._get_current_object(), Request)
    assert_type(session._get_current_object(), Session)
    assert_type(current_app._get_current_object(), App)


def test_whether_there_is_a_request_can_be_asked() -> None:
    """What follows is no dead code: or it would be no part of the type."""
    assert_type(request or has_none(), RequestProxy | str)


def has_none() -> str:
    """Return a word."""
    return "none"


def test_a_copied_function_keeps_its_type() -> None:
    """And a stream that of its items."""

    @copy_current_request_context
    def work(number: int) -> str:
        return str(number)

    def names() -> Iterator[bytes]:
        yield b""

    assert_type(work(1), str)
    for item in stream_with_context(names()):
        assert_type(item, bytes)


def test_a_context_comes_of_an_application(app: WSGI) -> None:
    """Without a request, with one, with one that was made up."""
    assert_type(app.app_context(), AppContext)
    assert_type(app.request_context({}), AppContext)
    with app.test_request_context("/") as context:
        assert_type(context, AppContext)
