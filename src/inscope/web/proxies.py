"""The names that a program imports: each stands for what the active context has.

The classes are for annotations, and exist at run time as well: a proxy is of the
class that it stands for, and has ``_get_current_object()``; and it may be unbound, so
``if not request:`` is no dead code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.wrappers import Request

from inscope._core.proxied import Proxied
from inscope.web.app import App
from inscope.web.context import AppContext, Globals
from inscope.web.messages import NO_APP, NO_REQUEST
from inscope.web.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "AppContextProxy",
    "AppProxy",
    "GlobalsProxy",
    "RequestProxy",
    "SessionProxy",
    "after_this_request",
    "app_ctx",
    "current_app",
    "g",
    "has_app_context",
    "has_request_context",
    "request",
    "session",
]


class AppContextProxy(Proxied[AppContext], AppContext):
    """The class of ``app_ctx``, for a type checker."""


class AppProxy(Proxied[App], App):
    """The class of ``current_app``, for a type checker."""


class GlobalsProxy(Proxied[Globals], Globals):
    """The class of ``g``, for a type checker."""


class RequestProxy(Proxied[Request], Request):
    """The class of ``request``, for a type checker."""


class SessionProxy(Proxied[Session], Session):
    """The class of ``session``, for a type checker."""


_app_ctx: Any = AppContext.proxy(unbound_message=NO_APP, like=AppContextProxy)
app_ctx: AppContextProxy = _app_ctx
current_app: AppProxy = AppContext.proxy("app", unbound_message=NO_APP, like=AppProxy)
g: GlobalsProxy = AppContext.proxy("g", unbound_message=NO_APP, like=GlobalsProxy)
request: RequestProxy = AppContext.proxy(
    "request", unbound_message=NO_REQUEST, like=RequestProxy
)
session: SessionProxy = AppContext.proxy(
    "session", unbound_message=NO_REQUEST, like=SessionProxy
)


def has_app_context() -> bool:
    """Tell whether a context is active."""
    return AppContext.is_active()


def has_request_context() -> bool:
    """Tell whether a context with a request is active."""
    return AppContext.is_active() and AppContext.current().has_request


def after_this_request(function: F) -> F:
    """Call *function* with the response to this request before it goes out.

    Args:
        function: Returns the response, or ``None`` for the same one. The response has
            a status, headers and cookies, and no body.

    Returns:
        *function*.

    Raises:
        RuntimeError: There is no request.

    Example:
        >>> from inscope.web import WSGI, after_this_request
        >>> def hello(environ, start_response):
        ...     @after_this_request
        ...     def sign(response):
        ...         response.headers["X-By"] = "inscope"
        ...     start_response("200 OK", [])
        ...     return [b"hello"]
        >>> WSGI(hello).test_client().get("/").headers["X-By"]
        'inscope'
    """
    if not has_request_context():
        raise RuntimeError(no_request_for("after_this_request"))
    return AppContext.current().after(function)


def no_request_for(name: str) -> str:
    """Return the text of the error that the function *name* needs a request."""
    return (
        f"{name!r} can only be used when a request context is active,"
        " such as in a view function."
    )
