"""What the tests let Dask do; its workers import this by its name."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from distributed import get_client, get_worker, secede, worker_client

from inscope import CORE, Local, Scope, UnboundError, Var
from inscope.travel.dask import travelling

tenant: Var[str] = Var("dask_tenant", default="-", wire=str, travels_to={"dask"})
user: Var[str] = Var("dask_user", wire=str, travels_to={"dask"}, identity=True)
elsewhere: Var[str] = Var("dask_elsewhere", wire=str, travels_to={"process"})
cart: Var[str] = Var("dask_cart", default="no cart")
box = Local()


class Job(Scope):
    """A scope that stays where it is."""


NOTHING = ("-", "nobody", "no cart")
NOTHING_OF_ALL = (*NOTHING, "not here", "nothing", "no job")


def seen(*args: Any) -> tuple[Any, ...]:
    """Return what is seen here."""
    return tenant.get(), user.get("nobody"), cart.get(), *args


def seen_of_all() -> tuple[Any, ...]:
    """Return it, and what there is of everything else."""
    try:
        held = Job.current().__class__.__name__
    except UnboundError:
        held = "no job"
    return *seen(), elsewhere.get("not here"), getattr(box, "held", "nothing"), held


def once(number: int) -> tuple[str, int, str]:
    """Return who asked, and something that no second call returns."""
    return user.get("nobody"), number, uuid4().hex


def left_behind(name: str) -> str:
    """Leave values bound."""
    tenant.set(name)
    cart.set(name)
    return tenant.get()


def failing(error: type[Exception] = ValueError) -> None:
    """Raise an error that says who asked."""
    raise error(tenant.get())


def dying(path: str) -> tuple[Any, ...]:
    """End the worker's process in the midst of the first call."""
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.write(user.get("nobody"))
        os._exit(1)
    return seen()


def failing_once(path: str) -> tuple[Any, ...]:
    """Raise at the first call."""
    if not os.path.exists(path):
        open(path, "w").close()
        raise ValueError(user.get("nobody"))
    return seen()


async def seen_later(number: int) -> tuple[Any, ...]:
    """Return what is seen before and after the others had their turns."""
    before = seen()
    for _ in range(3):
        await asyncio.sleep(0.01)
    tenant.set(f"left by {number}")
    return before[1], user.get("nobody"), number, get_worker().address


def seen_by_steps() -> Iterator[tuple[Any, ...]]:
    """Yield what is seen, also after what was bound here."""
    yield seen()
    with tenant.bind("inside"):
        yield seen()


def with_each(items: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield what is seen for each item."""
    for item in items:
        yield user.get("nobody"), item


def seen_on(block: Any) -> Any:
    """Return *block*, times the length of the user's name."""
    return block * len(user.get(""))


def seen_in_block(block: Any, factor: int = 1, block_id: Any = None) -> Any:
    """Return *block*, and where it is, times the length of the user's name."""
    return (block + block_id[0]) * len(user.get("")) * factor


def nested(number: int) -> list[Any]:
    """Submit tasks from within a task: as is, with another tenant, and bare."""
    with worker_client(separate_thread=bool(number % 2)) as client:
        futures = [client.submit(travelling(seen), number)]
        with tenant.bind("rebound"):
            futures.append(client.submit(travelling(seen), number))
        futures.append(client.submit(seen, number))
        return [list(one) for one in client.gather(futures)]


def nested_deeper(depth: int) -> tuple[Any, ...]:
    """Submit itself until *depth* is zero, and give up the thread while it waits."""
    if not depth:
        return seen()
    future = get_client().submit(travelling(nested_deeper), depth - 1)
    secede()
    result: Any = future.result()
    return *seen(), *result


def giving_up_its_thread(key: str, name: str = "") -> None:
    """Do that when the task *key* waits for one here; be *name* if there is one."""
    if name:
        user.set(name)
    while key not in get_worker().state.tasks:
        time.sleep(0.01)
    secede()


async def nested_by_coroutine(number: int) -> Any:
    """Submit one from a coroutine."""
    return await get_client().submit(travelling(seen), number)


class Counter:
    """An actor."""

    def __init__(self) -> None:
        self.made = seen()

    def makers(self) -> tuple[Any, ...]:
        """Return what was seen as it was made."""
        return self.made

    def now(self) -> tuple[Any, ...]:
        """Return what is seen now."""
        return seen()


def core() -> str:
    """Return which core the worker has."""
    return CORE
