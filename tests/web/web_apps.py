"""Servers and applications, as small as they can be, and what they have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from threading import Thread
from types import ModuleType
from typing import Any

from werkzeug.test import EnvironBuilder

Log = list[Any]
Headers = list[tuple[str, str]]


class Answer:
    """What a WSGI application has answered so far, and its body."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []
        self.exc_info: Any = None
        self.starts = 0
        self.written: list[bytes] = []
        self.body: Any = None

    def start_response(
        self, status: str, headers: Headers, exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """What the application calls."""
        self.status, self.headers, self.exc_info = status, headers, exc_info
        self.starts += 1
        return self.written.append

    def values(self, name: str) -> list[str]:
        """Return the values of the headers *name*."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def read(self) -> bytes:
        """Read the body to its end and close it, as servers do."""
        try:
            return b"".join(self.body)
        finally:
            self.body.close()


def environ(path: str = "/", **keywords: Any) -> dict[str, Any]:
    """Return the environ of a made-up request."""
    builder = EnvironBuilder(path, **keywords)
    try:
        return builder.get_environ()
    finally:
        builder.close()


def call(app: Any, path: str = "/", **keywords: Any) -> Answer:
    """Call a WSGI application as a server does; its body is not read yet."""
    answer = Answer()
    answer.body = app(environ(path, **keywords), answer.start_response)
    return answer


def saying(
    body: Iterable[bytes] = (b"hello",), headers: Headers | None = None
) -> Callable[..., Any]:
    """Return a WSGI application that answers with *body*."""

    def application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", list(headers or []))
        return body

    return application


def acting(action: Callable[[], object], status: str = "200 OK") -> Callable[..., Any]:
    """Return a WSGI application that calls *action*, then answers with its result."""

    def application(_: dict[str, Any], start_response: Any) -> list[bytes]:
        text = str(action())
        start_response(status, [("Content-Type", "text/plain")])
        return [text.encode()]

    return application


def session_cookie(answer: Answer) -> str:
    """Return the value of the session's cookie that *answer* sets."""
    (cookie,) = answer.values("Set-Cookie")
    name, _, rest = cookie.partition("=")
    assert "session" == name
    return rest.partition(";")[0]


def noting(web: ModuleType, application: Any, log: Log) -> Any:
    """Return *application* wrapped, which notes each teardown and its error."""
    app = web.WSGI(application)
    app.teardown_appcontext(lambda error: log.append(("teardown", error)))
    return app


# ASGI


class Exchange:
    """A request to an ASGI application, and what was sent for it."""

    def __init__(
        self,
        path: str = "/",
        *,
        kind: str = "http",
        body: Iterable[bytes] = (b"",),
        headers: Iterable[tuple[str, str]] = (),
        fails_at: int | None = None,
    ) -> None:
        path, _, query = path.partition("?")
        fields = [("host", "localhost"), *headers]
        self.asgi_scope: dict[str, Any] = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST" if any(body) else "GET",
            "scheme": "ws" if kind == "websocket" else "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (name.encode(), text.encode("latin-1")) for name, text in fields
            ],
        }
        if kind == "lifespan":
            self.asgi_scope = {"type": kind, "asgi": {"version": "3.0"}, "state": {}}
        if kind == "http":
            parts = list(body)
            self.incoming: list[dict[str, Any]] = [
                {
                    "type": "http.request",
                    "body": part,
                    "more_body": number < len(parts) - 1,
                }
                for number, part in enumerate(parts)
            ]
        else:
            self.incoming = []
        self.fails_at = fails_at
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        """What the server gives."""
        await asyncio.sleep(0)
        if self.incoming:
            return self.incoming.pop(0)
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """What the server takes; from the message ``fails_at`` on, nobody is there."""
        await asyncio.sleep(0)
        if self.fails_at is not None and len(self.sent) >= self.fails_at:
            raise OSError("the client has gone away")
        self.sent.append(message)

    async def ask(self, app: Any) -> Exchange:
        """Ask *app*, and return this."""
        await app(self.asgi_scope, self.receive, self.send)
        return self

    @property
    def body(self) -> bytes:
        """The body of the response."""
        return b"".join(one.get("body", b"") for one in self.sent)

    def values(self, name: str) -> list[str]:
        """Return the values of the headers *name* of the response."""
        wanted = name.lower().encode()
        found = self.sent[0]["headers"]
        return [value.decode("latin-1") for key, value in found if key == wanted]


async def answer(send: Any, text: str = "hello", headers: Any = ()) -> None:
    """Send a response, for an ASGI application."""
    start = {"type": "http.response.start", "status": 200, "headers": list(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": text.encode()})


def acting_async(action: Callable[[], Awaitable[object]]) -> Callable[..., Any]:
    """Return an ASGI application that awaits *action*, and answers with its result."""

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        await answer(send, str(await action()))

    return application


# Elsewhere


def in_thread(function: Callable[[], Any]) -> Any:
    """Return what *function* returns in another thread; raise what it raises."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(Context().run(function))
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def end(context: Any, error: BaseException) -> None:
    """Leave the block of *context* by *error*."""
    with context:
        raise error


@contextmanager
def nothing_left(web: ModuleType) -> Iterator[None]:
    """See that the block leaves no context active where it began without one."""
    assert not web.has_app_context()
    yield
    assert not web.has_app_context()
    assert not web.has_request_context()
