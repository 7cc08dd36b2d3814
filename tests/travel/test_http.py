"""The header of declared values: into WSGI and ASGI applications, out by httpx."""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

httpx: Any = pytest.importorskip("httpx")

BASE = "https://billing.example"


@pytest.fixture
def http(travel: ModuleType) -> ModuleType:
    """``inscope.travel.http``, of the copy of the package under test."""
    return importlib.import_module("inscope.travel.http")


def _said(user: Any) -> str:
    try:
        return str(user.get())
    except RuntimeError as error:
        return type(error).__name__


@pytest.fixture
def wsgi(http: ModuleType, boundary: Any, user: Any) -> Any:
    """A WSGI application that says who asks, and leaves something behind."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield _said(user).encode()
        user.set("left behind")
        yield f" {_said(user)}".encode()

    return http.WSGIMiddleware(application, boundary)


@pytest.fixture
def asgi(http: ModuleType, boundary: Any, user: Any) -> Any:
    """The same for ASGI."""

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/plain")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        body = _said(user).encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})
        user.set("left behind")
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": f" {user.get()}".encode()})

    return http.ASGIMiddleware(application, boundary)


Ask = Callable[..., str]


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """A function that asks one of them, in the context it is called in."""
    application = request.getfixturevalue(request.param)
    if request.param == "wsgi":

        def asked(*headers: tuple[str, str]) -> str:
            transport = httpx.WSGITransport(validator(application))
            joined = {
                name: ",".join(value for _, value in headers) for name, _ in headers
            }
            with httpx.Client(transport=transport, base_url=BASE) as client:
                return str(client.get("/", headers=joined).text)

        return asked

    async def asking(headers: Any) -> str:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return str((await client.get("/", headers=headers)).text)

    return lambda *headers: asyncio.run(asking(list(headers)))


def _header(travel: ModuleType, boundary: Any, user: Any, name: str = "ann") -> Any:
    with user.bind(name):
        return "Inscope-Context", travel.dump(boundary).text


def test_a_request_with_the_header_is_that_users(
    travel: ModuleType, boundary: Any, user: Any, ask: Ask
) -> None:
    """Up to the last part of the body; what it binds is gone with it."""
    header = _header(travel, boundary, user)

    assert "ann left behind" == ask(header)
    assert "nobody left behind" == ask()
    assert "nobody" == user.get()


def test_a_request_without_it_is_nobodys(user: Any, ask: Ask) -> None:
    """Whatever is bound where the server runs it."""
    with user.bind("lying about"):
        assert "nobody left behind" == ask()
        assert "lying about" == user.get()


FORGERIES: list[tuple[str, Callable[[str], list[str]]]] = [
    ("unsigned", lambda text: [text.rpartition(".")[0]]),
    ("changed", lambda text: [text.replace("ann", "bob")]),
    ("plain", lambda _: ["ann"]),
    ("old", lambda _: ['[1,"http",5,[["http_user","ann"]]]']),
    ("two of them", lambda text: [text, text]),
    ("joined by a proxy", lambda text: [f"{text}, {text}"]),
    ("a megabyte", lambda text: [text + "x" * 1_000_000]),
]


@pytest.mark.parametrize(
    "forge", [forge for _, forge in FORGERIES], ids=[name for name, _ in FORGERIES]
)
def test_a_forged_header_is_refused_and_logged_once(
    travel: ModuleType,
    boundary: Any,
    user: Any,
    ask: Ask,
    forge: Callable[[str], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The request runs; reads say what is wrong. The log does not quote the header."""
    name, text = _header(travel, boundary, user)

    with caplog.at_level(logging.WARNING, "inscope.travel"):
        answer = ask(*((name, value) for value in forge(text)))

    assert "ContextRefused left behind" == answer
    assert ["inscope.travel"] == [record.name for record in caplog.records]
    assert "ann" not in caplog.text
    assert "xxx" not in caplog.text


def test_without_keys_there_is_no_middleware(
    travel: ModuleType, http: ModuleType, outgoing: ModuleType, wsgi: Any
) -> None:
    """Anybody can send a header."""
    plain = travel.Boundary("http")

    for make in (
        lambda: http.WSGIMiddleware(wsgi, plain),
        lambda: http.ASGIMiddleware(wsgi, "http"),
        lambda: outgoing.Transport(plain, to=[BASE]),
        lambda: outgoing.AsyncTransport(plain, to=[BASE]),
    ):
        with pytest.raises(ValueError, match="must be signed"):
            make()


def test_interleaved_bodies_have_their_own(
    travel: ModuleType, boundary: Any, user: Any, wsgi: Any
) -> None:
    """Read in turns by one thread, closed by another."""
    bodies = []
    for name in ("ann", "bob"):
        _, text = _header(travel, boundary, user, name)
        environ = {"HTTP_INSCOPE_CONTEXT": text}
        bodies.append(wsgi(environ, lambda *_: None))

    assert [b"ann", b"bob"] == [next(body) for body in bodies]
    assert [b" left behind"] * 2 == [next(body) for body in bodies]
    closing = [threading.Thread(target=body.close) for body in bodies]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()
    assert "nobody" == user.get()


def test_the_end_of_a_body_has_it_too(
    travel: ModuleType, http: ModuleType, boundary: Any, user: Any
) -> None:
    """``close`` is called in the request's context, read or not."""
    log: list[str] = []

    class Closing(list[bytes]):
        def close(self) -> None:
            log.append(user.get())

    application = http.WSGIMiddleware(lambda *_: Closing([b"x"]), boundary)
    _, text = _header(travel, boundary, user)
    body = application({"HTTP_INSCOPE_CONTEXT": text}, lambda *_: None)

    assert 1 == len(body)
    body.close()
    assert ["ann"] == log


def test_a_file_that_the_server_reads_is_left_to_it(
    http: ModuleType, boundary: Any, tmp_path: Any
) -> None:
    """By the server's own wrapper, which it knows by its class."""
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file:
        made = FileWrapper(file)
        application = http.WSGIMiddleware(lambda *_: made, boundary)
        assert made is application({"wsgi.file_wrapper": FileWrapper}, lambda *_: None)
        assert made is not application({}, lambda *_: None)


def test_an_error_of_the_application_passes_through(
    http: ModuleType, boundary: Any, user: Any
) -> None:
    """And leaves nothing bound."""

    def failing(environ: Any, start_response: Any) -> Any:
        user.set("left")
        raise ZeroDivisionError

    async def failing_too(asgi_scope: Any, receive: Any, send: Any) -> None:
        user.set("left")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        http.WSGIMiddleware(failing, boundary)({}, lambda *_: None)

    async def main() -> Any:
        asked = http.ASGIMiddleware(failing_too, boundary)
        with pytest.raises(ZeroDivisionError):
            await asked({"type": "websocket", "headers": []}, None, None)
        return user.get()

    assert ("nobody", "nobody") == (user.get(), asyncio.run(main()))


def test_the_lifespan_is_passed_on(http: ModuleType, boundary: Any, user: Any) -> None:
    """What it binds is for all requests."""
    log: list[Any] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        log.append(asgi_scope["type"])
        user.set("everybody's")

    async def main() -> Any:
        asked = http.ASGIMiddleware(application, boundary)
        await asked({"type": "lifespan"}, None, None)
        return user.get()

    assert "everybody's" == asyncio.run(main())
    assert ["lifespan"] == log


def _origins(log: list[Any]) -> Any:
    """Return a transport that notes which hosts got the header, and redirects."""

    def answer(request: Any) -> Any:
        log.append((request.url.host, "inscope-context" in request.headers))
        target = request.url.params.get("to")
        if target:
            return httpx.Response(307, headers={"location": target})
        return httpx.Response(200)

    return httpx.MockTransport(answer)


def test_a_redirect_to_another_origin_takes_nothing_along(
    outgoing: ModuleType, boundary: Any, user: Any
) -> None:
    """Decided for each hop; back home it is there again."""
    log: list[Any] = []
    transport = outgoing.Transport(
        boundary, to=[BASE, "https://home.example:8443/"], transport=_origins(log)
    )
    with (
        httpx.Client(transport=transport, follow_redirects=True) as client,
        user.bind("ann"),
    ):
        client.get(f"{BASE}/?to=https://elsewhere.example/?to={BASE}/last")
        client.get(f"{BASE}/?to=http://billing.example/")
        client.get("https://home.example:8443/")
        client.get("https://home.example/")

    assert [
        ("billing.example", True),
        ("elsewhere.example", False),
        ("billing.example", True),
        ("billing.example", True),
        ("billing.example", False),  # not by https
        ("home.example", True),
        ("home.example", False),  # another port
    ] == log


def test_the_same_asynchronously(
    outgoing: ModuleType, boundary: Any, user: Any
) -> None:
    """Each of the requests at the same time with its own."""
    log: list[Any] = []

    async def main() -> None:
        inner = _origins(log)
        transport = outgoing.AsyncTransport(boundary, to=[BASE], transport=inner)
        async with httpx.AsyncClient(
            transport=transport, follow_redirects=True
        ) as client:
            with user.bind("ann"):
                await client.get(f"{BASE}/?to=https://elsewhere.example/")
            await client.get(BASE)

    asyncio.run(main())
    expected = [True, False, False]
    assert expected == [has for _, has in log]


def test_a_header_of_somebody_elses_is_taken_off(
    outgoing: ModuleType, boundary: Any, user: Any
) -> None:
    """What a program passes on by hand would be another one's context."""
    log: list[Any] = []
    transport = outgoing.Transport(boundary, to=[BASE], transport=_origins(log))
    with httpx.Client(transport=transport) as client:
        client.get(BASE, headers={"Inscope-Context": "by hand"})
        client.get("https://elsewhere.example", headers={"inscope-context": "by hand"})

    assert [False, False] == [has for _, has in log]


def test_the_body_and_the_rest_of_a_request_are_as_they_were(
    outgoing: ModuleType, boundary: Any, user: Any
) -> None:
    """Also its stream and its extensions; the request of the caller is not changed."""

    def answer(request: Any) -> Any:
        assert 5 == request.extensions["timeout"]["read"]
        return httpx.Response(200, content=request.read())

    transport = outgoing.Transport(
        boundary, to=[BASE], transport=httpx.MockTransport(answer)
    )
    with httpx.Client(transport=transport, timeout=5) as client, user.bind("ann"):
        response = client.post(BASE, content=iter([b"a", b"b"]))
    assert b"ab" == response.content
    assert "inscope-context" not in response.request.headers


@pytest.mark.parametrize(
    "origin", ["billing.example", "https://", "ftp://a.example", f"{BASE}/path", ""]
)
def test_what_is_no_origin_is_refused(
    outgoing: ModuleType, boundary: Any, origin: str
) -> None:
    """The error shows what one looks like."""
    with pytest.raises(ValueError, match="is no origin; an example"):
        outgoing.Transport(boundary, to=[origin])
    with pytest.raises(TypeError, match="takes a list of origins"):
        outgoing.Transport(boundary, to=BASE)


class Quiet(WSGIRequestHandler):
    """One that does not log."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_from_one_service_to_another_over_a_socket(
    outgoing: ModuleType, boundary: Any, user: Any, wsgi: Any
) -> None:
    """By the default transports, on a real server."""
    with make_server("127.0.0.1", 0, validator(wsgi), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            with (
                httpx.Client(
                    transport=outgoing.Transport(boundary, to=[address])
                ) as one,
                user.bind("ann"),
            ):
                assert "ann left behind" == one.get(address).text

            async def main() -> str:
                transport = outgoing.AsyncTransport(boundary, to=[address])
                async with httpx.AsyncClient(transport=transport) as two:
                    return str((await two.get(address)).text)

            with user.bind("bob"):
                assert "bob left behind" == asyncio.run(main())
        finally:
            server.shutdown()
            thread.join()
