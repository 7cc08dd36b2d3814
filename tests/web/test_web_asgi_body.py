"""``ASGI``: the body of a request, for the application and for ``request``."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, acting_async, answer

BODY = (b"one ", b"two ", b"three")


@pytest.mark.parametrize("first", ["proxy", "application"])
def test_the_body_can_be_read_by_the_proxy_and_by_the_application(
    web: ModuleType, asgi: ModuleType, first: str
) -> None:
    """What ``request`` reads, the application gets all the same, in its order."""
    seen: list[Any] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        if first == "proxy":
            seen.append(await web.request.body())
        while True:
            message = await receive()
            seen.append((message["body"], message["more_body"]))
            if not message["more_body"]:
                break
        if first != "proxy":
            with pytest.raises(RuntimeError, match="read by the application already"):
                await web.request.body()
        seen.append((await receive())["type"])
        await answer(send)

    asyncio.run(Exchange(body=BODY).ask(asgi.ASGI(application)))
    parts = [(b"one ", True), (b"two ", True), (b"three", False), "http.disconnect"]
    whole = [b"".join(BODY)] if first == "proxy" else []
    assert whole + parts == seen


def test_a_body_that_both_read_by_turns_is_whole_for_the_application(
    web: ModuleType, asgi: ModuleType
) -> None:
    """Part by part."""
    seen: list[bytes] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        stream = web.request.stream()
        seen.append(await anext(stream))
        await stream.aclose()
        seen.extend([(await receive())["body"] for _ in BODY])
        await answer(send)

    asyncio.run(Exchange(body=BODY).ask(asgi.ASGI(application)))
    assert [b"one ", *BODY] == seen


def test_whether_the_client_is_there_can_be_asked_after_the_body_was_read(
    web: ModuleType, asgi: ModuleType
) -> None:
    """By the proxy, of a body that the application has read: as most do."""
    seen: list[bool] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        seen.append(await web.request.is_disconnected())
        await answer(send)

    asyncio.run(Exchange(body=BODY).ask(asgi.ASGI(application)))
    assert [False] == seen


def test_a_disconnect_that_the_proxy_has_seen_reaches_the_application(
    web: ModuleType, asgi: ModuleType
) -> None:
    """It waits for it."""
    seen: list[Any] = []

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        await web.request.body()
        seen.append((await receive())["type"])
        seen.append((await receive())["type"])

    exchange = Exchange(body=[b"x"])
    asyncio.run(exchange.ask(asgi.ASGI(application)))
    assert ["http.request", "http.disconnect"] == seen


def test_the_files_of_a_request_are_closed_with_its_context(
    web: ModuleType, asgi: ModuleType
) -> None:
    """What a visitor has sent lies in temporary files."""
    pytest.importorskip("python_multipart")
    files: list[Any] = []

    async def work() -> str:
        form = await web.request.form()
        files.append(form["file"].file)
        return "read"

    content = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        b"text\r\n--x--\r\n"
    )
    headers = [("content-type", "multipart/form-data; boundary=x")]
    exchange = Exchange(body=[content], headers=headers)
    asyncio.run(exchange.ask(asgi.ASGI(acting_async(work))))
    closed = [file.closed for file in files]
    for file in files:
        file.close()
    assert [True] == closed
