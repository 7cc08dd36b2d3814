"""``inscope.travel`` keeps types; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, assert_type
from uuid import UUID

from inscope import ContextRefused, Var
from inscope.carry import CarryingExecutor, Snapshot, carrying
from inscope.travel import (
    Arrival,
    Boundary,
    Codec,
    Entering,
    Payload,
    Travelling,
    dump,
    environment,
    from_environment,
    load,
    travelling,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

tenant: Var[str] = Var("tenant", wire=str, travels_to={"process", "http"})
trace: Var[UUID] = Var("trace", wire=UUID, travels_to={Boundary("own"), "celery"})


class Money:
    """An amount."""

    def __init__(self, cents: int) -> None:
        self.cents = cents


class MoneyCodec:
    """Writes amounts."""

    def encode(self, value: Money, /) -> int:
        """Return the cents."""
        return value.cents

    def decode(self, data: Any, /) -> Money:
        """Return the amount."""
        return Money(int(data))


def add(a: int, b: int) -> str:
    """Return a sum."""
    return str(a + b)


def parts() -> Iterator[str]:
    """Yield strings."""
    yield "a part"


async def work(number: int) -> bytes:
    """Give bytes."""
    return bytes(number)


def test_what_travels_has_the_type_of_its_var() -> None:
    """A declared Var is one like any other."""
    price: Var[Money] = Var("price", wire=MoneyCodec(), travels_to={"process"})
    codec: Codec[Money] = MoneyCodec()
    assert_type(tenant.get(), str)
    assert_type(trace.get(), UUID)
    assert_type(price.get(), Money)
    assert_type(codec.decode(5), Money)


def test_a_payload_and_an_arrival(text: str | None, raw: bytes) -> None:
    """What is written, and what it is read as."""
    payload = dump("http", only=[tenant])
    assert_type(payload, Payload)
    assert_type(payload.text, str)
    assert_type(payload.names, tuple[str, ...])
    assert_type(payload.left_out, dict[str, str])
    arrival = load(text, Boundary("http", keys=["key"], max_age=60))
    assert_type(arrival, Arrival)
    assert_type(load(raw, "http"), Arrival)
    assert_type(load(payload, "http").refused, ContextRefused | None)
    assert_type(arrival.run(add, 1, 2), str)
    assert_type(arrival.entered(), Entering)
    snapshot: Snapshot = arrival
    assert_type(snapshot.iter(parts()), Generator[str, Any, Any])


def test_functions_that_travel_keep_their_parameters() -> None:
    """And what they return."""
    job = travelling(add)
    assert_type(job(1, b=2), str)
    later = travelling(work)
    coroutine: Coroutine[Any, Any, bytes] = later(5)
    coroutine.close()
    same: Travelling[..., str] = job
    assert_type(same(), str)


def test_pools_of_processes() -> None:
    """Are used as they were."""
    pool = carrying(ProcessPoolExecutor())
    assert_type(pool, CarryingExecutor)
    future: Future[str] = pool.submit(add, 1, 2)
    assert_type(future.result(), str)
    assert_type(pool.map(str, [1, 2]), Iterator[str])


def test_the_environment() -> None:
    """Of a program that is started."""
    assert_type(environment(), dict[str, str])
    assert_type(environment({"HOME": "/"}), dict[str, str])
    assert_type(from_environment(), Arrival)
