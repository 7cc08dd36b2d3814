"""A plugin of pytest: run what shows how the native core behaves, and nothing else.

That is each test that takes the fixture ``inscope``, on the native core, and the
tests of the native core by itself. It says what it leaves out.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from dev.processes import ROOT

__all__ = ["leave_out"]

TESTS = ROOT / "tests"
OF_NATIVE_CORE = (TESTS / "native", TESTS / "parity")
NOT_COLLECTED = {
    "benchmarks": "about benchmarks",
    "demo": "starts servers",
    "differences": "runs werkzeug beside inscope, and werkzeug keeps references",
    "docs": "about pages",
    "dropin": "runs other libraries",
    "examples": "starts servers",
    "packaging": "about packages",
    "peers": "other projects' suites",
    "test_docs.py": "runs pages in other processes",
    "travel/test_celery*.py": "starts workers",
    "travel/test_dask*.py": "starts workers",
}
"""What is not even imported, and why."""


def pytest_report_header() -> list[str]:
    """Say what is not run."""
    lines = [f"  {name}: {reason}" for name, reason in NOT_COLLECTED.items()]
    return ["left out, beside tests that are not about the native core:", *lines]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass by what is not about the native core."""
    if TESTS not in collection_path.parents:
        return None
    place = collection_path.relative_to(TESTS).as_posix()
    return True if any(fnmatch(place, one) for one in NOT_COLLECTED) else None


def is_of_native_core(item: pytest.Item) -> bool:
    """Tell whether *item* shows how the native core behaves."""
    if any(folder in item.path.parents for folder in OF_NATIVE_CORE):
        return True
    call = getattr(item, "callspec", None)
    names = getattr(item, "fixturenames", ())
    return call is not None and "inscope" in names and call.params["core"] == "native"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what is not about the native core."""
    leave_out(config, items, [item for item in items if not is_of_native_core(item)])


def leave_out(
    config: pytest.Config, items: list[pytest.Item], unwanted: list[pytest.Item]
) -> None:
    """Take *unwanted* out of *items*; pytest says how many there were."""
    config.hook.pytest_deselected(items=unwanted)
    out = set(unwanted)
    items[:] = [item for item in items if item not in out]
