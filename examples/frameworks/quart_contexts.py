"""Quart's three contexts, built on ``Scope``: application, request and websocket.

Each has a place of its own, so a websocket's context may be open within a request's.
That of a connection joins the application's that is active, if it is of the same
application, else opens one and closes it. They serve an application of Quart 0.22.

They differ from Quart's where Quart's fail. What ``copy_current_*_context`` returns
may run many times at once. A context that cannot be opened is closed again, and all
parts of a teardown run, whatever one of them raises.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from quart.signals import appcontext_popped, appcontext_pushed
from werkzeug.exceptions import HTTPException

from inscope import Scope, UnboundError, proxy
from inscope.scope import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from blinker import NamedSignal
    from quart import Quart, Request, Websocket
    from quart.sessions import SessionMixin


class AppContext(Scope):
    """The application at work. Its copies have ``g`` in common."""

    after_close = "allow"
    unbound_message = "Not within an app context"

    app: Quart = shared()
    g: Any = shared()

    def __init__(self, app: Quart) -> None:
        self.app = app
        self.g = app.app_ctx_globals_class()

    async def on_pop(self, exc: BaseException | None) -> None:
        """Tear down."""
        await self.app.do_teardown_appcontext(exc)


async def _send(signal: NamedSignal, app: Any) -> None:
    await signal.send_async(app, _sync_wrapper=app.ensure_async)


AppContext.pushed.connect(lambda ctx: _send(appcontext_pushed, ctx.app))
AppContext.popped.connect(lambda ctx: _send(appcontext_popped, ctx.app))


class Connection(Scope):
    """What the contexts of a request and of a websocket have in common."""

    after_close = "allow"

    app: Quart = shared()
    connection: Any = shared()
    session: SessionMixin | None = shared(None)

    def __init__(self, app: Quart, connection: Any) -> None:
        self.app, self.connection = app, connection
        connection.json_module = app.json

    async def on_push(self) -> None:
        """Have an application's context, open the session, and find the route.

        The teardowns run in reverse order: whatever one raises, the others run.
        """
        block = AppContext.ensure(app=self.app)
        await block.__aenter__()
        self.teardown(lambda exc: block.__aexit__(type(exc), exc, None))
        self.add_teardowns()
        await self._open_session()
        self.match_request()

    def add_teardowns(self) -> None:
        """Add what is to run as the connection ends."""
        raise NotImplementedError

    async def _open_session(self) -> None:
        app, opener = self.app, self.app.session_interface
        if self.session is None:
            opening = app.ensure_async(opener.open_session)
            self.session = await opening(app, self.connection)
        if self.session is None:
            self.session = await opener.make_null_session(app)

    def match_request(self) -> None:
        """Find the route; that there is none is for the view to say."""
        adapter: Any = self.app.create_url_adapter(self.connection)
        try:
            found = adapter.match(return_rule=True)
            self.connection.url_rule, self.connection.view_args = found
        except HTTPException as error:
            self.connection.routing_exception = error


class RequestContext(Connection, own_slot=True):
    """A request in the application's hands."""

    unbound_message = "Not within a request context"
    request = property(lambda self: self.connection)

    def add_teardowns(self) -> None:
        """Tear down the request, then close it."""
        self.teardown(lambda _: self.connection.close())
        self.teardown(lambda exc: self.app.do_teardown_request(exc, self))


class WebsocketContext(Connection, own_slot=True):
    """A websocket in the application's hands."""

    unbound_message = "Not within a websocket context"
    websocket = property(lambda self: self.connection)

    def add_teardowns(self) -> None:
        """Tear down the websocket."""
        self.teardown(lambda exc: self.app.do_teardown_websocket(exc, self))


def _session() -> Any:
    for kind in (RequestContext, WebsocketContext):
        if kind.is_active():
            return kind.current().session
    raise UnboundError("Not within a request nor websocket context")


app_ctx = AppContext.proxy()
current_app = AppContext.proxy(lambda ctx: ctx.app)
g = AppContext.proxy(lambda ctx: ctx.g)
request: Request = RequestContext.proxy(lambda ctx: ctx.request)
websocket: Websocket = WebsocketContext.proxy(lambda ctx: ctx.websocket)
session: SessionMixin = proxy(_session)

has_app_context = AppContext.is_active
has_request_context = RequestContext.is_active
has_websocket_context = WebsocketContext.is_active


def _carried(
    kind: type[AppContext | Connection], name: str, function: Callable[..., Any]
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return *function* for another task: each call has a copy of this context."""
    if not kind.is_active():
        raise RuntimeError(
            f"Attempt to copy {name} context outside of a {name} context"
        )
    ctx = kind.current()

    @wraps(function)
    async def carried(*args: Any, **kwargs: Any) -> Any:
        async with ctx.fork():
            return await ctx.app.ensure_async(function)(*args, **kwargs)

    return carried


copy_current_app_context = partial(_carried, AppContext, "app")
copy_current_request_context = partial(_carried, RequestContext, "request")
copy_current_websocket_context = partial(_carried, WebsocketContext, "websocket")
