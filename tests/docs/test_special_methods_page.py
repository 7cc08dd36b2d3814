"""The page of the special methods has all of the table that the code has."""

from __future__ import annotations

import pytest
from built_site import Site

from inscope._core.special_methods import LEFT, OWN, TABLE, SpecialMethod

COLUMNS = 4


@pytest.fixture
def rows(site: Site) -> dict[str, list[str]]:
    """The rows of the page's table, by the name of the method."""
    cells = [cell.strip() for cell in site.pages["special-methods.html"].cells]
    found = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    return {row[0]: row[1:] for row in found}


def test_every_method_has_a_row_in_the_order_of_the_code(
    rows: dict[str, list[str]],
) -> None:
    """A row that is added to the code appears on the page."""
    assert [method.name for method in TABLE] == list(rows)


@pytest.mark.parametrize("method", TABLE, ids=lambda method: method.name)
def test_a_row_tells_what_the_code_does(
    method: SpecialMethod, rows: dict[str, list[str]]
) -> None:
    """The expressions, or the reason, stand there in full."""
    told = " ".join(rows[method.name]).replace("’", "'")  # Sphinx curls quotes

    assert method.expression in told
    assert method.unbound in told
    for part in method.reason.split("; unbound: "):
        assert part in told


def test_the_page_says_of_every_row_which_rule_holds(
    rows: dict[str, list[str]],
) -> None:
    """Methods of one rule are told of in the same words, and of others in others."""
    words = {method.rule: set() for method in TABLE}
    for method in TABLE:
        words[method.rule].add(rows[method.name][0])

    assert [1] * 4 == [len(found) for found in words.values()]
    assert 4 == len(set.union(*words.values()))


def test_every_method_can_be_linked_to(site: Site) -> None:
    """``special-methods.html#__len__`` leads to its row."""
    anchors = site.pages["special-methods.html"].anchors

    assert [] == [method.name for method in TABLE if method.name not in anchors]


def test_what_is_forwarded_is_told_to_raise_unbound(
    rows: dict[str, list[str]],
) -> None:
    """Only methods with an answer of their own do anything else."""
    plain = [
        method.name
        for method in TABLE
        if method.rule not in (LEFT, OWN) and not method.unbound
    ]

    assert plain
    assert {"raises"} == {rows[name][2] for name in plain}
