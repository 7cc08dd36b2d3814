"""Flask's own suite, whole and unedited, on inscope in the place of werkzeug.local."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from released import files_of
from suites import run_suite

pytest.importorskip("flask", reason="Flask is not installed")

VERSION = "3.1.3"
FILES = ("src", "tests", "pyproject.toml", "LICENSE.txt")
TESTS = 480
"""Fewer than this, and something of the suite was not found."""


def _run_suite(core: str, mode: str, report: Path, *options: str) -> dict[str, Any]:
    """Run the suite in a process of its own; return what the plugin saw."""
    flask = files_of("flask", VERSION, FILES)
    return run_suite(
        flask,
        "under_flask",
        *options,
        report=report,
        core=core,
        path=str(flask / "src"),
        INSCOPE_PEER_MODE=mode,
    )


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the suite does on werkzeug's own classes."""
    report = tmp_path_factory.mktemp("flask") / "report.json"
    seen = _run_suite("auto", "untouched", report)
    assert seen["class"] == "werkzeug.local"
    assert seen["proxies"] == 0
    return seen


def test_the_suite_of_flask_passes_as_on_werkzeug(
    core: str, untouched: dict[str, Any], tmp_path: Path
) -> None:
    """Every test that passes untouched passes on inscope, whose classes were used."""
    seen = _run_suite(core, "dropin", tmp_path / "report.json")

    assert core == seen["core"]
    assert seen["class"] == "inscope"
    assert seen["proxies"] >= 6
    assert untouched["failed"] == seen["failed"]
    assert untouched["passed"] == seen["passed"]
    assert len(seen["passed"]) >= TESTS


def test_the_suite_of_flask_resolves_through_inscope(
    core: str,
    untouched: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A subclass that counts passes the same tests, and did resolve."""
    seen = _run_suite(core, "counted", tmp_path / "report.json")

    passed, before = len(seen["passed"]), len(untouched["passed"])
    made, resolved = seen["proxies"], seen["resolutions"]
    with capsys.disabled():
        print(
            f"\nFlask {VERSION}'s suite: {passed} passed on inscope ({core}), {before}"
            f" on werkzeug; {made} proxies, {resolved} resolutions of inscope's"
        )
    assert untouched["passed"] == seen["passed"]
    assert resolved > passed


@pytest.mark.parametrize("fault", ["__bool__", "__setitem__", "__iter__"])
def test_the_suite_of_flask_fails_on_a_broken_proxy(
    core: str, fault: str, untouched: dict[str, Any], tmp_path: Path
) -> None:
    """With one method of the proxy broken on purpose, tests fail that passed."""
    seen = _run_suite(core, fault, tmp_path / "report.json", "--tb=no")

    assert set(seen["failed"]) > set(untouched["failed"])
