"""Requests that come all at once by one connection, answered by uvicorn."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

Request = tuple[str, dict[str, str]]
"""Its path, and headers."""


def pipelined(app: Any, http: str, requests: list[Request]) -> list[str]:
    """Return what *app*, run by uvicorn, answers to each of *requests*.

    Args:
        app: An ASGI application that answers all of them with 200.
        http: By what uvicorn reads HTTP: ``"h11"`` or ``"httptools"``.
        requests: What is sent before anything is read.
    """
    pytest.importorskip(http)
    return asyncio.run(_answers(app, http, requests))


async def _answers(app: Any, http: str, requests: list[Request]) -> list[str]:
    uvicorn = pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=http, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        for number, (path, headers) in enumerate(requests, 1):
            how = "close" if number == len(requests) else "keep-alive"
            lines = {"Host": "x", "Connection": how, **headers}
            text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"GET {path} HTTP/1.1\r\n{text}\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        server.should_exit = True
        await serving
    return [part.split("\r\n\r\n")[1] for part in answer.split("HTTP/1.1 200 OK")[1:]]
