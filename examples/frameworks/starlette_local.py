"""A request local for Starlette, and a database connection for each request.

``RequestScopeMiddleware`` opens a scope around the application, in the very task that
runs it. While it is open, ``request`` stands for the request or websocket and ``db``
for its connection, in whatever is called, also in the threads where Starlette runs
plain functions. ``db`` connects when it is first used; as the request ends, it commits,
or rolls back if the request failed.

Serve it: ``uvicorn starlette_local:app``. The database is ``$NOTES_DATABASE``.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from inscope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Send
    from starlette.types import Scope as AsgiScope
    from starlette.websockets import WebSocket


class RequestScope(Scope):
    """The lifetime of one request or websocket."""

    unbound_message = "no request is being answered here"

    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection


request = RequestScope.proxy(lambda scope: scope.connection)


@RequestScope.resource
def db() -> Iterator[sqlite3.Connection]:
    """The request's own connection to the database."""
    path = request.app.state.database
    # Threads take turns with it: the views' threads, and the one that closes it.
    with closing(sqlite3.connect(path, check_same_thread=False)) as made, made:
        made.execute("CREATE TABLE IF NOT EXISTS notes (author, text)")
        yield made


class RequestScopeMiddleware:
    """Opens a ``RequestScope`` for each request and websocket.

    Args:
        app: The application around which to open it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, asgi_scope: AsgiScope, receive: Receive, send: Send
    ) -> None:
        """Have the application answer."""
        if asgi_scope["type"] == "lifespan":
            await self.app(asgi_scope, receive, send)
            return
        # Without `receive`: the body is for the view alone to read.
        async with RequestScope(HTTPConnection(asgi_scope)):
            await self.app(asgi_scope, receive, send)


def author() -> str:
    """Return who is asking; no view has to hand over its request."""
    return request.headers.get("x-author", "anonymous")


def notes() -> list[str]:
    """Return what whoever is asking has written."""
    rows = db.execute("SELECT text FROM notes WHERE author = ?", (author(),))
    return [text for (text,) in rows]


async def write(http: Request) -> JSONResponse:
    """Keep the note in the body; a note ``fail`` makes the request fail after that."""
    text = (await http.body()).decode()
    db.execute("INSERT INTO notes VALUES (?, ?)", (author(), text))
    if text == "fail":
        raise RuntimeError("the note says so")
    return JSONResponse({"author": author(), "notes": notes()})


def read(_: Request) -> JSONResponse:
    """Return the notes, from a thread."""
    return JSONResponse({"author": author(), "notes": notes()})


async def listen(socket: WebSocket) -> None:
    """Say the notes to a websocket."""
    await socket.accept()
    await socket.send_json({"author": author(), "notes": notes()})
    await socket.close()


app = Starlette(
    routes=[
        Route("/notes", write, methods=["POST"]),
        Route("/notes", read),
        WebSocketRoute("/notes/live", listen),
    ],
    middleware=[Middleware(RequestScopeMiddleware)],
)
app.state.database = os.environ.get("NOTES_DATABASE", "notes.sqlite")
