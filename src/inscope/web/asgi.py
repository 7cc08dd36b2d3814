"""``ASGI``: a context around each request of any ASGI application.

The application runs in the task of its server, and so does the context: no task is
begun. ``http`` and ``websocket`` have a context with a request; ``lifespan`` has one
without. What ASGI calls a scope is an ``asgi_scope`` here. The source of what servers
and applications owe each other is the ASGI specification, version 3.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from types import MethodType
from typing import TYPE_CHECKING, Any

from inscope._core.proxied import Proxied
from inscope.scope.exits import is_awaitable
from inscope.scope.shielding import shielded
from inscope.web._requirements import needed, refuse_without
from inscope.web.app import App
from inscope.web.context import AppContext
from inscope.web.messages import NO_REQUEST

try:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response
except ModuleNotFoundError as _error:
    refuse_without("starlette", _error)
    raise

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    from inscope.web.async_testing import AsyncClient

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

__all__ = ["ASGI", "RequestProxy", "request"]

KEEP = "inscope.web.keep_context"
"""What a test client has in the asgi_scope, to keep the context of its request."""


if TYPE_CHECKING:
    AnyRequest: TypeAlias = Request[Any]
else:
    AnyRequest = Request  # not generic before Starlette 1.0


class RequestProxy(Proxied[AnyRequest], AnyRequest):
    """The class of ``request``, for a type checker."""


request: RequestProxy = AppContext.proxy(
    "request", unbound_message=NO_REQUEST, like=RequestProxy
)
"""The same as ``inscope.web.request``, typed as Starlette's request."""


class ASGI(App):
    """An ASGI application with a context around each request.

    Args:
        application: Any ASGI application.
        **settings: See :class:`inscope.web.App`.

    Example:
        >>> import asyncio
        >>> from inscope.web.asgi import ASGI, request
        >>> async def hello(asgi_scope, receive, send):
        ...     await send({"type": "http.response.start", "status": 200})
        ...     body = f"hello from {request.url.path}".encode()
        ...     await send({"type": "http.response.body", "body": body})
        >>> async def main():
        ...     async with ASGI(hello).test_client() as client:
        ...         print((await client.get("/here")).text)
        >>> asyncio.run(main())
        hello from /here
    """

    request_class: type[AnyRequest] = Request

    async def __call__(self, asgi_scope: Message, receive: Receive, send: Send) -> None:
        kind = asgi_scope["type"]
        if kind not in REQUESTS:
            await self._run(kind, asgi_scope, receive, send)
            return
        incoming = Incoming(asgi_scope, receive)
        async with self._contexts(self, incoming) as context:
            if KEEP in asgi_scope:
                asgi_scope[KEEP](context)
            # A method of a tuple costs half of what a function in here would.
            answer: Any = MethodType(send_answer, (self, context, send))
            try:
                await self.application(asgi_scope, incoming.receive, answer)
            except BaseException:
                await self._end_streams(context)
                raise

    async def _run(
        self, kind: str, asgi_scope: Message, receive: Receive, send: Send
    ) -> None:
        """Run the application without a request."""
        if kind == "lifespan":
            async with self.app_context():
                await self.application(asgi_scope, receive, send)
        else:
            await self.application(asgi_scope, receive, send)

    def request_context(self, asgi_scope: Message) -> AppContext:
        """Return a context for the request of *asgi_scope*, to be opened by
        ``async with``."""
        return self._contexts(self, Incoming(asgi_scope, _nothing))

    def test_request_context(
        self, path: str = "/", *, method: str = "GET", **headers: str
    ) -> AppContext:
        """Return a context for a made-up request.

        Args:
            path: With the query, if there is one.
            method: The method.
            **headers: The headers; an underscore in a name is a hyphen.
        """
        path, _, query = path.partition("?")
        fields = {"host": "localhost", **headers}.items()
        asgi_scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "server": ("localhost", 80),
            "root_path": "",
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").lower().encode(), value.encode("latin-1"))
                for name, value in fields
            ],
        }
        return self.request_context(asgi_scope)

    def test_client(self, **kwargs: Any) -> AsyncClient:
        """Return a client for tests, which asks without a server (httpx's).

        In ``async with app.test_client() as client:`` the context of the last request
        stays open, to look at, until the next request or the end of the block.
        """
        needed("httpx")
        from inscope.web.async_testing import AsyncClient

        return AsyncClient(self, **kwargs)

    def make_request(self, source: Incoming) -> Any:
        """Return the request made from *source*; of a websocket, its connection."""
        if source.asgi_scope["type"] == "http":
            return self.request_class(source.asgi_scope, source.receive_for_request)
        return HTTPConnection(source.asgi_scope)

    async def _end_streams(self, context: AppContext) -> None:
        """Close what was streamed when the application failed: nobody reads it now.

        The client may have gone, say. Left alone, it would be closed when the
        collector finds it.
        """
        for stream in list(context._streams or ()):
            close = getattr(stream, "aclose", None) or to_await(stream.close)
            for error in await shielded(close(), context.exit_timeout, repr(stream)):
                logging.getLogger("inscope.web").error(
                    "%s: a stream could not be closed", self.name, exc_info=error
                )

    async def _send_changed(
        self, context: AppContext, send: Send, message: Message
    ) -> None:
        message = await self._finished(context, message)
        context._is_answered = True
        await send(message)

    async def _finished(self, context: AppContext, message: Message) -> Message:
        """Let what waits for the response change it; save the session."""
        status = message.get("status", HTTPStatus.SWITCHING_PROTOCOLS)
        response: Any = Response(status_code=status)
        response.raw_headers = list(message.get("headers") or ())
        functions, context._after = context._after or (), None
        for function in functions:
            changed: Any = function(response)
            if is_awaitable(changed):
                changed = await changed
            response = changed or response
        context.save_session(response)
        changes: dict[str, Any] = {"headers": response.raw_headers}
        if "status" in message:
            changes["status"] = response.status_code
        return {**message, **changes}


def send_answer(of: tuple[ASGI, AppContext, Send], message: Message) -> Awaitable[None]:
    """Send *message*: what an application gets for ``send``.

    Args:
        of: The application, the context, and what the server gave.
        message: As the application says.
    """
    app, context, send = of
    if not context._is_answered and message["type"] in STARTS:
        if (context._known or context._after) and context.changes_response:
            return app._send_changed(context, send, message)
        context._is_answered = True
    return send(message)


REQUESTS = ("http", "websocket")
"""What is asked for in a context with a request."""

STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
"""The messages with which a response begins, and its headers go out."""


def to_await(function: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    """Return *function* as one to be awaited."""

    async def awaited() -> None:
        function()

    return awaited


class Incoming:
    """What a request is made from, and its body for two readers.

    What the ``request`` proxy reads, the application gets all the same; what the
    application has read is gone for the proxy.
    """

    _kept: tuple[Message, ...] = ()
    _is_gone = False

    def __init__(self, asgi_scope: Message, receive: Receive) -> None:
        self.asgi_scope: Message = asgi_scope
        self._receive = receive

    async def receive(self) -> Message:
        """Return the next message, for the application."""
        if self._kept:
            message, *rest = self._kept
            self._kept = tuple(rest)
            return message
        message = await self._receive()
        self._is_gone = self._is_gone or message["type"] == "http.request"
        return message

    async def receive_for_request(self) -> Message:
        """Return the next message, for ``request``."""
        if self._is_gone:
            message = await _poll(self._receive)
            if message is not None:
                return message
            reason = (
                "the body of this request was read by the application already; read it"
                " by 'request' first, or from the application's own request"
            )
            raise RuntimeError(reason)
        message = await self._receive()
        self._kept = (*self._kept, message)
        return message


async def _poll(receive: Receive) -> Message | None:
    """Return the message that is there already, if one is: a disconnect."""
    import anyio  # which comes with Starlette

    message: Message | None = None
    with anyio.CancelScope() as scope:
        scope.cancel()
        message = await receive()
    if message is None:
        await anyio.lowlevel.checkpoint()  # where is_disconnected() ends, if that asks
    return message


async def _nothing() -> Message:
    """Receive an empty body: that of a made-up request."""
    return {"type": "http.request", "body": b"", "more_body": False}
