"""Rows of several processes become one, and the processes are new ones."""

from __future__ import annotations

import os

from benchmarks import run
from benchmarks.results import Cell, Row
from benchmarks.starts import in_new_processes, merged
from benchmarks.timing import CHECK, FULL, QUICK, Effort


def process_id(name: str, _: Effort) -> list[Row]:
    """Stand in for a measurement: the number of the process."""
    return [Row(name, cells={"process": Cell(median=os.getpid())})]


def test_each_run_has_a_process_of_its_own() -> None:
    """None of them is this one."""
    runs = in_new_processes(process_id, "any", QUICK._replace(starts=2))

    found = [row.cells["process"].median for rows in runs for row in rows]
    assert ["any", "any"] == [row.name for rows in runs for row in rows]
    assert 2 == len(set(found))
    assert os.getpid() not in found


def test_a_group_is_measured_in_a_new_process() -> None:
    """It finds the contestants by itself there, and gives all of the group's rows."""
    effort = CHECK._replace(starts=1)

    (rows,) = in_new_processes(run.measure_group, "binding", effort)

    here = run.measure_group("binding", CHECK)
    assert [row.name for row in here] == [row.name for row in rows]


def test_the_figures_are_the_medians_of_the_processes() -> None:
    """Of each contestant by itself."""
    rows = [
        Row("p.x", cells={"a": Cell(one, 1.0), "b": Cell(10.0 * one, one)})
        for one in (3.0, 1.0, 2.0)
    ]

    row = merged(rows)

    assert "p.x" == row.name
    assert {"a": Cell(2.0, 1.0), "b": Cell(20.0, 2.0)} == row.cells


def test_no_figure_in_one_process_is_none_in_all() -> None:
    """And the note says why."""
    cannot = Cell(note="cannot")

    row = merged([Row("p.x", cells={"a": cell}) for cell in (Cell(1.0, 0.1), cannot)])

    assert {"a": cannot} == row.cells


def test_equal_is_what_is_equal_in_most_processes() -> None:
    """Two of three are enough, one is not."""
    same = [("b", "c"), ("b",), ()]

    row = merged([Row("p.x", cells={"a": Cell(1.0, 0.1, "", one)}) for one in same])

    assert ("b",) == row.cells["a"].same


def test_only_a_full_run_takes_several_processes() -> None:
    """A minute's run and a check have no time for it."""
    assert (1, 1) == (QUICK.starts, CHECK.starts)
    assert FULL.starts % 2 == 1
    assert FULL.starts > 1
