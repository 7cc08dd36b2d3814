"""The rows of ``requests``: what it adds to a request to be wrapped.

Each application is called as its server calls it, with a new environ or ASGI scope
each time, and its response is read and closed. ``by hand`` is the least that does the
same with a context variable: one context for the call and each step of the body.
"""

from __future__ import annotations

import time
from contextvars import ContextVar, Token, copy_context
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.flask_app import ENVIRON
from benchmarks.results import BY_HAND, OURS, Cell, Row
from benchmarks.timing import alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.timing import Effort, Timer

AS_IT_IS = "as it is"
FLASK = "Flask's hello"
STARLETTE = "Starlette's hello"
BARE_WSGI = "a WSGI application that does nothing else"
BARE_ASGI = "an ASGI application that does nothing else"

ASGI_SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "server": ("localhost", 80),
    "client": ("localhost", 1),
    "root_path": "",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
}

TURN = 10
"""Times as long as in other rows a turn takes: requests differ more than they do."""

state: ContextVar[Any] = ContextVar("state")


class HandMadeWSGI:
    """A WSGI application with the environ in a context variable."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: Any, start_response: Any) -> HandMadeBody:
        context = copy_context()
        token = context.run(state.set, environ)
        body = context.run(self._application, environ, start_response)
        return HandMadeBody(context.run, token, body)


class HandMadeBody:
    """Its body, each step of it in the same context."""

    def __init__(self, run: Any, token: Token[Any], body: Any) -> None:
        self._run = run
        self._token = token
        self._body = body
        self._steps = run(iter, body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        step: bytes = self._run(next, self._steps)
        return step

    def close(self) -> None:
        """Close the body, then forget the environ."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                self._run(close)
        finally:
            self._run(state.reset, self._token)


class HandMadeASGI:
    """An ASGI application with its scope in a context variable."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, asgi_scope: Any, receive: Any, send: Any) -> None:
        token = state.set(asgi_scope)
        try:
            await self._application(asgi_scope, receive, send)
        finally:
            state.reset(token)


def flask_hello() -> Any:
    """Return Flask's smallest application."""
    from flask import Flask

    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app.wsgi_app


def bare_wsgi(_: Any, start_response: Any) -> list[bytes]:
    """Answer with what is always the same."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def starlette_hello() -> Any:
    """Return Starlette's smallest application."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def hello(_: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/", hello)])


async def bare_asgi(_: Any, __: Any, send: Any) -> None:
    """Answer with what is always the same."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def ask_wsgi(application: Any) -> Timer:
    """Return what times requests to a WSGI application."""

    def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
        pass

    def run(loops: int) -> float:
        start = time.perf_counter()
        for _ in repeat(None, loops):
            body = application({**ENVIRON, "PATH_INFO": "/"}, start_response)
            for _part in body:
                pass
            close = getattr(body, "close", None)
            if close is not None:
                close()
        return time.perf_counter() - start

    return run


def ask_asgi(application: Any) -> Timer:
    """Return what times requests to an ASGI application; no loop has to run."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    async def ask(loops: int) -> float:
        start = time.perf_counter()
        for _ in repeat(None, loops):
            await application(dict(ASGI_SCOPE), receive, send)
        return time.perf_counter() - start

    def run(loops: int) -> float:
        try:
            ask(loops).send(None)
        except StopIteration as done:
            taken: float = done.value
            return taken
        message = f"{application!r} waits for something"
        raise RuntimeError(message)

    return run


def wrapped_wsgi(application: Any) -> Any:
    """Return a WSGI application in contexts of ours."""
    from inscope.web import WSGI

    return WSGI(application)


def wrapped_asgi(application: Any) -> Any:
    """Return an ASGI application in contexts of ours."""
    from inscope.web.asgi import ASGI

    return ASGI(application)


class Side(NamedTuple):
    """How applications of a kind are asked and wrapped."""

    ask: Callable[[Any], Timer]
    by_hand: Callable[[Any], Any]
    ours: Callable[[Any], Any]


WSGI_SIDE = Side(ask_wsgi, HandMadeWSGI, wrapped_wsgi)
ASGI_SIDE = Side(ask_asgi, HandMadeASGI, wrapped_asgi)

ROWS: tuple[tuple[str, Callable[[], Any], Side], ...] = (
    (FLASK, flask_hello, WSGI_SIDE),
    (BARE_WSGI, lambda: bare_wsgi, WSGI_SIDE),
    (STARLETTE, starlette_hello, ASGI_SIDE),
    (BARE_ASGI, lambda: bare_asgi, ASGI_SIDE),
)


def measure(effort: Effort) -> list[Row]:
    """Return the rows; one whose libraries are missing says so."""
    return [Row(name, "", (), _cells(make, side, effort)) for name, make, side in ROWS]


def _cells(make: Callable[[], Any], side: Side, effort: Effort) -> dict[str, Cell]:
    try:
        application = make()
        ours = side.ours(application)
    except ImportError as error:
        return {OURS: Cell(note=f"cannot: {error}")}
    timers = {
        AS_IT_IS: side.ask(application),
        BY_HAND: side.ask(side.by_hand(application)),
        OURS: side.ask(ours),
    }
    longer = effort._replace(seconds=TURN * effort.seconds)
    return alternate(timers, longer, collects=True)
