"""``@scoped`` and ``@contextmanager``: what these bind is for the block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import ModuleType
from typing import Any

import pytest
from carry_world import (
    scoping,
    word,
)


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is around."""
    token = word.set("here")
    yield
    word.reset(token)


@pytest.mark.parametrize("first", ["scoped", "contextmanager"])
def test_context_managers_are_exempt(
    inscope: ModuleType, carry: ModuleType, first: str
) -> None:
    """What they bind is for the block: in either order of the decorators."""
    user = inscope.Var("user")

    def manager(name: str) -> Generator[str, None, None]:
        """Bind."""
        token = word.set(name)
        try:
            with user.bind(name):
                yield user.get()
        finally:
            word.reset(token)

    made: Callable[[str], Any]
    if first == "scoped":
        made = contextmanager(carry.scoped(manager))
    else:
        made = carry.scoped(contextmanager(manager))
    for name in ("ann", "bob"):
        with made(name) as found:
            assert (name, name, name) == (found, user.get(), word.get())
        with suppress(LookupError), made(name):
            assert name == user.get()
            raise LookupError
    assert ("here", False) == (word.get(), user.is_bound())

    decorator: Any = made("decorated")
    assert "decorated" == decorator(user.get)()


@pytest.mark.parametrize("first", ["scoped", "asynccontextmanager"])
def test_async_context_managers_are_exempt(
    inscope: ModuleType, carry: ModuleType, first: str
) -> None:
    """In either order of the decorators."""
    user = inscope.Var("user")

    async def manager(name: str) -> AsyncGenerator[str, None]:
        """Bind."""
        token = word.set(name)
        try:
            with user.bind(name):
                await asyncio.sleep(0)
                yield user.get()
                await asyncio.sleep(0)
        finally:
            word.reset(token)

    made: Callable[[str], Any]
    if first == "scoped":
        made = asynccontextmanager(carry.scoped(manager))
    else:
        made = carry.scoped(asynccontextmanager(manager))

    async def main() -> None:
        for name in ("ann", "bob"):
            async with made(name) as found:
                assert (name, name, name) == (found, user.get(), word.get())
            with suppress(LookupError):
                async with made(name):
                    raise LookupError
        assert ("here", False) == (word.get(), user.is_bound())

    asyncio.run(main())


def test_a_generator_in_a_context_manager_is_not_exempt(carry: ModuleType) -> None:
    """Only what is decorated itself."""

    @scoping(carry)
    def steps() -> Iterator[str]:
        word.set("inner")
        yield word.get()

    @contextmanager
    def manager() -> Generator[tuple[str, str], None, None]:
        found = next(iter(steps()))
        yield found, word.get()

    with manager() as found:
        assert ("inner", "here") == found
