"""``inscope.carry`` keeps types; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, assert_type

from inscope.carry import (
    CarryingExecutor,
    Change,
    ContextQueue,
    Item,
    Snapshot,
    carry,
    carrying,
    detached,
    install,
    scoped,
)

if TYPE_CHECKING:
    from inscope import Var


def add(a: int, b: int) -> int:
    """Return an int."""
    return a + b


def parts() -> Iterator[str]:
    """Yield strings."""
    yield "a part"


async def async_parts() -> AsyncIterator[str]:
    """Yield strings."""
    yield "a part"


async def work() -> int:
    """Give an int."""
    return 1


class Page:
    """Has methods that are decorated."""

    @scoped
    def parts(self) -> Iterator[str]:
        """Yield strings."""
        yield "a part"

    @carry
    def title(self) -> str:
        """Return a string."""
        return "a page"


def test_a_snapshot_gives_what_it_runs(snapshot: Snapshot, user: Var[str]) -> None:
    """Arguments are checked, and results are typed."""
    assert_type(Snapshot.capture(), Snapshot)
    assert_type(snapshot.run(add, 1, b=2), int)
    assert_type(snapshot.wrap(add)(1, 2), int)
    assert_type(snapshot.iter(parts()), Generator[str, Any, Any])
    assert_type(snapshot.aiter(async_parts()), AsyncGenerator[str, Any])
    assert_type(snapshot.diff()[user], Change)
    assert_type(detached(keep=[user]), Snapshot)


async def test_what_is_awaited_is_typed(snapshot: Snapshot) -> None:
    """As without."""
    with install():
        assert_type(await snapshot.drive(work()), int)
    assert_type(await carry(work)(), int)


def test_a_function_keeps_its_type() -> None:
    """Also as a method."""
    assert_type(carry(add)(1, 2), int)
    assert_type(scoped(parts)(), Iterator[str])
    assert_type(Page().parts(), Iterator[str])
    assert_type(Page().title(), str)


def test_a_job_gives_its_result(pool: ThreadPoolExecutor) -> None:
    """In a future of it."""
    assert_type(carrying(pool), CarryingExecutor)
    assert_type(carrying(pool).submit(add, 1, 2), Future[int])


def test_an_item_is_that_of_the_queue(queue: ContextQueue[str]) -> None:
    """And what is done with it."""
    assert_type(queue.get_nowait(), Item[str])
    assert_type(queue.get_nowait().run(len), int)
