"""Flask's application context, built on ``Scope``: what Flask 3.2 has in ``ctx.py``.

One context holds the application, ``g``, the request and the session; the proxies at
the end find them. ``Scope`` opens, counts and closes; what is here is Flask's alone:
what there is to open and in which order, and the texts of the errors.

It differs from Flask's where Flask's fails. A context that cannot be opened is closed
again. One that is popped in another ``Context`` refuses before any teardown has run.
``copy_current_request_context`` copies for each call, so that two may run at once. A
``KeyboardInterrupt`` during teardown comes out bare, a single error as it is, and
several as one group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask.signals import appcontext_popped, appcontext_pushed
from werkzeug.exceptions import HTTPException

from inscope import Scope, UnboundError
from inscope.carry import carry
from inscope.scope import fresh, shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from flask import Flask
    from flask.sessions import SessionMixin
    from flask.wrappers import Request
    from werkzeug.routing import MapAdapter

F = TypeVar("F", bound="Callable[..., Any]")

NO_APP = """Working outside of application context.

Attempted to use functionality that expected a current application to be set. To
solve this, set up an app context using 'with app.app_context()'. See the
documentation on app context for more information."""
NO_REQUEST = """Working outside of request context.

Attempted to use functionality that expected an active HTTP request. See the
documentation on request context for more information."""
NO_VIEW = (
    "can only be used when a request context is active, such as in a view function"
)


class AppContext(Scope):
    """The application at work: for a request, a command or a test."""

    after_close = "allow"
    reopen = True
    unbound_message = NO_APP

    app: Flask = shared()
    _request: Request | None = shared(None)
    _session: SessionMixin | None = shared(None)
    _flashes: list[tuple[str, str]] | None = fresh(lambda: None)
    _after_request_functions: list[Callable[..., Any]] = fresh(list)
    g: Any = fresh(lambda ctx: ctx.app.app_ctx_globals_class())

    def __init__(self, app: Flask, *, request: Request | None = None) -> None:
        self.app, self._request = app, request

    @fresh
    def url_adapter(self) -> MapAdapter | None:
        """What finds the route, and builds URLs; there may be none for this host."""
        try:
            return self.app.create_url_adapter(self._request)
        except HTTPException as error:
            if self._request is not None:
                self._request.routing_exception = error
            return None

    @classmethod
    def from_environ(cls, app: Flask, environ: dict[str, Any], /) -> Self:
        """Return a context for the request that *environ* describes."""
        request = app.request_class(environ)
        request.json_module = app.json
        return cls(app, request=request)

    copy = Scope.fork  # of the same request and session, with a ``g`` of its own

    def on_push(self) -> None:
        """Open the session, then find the route: converters may use the session.

        The teardowns run in reverse order: whatever one raises, the others run.
        """
        self.teardown(lambda exc: self.app.do_teardown_appcontext(self, exc))
        if self._request is not None:
            self.teardown(lambda _: self.request.close())
            self.teardown(lambda exc: self.app.do_teardown_request(self, exc))
        appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)
        if self._request is not None:
            self._get_session()
            self.match_request()

    def match_request(self) -> None:
        """Find the route of the request; that there is none is for the view to say."""
        if self.url_adapter is not None:
            try:
                found = self.url_adapter.match(return_rule=True)
                self.request.url_rule, self.request.view_args = found  # type: ignore[assignment]
            except HTTPException as error:
                self.request.routing_exception = error

    @property
    def has_request(self) -> bool:
        """Whether the context is that of a request."""
        return self._request is not None

    @property
    def request(self) -> Request:
        """The request."""
        if self._request is None:
            raise UnboundError("There is no request in this context.")
        return self._request

    @property
    def session(self) -> SessionMixin:
        """The session of the request, which from now on counts as accessed."""
        session = self._get_session()
        session.accessed = True
        return session

    def _get_session(self) -> SessionMixin:
        if self._session is None:
            opener = self.app.session_interface
            self._session = opener.open_session(self.app, self.request)
            if self._session is None:
                self._session = opener.make_null_session(self.app)
        return self._session


@AppContext.popped.connect
def _tell(ctx: AppContext) -> None:
    appcontext_popped.send(ctx.app, _async_wrapper=ctx.app.ensure_sync)


app_ctx = AppContext.proxy()
current_app = AppContext.proxy(lambda ctx: ctx.app)
g = AppContext.proxy(lambda ctx: ctx.g)
request = AppContext.proxy(lambda ctx: ctx.request, unbound_message=NO_REQUEST)
session = AppContext.proxy(lambda ctx: ctx.session, unbound_message=NO_REQUEST)


has_app_context = AppContext.is_active


def has_request_context() -> bool:
    """Tell whether ``request`` and ``session`` can be used."""
    return AppContext.is_active() and AppContext.current().has_request


def after_this_request(function: F) -> F:
    """Call *function* with the response to this request; return it."""
    if not has_request_context():
        raise RuntimeError(f"'after_this_request' {NO_VIEW}.")
    app_ctx._after_request_functions.append(function)
    return function


def copy_current_request_context(function: F) -> F:
    """Return *function* for work elsewhere: each call is in a copy of this context."""
    if not has_app_context():
        raise RuntimeError(f"'copy_current_request_context' {NO_VIEW}.")
    return cast("F", carry(AppContext.current().app.ensure_sync(function)))
