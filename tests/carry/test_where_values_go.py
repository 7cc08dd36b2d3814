"""The table of ``docs/carry.md`` is what the program beside it finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dev import where_values_go as page

Columns = dict[str, dict[str, str]]

INHERITING = pytest.param(
    ("-X", "thread_inherit_context=1"),
    id="threads-inherit",
    marks=pytest.mark.skipif(
        sys.version_info < (3, 14), reason="threads inherit from Python 3.14 on"
    ),
)
OPTIONS = pytest.mark.parametrize(
    "options", [pytest.param((), id="default"), INHERITING]
)


def _printed(core: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def _installed(cells: dict[str, str]) -> dict[str, str]:
    return {row: cell for row, cell in cells.items() if cell != "not installed"}


@OPTIONS
def test_the_table_says_what_happens_here(core: str, options: tuple[str, ...]) -> None:
    """On this interpreter, plainly and with inscope, as far as there are libraries."""
    found: Columns = json.loads(_printed(core, *options, str(page.PROGRAM), "--json"))
    kept = page.kept()

    for column, cells in found.items():
        here = _installed(cells)
        assert here
        assert {row: kept[column][row] for row in here} == here


def test_the_page_has_the_table() -> None:
    """As the program renders what was found."""
    text = page.PAGE.read_text("utf-8")

    assert set(page.COLUMNS) == set(page.kept())
    assert page.rendered(text, page.kept()) == text


def test_with_inscope_everything_arrives_or_stays() -> None:
    """There is no row in which something is lost or leaks."""
    assert {"arrives", "stays inside"} == set(page.kept()["inscope"].values())


def test_the_program_prints_the_table_of_this_interpreter(core: str) -> None:
    """One line for each way, below the head."""
    lines = _printed(core, str(page.PROGRAM)).splitlines()

    assert lines[0].startswith("| unit of work | started by | ")
    assert len(page.kept()["inscope"]) == len(lines[2:])
