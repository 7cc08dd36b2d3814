"""werkzeug's own tests of its ``local`` module, unedited, run on inscope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from released import files_of
from suites import run_suite
from under_werkzeug import NAMES

VERSION = "3.1.9"
TESTS = 63
FILES = ("tests/test_local.py", "pyproject.toml", "LICENSE.txt")

FOUND_BY = {
    "__bool__": {"test_proxy_unbound", "test_proxy_list"},
    "__hash__": {"test_proxy_hash"},
    "__rsub__": {"test_proxy_binop_int"},
    "__iadd__": {"test_proxy_iop", "test_proxy_list"},
    "__await__": {"test_proxy_await"},
}
"""A fault, and werkzeug's tests that must fail because of it."""


def _run_suite(core: str, report: Path, fault: str | None = None) -> dict[str, Any]:
    """Run the suite in a process of its own; return what the plugin saw.

    A *fault* is one of FAULTS, or empty for subclasses with nothing broken.
    """
    return run_suite(
        files_of("werkzeug", VERSION, FILES),
        "under_werkzeug",
        "--noconftest",
        "tests/test_local.py",
        report=report,
        core=core,
        **({} if fault is None else {"INSCOPE_PEER_FAULT": fault}),
    )


def test_the_suite_of_werkzeug_passes_on_inscope(core: str, tmp_path: Path) -> None:
    """Every test passes, on inscope's own objects, and they did make proxies."""
    seen = _run_suite(core, tmp_path / "report.json")

    print(f"{seen['passed']} passed; {seen['proxies']} proxies made by inscope")
    assert core == seen["core"]
    assert list(NAMES) == seen["replaced"]
    assert [] == seen["failed"]
    assert TESTS == seen["passed"]
    assert seen["proxies"] > TESTS // 2


def test_the_suite_of_werkzeug_passes_on_subclasses(core: str, tmp_path: Path) -> None:
    """Subclasses that change nothing pass too: what fails below is the fault alone."""
    seen = _run_suite(core, tmp_path / "report.json", fault="")

    assert [] == seen["failed"]
    assert TESTS == seen["passed"]


@pytest.mark.parametrize("fault", FOUND_BY)
def test_the_suite_of_werkzeug_fails_on_a_broken_proxy(
    core: str, fault: str, tmp_path: Path
) -> None:
    """With one method of the proxy broken on purpose, the tests of it fail."""
    seen = _run_suite(core, tmp_path / "report.json", fault)

    assert FOUND_BY[fault] == set(seen["failed"])
    assert TESTS == seen["passed"] + len(seen["failed"])
