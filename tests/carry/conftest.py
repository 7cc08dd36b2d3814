"""The package ``inscope.carry`` on the core under test, and what it is tried with."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from carry_world import ends_in_order


@pytest.fixture
def carry(inscope: ModuleType) -> ModuleType:
    """``inscope.carry``, of the copy of the package under test."""
    return importlib.import_module("inscope.carry")


@pytest.fixture
def collected_in_order(core: str) -> None:
    """Skip where the collector may come to an inner generator first."""
    if not ends_in_order(core):
        pytest.skip("free-threaded: only the native core keeps the collector off")


@pytest.fixture
def greenlets(carry: ModuleType) -> ModuleType:
    """``inscope.carry.greenlet``, of the same copy."""
    return importlib.import_module("inscope.carry.greenlet")


@pytest.fixture
def log() -> list[Any]:
    """What happened, in order."""
    return []


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """The name of each of anyio's backends."""
    pytest.importorskip(request.param)
    return str(request.param)


@pytest.fixture
def run(backend: str) -> Callable[..., Any]:
    """A function that runs a coroutine function on it."""
    anyio = pytest.importorskip("anyio")
    return partial(anyio.run, backend=backend)
