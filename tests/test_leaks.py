"""When ``./run leaks`` takes a count for a leak, and a report for one of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dev.failures import SetupError
from dev.leaks import command
from dev.leaks.control import on_the_python_core
from dev.leaks.counting import grows_further, is_finding
from dev.leaks.outcome import CLEAN, FAILED, FOUND, NOT_RUN, Outcome, of_exit_code
from dev.leaks.reports import findings, ours
from dev.leaks.settling import PATIENCE, Verdict, judge

OURS = """\
==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60
    #0 0x7f in proxy_getattro src/inscope/_core/native/proxy.c:12
"""
OTHERS = """\
Direct leak of 8 byte(s) in 1 object(s) allocated from:
    #0 0x7f in malloc
    #1 0x7f in PyList_New Objects/listobject.c:170
"""


NOTED = """\
Direct leak of 480 byte(s) in 20 object(s) allocated from:
    #1 0x7f in traceback_new Modules/_tracemalloc.c:452
    #9 0x7f in stored_new src/inscope/_core/native/storage.c:11
"""


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ([], Verdict.OPEN),
        ([9], Verdict.OPEN),
        ([0, 0], Verdict.CLEAN),
        ([9, 0, 0], Verdict.CLEAN),
        ([9, 3, 0, 0], Verdict.OPEN),
        ([9, 3, 0, 0, 0], Verdict.CLEAN),
        ([9, 2, -2, 1, -1], Verdict.CLEAN),
        ([9, 4, 4, 4], Verdict.LEAK),
        ([9, -1, -1, -1], Verdict.RELEASED),
        (list(range(1, PATIENCE + 1)), Verdict.UNSETTLED),
    ],
)
def test_a_count_is_judged_by_how_it_goes_on(
    changes: list[int], verdict: Verdict
) -> None:
    """What stays is clean, what grows evenly a leak, what fills a cache neither."""
    assert verdict == judge(changes)


def test_a_report_is_taken_apart_into_its_findings() -> None:
    """What stands before the first one belongs to none."""
    assert [OURS, OTHERS] == findings(f"noise\n{OURS}{OTHERS}")


def test_only_findings_in_our_files_are_ours(tmp_path: Path) -> None:
    """CPython's and other libraries' are not, nor what tracemalloc notes of ours."""
    (tmp_path / "report.1").write_text(OTHERS + OURS + NOTED)
    (tmp_path / "report.2").write_text(OTHERS)

    assert [OURS] == ours(tmp_path)


@pytest.mark.parametrize(
    ("result", "code"), [(CLEAN, 0), (NOT_RUN, 0), (FAILED, 1), (FOUND, 1)], ids=str
)
def test_the_exit_code_says_whether_all_is_well(
    result: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each check has its row; what this machine has no tool for is only said."""
    check = {"one": lambda _: Outcome("one", result, "detail")}
    monkeypatch.setattr(command, "CHECKS", check)

    assert code == command.leaks([])
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"one {result} detail" == " ".join(last.split())


def test_what_keeps_a_check_from_running_is_in_its_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line of the error says how to go on."""

    def fail(_: list[str]) -> Outcome:
        raise SetupError("long\nno compiler: apt install gcc")

    monkeypatch.setattr(command, "CHECKS", {"one": fail})

    assert 1 == command.leaks([])

    last = capsys.readouterr().out.splitlines()[-1]
    assert "one FAILED no compiler: apt install gcc" == " ".join(last.split())


@pytest.mark.parametrize(
    ("code", "result"), [(0, CLEAN), (1, FOUND), (2, FAILED), (5, FAILED), (-11, FOUND)]
)
def test_the_exit_code_of_pytest_tells_findings_from_failures(
    code: int, result: str
) -> None:
    """A crash is a finding; tests that could not be collected are none."""
    assert result == of_exit_code(code)


@pytest.mark.parametrize(
    ("grown", "control", "finding"),
    [
        (19, 0, False),
        (20, 0, True),
        (-20, 0, True),
        (39, 20, False),
        (40, 20, True),
        (-40, -20, True),
        (-40, 20, True),
        (7750, 7406, True),
    ],
)
def test_a_growth_is_held_against_that_of_the_control(
    grown: int, control: int, finding: bool
) -> None:
    """One more in each run than there is a leak, or a release too many."""
    assert finding == is_finding(grown, control)


@pytest.mark.parametrize(
    ("grown", "control", "further"),
    [
        ([1] * 20, [0] * 20, True),
        ([0, 2] * 10, [0] * 20, True),
        ([18] * 16 + [29] * 4, [18] * 20, False),
        ([19] * 20, [18] * 20, True),
        ([18] * 20, [0] * 20, True),
        ([18] * 20, [-18] * 20, True),
    ],
)
def test_what_grows_elsewhere_too_is_compared_run_by_run(
    grown: list[int], control: list[int], further: bool
) -> None:
    """A library's thread more in some of the runs is no leak; one more in each is."""
    assert further == grows_further(grown, control)


class Core:
    """Stands in for one of ``tests/parity/cores.py``."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def running(self) -> Iterator[ModuleType]:
        """Give the package, here its name only."""
        yield ModuleType(self.name)


class Both:
    """Stands in for that of ``tests/parity/cores.py``."""

    python, native = Core("python"), Core("native")

    def each(self, act: Callable[[ModuleType], Any]) -> tuple[Any, Any]:
        """Run *act* on each core."""
        with self.python.running() as python, self.native.running() as native:
            return act(python), act(native)


def test_what_compares_the_cores_is_controlled_without_the_native_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It finds the Python core on either side, and then both cores again."""
    monkeypatch.setitem(sys.modules, "cores", SimpleNamespace(Both=Both))

    with on_the_python_core():
        assert ("python", "python") == Both().each(lambda one: one.__name__)

    assert ("python", "native") == Both().each(lambda one: one.__name__)
