"""The table and the verdict of the demo."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("rich")

from rich.console import Console

from inscope.demo.identity import GLOBAL, INSCOPE, WAYS
from inscope.demo.layers import Request
from inscope.demo.load import Outcome, Reply
from inscope.demo.report import complaints, make_table


def _outcome(planned: int, replies: int, **wrong: int) -> Outcome:
    outcome = Outcome("threads", planned)
    request = Request("ann", ())
    outcome.replies += [Reply(request, 0)] * replies
    outcome.wrong.update({name.replace("_", " "): n for name, n in wrong.items()})
    return outcome


def test_all_is_well_when_only_others_were_wrong() -> None:
    """Every request answered, the global wrong and inscope not: nothing to say."""
    assert [] == complaints(_outcome(9, 9, plain_global=5), None)


def test_inscope_being_wrong_is_a_failure() -> None:
    """One wrong answer of inscope is named."""
    found = complaints(_outcome(9, 9, plain_global=5, inscope=1), None)

    assert ["threads: inscope was wrong 1 times"] == found


def test_a_global_that_was_never_wrong_shows_nothing() -> None:
    """A run that does not show the fault is no demo of its cure."""
    (found,) = complaints(_outcome(9, 9), None)

    assert "the plain global was never wrong" in found
    assert "--requests" in found


def test_unanswered_requests_are_counted_with_their_reasons() -> None:
    """What failed, how often, and how the server ended."""
    outcome = _outcome(9, 5, plain_global=5)
    outcome.add(Reply(Request("ann", ()), 0, failure="Connection refused"))

    died, unanswered = complaints(outcome, "its process ended with code -9")

    assert "the threads server ended during the run: its process" in died
    assert "4 of 9 requests were not answered (1× Connection refused)" in unanswered


def test_the_table_has_a_row_for_each_way() -> None:
    """Requests, wrong answers and costs stand in the row of their way."""
    outcome = _outcome(9, 9, plain_global=5)
    outcome.costs = {way: 10.0 + number for number, way in enumerate(WAYS)}
    output = io.StringIO()

    Console(file=output, width=100).print(make_table([outcome], ["waitress 3"]))

    rows = [line.split("│") for line in output.getvalue().splitlines() if "│" in line]
    cells = {row[2].strip(): [cell.strip() for cell in row[3:6]] for row in rows}
    assert ["9", "5", "10"] == cells[GLOBAL]
    assert ["9", "0", "13"] == cells[INSCOPE]


def test_without_costs_the_table_says_so() -> None:
    """A server that died has told nothing of its costs."""
    output = io.StringIO()

    Console(file=output, width=100).print(make_table([_outcome(9, 3)], ["waitress 3"]))

    assert " - │" in output.getvalue()
