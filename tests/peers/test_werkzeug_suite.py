"""werkzeug's own tests of its ``local`` module, unedited, run on inscope."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from released import files_of
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
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "INSCOPE_CORE": core,
        "INSCOPE_PEER_REPORT": str(report),
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    if fault is not None:
        environment["INSCOPE_PEER_FAULT"] = fault
    options = ["--noconftest", "-p", "no:cacheprovider", "-p", "under_werkzeug"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/test_local.py"],
        cwd=files_of("werkzeug", VERSION, FILES),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    seen: dict[str, Any] = json.loads(report.read_text())
    return seen


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
