"""How the bench takes times: by turns, and with pyperf's statistics."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from benchmarks.timing import (
    CHECK,
    Effort,
    alternate,
    loops_for,
    summarised,
    timed,
)

EFFORT = Effort(rounds=3, seconds=0.0, growth=1, processes=False)


def test_a_statement_runs_as_often_as_asked() -> None:
    """``timed(…)(5)`` runs the statement five times."""
    calls: list[int] = []

    timed("note(1)", note=calls.append)(5)

    assert [1] * 5 == calls


def test_a_statement_that_names_value_gets_another_each_time() -> None:
    """The values that are bound differ."""
    calls: list[int] = []

    timed("note(value)", note=calls.append)(4)

    assert [0, 1, 2, 3] == calls


def test_a_statement_may_await() -> None:
    """A statement with ``await`` runs in a coroutine."""
    calls: list[int] = []

    async def act() -> None:
        calls.append(1)

    timed("await act()", act=act)(3)

    assert [1, 1, 1] == calls


def test_a_statement_must_not_wait() -> None:
    """A coroutine that really waits would never come back."""

    class Waiting:
        def __await__(self) -> Any:
            yield

    with pytest.raises(RuntimeError, match="waits for something"):
        timed("await waiting", waiting=Waiting())(1)


def test_a_statement_may_have_lines() -> None:
    """A block is indented as a whole."""
    calls: list[str] = []

    timed('try:\n    note("in")\nfinally:\n    note("out")', note=calls.append)(1)

    assert ["in", "out"] == calls


def test_contestants_have_their_turns() -> None:
    """One round of each, in an order that changes; the first only warms up."""
    pytest.importorskip("pyperf")
    turns: list[str] = []

    def timer(name: str) -> Any:
        def run(loops: int) -> float:
            turns.append(name)
            return 1.0 * loops

        return run

    found = alternate({"a": timer("a"), "b": timer("b")}, EFFORT)

    rounds = list(zip(turns[-8::2], turns[-7::2], strict=True))
    assert {("a", "b"), ("b", "a")} == set(rounds)
    assert {"a": 1e9, "b": 1e9} == {name: cell.median for name, cell in found.items()}


def test_the_first_round_does_not_count() -> None:
    """It warms up, as what finds out the number of loops did before it."""
    pytest.importorskip("pyperf")
    seconds = iter([9.0, 5.0, 1.0])

    found = alternate({"a": lambda _: next(seconds)}, EFFORT._replace(rounds=1))

    assert 1e9 == found["a"].median


@pytest.mark.parametrize("collects", [False, True])
def test_the_collector_waits_unless_it_belongs_to_the_row(collects: bool) -> None:
    """And is as it was afterwards."""
    pytest.importorskip("pyperf")
    seen: set[bool] = set()

    def timer(loops: int) -> float:
        seen.add(gc.isenabled())
        return 1.0 * loops

    alternate({"a": timer}, EFFORT, collects=collects)

    assert {collects} == seen
    assert gc.isenabled()


def test_a_check_measures_nothing() -> None:
    """Each contestant runs a few times and gets no figure."""
    loops: list[int] = []

    def run(number: int) -> float:
        loops.append(number)
        return 0.0

    found = alternate({"a": run}, CHECK)

    assert [3] == loops
    assert found["a"].median is None


def test_as_many_loops_run_as_take_the_time() -> None:
    """At 1 ms a loop, 50 ms are 50 loops."""
    assert 50 == loops_for(lambda loops: loops * 0.001, 0.050)


def test_a_slow_statement_runs_once() -> None:
    """One loop that takes longer than a turn is one turn."""
    assert 1 == loops_for(lambda loops: loops * 1.0, 0.050)


def test_the_statistics_are_the_median_and_its_deviation() -> None:
    """In nanoseconds, an outlier left out of account."""
    pytest.importorskip("pyperf")

    cell = summarised({"a": [1e-9, 2e-9, 3e-9, 4e-9, 1.0]})["a"]

    assert pytest.approx(3.0) == cell.median
    assert pytest.approx(1.0) == cell.mad


def test_times_that_do_not_differ_significantly_are_marked() -> None:
    """By pyperf's t-test: noise is told apart from a difference."""
    pytest.importorskip("pyperf")
    noise = [1.0, 1.1, 0.9, 1.05, 0.95]
    seconds = {"a": noise, "b": noise[::-1], "c": [value * 9 for value in noise]}

    found = summarised(seconds)

    assert ("b",) == found["a"].same
    assert () == found["c"].same


def test_a_round_that_was_interrupted_hides_no_difference() -> None:
    """One round of a hundred times the length would, in a t-test of means."""
    pytest.importorskip("pyperf")
    noise = [1.0, 1.1, 0.9, 1.05, 0.95, 1.02, 0.98]

    late = [*noise[1:], 100.0]

    found = summarised({"a": late, "b": [2 * v for v in noise], "c": noise})

    assert ("c",) == found["a"].same
    assert ("a",) == found["c"].same
