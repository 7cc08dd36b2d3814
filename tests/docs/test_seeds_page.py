"""``docs/seeds.md`` names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NAMED = re.findall(
    r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "seeds.md").read_text()
)


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)), ids=str)
def test_a_test_that_the_page_names_is_there(file: str, test: str) -> None:
    """And so it runs with every other."""
    text = (ROOT / file).read_text()

    assert re.search(rf"^def {test}\b" if test else r"^def test_", text, re.MULTILINE)


def test_the_page_has_a_section_for_each_document() -> None:
    """And each of them has rows."""
    page = (ROOT / "docs" / "seeds.md").read_text()

    numbers = re.findall(r"^## .* \((\d+)\)$", page, re.MULTILINE)
    assert ["000", "001", "002", "003", "004"] == numbers
    assert all(part.count("\n| ") > 2 for part in page.split("\n## ")[1:])
