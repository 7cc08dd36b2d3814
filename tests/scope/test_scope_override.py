"""Another value in place of a resource, for a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, in_thread, telling, telling_async


@pytest.fixture
def jobs(inscope: ModuleType) -> Any:
    """A class of scopes."""
    return define(inscope)


@pytest.mark.parametrize("fake", ["fake", None, 0, print])
def test_a_value_stands_for_a_resource(
    inscope: ModuleType, jobs: Any, log: Log, fake: object
) -> None:
    """Until the block ends, whether or not a scope is active."""
    lazy = jobs.resource(telling(log, "real"))
    with jobs.override(lazy, fake) as given:
        assert inscope.is_proxy(given)
        assert fake is inscope.unwrap(lazy)
        with jobs():
            assert fake is inscope.unwrap(lazy)
            assert fake is in_thread(inscope.unwrap, lazy)
    assert [] == log
    with jobs():
        assert "real" == lazy


def test_a_generator_function_makes_one_for_each_scope(jobs: Any, log: Log) -> None:
    """And closes it with that, even if the block has ended."""
    lazy = jobs.resource(telling(log, "real"))
    job = jobs()
    with jobs.override(lazy, telling(log, "fake")):
        with jobs():
            assert "fake" == lazy
        job.push()
        assert "fake" == lazy
    assert "real" == lazy
    job.pop()

    assert ["+fake", "-fake", "+fake", "+real", "-real", "-fake"] == log


def test_a_value_that_is_there_already_comes_back(jobs: Any, log: Log) -> None:
    """It is not made anew."""
    lazy = jobs.resource(telling(log, "real"))
    with jobs():
        assert "real" == lazy
        with jobs.override(lazy, "fake"):
            assert "fake" == lazy
        assert "real" == lazy
    assert ["+real", "-real"] == log


def test_overrides_nest(jobs: Any) -> None:
    """And may end in any order; the last one that is left answers."""
    lazy = jobs.resource(telling([], "real"))
    with jobs():
        first, second = jobs.override(lazy, "first"), jobs.override(lazy, "second")
        first.__enter__()
        second.__enter__()
        assert "second" == lazy
        first.__exit__(None, None, None)
        assert "second" == lazy
        second.__exit__(None, None, None)
        assert "real" == lazy


def test_an_override_ends_with_an_error(jobs: Any) -> None:
    """Which goes on."""
    lazy = jobs.resource(telling([], "real"))
    with jobs():
        with pytest.raises(ValueError, match="no"), jobs.override(lazy, "fake"):
            raise ValueError("no")
        assert "real" == lazy


def test_what_uses_a_resource_uses_what_stands_for_it(jobs: Any, log: Log) -> None:
    """An eager one, and one that another one needs."""
    base = jobs.resource(eager=True)(telling(log, "base"))
    seen: Log = []

    def function() -> Iterator[str]:
        seen.append(str(base))
        yield f"on {base}"

    upper = jobs.resource(function)
    with jobs.override(base, "fake"), jobs():
        assert "on fake" == upper
    assert [] == log
    assert ["fake"] == seen


def test_a_resource_of_a_base_is_overridden_by_a_derived_class(
    inscope: ModuleType, jobs: Any
) -> None:
    """Any class that has it will do; others refuse, and so for what is no resource."""
    lazy = jobs.resource(telling([], "real"))
    specials = define(inscope, "Special", bases=(jobs,))
    with specials.override(lazy, "fake"), jobs():
        assert "fake" == lazy
    for kind, given in (
        (define(inscope, "Other"), lazy),
        (jobs, "real"),
        (jobs, jobs.proxy()),
    ):
        with pytest.raises(TypeError, match=f"what {kind.__name__}.resource returned"):
            kind.override(given, "fake").__enter__()


def test_an_async_resource_is_replaced_by_a_value(jobs: Any, log: Log) -> None:
    """It is ready at once; to open it is allowed, and returns it."""
    lazy = jobs.resource(telling_async(log, "real"))

    async def main() -> None:
        with jobs.override(lazy, "fake"):
            async with jobs():
                assert "fake" == lazy
                assert "fake" == await jobs.open(lazy)
            with jobs():
                assert "fake" == lazy

    asyncio.run(main())
    assert [] == log


def test_an_eager_async_resource_replaced_needs_no_await(jobs: Any, log: Log) -> None:
    """A sync test of sync code opens the scope by ``with``."""
    lazy = jobs.resource(eager=True)(telling_async(log, "real"))
    with jobs.override(lazy, "fake"), jobs():
        assert "fake" == lazy
    assert [] == log


def test_an_async_resource_is_replaced_by_another(
    inscope: ModuleType, jobs: Any, log: Log
) -> None:
    """A generator function of either kind; each is opened and closed as its kind is."""
    lazy = jobs.resource(eager=True)(telling_async(log, "real"))

    async def fake() -> AsyncIterator[Any]:
        log.append("+fake")
        yield "fake"
        log.append("-fake")

    async def main() -> None:
        with jobs.override(lazy, fake):
            async with jobs():
                assert "fake" == lazy
        with jobs.override(lazy, telling(log, "sync")):
            async with jobs():
                assert "sync" == lazy

    asyncio.run(main())
    assert ["+fake", "-fake", "+sync", "-sync"] == log


def test_a_fake_is_refused_after_the_scope_as_the_real_one(
    inscope: ModuleType, jobs: Any, log: Log
) -> None:
    """If it is made for each scope; a mere value outlives it."""
    lazy = jobs.resource(telling(log, "real"))
    with jobs():
        context = copy_context()
    with (
        jobs.override(lazy, telling(log, "fake")),
        pytest.raises(inscope.ScopeClosedError),
    ):
        context.run(str, lazy)
    assert [] == log
