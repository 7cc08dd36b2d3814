"""Who asks the application: users who sign in, another service, and a swindler."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import httpx

from examples.cluster.context import HTTP, tenant, user
from inscope.travel import Boundary
from inscope.travel.httpx import AsyncTransport

REPORTS = (1, 2, 3)
"""Everybody asks for the same ones: nobody may get the result of somebody else."""

PLACES = {"view": "the view", "celery": "Celery's task", "dask": "Dask's task"}
SECONDS = 60.0


@dataclass
class Visitor:
    """Somebody who asks, and what the places said of him."""

    name: str
    its_tenant: str
    how: str = "signs in"
    seen: dict[str, Counter[str]] = field(
        default_factory=lambda: {place: Counter() for place in PLACES}
    )

    @property
    def expected(self) -> str:
        """What every place must say."""
        return f"{self.name} of {self.its_tenant}"

    @property
    def was_seen(self) -> bool:
        """Whether every place has said that, for each of the reports."""
        right = Counter({self.expected: len(REPORTS)})
        return all(right == self.seen[place] for place in PLACES)

    async def ask(self, url: str) -> None:
        """Ask for all the reports at the same time."""
        async with self._client(url) as client:
            answers = await asyncio.gather(
                *[client.get(f"/report/{number}") for number in REPORTS]
            )
        for answer in answers:
            error = f"status {answer.status_code}"
            said = dict.fromkeys(PLACES, error) if answer.is_error else answer.json()
            for place in PLACES:
                self.seen[place][said[place]] += 1

    def _client(self, url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=url,
            headers={"Sign-In": f"{self.name}@{self.its_tenant}"},
            timeout=SECONDS,
            trust_env=False,
        )


class Service(Visitor):
    """Another service, which asks for one of its own users."""

    async def ask(self, url: str) -> None:
        """Ask with what is bound here; each visitor has a task, so a context."""
        with user.bind(self.name), tenant.bind(self.its_tenant):
            await super().ask(url)

    def _client(self, url: str) -> httpx.AsyncClient:
        return service_client(url, HTTP)


def service_client(url: str, boundary: Boundary) -> httpx.AsyncClient:
    """Return a client that signs who asks with the keys of *boundary*."""
    return httpx.AsyncClient(
        base_url=url,
        transport=AsyncTransport(boundary, to=[url]),
        timeout=SECONDS,
        trust_env=False,
    )


async def forged(url: str) -> int:
    """Ask as a service that does not know the keys; return the status."""
    guess = Boundary("http", keys=["a guess"], max_age=60)
    with user.bind("ann"), tenant.bind("acme"):
        async with service_client(url, guess) as client:
            return (await client.get("/report/1")).status_code


async def ask_all(url: str) -> tuple[list[Visitor], int]:
    """Let everybody ask at the same time; return them, and the swindler's status."""
    visitors = [
        Visitor("ann", "acme"),
        Visitor("bob", "acme"),
        Visitor("cyd", "duck"),
        Service("dee", "duck", "by another service"),
    ]
    asked = asyncio.gather(*[visitor.ask(url) for visitor in visitors])
    _, status = await asyncio.gather(asked, forged(url))
    return visitors, status
