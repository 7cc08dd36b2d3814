"""``Arrival.entered``: what a block shows and hides, and what is there after it."""

from __future__ import annotations

import asyncio
import importlib
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def tenant(inscope: ModuleType) -> Any:
    """A declared Var."""
    return inscope.Var("entered_tenant", default="-", wire=str, travels_to={"celery"})


@pytest.fixture
def arrival(travel: ModuleType, tenant: Any) -> Any:
    """What came with a task."""
    with tenant.bind("acme"):
        return travel.load(travel.dump("celery").text, "celery")


def test_declared_vars_have_what_came_and_nothing_else(
    inscope: ModuleType, tenant: Any, arrival: Any
) -> None:
    """What others have left on the worker is hidden, and there again afterwards."""
    stale = inscope.Var("entered_stale", wire=str, travels_to={"http"})

    with tenant.bind("left"), stale.bind("left"):
        with arrival.entered():
            assert "acme" == tenant.get()
            assert not stale.is_bound()
        assert ("left", "left") == (tenant.get(), stale.get())


def test_nothing_came_means_that_nothing_is_bound(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """Also inside of another arrival."""
    with tenant.bind("left"), travel.load(None, "celery").entered():
        assert "-" == tenant.get()


def test_one_inside_another(travel: ModuleType, tenant: Any, arrival: Any) -> None:
    """An eager task inside a task, say: each has its own."""
    with arrival.entered():
        with travel.load(None, "celery").entered():
            assert "-" == tenant.get()
        assert "acme" == tenant.get()
        with travel.load("junk", "celery").entered(), pytest.raises(RuntimeError):
            tenant.get()
        assert "acme" == tenant.get()
    assert "-" == tenant.get()


def test_what_a_worker_has_for_all_of_its_tasks_stays(
    inscope: ModuleType, arrival: Any
) -> None:
    """A connection, say, that was bound as it started, and others' variables."""
    connection, theirs = inscope.Var("entered_connection"), ContextVar[int]("theirs")
    local, stack = inscope.Local(), inscope.LocalStack()
    local.name = "worker"
    stack.push(1)
    theirs.set(1)

    with connection.bind("open"), arrival.entered():
        assert "open" == connection.get()
        assert ("worker", 1, 1) == (local.name, stack.top, theirs.get())
        theirs.set(2)
    assert 2 == theirs.get()


def test_what_the_work_leaves_is_gone(
    inscope: ModuleType, tenant: Any, arrival: Any
) -> None:
    """Of Vars, declared or not, Locals, stacks and scopes; binds left open, too."""

    class Job(inscope.Scope):  # type: ignore[misc, name-defined]
        pass

    cart, kept = inscope.Var("entered_cart"), inscope.Var("entered_kept")
    local, stack = inscope.Local(), inscope.LocalStack()
    kept.set("before")
    stack.push("before")
    local.before = 1

    with arrival.entered():
        tenant.set("changed")
        cart.set("full")
        kept.set("changed")
        cart.bind("fuller").__enter__()
        inscope.bound(local, user="ann").__enter__()
        local.before = 2
        stack.push("left")
        Job().push()

    assert "-" == tenant.get()
    assert not cart.is_bound()
    assert ("before", "before", {"before": 1}) == (kept.get(), stack.top, dict(local))
    assert Job.is_active() is False
    with inscope.bound(local, user="bob"), cart.bind("new"):
        assert ("bob", "new") == (local.user, cart.get())
    assert not cart.is_bound()
    assert {"before": 1} == dict(local)


def test_what_others_have_bound_is_not_asked_anything(
    inscope: ModuleType, tenant: Any, arrival: Any
) -> None:
    """A proxy in somebody's variable is not resolved to find out what it is."""
    asked: list[str] = []
    foreign: ContextVar[Any] = ContextVar("foreign")

    def of_others() -> None:
        foreign.set(inscope.LocalProxy(lambda: asked.append("resolved")))
        with arrival.entered():
            assert "acme" == tenant.get()

    copy_context().run(of_others)

    assert [] == asked


def test_a_block_may_be_left_in_another_context(tenant: Any, arrival: Any) -> None:
    """Hooks around the work may run in different ones; nothing raises."""
    block = arrival.entered()
    copy_context().run(block.__enter__)
    tenant.set("elsewhere")
    block.__exit__(None, None, None)

    assert "-" == tenant.get()


def test_what_arrived_is_a_change_as_it_is_read(
    inscope: ModuleType, tenant: Any, arrival: Any
) -> None:
    """Of the Var; how it lies there until then is nobody's business."""
    carry = importlib.import_module("inscope.carry")
    before = carry.Snapshot.capture()
    with arrival.entered():
        assert [] == list(before.diff())
        tenant.get()
        assert (carry.Change(inscope.Token.MISSING, "acme"),) == tuple(
            before.diff().values()
        )


def test_a_block_is_entered_once(inscope: ModuleType, arrival: Any) -> None:
    """It remembers what was there before."""
    block = arrival.entered()
    with block:
        pass
    with pytest.raises(inscope.BindStateError, match="ask for another"), block:
        pass


def test_an_error_passes_through(tenant: Any, arrival: Any) -> None:
    """And all is as it was."""
    with pytest.raises(ZeroDivisionError), arrival.entered():
        raise ZeroDivisionError
    assert "-" == tenant.get()


def test_tasks_begun_inside_keep_it(tenant: Any, arrival: Any) -> None:
    """A context that was copied meanwhile is its own."""

    async def later() -> Any:
        await asyncio.sleep(0)
        return tenant.get()

    async def main() -> list[Any]:
        with arrival.entered():
            task = asyncio.create_task(later())
        return [await task, tenant.get()]

    assert ["acme", "-"] == asyncio.run(main())


def test_a_block_that_was_never_entered_can_be_left(tenant: Any, arrival: Any) -> None:
    """A hook may be called after one that failed."""
    tenant.set("kept")
    arrival.entered().__exit__(None, None, None)

    assert "kept" == tenant.get()
