"""When ``./run`` gives pytest a process for each processor, and when only one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev import matrix, parallel, programs
from dev.interpreters import Interpreter

SPREAD = ["-n", "auto", "--dist", "worksteal"]


@pytest.mark.parametrize(
    "words", ["", "-x", "-k proxy", "-q tests/dropin", "-m run --durations=9", "-vv"]
)
def test_the_suite_and_large_parts_of_it_are_spread(words: str) -> None:
    """Over as many processes as there are processors."""
    assert SPREAD == parallel.spread(words.split())


@pytest.mark.parametrize(
    "words",
    [
        "-n 0",
        "-n8",
        "--numprocesses=3",
        "--dist loadfile",
        "-p no:xdist",
        "-s",
        "--capture=no",
        "-x --pdb",
        "--trace",
        "--co -q",
        "tests/test_run.py",
        "tests/test_run.py::test_help_lists_every_command",
        "-x tests/dropin tests/test_run.py",
    ],
)
def test_one_process_is_left_to_whoever_looks_at_it(words: str) -> None:
    """Or says how many there are, or has so few tests that starting them is more."""
    assert [] == parallel.spread(words.split())


def test_the_words_of_the_user_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """In ``./run test`` as on each interpreter of ``./run matrix``."""
    followed: list[list[str]] = []
    monkeypatch.setattr(programs, "main_environment", lambda *_: Path("/env"))
    monkeypatch.setattr(programs, "follow", lambda command: followed.append(command))
    monkeypatch.setattr(matrix, "prepared_for_tests", lambda *_: (Path("/env"), []))
    monkeypatch.setattr(matrix, "follow", lambda command: followed.append(command))

    programs.test(["-x"])
    matrix.try_on(Interpreter("3.14.0", "/python"), ["-x"])

    assert [[*SPREAD, "-x"]] * 2 == [command[-5:] for command in followed]
