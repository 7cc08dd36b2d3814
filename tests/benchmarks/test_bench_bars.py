"""The bars of the native core: what is computed, held against what, and shown where."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixed_results import result

from benchmarks import __main__ as command
from benchmarks import bars, page, readme, whose
from benchmarks.bars import BARS, MISSED, REACHED, UNKNOWN, verdicts
from benchmarks.results import Cell, Result, Row
from benchmarks.run import GROUPS

NATIVE = {"core": "native"}


def measured(**changes: Any) -> dict[str, float | None]:
    """Return what a run that has known figures says of each bar, by its key."""
    found = verdicts(result(**NATIVE, **changes))
    return {verdict.bar.key: verdict.measured for verdict in found}


def word(key: str, run: Result) -> str:
    """Return whether the run reaches the bar of this key."""
    return next(v.word for v in verdicts(run) if v.bar.key == key)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("attribute", 8.0),
        ("attribute-werkzeug", 5.0),
        ("attribute-wrapt", 0.0625),
        ("attribute-zope.proxy", None),
        ("item-of-dict", 2.0),
        ("item-of-list", 3.0),
        ("others-median", 5.0),
        ("others-worst", 7.0),
        ("unpacking", 99.0),
        ("method", 3.0),
        ("bind", 2.5),
        ("over-a-var", 1.5),
        ("local-read-threading.local", 4.0),
        ("local-write-werkzeug", None),
        ("stack", 2.0),
        ("stack-werkzeug", 1.0),
        ("stack-growth", 1.01),
        ("bytes-of-a-proxy", 280),
        ("bytes-of-a-context", 0.5),
        ("flask-instructions", 0.9),
    ],
)
def test_a_bar_is_computed_from_the_rows_of_the_run(
    key: str, expected: float | None
) -> None:
    """Figures that the run lacks are unknown."""
    assert expected == measured()[key]


def test_one_task_that_saw_anothers_value_is_one_too_many() -> None:
    """Of all engines."""
    run = result(**NATIVE)
    assert REACHED == word("whose", run)
    group = run.groups["whose"]
    cells = {**group.rows[0].cells, whose.COLUMNS[-1]: Cell(1.0)}
    bad = replace(group.rows[0], cells=cells)
    run.groups["whose"] = replace(group, rows=(*group.rows, bad))
    assert MISSED == word("whose", run)


def test_scaling_is_ours_in_that_of_by_hand() -> None:
    """By hand two threads take 1.5 times as long as one, here 2 times: 0.75."""
    assert "threads" not in measured()
    assert 0.75 == measured(traits=["free-threaded"])["threads"]


def test_each_bar_has_a_key_of_its_own_and_a_group_that_is_run() -> None:
    """The key names the file that says why a bar is not reached."""
    keys = [bar.key for bar in BARS]

    assert sorted(set(keys)) == sorted(keys)
    assert {bar.group for bar in BARS} <= set(GROUPS)


def test_a_run_on_the_python_core_has_no_bars() -> None:
    """They are the native core's."""
    assert [] == verdicts(result())


def test_a_group_that_did_not_run_has_no_bars() -> None:
    """A run of one group has that group's."""
    whole = result(**NATIVE)
    part = Result("", whole.about, {"binding": whole.groups["binding"]})

    assert ["bind"] == [verdict.bar.key for verdict in verdicts(part)]


def with_read(ours: float, *, theirs: float | None = None, **changes: Any) -> Result:
    """Return a native run in which reading an attribute takes 10 by hand."""
    run = result(**NATIVE, **changes)
    cells = {"by hand": Cell(10.0), "inscope": Cell(ours), "werkzeug": Cell(theirs)}
    group = run.groups["attributes"]
    row = replace(group.rows[0], cells=cells)
    run.groups["attributes"] = replace(group, rows=(row, *group.rows[1:]))
    return run


@pytest.mark.parametrize(
    ("build", "ours", "expected"),
    [
        ("debian", 11.5, REACHED),
        ("debian", 11.6, MISSED),
        ("optimised", 11.6, MISSED),
        ("unoptimised", 16.0, REACHED),
        ("unoptimised", 16.1, MISSED),
    ],
)
def test_the_limit_is_that_of_the_build(build: str, ours: float, expected: str) -> None:
    """A build without optimisations has its own; a figure at the limit reaches it."""
    assert expected == word("attribute", with_read(ours, build=build))


@pytest.mark.parametrize(
    ("theirs", "expected"), [(249.0, MISSED), (250.0, REACHED), (None, UNKNOWN)]
)
def test_what_must_be_more_is_reached_from_above(
    theirs: float | None, expected: str
) -> None:
    """werkzeug's time must be 25 times ours at least; an unknown one tells nothing."""
    run = with_read(10.0, theirs=theirs)

    assert expected == word("attribute-werkzeug", run)


def test_the_bars_are_printed_after_a_native_run(capsys: Any) -> None:
    """Figure, limit and verdict; after a run on the Python core there are none."""
    command.show(result(**NATIVE))
    native = capsys.readouterr().out
    command.show(result())
    python = capsys.readouterr().out

    line = re.compile(r"^read an attribute, to by hand +8\.00× +≤ 1\.15× +NOT reached$")
    assert any(map(line.match, native.splitlines()))
    assert "with var.bind(value), to set and reset by hand" in native
    assert "reached" not in python


def test_the_page_has_the_bars_of_each_native_run() -> None:
    """One table for each; none for a run on the Python core."""
    runs = [result(**NATIVE), result(), result(**NATIVE, version="3.13.0")]

    text = page.render(runs)

    assert 2 == text.count("| read an attribute, to by hand |")
    assert "On CPython 3.13.0, Debian's build:\n\n| what | measured |" in text
    assert "## The bars" not in page.render([result()])


def test_the_page_says_why_a_bar_is_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for all runs, and only of bars that are missed."""
    for name in ("bars", "why", "introduction", "contestants", "summary", *GROUPS):
        (tmp_path / f"{name}.md").write_text(f"about {name}\n")
    (tmp_path / "why").mkdir()
    for key in ("attribute", "over-a-var", "bytes-of-a-context", "no-such-bar"):
        (tmp_path / "why" / f"{key}.md").write_text(f"because of {key}\n")
    monkeypatch.setattr(page, "WORDS", tmp_path)

    text = page.render([result(**NATIVE), result(**NATIVE, version="3.13.0")])

    assert 1 == text.count(
        "**Read an attribute, to by hand**\n\nbecause of attribute\n"
    )
    assert "because of over-a-var" in text
    assert "because of bytes-of-a-context" not in text
    assert "because of no-such-bar" not in text


def test_each_reason_is_that_of_a_bar() -> None:
    """A file of another name would never be shown."""
    files = (page.WORDS / "why").glob("*")

    assert {file.name for file in files} <= {f"{bar.key}.md" for bar in BARS}


def test_summaries_of_both_cores_stand_apart() -> None:
    """The native core's first; the README has its runs alone."""
    runs = [result(**NATIVE), result()]

    text = page.render(runs)

    native, _, python = text.partition("### On the Python core")
    assert 1 == native.count("| block | bind |")
    assert 1 == python.count("| block | bind |")
    assert 3 == len(readme.block(runs).splitlines()[0].split("|")) - 2
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)
    assert sorted(set(headings)) == sorted(headings)


def test_a_run_of_threads_alone_has_its_bar_and_its_table() -> None:
    """And no column of dashes in the summaries, nor in the README."""
    whole = result(**NATIVE)
    alone = result(**NATIVE, version="3.13.5", traits=["free-threaded"])
    for name in set(alone.groups) - {"threads"}:
        del alone.groups[name]

    text = page.render([whole, alone])

    assert "two threads on one proxy" in text.partition("3.13.5, Debian's build")[2]
    assert "### Two threads on one proxy (3.13.5" in text
    assert "3.13.5 (debian): by hand" not in text
    assert readme.block([whole]) == readme.block([whole, alone])


def test_a_group_without_any_figure_is_not_on_the_page() -> None:
    """Two threads at once, say, on a build that runs one at a time."""
    run = result()
    group = run.groups["threads"]
    rows = (Row("one thread", cells={"inscope": Cell(note="needs another build")}),)

    assert "### Two threads" in page.render([run])
    run.groups["threads"] = replace(group, rows=rows)
    assert "### Two threads" not in page.render([run])


def test_a_limit_is_shown_with_its_direction() -> None:
    """And bytes without the sign of a ratio."""
    found = {v.bar.key: v.cells()[1:3] for v in verdicts(result(**NATIVE))}

    assert ["5.00×", "≥ 25×"] == found["attribute-werkzeug"]
    assert ["280", "≤ 96"] == found["bytes-of-a-proxy"]
    assert bars.HEAD[1:3] == ("measured", "the bar")
