"""Asks an ASGI application as servers do: each request in a task, with no context."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

import pytest

httpx: Any = pytest.importorskip("httpx")

URL = "http://localhost"


async def asked(app: Any, *paths: str) -> list[Any]:
    """Return the answers to requests of *paths*, made at the same time."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:

        async def ask(path: str) -> Any:
            response = await client.get(path)
            if response.headers.get("content-type") == "application/json":
                return response.json()
            return response.text

        tasks = [asyncio.create_task(ask(path), context=Context()) for path in paths]
        return await asyncio.gather(*tasks)


def ask(app: Any, *paths: str) -> list[Any]:
    """Do that in a loop of its own."""
    return asyncio.run(asked(app, *paths))
