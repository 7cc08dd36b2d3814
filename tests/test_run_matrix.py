"""What ``./run matrix`` is asked, what it says of each interpreter, when it fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dev import matrix
from dev.failures import SetupError
from dev.interpreters import Interpreter

REPORT = """\
<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10">
<testcase name="test_one[python]" /><testcase name="test_two[str-native-len]" />
</testsuite></testsuites>
"""
OTHER_REPORT = """\
<testsuites><testsuite errors="0" failures="0" skipped="0" tests="1">
<testcase name="test_of_native_things[python-native_len]" />
</testsuite></testsuites>
"""
ALL_WELL = matrix.Counts("python native", 90, 0, 10)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Interpreter]:
    """The interpreters of the machine."""
    versions = ["3.11.9", "3.12.1", "3.14.0", "3.14.0d", "3.14.0t"]
    here = [Interpreter(version, "/python") for version in versions]
    monkeypatch.setattr(matrix, "find_interpreters", lambda: here)
    return here


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, found: list[Interpreter]) -> list[str]:
    """Where the suite was run, in place of running it: it fails on 3.12 only."""
    noted: list[str] = []

    def try_on(interpreter: Interpreter, arguments: list[str]) -> matrix.Outcome:
        noted.append(" ".join([interpreter.minor, *arguments]))
        code = int(interpreter.minor == "3.12")
        return matrix.Outcome(interpreter, not code, code, ALL_WELL)

    monkeypatch.setattr(matrix, "try_on", try_on)
    return noted


@pytest.mark.parametrize(
    ("words", "fetched", "only", "for_pytest"),
    [
        ("", None, None, ""),
        ("-k proxy -x", None, None, "-k proxy -x"),
        ("--fetch", [], None, ""),
        ("--fetch 3.13t 3.14d -x", ["3.13t", "3.14d"], None, "-x"),
        ("--only 3.13t-tsan tests/a.py 3.14", None, ["3.13t-tsan"], "tests/a.py 3.14"),
        ("-x --only 3.14 --fetch 3.15", ["3.15"], ["3.14"], "-x"),
        ("--others -x --fetch 3.14", ["3.14"], None, "-x"),
    ],
)
def test_versions_follow_the_words_that_take_them(
    words: str, fetched: list[str] | None, only: list[str] | None, for_pytest: str
) -> None:
    """What follows ``--fetch`` or ``--only`` and is a version; the rest is pytest's."""
    others = "--others" in words
    expected = matrix.Asked(fetched, only, for_pytest.split(), others)

    assert expected == matrix.read(words.split())


def test_only_without_a_version_is_refused() -> None:
    """Else it would read as if nothing was to be run on."""
    with pytest.raises(SetupError, match="--only needs versions"):
        matrix.read(["--only", "-x"])


def test_it_runs_on_all_but_the_builds_made_to_examine(tried: list[str]) -> None:
    """What debug builds find is for ``./run leaks``, unless one is asked for."""
    matrix.matrix(["-x"])

    assert ["3.11 -x", "3.12 -x", "3.14 -x", "3.14t -x"] == tried


def test_it_runs_only_on_those_named(tried: list[str]) -> None:
    """Debug builds, too, if they are named."""
    assert 0 == matrix.matrix(["--only", "3.14d", "3.11"])

    assert ["3.11", "3.14d"] == tried


def test_it_leaves_out_the_interpreter_of_run_test_if_told_to(
    tried: list[str], found: list[Interpreter], capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so in the table; another of the same minor version is run on."""
    found.append(Interpreter("3.14.2", os.path.realpath(sys.executable)))

    matrix.matrix(["--others", "--only", "3.14"])

    assert ["3.14"] == tried
    out = capsys.readouterr().out
    assert "3.14.2     regular                  left out: ./run test runs on it" in out
    assert 1 == out.count("left out")


def test_it_leaves_out_nothing_unless_told_to(
    tried: list[str], found: list[Interpreter], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where the suite is known to pass."""
    found.append(Interpreter("3.14.2", os.path.realpath(sys.executable)))

    matrix.matrix(["--only", "3.14"])

    assert ["3.14", "3.14"] == tried
    assert "left out" not in capsys.readouterr().out


def test_an_interpreter_named_and_not_found_is_an_error(tried: list[str]) -> None:
    """Nothing is run, and the error says how to get it."""
    with pytest.raises(SetupError, match=r"--fetch 3\.15"):
        matrix.matrix(["--only", "3.11", "3.15"])

    assert [] == tried


def test_the_matrix_fails_if_one_version_does(tried: list[str]) -> None:
    """One failure among several is enough."""
    assert 1 == matrix.matrix([])
    assert 0 == matrix.matrix(["--only", "3.11", "3.14"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--fetch"], ["3.13", "3.13t", "3.15"]),
        (["--fetch", "3.15d"], ["3.15d"]),
    ],
)
def test_it_fetches_what_is_named_or_all_that_is_missing(
    tried: list[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    expected: list[str],
) -> None:
    """Before it looks for what to run on."""
    fetched: list[str] = []
    monkeypatch.setattr(matrix, "fetch", fetched.extend)

    matrix.matrix(words)

    assert expected == fetched


def test_the_matrix_ends_with_a_table(
    tried: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for each version, then those that were looked for and not found."""
    matrix.matrix(["--only", "3.12", "3.14t"])

    assert [
        "version    build                    cores          passed failed skipped code",
        "3.12.1     regular                  python native      90      0      10    1",
        "3.14.0t    free-threaded, GIL off   python native      90      0      10    0",
        "not found: 3.13, 3.13t, 3.15; ./run matrix --fetch gets 3.13, 3.13t, 3.15",
    ] == capsys.readouterr().out.splitlines()[-4:]


def test_a_row_names_what_the_suite_went_without() -> None:
    """Below the numbers, as they are not those of the whole suite."""
    one = Interpreter("3.15.0", "/python")
    outcome = matrix.Outcome(one, True, 0, ALL_WELL, "no build for it: gevent")

    assert "no build for it: gevent" == matrix.row(outcome).splitlines()[1].strip()


def test_a_row_says_why_there_are_no_numbers() -> None:
    """Either there is no environment, or pytest did not get as far as its report."""
    one = Interpreter("3.15.0", "/python")
    crashed = matrix.Outcome(one, False, 139, None)
    not_set_up = matrix.Outcome(one, False, remark="not set up: the reason")

    assert matrix.row(crashed).endswith("ended with 139 before it could report")
    assert matrix.row(not_set_up).endswith(" not set up: the reason")


def test_an_environment_that_cannot_be_made_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of the reason is told at once, its last line again in the table."""

    def fail(*_: object) -> tuple[Path, list[str]]:
        raise SetupError("pip's words\nthe reason")

    monkeypatch.setattr(matrix, "prepared_for_tests", fail)
    one = Interpreter("3.15.0", "/python")

    expected = matrix.Outcome(one, False, remark="not set up: the reason")
    assert expected == matrix.try_on(one, [])
    assert "pip's words" in capsys.readouterr().err


@pytest.mark.parametrize(("version", "lock"), [("3.14.0t", "0"), ("3.14.0", None)])
def test_where_it_can_the_suite_runs_without_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, lock: str | None
) -> None:
    """A module that asks for it would bring it back: ``PYTHON_GIL=0`` forbids that."""
    seen: list[str | None] = []

    def follow(_: list[str]) -> int:
        seen.append(os.environ.get("PYTHON_GIL"))
        return 0

    monkeypatch.delenv("PYTHON_GIL", raising=False)
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "prepared_for_tests", lambda *_: (tmp_path, []))
    monkeypatch.setattr(matrix, "follow", follow)

    matrix.try_on(Interpreter(version, "/python"), [])

    assert [lock] == seen
    assert "PYTHON_GIL" not in os.environ


def test_the_matrix_counts_what_passed(tmp_path: Path) -> None:
    """Errors count as failures; what is neither failed nor skipped has passed."""
    report, other = tmp_path / "report.xml", tmp_path / "other.xml"
    report.write_text(REPORT)
    other.write_text(OTHER_REPORT)

    assert matrix.Counts("python native", 4, 3, 3) == matrix.counts(report)
    assert matrix.Counts("python", 1, 0, 0) == matrix.counts(other)
    assert matrix.counts(tmp_path / "none.xml") is None
