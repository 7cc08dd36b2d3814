"""What the tests of scopes have in common: a log, and how to run what awaits."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def log() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture(params=["asyncio", "uvloop", "eager"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """A function that runs a coroutine: on asyncio, uvloop, or with eager tasks."""
    if request.param == "eager" and sys.version_info < (3, 12):
        pytest.skip("eager tasks came with Python 3.12")
    factory = None
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    def function(coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            if request.param == "eager":
                eager: Any = vars(asyncio)["eager_task_factory"]
                runner.get_loop().set_task_factory(eager)
            return runner.run(coroutine)

    return function
