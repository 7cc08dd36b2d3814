"""The handler of every server: three layers deep, and nothing is passed.

``servers`` calls :func:`answer` (threads, greenlets) or :func:`answer_async`
(asyncio). Each layer yields to other requests first and then looks who its
user is; how long it pauses it reads from ``current_request``, a proxy as well.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import parse_qs, urlencode

from inscope import Var
from inscope.demo.identity import Sighting, identified, look

if TYPE_CHECKING:
    from collections.abc import Generator

LAYERS = ("service", "repository", "query")
PAUSES = len(LAYERS) + 1


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for.

    Attributes:
        user: Who sends it; None for an anonymous one.
        pauses: How long each layer yields before it looks, and the last one
            once more after it, in milliseconds.
    """

    user: str | None
    pauses: tuple[float, ...]

    def to_query(self) -> str:
        """Return the request as the query of a URL."""
        fields = {"pauses": ",".join(map(str, self.pauses))}
        if self.user is not None:
            fields["user"] = self.user
        return urlencode(fields)

    @classmethod
    def from_query(cls, query: str) -> Request:
        """Read what :meth:`to_query` wrote."""
        fields = parse_qs(query, strict_parsing=True)
        pauses = fields["pauses"][0].split(",")
        return cls(fields.get("user", [None])[0], tuple(map(float, pauses)))


class Answer(TypedDict):
    """What the handler sends back; times in nanoseconds, monotonic."""

    worker: str
    began: int
    ended: int
    sightings: list[Sighting]


_request: Var[Request] = Var("request")
current_request: Request = _request.proxy()


@contextmanager
def handling(request: Request) -> Generator[None]:
    """Bind the request and its user for the handler inside."""
    with _request.bind(request), identified(request.user):
        yield


def answer(query: str, worker: str) -> Answer:
    """Handle a request in a thread or a greenlet."""
    began = time.monotonic_ns()
    with handling(Request.from_query(query)):
        sightings = service()
    return _answer(worker, began, sightings)


def service() -> list[Sighting]:
    """Be the first layer."""
    time.sleep(current_request.pauses[0] / 1000)
    return [look(), *repository()]


def repository() -> list[Sighting]:
    """Be the second layer."""
    time.sleep(current_request.pauses[1] / 1000)
    return [look(), *query()]


def query() -> list[Sighting]:
    """Be the third layer."""
    time.sleep(current_request.pauses[2] / 1000)
    seen = look()
    time.sleep(current_request.pauses[3] / 1000)
    return [seen]


async def answer_async(query: str, worker: str) -> Answer:
    """Handle a request in an asyncio task."""
    began = time.monotonic_ns()
    with handling(Request.from_query(query)):
        sightings = await service_async()
    return _answer(worker, began, sightings)


async def service_async() -> list[Sighting]:
    """Be the first layer, in asyncio."""
    await asyncio.sleep(current_request.pauses[0] / 1000)
    return [look(), *await repository_async()]


async def repository_async() -> list[Sighting]:
    """Be the second layer, in asyncio."""
    await asyncio.sleep(current_request.pauses[1] / 1000)
    return [look(), *await query_async()]


async def query_async() -> list[Sighting]:
    """Be the third layer, in asyncio."""
    await asyncio.sleep(current_request.pauses[2] / 1000)
    seen = look()
    await asyncio.sleep(current_request.pauses[3] / 1000)
    return [seen]


def _answer(worker: str, began: int, sightings: list[Sighting]) -> Answer:
    return {
        "worker": worker,
        "began": began,
        "ended": time.monotonic_ns(),
        "sightings": sightings,
    }
