"""The bench as a command: what it says to bad arguments and missing libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench_process import bench
from fixed_results import result

from benchmarks import __main__ as command
from benchmarks import flask_page, growth, results, run
from benchmarks.results import OURS
from benchmarks.timing import CHECK, QUICK


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--only"], "expected one argument"),
        (["--quick", "--check"], "not allowed with argument"),
        (["--render", "--only", "flask"], "--only measures"),
        (["--slow"], "unrecognized arguments: --slow"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, and the exit code that the shell expects."""
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)

    assert 2 == stopped.value.code
    assert said in capsys.readouterr().err


def test_an_unknown_group_is_answered_by_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message lists the groups."""
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing"])

    assert "binding" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [((), "matplotlib"), (("--quick",), "pyperf"), (("--render",), "matplotlib")],
)
def test_without_a_library_that_it_needs_the_bench_says_which_extra_has_it(
    arguments: tuple[str, ...],
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    """At once, not after minutes of measuring."""
    real = command.importlib.util.find_spec
    monkeypatch.setattr(
        command.importlib.util,
        "find_spec",
        lambda name: None if name == missing else real(name) or True,
    )

    monkeypatch.setattr(command, "field", _refuse)
    monkeypatch.setattr(command, "render", _refuse)
    # A full run without the GIL draws nothing.
    monkeypatch.setattr(command, "groups_of_a_full_run", lambda: list(command.GROUPS))

    code = command.main(list(arguments))

    said = capsys.readouterr().err
    assert 1 == code
    assert f"bench: {missing} is not installed: pip install 'inscope[bench]'" in said


def _refuse(**_: object) -> None:
    """Stand for what must not be reached."""
    raise AssertionError


def test_one_group_can_be_checked_without_pyperf() -> None:
    """``--check`` needs nothing but inscope."""
    done = bench("--check", "--only", "binding", without=("pyperf", "matplotlib"))

    assert 0 == done.returncode, done.stderr
    assert "binding: bind\n" in done.stdout
    assert {"binding"} == {line.partition(":")[0] for line in done.stdout.splitlines()}


def test_one_group_is_measured_and_nothing_kept() -> None:
    """The table has the figures, the summary the ratios."""
    pytest.importorskip("pyperf")
    before = sorted(results.FOLDER.glob("*"))

    done = bench("--quick", "--only", "variables")

    assert 0 == done.returncode, done.stderr
    assert before == sorted(results.FOLDER.glob("*"))
    table, _, summary = done.stdout.partition("\nsummary")
    assert table.splitlines()[1].split() == [
        *("variables", "by", "hand,", "ns", "inscope,", "ns", "inscope", "×")
    ]
    assert "Var: get " in summary


@pytest.mark.parametrize(
    ("free", "names"), [(False, list(run.GROUPS)), (True, ["threads"])]
)
def test_a_full_run_without_the_gil_is_of_threads(
    free: bool, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is the same on any build, and has its bars elsewhere."""
    monkeypatch.setattr(run.threads, "free_threaded", lambda: free)

    assert names == run.groups_of_a_full_run()


def test_rendering_needs_a_run(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Without one the command says how to make one."""
    monkeypatch.setattr(command.results, "load_all", list)

    assert 1 == command.main(["--readme"])
    assert "no run was kept yet: ./run bench makes one" in capsys.readouterr().err


def test_a_readme_without_comments_does_not_fail_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """What was measured is kept; the missing comments are told."""
    (tmp_path / "README.md").write_text("nothing\n")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command.results, "load_all", lambda: [result()])

    assert 0 == command.main(["--readme"])
    assert "README.md has no <!-- bench -->" in capsys.readouterr().err


def test_the_worst_write_is_found_whichever_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One write in the middle that costs seven times as much is the worst."""
    seconds = {"dear": 8.0, "cheap": 2.0}

    def in_copies(context: Any, function: Any, times: int, *arguments: Any) -> Any:
        cost = 1.0 if function is int else seconds[arguments[1].rstrip("0123456789")]
        return [cost] * times

    monkeypatch.setattr(growth, "in_copies", in_copies)

    class Holder:
        """Something to write names to."""

    worst = growth.worst_write(Holder, ["cheap1", "dear2", "cheap3"], QUICK)

    assert 7e9 == worst  # without what calling in a copy costs: 1


def test_random_names_are_the_same_each_time() -> None:
    """So that two runs measure one thing; none is there twice."""
    names = growth.random_names(1_000)

    assert names == growth.random_names(1_000)
    assert 1_000 == len(set(names))
    assert all(name.isidentifier() for name in names)


def test_instructions_are_read_from_what_callgrind_says() -> None:
    """Anything else is an error that shows it."""
    assert 1234567 == flask_page.counted("==1== \n==1== Collected : 1234567\n==1==\n")
    with pytest.raises(RuntimeError, match="valgrind did not count: no such tool"):
        flask_page.counted("no such tool")


def test_without_valgrind_the_row_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bench goes on."""
    monkeypatch.setattr(flask_page.shutil, "which", lambda _: None)

    cells = flask_page._instructions({}, QUICK._replace(processes=True))

    assert {flask_page.NO_VALGRIND} == {cell.note for cell in cells.values()}


def test_a_flask_page_that_does_not_start_is_shown_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the last words of its process; the other page is measured."""
    monkeypatch.setitem(flask_page.KINDS, OURS, "unknown kind of 1/0")
    monkeypatch.setattr(flask_page, "Child", _Broken)

    time, instructions = flask_page.measure(CHECK)

    assert "cannot: it broke" == time.cells[OURS].note
    assert "cannot: it broke" == instructions.cells[OURS].note


class _Broken:
    """A child process that could not start."""

    problem = "it broke"

    def __init__(self, kind: str) -> None:
        pass

    def end(self) -> None:
        """Do nothing: there is no process."""
