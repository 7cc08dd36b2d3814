"""What a run found: compared by ratio, named by its build, kept and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed_results import both, proxy_row, result

from benchmarks import results
from benchmarks.builds import build_name, file_name, name_of, traits
from benchmarks.results import FIRST_ROW, Cell, Group, Row, middle, ratio, ratios
from benchmarks.summary import growths, lines


def test_a_ratio_is_of_medians() -> None:
    """How often the second goes into the first."""
    assert 2.5 == ratio(Cell(25.0), Cell(10.0))


@pytest.mark.parametrize(
    ("one", "to"),
    [(None, Cell(1.0)), (Cell(1.0), None), (Cell(), Cell(1.0)), (Cell(1.0), Cell())],
)
def test_without_a_figure_there_is_no_ratio(one: Cell | None, to: Cell | None) -> None:
    """Neither for a contestant that is missing, nor for one that cannot."""
    assert None is ratio(one, to)


def test_rows_without_a_ratio_do_not_count_in_the_median() -> None:
    """Of 2×, 4× and nothing the median is 3×."""
    rows = [
        proxy_row("a", "", 10, 40),
        proxy_row("b", "", 10, 20),
        Row("c", cells={"by hand": Cell(10.0)}),
    ]

    assert 3.0 == middle(rows, "inscope", "by hand")
    assert ["b", "a"] == [row.name for _, row in ratios(rows, "inscope", "by hand")]
    assert None is middle(rows, "wrapt", "by hand")


def test_growth_is_compared_with_the_first_row() -> None:
    """Each contestant with itself."""
    group = Group(
        "growth", ("inscope",), (both("1", 10, 5), both("9", 30, 50)), FIRST_ROW
    )

    assert 3.0 == group.grown("inscope", group.rows[1])
    assert 10.0 == group.grown("werkzeug", group.rows[1])


@pytest.mark.parametrize(
    ("flags", "prefix", "distribution", "expected"),
    [
        ("'--enable-optimizations' '--with-lto'", "/opt/python", "debian", "optimised"),
        ("'--enable-shared'", "/opt/python", "debian", "unoptimised"),
        ("'--enable-shared'", "/usr", "debian", "debian"),
        ("", "/usr", "", "distribution"),
    ],
)
def test_a_build_is_named_by_what_is_known_of_it(
    flags: str, prefix: str, distribution: str, expected: str
) -> None:
    """A distribution's own build keeps its flags to itself: it gives the name."""
    assert expected == build_name(flags, prefix, distribution)


def test_what_sets_a_build_apart_is_in_its_name() -> None:
    """Free-threaded and debug builds are another column each; so is the C core."""
    special = traits(free_threaded=True, debug=True)

    assert "cpython-3.13.1-optimised-free-threaded-debug-native" == file_name(
        "CPython", "3.13.1", ["optimised", *special], "native"
    )
    assert "cpython-3.11.2-debian" == name_of(result().about)


def test_a_run_is_kept_and_read_again(tmp_path: Path) -> None:
    """What is read is what was written."""
    kept = result()

    file = results.save(kept, tmp_path)

    assert tmp_path / "cpython-3.11.2-debian.json" == file
    assert kept == results.load(file)


def test_runs_on_a_distribution_s_build_come_first(tmp_path: Path) -> None:
    """Then the others, by version, 3.9 before 3.13."""
    for version, build in (
        ("3.13.0", "unoptimised"),
        ("3.9.1", "optimised"),
        ("3.11.2", "debian"),
    ):
        results.save(result(version=version, build=build), tmp_path)

    found = [run.about["version"] for run in results.load_all(tmp_path)]

    assert ["3.11.2", "3.9.1", "3.13.0"] == found


def test_the_summary_has_the_median_and_the_worst_of_the_other_operations() -> None:
    """Without the items of a dict and a list, and unpacking, which have lines."""
    found = {line.title: line for line in lines(result())}

    median = found["every other operation, the median"]
    worst = found["every other operation, the worst"]
    assert (None, None, 5.0, 2.0, "is of 4 rows") == median[2:]
    assert (10, 70, 7.0, None, "is `q = p; q += 2` on int") == worst[2:]
    assert 99.0 == found["unpack a list: `a, b, c = p`"].ratio
    assert 2.0 == found['read an item of a dict: `p["key"]`'].ratio


def test_the_summary_has_each_group_that_is_compared() -> None:
    """Proxies and their sources, Vars, blocks, Locals, the page; growth apart."""
    parts = [line.part for line in lines(result())]

    expected = [
        "proxy",
        "proxy over",
        "Var",
        "block",
        "scope",
        "wrapped",
        "Local",
        "Flask page",
    ]
    assert expected == list(dict.fromkeys(parts))
    assert [2.5, 3.0, 1.01] == [line.ours for line in growths(result())]
    assert [90.0, 99.0, 400.0] == [line.werkzeug for line in growths(result())]


def test_the_summary_leaves_out_what_was_not_measured() -> None:
    """A run of one group has that group's lines."""
    whole = result()
    part = results.Result("", whole.about, {"binding": whole.groups["binding"]})

    assert [("block", "bind")] == [line[:2] for line in lines(part)]
    assert [] == growths(part)
