"""A scope that has closed is refused to whoever kept the context it was active in."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define

Keeper = Callable[[Any, Callable[[], Any]], Any]


def _in_context(job: Any, use: Callable[[], Any]) -> Any:
    """Return what *use* returns in a copy of the context of *job*, now closed."""
    with job:
        context = copy_context()
    return context.run(use)


def _in_thread(job: Any, use: Callable[[], Any]) -> Any:
    """The same in a thread, started while the scope was active."""
    results: list[Any] = []
    closed = threading.Event()

    def work() -> None:
        closed.wait()
        try:
            results.append(use())
        except BaseException as error:
            results.append(error)

    with job:
        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
    closed.set()
    thread.join()
    [result] = results
    if isinstance(result, BaseException):
        raise result
    return result


def _in_timer(job: Any, use: Callable[[], Any]) -> Any:
    """The same in a callback of asyncio's loop."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def work() -> None:
            try:
                done.set_result(use())
            except BaseException as error:
                done.set_exception(error)

        async with job:
            loop.call_soon(work)
        return await done

    return asyncio.run(main())


def _in_task(job: Any, use: Callable[[], Any]) -> Any:
    """The same in a task that goes on after the scope has closed."""

    async def main() -> Any:
        closed = asyncio.Event()

        async def work() -> Any:
            await closed.wait()
            return use()

        async with job:
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
        closed.set()
        return await task

    return asyncio.run(main())


@pytest.fixture(params=[_in_context, _in_thread, _in_timer, _in_task])
def after(request: pytest.FixtureRequest) -> Keeper:
    """A function that opens a scope, closes it, and then uses it where it was seen."""
    function: Keeper = request.param
    return function


def test_a_proxy_of_a_closed_scope_refuses(inscope: ModuleType, after: Keeper) -> None:
    """So do ``current`` and ``ident``; ``is_active`` says no."""
    jobs = define(inscope)
    proxy, attribute = jobs.proxy(), jobs.proxy("state")
    function = jobs.proxy(lambda job: job.state)
    for use in (
        lambda: proxy.state,
        lambda: str(proxy),
        lambda: str(attribute),
        lambda: str(function),
        jobs.current,
        jobs.ident,
    ):
        with pytest.raises(inscope.ScopeClosedError, match="this Job is closed") as e:
            after(jobs(), use)
        assert isinstance(e.value, inscope.UnboundError)
    assert after(jobs(), jobs.is_active) is False


def test_a_proxy_of_a_closed_scope_answers_what_is_harmless(
    inscope: ModuleType, after: Keeper
) -> None:
    """Its ``repr``, its truth, and the names that tools probe for."""
    jobs = define(inscope)
    for proxy in (jobs.proxy(), jobs.proxy("state"), jobs.proxy(lambda job: job)):
        assert "<LocalProxy closed>" == after(jobs(), lambda: repr(proxy))  # noqa: B023
        assert after(jobs(), lambda: bool(proxy)) is False  # noqa: B023
        assert after(jobs(), lambda: hasattr(proxy, "__test__")) is False  # noqa: B023
        assert after(jobs(), lambda: inscope.is_bound(proxy)) is False  # noqa: B023


def test_the_error_tells_when_and_where(inscope: ModuleType) -> None:
    """File, line and function, of the opening and the closing."""
    jobs = define(inscope)
    job = jobs()

    def open_it() -> None:
        job.push()

    def close_it() -> None:
        job.pop()

    open_it()
    context = copy_context()
    close_it()
    with pytest.raises(inscope.ScopeClosedError) as caught:
        context.run(str, jobs.proxy())

    place = (
        rf"{re.escape(__file__)}:\d+ in test_the_error_tells_when_and_where.<locals>"
    )
    assert re.fullmatch(
        rf"this Job is closed: opened \d+\.\d s ago at {place}\.open_it,"
        rf" closed \d+\.\d s ago at {place}\.close_it",
        str(caught.value),
    )


@pytest.mark.parametrize("nested", [False, True])
def test_the_error_of_an_async_scope_tells_the_line_of_the_block(
    inscope: ModuleType, nested: bool
) -> None:
    """Not that of whoever runs the coroutine."""
    jobs = define(inscope)

    async def work() -> Context:
        async with jobs():
            return copy_context()

    async def main() -> Context:
        return await work()

    context = asyncio.run(main() if nested else work())
    with pytest.raises(inscope.ScopeClosedError) as caught:
        context.run(jobs.current)
    text = str(caught.value)
    assert 2 == text.count(f"{__file__}:")
    assert 2 == text.count("<locals>.work")


def test_the_error_names_the_proxy_and_the_thread(inscope: ModuleType) -> None:
    """As each ``UnboundError`` does."""
    jobs = define(inscope)
    proxy = jobs.proxy()
    with jobs():
        context = copy_context()
    with pytest.raises(inscope.ScopeClosedError) as caught:
        context.run(str, proxy)
    assert proxy is caught.value.proxy
    assert "MainThread" == caught.value.thread


def test_a_class_may_allow_it(inscope: ModuleType, after: Keeper) -> None:
    """Then the closed scope is found, as it is."""
    jobs = define(inscope, after_close="allow")
    proxy = jobs.proxy()
    for use in (lambda: inscope.unwrap(proxy), jobs.current):
        job = jobs()
        assert job is after(job, use)
    assert after(jobs(), jobs.is_active) is True
    assert "closed" == after(jobs(), lambda: proxy.state)


def test_a_derived_class_decides_for_itself(inscope: ModuleType) -> None:
    """Though it shares the place of its base."""
    jobs = define(inscope)
    reading = define(inscope, "Reading", bases=(jobs,), after_close="allow")
    proxy = jobs.proxy()
    assert "closed" == _in_context(reading(), lambda: proxy.state)
    with pytest.raises(inscope.ScopeClosedError):
        _in_context(jobs(), lambda: proxy.state)


def test_a_closed_scope_hides_the_one_around_it(inscope: ModuleType) -> None:
    """Work of an inner scope must not go on in the outer one unawares."""
    jobs = define(inscope)
    with jobs() as outer:
        with pytest.raises(inscope.ScopeClosedError):
            _in_context(jobs(), jobs.current)
        assert outer is jobs.current()


def test_a_new_scope_can_be_opened_over_a_closed_one(inscope: ModuleType) -> None:
    """It is found while it is open; then the closed one is refused as before."""
    jobs = define(inscope)

    def work() -> Log:
        with jobs() as job:
            found = [str(job is jobs.current())]
        return [*found, repr(jobs.proxy())]

    assert ["True", "<LocalProxy closed>"] == _in_context(jobs(), work)


def test_a_scope_that_failed_to_open_is_refused_too(inscope: ModuleType) -> None:
    """By what ``on_push`` had started."""
    contexts: list[Context] = []

    def on_push(_: Any) -> None:
        contexts.append(copy_context())
        raise ValueError("no")

    jobs = define(inscope, on_push=on_push)
    with pytest.raises(ValueError, match="no"):
        jobs().push()
    with pytest.raises(inscope.ScopeClosedError, match="this Job is closed: opened"):
        contexts[0].run(jobs.current)


def test_a_proxy_is_not_refused_while_the_scope_closes(inscope: ModuleType) -> None:
    """Neither here nor elsewhere: not before all steps have run."""
    jobs = define(inscope)
    seen: list[str] = []
    with jobs() as job:
        context = copy_context()
        job.callback(lambda: seen.append(jobs.proxy("state") + ""))
        job.callback(lambda: seen.append(context.run(lambda: jobs.current().state)))
    assert ["closing", "closing"] == seen
