"""The rows of the bench: none is missing, each runs, and only who can is timed."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from bench_process import bench

from benchmarks import engines, whose
from benchmarks.contestants import LOCALS, PROXIES
from benchmarks.operations import ATTRIBUTES, operations, targets_of
from benchmarks.proxies import Operation, measure_row, objection, subject_of
from benchmarks.run import GROUPS, Field, Plan, measure
from benchmarks.statements import LEFT_OUT, Statement
from benchmarks.timing import CHECK
from inscope._core.special_methods import FORWARDED

RIVALS = (
    "werkzeug",
    "celery",
    "django",
    "lazy_object_proxy",
    "wrapt",
    "zope",
    "asgiref",
    "gevent",
    "flask",
)


@pytest.fixture(scope="module")
def checked() -> Any:
    """The bench, run with every row and nothing measured."""
    pytest.importorskip("msgspec")  # it measures how much that helps
    return bench("--check")


def test_every_forwarded_method_has_a_row() -> None:
    """A method that a proxy forwards is measured on some kind of object."""
    measured = {method for row in operations() for method in row.methods}

    assert set() == {row.name for row in FORWARDED} - measured


def test_a_method_has_a_row_on_each_kind_that_supports_it() -> None:
    """Addition is measured on all but the dict, which has none."""
    kinds = [row.target for row in operations() if "__add__" in row.methods]

    assert ["int", "str", "list", "class"] == kinds


def test_a_pair_that_is_left_out_says_why() -> None:
    """A method is left out on a kind for a reason, and has no row there."""
    for (method, kind), reason in LEFT_OUT.items():
        assert reason
        assert kind not in targets_of(method)


def test_no_two_rows_have_one_title() -> None:
    """A row is found by its code and its target."""
    titles = Counter((row.title, row.target) for row in (*ATTRIBUTES, *operations()))

    assert [] == [title for title, number in titles.items() if number > 1]


def test_every_row_runs(checked: Any) -> None:
    """``--check`` goes through every group, lists its rows and fails at none."""
    assert 0 == checked.returncode, checked.stderr
    lines = checked.stdout.splitlines()
    assert list(GROUPS) == list(dict.fromkeys(line.partition(":")[0] for line in lines))
    for row in operations():
        assert f"operations: {row.title} ({row.target})" in lines
    for row in ATTRIBUTES:
        assert f"attributes: {row.title} ({row.target})" in lines


def test_a_missing_rival_leaves_a_column_empty(checked: Any) -> None:
    """Without any rival the same rows run; each one's absence names the extra."""
    alone = bench("--check", without=RIVALS)

    assert 0 == alone.returncode, alone.stderr
    lines = checked.stdout.splitlines()
    # Celery is a rival by its proxy, and an engine by its tasks.
    expected = [line for line in lines if not line.endswith(engines.TASK)]
    assert expected == alone.stdout.splitlines()
    for contestant in (*PROXIES, *LOCALS):
        if contestant.package not in ("", "inscope"):
            words = f"{contestant.package} is not installed, so the column '"
            assert words in alone.stderr
    assert "pip install 'inscope[bench]' installs it" in alone.stderr


@pytest.mark.parametrize("contestant", PROXIES[:2], ids=lambda one: one.name)
def test_by_hand_and_inscope_take_part_in_all_rows(contestant: Any) -> None:
    """Neither has an objection anywhere, but to a buffer before Python 3.12."""
    make = contestant.load()

    objections = {
        row.title: said
        for row in (*ATTRIBUTES, *operations())
        if (said := objection(row, subject_of(contestant.name, make, row.target)))
    }

    assert set(objections) <= {"memoryview(p)"}


class Stub:
    """A proxy of an int that does as it is told."""

    def __init__(self, results: list[Any]) -> None:
        self.results = results

    def __add__(self, other: object) -> Any:
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


ADDITION = Operation(Statement("{p} + 2"), "int")


@pytest.mark.parametrize(
    ("results", "note"),
    [
        ([14, 14, 14], ""),
        ([14, 14, 15], "differs: 15"),
        ([14.0], "differs: 14.0"),
        ([ValueError("no")], "cannot: ValueError: no"),
    ],
)
def test_only_who_gives_what_the_object_gives_is_timed(
    results: list[Any], note: str
) -> None:
    """A contestant that raises, or differs at once or later, is shown as such."""
    row = measure_row(
        ADDITION, {"stub": lambda var: Stub([*results, *[14] * 3])}, CHECK
    )

    assert note == row.cells["stub"].note


def test_a_proxy_that_cannot_be_made_is_shown_as_such() -> None:
    """What goes wrong while making a proxy does not end the bench."""

    def make(var: Any) -> Any:
        raise TypeError("not of an int")

    row = measure_row(ADDITION, {"stub": make}, CHECK)

    assert "cannot: TypeError: not of an int" == row.cells["stub"].note


def test_a_group_begins_in_an_empty_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran before it leaves no variables there, in which setting costs more."""
    seen: list[int] = []

    def look(field: Field, effort: Any) -> list[Any]:
        seen.append(len(copy_context()))
        ContextVar("left").set(1)
        return []

    for name in ("one", "two"):
        monkeypatch.setitem(GROUPS, name, Plan(("inscope",), "", look))
    ContextVar("before").set(1)

    measure(["one", "two"], CHECK, Field({}, {}, []), lambda _: None)

    assert [0, 0] == seen


def test_tasks_that_saw_anothers_value_or_gave_no_answer_are_counted() -> None:
    """Of six tasks of three users, four have seen their own."""
    own = [(number, whose.name_of(number, 3)) for number in range(6)]

    assert 0 == whose.wrong(own, 6, 3)
    assert 2 == whose.wrong([*own[:4], (4, whose.name_of(5, 3))], 6, 3)
