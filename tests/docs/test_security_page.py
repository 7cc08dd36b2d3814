"""The page on security names, for each threat, tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _rows() -> list[list[str]]:
    """Return the cells of each row of the table of threats."""
    text = (ROOT / "docs/security.md").read_text()
    table = text.partition("| threat |")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def test_each_threat_names_tests_that_there_are() -> None:
    """One that is renamed takes the page along."""
    folder = ROOT / "tests/travel"
    text = "\n".join(file.read_text() for file in folder.glob("test_*.py"))
    there = set(re.findall(r"^def test_(\w+)\(", text, re.MULTILINE))
    rows = _rows()

    assert len(rows) > 15
    for threat, _, tests in rows:
        named = re.findall(r"`(\w+)`", tests)
        assert named, threat
        assert set() == set(named) - there, threat
