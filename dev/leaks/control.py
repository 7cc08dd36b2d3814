"""The same test without the native core: what grows there, too, is not ours.

A test that takes the fixture ``inscope`` has a twin for the Python core. One that
compares the cores, by the fixture ``both`` of ``tests/parity``, has none: it is run
with the Python core on either side.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

__all__ = ["compares_cores", "on_the_python_core", "twin"]


def twin(item: pytest.Item) -> str:
    """Return the id that *item* has on the Python core."""
    test, bracket, values = item.nodeid.partition("[")
    return test + bracket + values.replace("native", "python")


def compares_cores(item: pytest.Item) -> bool:
    """Tell whether *item* runs both cores."""
    return "both" in getattr(item, "fixturenames", ())


@contextmanager
def on_the_python_core() -> Iterator[None]:
    """Let what compares the cores compare the Python core with itself."""
    both: Any = sys.modules["cores"].Both
    each = both.each
    both.each = twice_on_the_python_core
    try:
        yield
    finally:
        both.each = each


def twice_on_the_python_core(
    cores: Any, act: Callable[[ModuleType], Any]
) -> tuple[Any, Any]:
    """Do what ``Both.each`` does, without the native core."""
    results = []
    for _ in ("python", "instead of native"):
        with cores.python.running() as inscope:
            results.append(act(inscope))
    return results[0], results[1]
