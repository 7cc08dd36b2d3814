"""The implementations under test: each behaviour test runs on every core.

A test that takes the fixture ``inscope`` gets a whole copy of the package that
runs on one core, and is run once for each core there is; its id ends in
``[python]`` or ``[native]``. While it runs, ``import inscope`` gives that copy.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def _is_built() -> bool:
    """Tell whether the native core can be imported."""
    try:
        importlib.import_module("inscope._core.native._native")
    except ModuleNotFoundError:
        return False
    return True


NATIVE = _is_built()
CORES = ["python", "native"] if NATIVE else ["python"]

_copies: dict[str, dict[str, ModuleType]] = {}


def pytest_report_header() -> str:
    """Say which cores are tested, and which is not there."""
    absent = "" if NATIVE else " (native: not built)"
    return f"inscope cores under test: {', '.join(CORES)}{absent}"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector pass by what is there before the first test.

    That is the libraries, pytest and the thousands of tests: to look through them took
    nearly all the time of a test that calls ``gc.collect``. Hypothesis comes first: it
    asks the collector who holds its generator, and trio's, and would not be told.
    """
    with suppress(ImportError):
        entropy = importlib.import_module("hypothesis.internal.entropy")
        with entropy.deterministic_PRNG():
            pass  # the generator is made by the first who asks for randomness
    gc.collect()
    gc.freeze()


def _take_modules() -> dict[str, ModuleType]:
    """Remove the package from ``sys.modules`` and return what was removed."""
    names = [name for name in sys.modules if name.partition(".")[0] == "inscope"]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> str:
    """The name of the core under test."""
    return str(request.param)


@pytest.fixture
def inscope(core: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The package, running on the core under test."""
    monkeypatch.setenv("INSCOPE_CORE", core)
    before = _take_modules()
    sys.modules.update(_copies.get(core, {}))
    try:
        yield importlib.import_module("inscope")
    finally:
        _copies[core] = _take_modules()
        sys.modules.update(before)
