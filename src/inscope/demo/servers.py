"""The three servers, each run in a process of its own.

``processes`` starts this as ``main(["threads", "0"])`` in a child, reads the one
line that it writes (the port, or what went wrong), and closes the child's
standard input when it is to end. The same happens when the parent dies, so no
server outlives it.
"""

from __future__ import annotations

import _thread
import asyncio
import importlib
import importlib.metadata
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from inscope.demo.identity import read_costs
from inscope.demo.layers import answer, answer_async

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
COSTS_PATH = "/costs"
THREADS = 8

# Which library serves each kind of worker.
SOFTWARE = {"threads": "waitress", "asyncio": "uvicorn", "greenlets": "gevent"}

Message = MutableMapping[str, Any]
AsgiApplication = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class Waitress(Protocol):
    """The part of ``waitress.server`` that is used; the library is untyped."""

    def create_server(
        self, app: WSGIApplication, *, sockets: list[socket.socket], threads: int
    ) -> WaitressServer:
        """Return a server that serves *app* on *sockets*."""
        ...


class WaitressServer(Protocol):
    """The part of waitress' server that is used."""

    def run(self) -> None:
        """Serve until the process ends."""
        ...


class Pywsgi(Protocol):
    """The part of ``gevent.pywsgi`` that is used; the library is untyped."""

    def WSGIServer(  # noqa: N802 - gevent's name
        self, listener: socket.socket, application: WSGIApplication, *, log: None
    ) -> PywsgiServer:
        """Return a server that serves *application* on *listener*."""
        ...


class PywsgiServer(Protocol):
    """The part of gevent's server that is used."""

    def serve_forever(self) -> None:
        """Serve until the process ends."""
        ...


def wsgi_application(worker: Callable[[], str]) -> WSGIApplication:
    """Return the application of waitress and gevent.

    Args:
        worker: Names the thread or greenlet that it is called in.
    """

    def application(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] == COSTS_PATH:
            body = _encode(read_costs())
        else:
            body = _encode(answer(environ["QUERY_STRING"], worker()))
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ]
        start_response("200 OK", headers)
        return [body]

    return application


async def asgi_application(
    asgi_scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Be the application of uvicorn.

    uvicorn runs each request in a task of its own; the tasks of one connection
    run one after another, so it is the connection that makes a lane.
    """
    if asgi_scope["path"] == COSTS_PATH:
        body = _encode(read_costs())
    else:
        worker = f"connection {asgi_scope['client'][1]}"
        query = asgi_scope["query_string"].decode("ascii")
        body = _encode(await answer_async(query, worker))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _encode(content: object) -> bytes:
    return json.dumps(content).encode("utf-8")


def serve_threads(listener: socket.socket) -> Callable[[], None]:
    """Make waitress ready to serve on *listener*; return what runs it."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    waitress = cast("Waitress", importlib.import_module("waitress.server"))
    application = wsgi_application(lambda: threading.current_thread().name)
    server = waitress.create_server(application, sockets=[listener], threads=THREADS)
    return server.run


def serve_asyncio(listener: socket.socket) -> Callable[[], None]:
    """Make uvicorn ready to serve on *listener*; return what runs it."""
    import uvicorn

    config = uvicorn.Config(
        asgi_application, log_level="critical", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    return lambda: asyncio.run(server.serve(sockets=[listener]))


def serve_greenlets(listener: socket.socket) -> Callable[[], None]:
    """Make gevent ready to serve on *listener*; return what runs it.

    gevent gives each connection a greenlet, which a thread ident names once
    the library is patched.
    """
    pywsgi = cast("Pywsgi", importlib.import_module("gevent.pywsgi"))
    application = wsgi_application(lambda: f"greenlet {threading.get_ident()}")
    return pywsgi.WSGIServer(listener, application, log=None).serve_forever


SERVE = {
    "threads": serve_threads,
    "asyncio": serve_asyncio,
    "greenlets": serve_greenlets,
}


def main(arguments: list[str]) -> None:
    """Serve; *arguments* are the kind of worker and the port, 0 for a free one."""
    kind, port = arguments[0], int(arguments[1])
    try:
        listener = socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        _tell({"refused": os.strerror(error.errno) if error.errno else str(error)})
        return
    # Accepted connections inherit it: a reply in two pieces is not held back.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    run = SERVE[kind](listener)
    _end_with_parent(kind)
    package = SOFTWARE[kind]
    software = f"{package} {importlib.metadata.version(package)}"
    _tell({"port": listener.getsockname()[1], "software": software})
    run()


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with_parent(kind: str) -> None:
    """End the process as soon as standard input is closed.

    Waiting for that blocks, so it takes a true thread, also under gevent.
    """
    start_thread: Callable[..., Any] = _thread.start_new_thread
    if kind == "greenlets":
        monkey: Any = importlib.import_module("gevent.monkey")
        start_thread = monkey.get_original("_thread", "start_new_thread")
    start_thread(_wait_for_end, ())


def _wait_for_end() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)
