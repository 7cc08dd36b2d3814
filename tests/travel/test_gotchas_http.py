"""Where context has been lost or shown to strangers by HTTP: a test for each."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest

httpx: Any = pytest.importorskip("httpx")
pytest.importorskip("itsdangerous")

NAME = "Inscope-Context"


@pytest.fixture
def header(travel: ModuleType, boundary: Any, user: Any) -> dict[str, str]:
    """The header that a service sends for ann."""
    with user.bind("ann"):
        return {NAME: travel.dump(boundary).text}


# Clients

Got = list[tuple[str, str | None, str | None]]


@contextmanager
def _service(name: str, got: Got, target: str = "") -> Iterator[str]:
    """A server that notes what it got, and sends to *target* whoever comes to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.append((name, self.headers[NAME], self.headers["X-User"]))
            self.send_response(307 if target else 200)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("hooked", [False, True], ids=["plain", "hooked"])
def test_a_redirect_takes_a_header_along_and_not_ours(
    outgoing: ModuleType, boundary: Any, user: Any, is_async: bool, hooked: bool
) -> None:
    """The fault: httpx sends the headers of a request on; a hook puts them in again.

    Over sockets, to another port, which is another origin.
    """
    got: Got = []

    def again(request: Any) -> None:
        request.headers[NAME] = "by a hook"
        request.headers["X-User"] = user.get()

    async def again_async(request: Any) -> None:
        again(request)

    hooks = {"request": [again_async if is_async else again]} if hooked else {}
    options: dict[str, Any] = {"follow_redirects": True, "event_hooks": hooks}
    headers = {"X-User": "ann", NAME: "by hand"}

    async def ask_async(url: str) -> None:
        transport = outgoing.AsyncTransport(boundary, to=[url])
        async with httpx.AsyncClient(transport=transport, **options) as client:
            await client.get(url, headers=headers)

    with (
        _service("stranger", got) as stranger,
        _service("billing", got, stranger) as url,
        user.bind("ann"),
    ):
        if is_async:
            asyncio.run(ask_async(url))
        else:
            transport = outgoing.Transport(boundary, to=[url])
            with httpx.Client(transport=transport, **options) as client:
                client.get(url, headers=headers)

    assert ["billing", "stranger"] == [name for name, _, _ in got]
    assert ["ann", "ann"] == [plain for _, _, plain in got]
    ours = [text for _, text, _ in got]
    assert '"ann"' in str(ours[0])
    assert ours[1] is None


def test_what_a_client_has_as_its_own_header_is_not_sent(
    outgoing: ModuleType, boundary: Any, user: Any
) -> None:
    """One of a client's own is sent with all of its requests, as whoever made it."""
    got: Got = []
    with _service("stranger", got) as stranger, _service("billing", got) as url:
        transport = outgoing.Transport(boundary, to=[url])
        with httpx.Client(transport=transport, headers={NAME: "of ann"}) as client:
            with user.bind("bob"):
                client.get(url)
                client.get(stranger)
            client.get(url)

    assert ["billing", "stranger", "billing"] == [name for name, _, _ in got]
    assert '"bob"' in str(got[0][1])
    assert [None, None] == [text for _, text, _ in got[1:]]


# Applications


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_request_of_each_kind_has_it_and_a_lifespan_nothing_of_it(
    travel: ModuleType, boundary: Any, user: Any, header: dict[str, str], kind: str
) -> None:
    """Bound for what has headers, also where another one of the kind is open."""
    http = importlib.import_module("inscope.travel.http")
    log: list[Any] = []

    async def app(asgi_scope: Any, receive: Any, send: Any) -> None:
        log.append((asgi_scope["type"], user.get()))
        await asyncio.sleep(0.01)
        log.append((asgi_scope["type"], user.get()))
        user.set("left")

    asked = http.ASGIMiddleware(app, boundary)
    raw = [(name.lower().encode(), text.encode()) for name, text in header.items()]

    async def main() -> str:
        with user.bind("of the server"):
            await asyncio.gather(
                asked({"type": kind, "headers": raw}, None, None),
                asked({"type": kind, "headers": []}, None, None),
            )
            await asked({"type": kind, "headers": []}, None, None)
            before = str(user.get())
        await asked({"type": "lifespan"}, None, None)
        return before

    assert "of the server" == asyncio.run(main())
    assert [(kind, "ann"), (kind, "nobody")] * 2 == log[:4]
    assert [(kind, "nobody")] * 2 == log[4:6]
    assert [("lifespan", "nobody"), ("lifespan", "nobody")] == log[6:]


def test_whatever_starlette_runs_for_a_request_has_it(
    boundary: Any, user: Any, header: dict[str, str], travel: ModuleType
) -> None:
    """In tasks and in threads: endpoints, streams of both kinds, background tasks."""
    applications = pytest.importorskip("starlette.applications")
    background = importlib.import_module("starlette.background")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")
    http = importlib.import_module("inscope.travel.http")
    log: list[tuple[str, str]] = []

    def tell(where: str) -> str:
        log.append((where, user.get()))
        return "."

    async def tell_async(where: str) -> None:
        tell(where)

    async def asynchronous(request: Any) -> Any:
        tell("async endpoint")
        task = background.BackgroundTask(tell_async, "async background")
        return responses.PlainTextResponse("", background=task)

    def threaded(request: Any) -> Any:
        tell("sync endpoint")
        task = background.BackgroundTask(tell, "sync background")
        return responses.PlainTextResponse("", background=task)

    def steps() -> Iterator[str]:
        for _ in range(2):
            yield tell("sync stream")

    async def steps_async() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield tell("async stream")

    async def stream(request: Any) -> Any:
        return responses.StreamingResponse(steps())

    async def stream_async(request: Any) -> Any:
        return responses.StreamingResponse(steps_async())

    endpoints = (asynchronous, threaded, stream, stream_async)
    routes = [routing.Route(f"/{one.__name__}", one) for one in endpoints]
    app = http.ASGIMiddleware(applications.Starlette(routes=routes), boundary)

    async def main(headers: dict[str, str]) -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as one:
            for endpoint in endpoints:
                await one.get(f"/{endpoint.__name__}", headers=headers)

    places = ["async endpoint", "async background", "sync endpoint", "sync background"]
    places += ["sync stream"] * 2 + ["async stream"] * 2
    for headers, name in ((header, "ann"), ({}, "nobody")):
        log.clear()
        with user.bind("of the server"):
            asyncio.run(main(headers))
        assert [(place, name) for place in places] == log


def test_a_block_around_the_call_of_an_application_is_over_before_its_body() -> None:
    """The fault: the body, and its end, see nothing of what was bound for the call."""
    plain: ContextVar[str] = ContextVar("plain", default="nobody")

    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        try:
            yield plain.get().encode()
        finally:
            log.append(plain.get())

    log: list[str] = []
    token = plain.set("ann")
    body: Any = application({}, None)
    plain.reset(token)

    assert [b"nobody"] == list(body)
    assert ["nobody"] == log


@pytest.mark.parametrize("read", [0, 1, 2])
def test_a_body_has_it_to_its_end_however_far_it_is_read(
    boundary: Any, user: Any, header: dict[str, str], travel: ModuleType, read: int
) -> None:
    """Also if nobody has begun to: ``close`` is called all the same."""
    http = importlib.import_module("inscope.travel.http")
    log: list[str] = []

    class Body:
        def __init__(self) -> None:
            self.left = 2

        def __iter__(self) -> Body:
            log.append(user.get())
            return self

        def __next__(self) -> bytes:
            if not self.left:
                raise StopIteration
            self.left -= 1
            return str(user.get()).encode()

        def close(self) -> None:
            log.append(user.get())

    app = http.WSGIMiddleware(lambda *_: Body(), boundary)
    body = app({"HTTP_INSCOPE_CONTEXT": header[NAME]}, lambda *_: None)
    with user.bind("of the worker"):
        iterator = iter(body)
        parts = [next(iterator) for _ in range(read)]
        body.close()
        assert "of the worker" == user.get()

    assert [b"ann"] * read == parts
    assert ["ann"] * (2 if read else 1) == log


def test_what_is_written_goes_through(
    boundary: Any, user: Any, header: dict[str, str], travel: ModuleType
) -> None:
    """``start_response`` returns a function, as of old; it is the server's own."""
    http = importlib.import_module("inscope.travel.http")
    written: list[bytes] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(str(user.get()).encode())
        return [b"."]

    app = http.WSGIMiddleware(application, boundary)
    body = app({"HTTP_INSCOPE_CONTEXT": header[NAME]}, lambda *_: written.append)

    assert [b"."] == list(body)
    assert [b"ann"] == written
