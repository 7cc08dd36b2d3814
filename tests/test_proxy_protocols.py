"""``with``, ``async with``, ``await`` and ``async for`` on a proxy."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest
from operations import OPERATIONS, Manager, Plain, Promise, drive, outcome, perform


def test_with_gives_what_the_object_gives(inscope: ModuleType) -> None:
    """Entering and leaving are the object's, the error included."""
    with inscope.LocalProxy(Manager) as entered:
        raise KeyError("inside")

    assert "in" == entered


@pytest.mark.parametrize("name", ["__enter__", "__aenter__"])
@pytest.mark.parametrize("target", [5, len, Plain()])
def test_with_on_no_manager_is_a_type_error(
    inscope: ModuleType, name: str, target: Any
) -> None:
    """Python's own words, also if only the instance has the methods."""
    kind = type(target).__name__
    pattern = (
        rf"'(\w+\.)?{kind}' object does not support the .*context manager protocol"
    )

    with pytest.raises(TypeError, match=pattern):
        OPERATIONS[name][0](inscope.LocalProxy(lambda: target))


@pytest.mark.parametrize("name", ["__enter__", "__aenter__"])
def test_with_says_that_only_the_exit_is_missing(
    inscope: ModuleType, name: str
) -> None:
    """An object that can only be entered is refused before it is entered."""
    entered: list[object] = []
    half = type("Half", (), {name: entered.append})
    with pytest.raises(TypeError) as direct:
        OPERATIONS[name][0](half())

    with pytest.raises(TypeError) as through:
        OPERATIONS[name][0](inscope.LocalProxy(half))

    assert str(direct.value) == str(through.value)
    assert not entered


def test_await_runs_what_the_object_runs(inscope: ModuleType) -> None:
    """A coroutine, an awaitable object and a ``types.coroutine`` can be awaited."""

    async def work() -> str:
        return "done"

    @types.coroutine
    def old() -> Any:
        yield
        return "old"

    async def wait(awaitable: Any) -> Any:
        return await awaitable

    made = [work(), Promise(), old()]
    proxies = [inscope.LocalProxy(lambda item=item: item) for item in made]

    assert ["done", "kept", "old"] == [drive(wait(proxy)) for proxy in proxies]


def test_awaiting_what_cannot_be_awaited_is_a_type_error(inscope: ModuleType) -> None:
    """A generator, too, is refused, in Python's words."""

    async def wait(awaitable: Any) -> Any:
        return await awaitable

    for target in (5, (i for i in ())):
        with pytest.raises(TypeError) as direct:
            drive(wait(target))
        with pytest.raises(TypeError) as through:
            drive(wait(inscope.LocalProxy(lambda target=target: target)))
        assert str(direct.value) == str(through.value)


def test_async_for_takes_the_objects_items(inscope: ModuleType) -> None:
    """An async generator behind a proxy is iterated; anything else refused."""

    async def count() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def collect(items: Any) -> list[Any]:
        return [item async for item in items]

    assert [1, 2] == drive(collect(inscope.LocalProxy(count)))
    with pytest.raises(TypeError, match="'int' object is not an async iterable"):
        drive(collect(inscope.LocalProxy(lambda: 5)))


@pytest.mark.parametrize("name", ["__enter__", "__exit__", "__aenter__", "__await__"])
def test_a_method_may_come_from_a_descriptor(inscope: ModuleType, name: str) -> None:
    """It is bound to the object and its class, as Python binds it."""
    asked: list[Any] = []

    class Descriptor:
        def __get__(self, instance: object, owner: type | None = None) -> Any:
            asked.append((instance, owner))
            return getattr(Promise() if name == "__await__" else Manager(), name)

    target = type("Described", (Manager,), {name: Descriptor()})()

    perform(OPERATIONS[name][0], inscope.LocalProxy(lambda: target))

    assert {(target, type(target))} == set(asked)


@pytest.mark.parametrize("name", ["__enter__", "__exit__", "__aenter__", "__await__"])
def test_a_method_that_is_none_cannot_be_called(inscope: ModuleType, name: str) -> None:
    """The error is what it is for the object."""
    target = type("Refusing", (Manager,), {name: None})()
    operate = OPERATIONS[name][0]

    result = outcome(operate, inscope.LocalProxy(lambda: target))

    assert outcome(operate, target) == result
    assert "TypeError" == result[1]


def test_an_exit_that_is_none_fails_on_leaving(inscope: ModuleType) -> None:
    """The block runs, as it does with the object itself."""
    target = type("Refusing", (Manager,), {"__exit__": None})()
    ran = []

    for subject in (target, inscope.LocalProxy(lambda: target)):
        with pytest.raises(TypeError, match="not callable"), subject:
            ran.append(subject)

    assert 2 == len(ran)
