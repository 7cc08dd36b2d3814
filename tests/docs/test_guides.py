"""The tutorial, the guides and the pages on migration hold for whoever copies them.

``tests/test_docs.py`` runs the examples. Here the page on typing is checked by type
checkers, and what only stands in the text is compared with what the program says.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"
DOCS = ROOT / "docs"

GUIDES = [
    DOCS / "guides" / f"{name}.md"
    for name in ("threads", "asyncio", "greenlets", "wsgi", "typing", "testing")
]
MIGRATIONS = [
    DOCS / "migration" / f"{name}.md"
    for name in ("threading-local", "werkzeug-local", "asgiref-local", "contextvars")
]
TYPING = DOCS / "guides" / "typing.md"

each_guide = pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
each_migration = pytest.mark.parametrize("page", MIGRATIONS, ids=lambda page: page.stem)


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of *page* in *language*."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def headings(page: Path) -> list[str]:
    """Return the headings of the second level."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with *command*, on the sources of this very package."""
    paths = {"PYTHONPATH": str(SOURCE), "MYPYPATH": str(SOURCE)}
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | paths | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# The page on typing


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    """The examples of the page on typing, as a file."""
    file = tmp_path / "typed.py"
    file.write_text("\n".join(blocks(TYPING, "python")))
    return file


def require(checker: str) -> None:
    """Skip the test where *checker* is not installed."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: pip install 'inscope[lint]'")


def test_mypy_sees_what_the_page_on_typing_says(typed: Path) -> None:
    """Every type is as asserted, and what is said to be an error is one."""
    require("mypy")
    options = ["--strict", "--config-file=", "--python-version", "3.11"]
    options += ["--cache-dir", str(typed.parent / "cache")]

    done = run("-m", "mypy", *options, str(typed))

    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_sees_what_the_page_on_typing_says(typed: Path) -> None:
    """Every type is as asserted, and what is said to be an error is one."""
    require("pyright")
    settings = {
        "typeCheckingMode": "strict",
        "reportPrivateUsage": False,  # the page shows _get_current_object
        "enableTypeIgnoreComments": False,
        "reportUnnecessaryTypeIgnoreComment": True,
        "extraPaths": [str(SOURCE)],
    }
    (typed.parent / "pyrightconfig.json").write_text(json.dumps(settings))
    options = ["--project", str(typed.parent), "--pythonpath", sys.executable]

    done = run("-m", "pyright", *options, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")

    assert done.returncode == 0, done.stdout + done.stderr


# What only stands in the text


def test_the_warning_in_the_guide_on_asyncio_is_the_one_that_is_logged(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Word for word, but for where and how long asyncio's own file is."""
    code = "async def rows():\n\n    with var.bind('the database'):\n        yield 1\n"
    names: dict[str, Any] = {"var": inscope.Var("user")}
    exec(compile(code, "rows.py", "exec"), names)

    async def read_one() -> None:
        async for _ in names["rows"]():
            break
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(read_one())

    (shown,) = blocks(DOCS / "guides" / "asyncio.md", "text")
    place, known = r"\S+[/\\]asyncio[/\\]events\.py:\d+", "…/asyncio/events.py:84"
    logged = [re.sub(place, known, message) for message in caplog.messages]
    assert logged == [" ".join(shown.split())]


@each_guide
def test_a_guide_opens_with_what_works_by_itself(page: Path) -> None:
    """Then it says what does not."""
    first_two = ["What works by itself", "What does not"]

    assert first_two == headings(page)[:2]


@each_migration
def test_a_page_on_migration_has_one_table_and_then_a_program(page: Path) -> None:
    """What was, what will be, what changes; before and after; what to watch for."""
    text = page.read_text()
    tables = re.findall(r"^(\|.*\|)\n\|[-|:]+\|$", text, re.MULTILINE)

    assert ["| before | after | what changes |"] == tables
    assert ["Before and after", "What to watch for"] == headings(page)
    assert text.index(tables[0]) < text.index("\n# before\n") < text.index("\n# after")
