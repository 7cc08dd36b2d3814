"""An aiohttp application, which is neither WSGI nor ASGI: the context by hand.

A middleware opens an ``AppContext`` around each request, lets what waits for the
response change it, and saves the session with it, by what aiohttp calls its methods.
Run it: ``python with_aiohttp.py``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

import socket
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from aiohttp import web
from greeting import SECRET, greet

from inscope.web import App, g, request
from inscope.web.context import TearsDown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Response:
    """What sessions ask of a response, of aiohttp's."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self.headers = self
        self.set_cookie = response.set_cookie

    def delete_cookie(self, name: str, **place: Any) -> None:
        """Let the browser forget a cookie."""
        self._response.del_cookie(name, **place)

    def getlist(self, name: str) -> list[str]:
        """Return the values of a header."""
        return self._response.headers.getall(name, [])

    def add(self, name: str, value: str) -> None:
        """Add a header."""
        self._response.headers.add(name, value)


class Context(TearsDown):
    """A context that changes the responses of aiohttp."""

    functions: tuple[Callable[[Any], Any], ...] = ()

    def after(self, function: Any) -> Any:
        """Keep what ``after_this_request`` is given."""
        self.functions = (*self.functions, function)
        return function

    async def finished(self, response: web.StreamResponse) -> web.StreamResponse:
        """Let the functions change *response*; save the session."""
        for function in self.functions:
            changed = function(response)
            if isawaitable(changed):
                changed = await changed
            response = response if changed is None else changed
        self.save_session(Response(response))
        return response


@web.middleware
async def in_context(source: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request in a context of its own."""
    async with Context(app, request=source) as context:
        response: web.StreamResponse
        try:
            response = await handler(source)
        except web.HTTPException as raised:  # a response as well, such as a redirect
            response = raised
        response = await context.finished(response)
        if isinstance(response, web.HTTPException):
            raise response
        return response


async def hello(_: web.Request) -> web.Response:
    """Greet; ``request`` is aiohttp's."""
    query: Any = request.query
    g.visitor = query.get("name", "stranger")
    return web.Response(text=greet())


website = web.Application(middlewares=[in_context])
website.router.add_get("/", hello)
app = App(website.make_handler, name="aiohttp", secret_key=SECRET)

if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    host, port = listening.getsockname()
    print(f"Running on http://{host}:{port}", flush=True)
    web.run_app(website, sock=listening, print=None)
