"""Every example in the README and in the docstrings runs and gives what it says."""

from __future__ import annotations

import doctest
import gc
import importlib
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES_WITH_CODE = [page for page in PAGES if "```python\n" in page.read_text()]


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.stem)
def test_the_examples_of_a_page_print_what_they_say(
    page: Path, core: str, tmp_path: Path
) -> None:
    """The ``python`` blocks are one program, and ``# prints: …`` is what it prints.

    It ends by itself and leaves nothing open, in a process and a folder of its own.
    """
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    for name in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"the page imports {name}, which is not installed")
    program = tmp_path / f"{page.stem}_page.py"
    program.write_text(code)

    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", program.name],
        cwd=tmp_path,
        env=os.environ | {"INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    missing = re.search(r"MissingExtraError: (.*)", done.stderr)
    if done.returncode and missing:
        pytest.skip(missing[1])
    assert done.returncode == 0, done.stderr
    assert re.findall(r"# prints: (.*)", code) == done.stdout.splitlines()
    assert "Exception ignored" not in done.stderr


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    """Return the modules of *package* that need no fresh process.

    Without those for which a library is missing, as there is no build of it.
    """
    names = [
        found.name
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not found.name.startswith(
            ("inscope.demo", "inscope.dropin", "inscope.__main__")
        )
    ]
    yield package
    for name in names:
        with suppress(importlib.import_module("inscope").MissingExtraError):
            yield importlib.import_module(name)


def test_the_examples_in_the_docstrings_hold(inscope: ModuleType) -> None:
    """Every ``>>>`` in a docstring gives the line below it."""
    results: list[doctest.TestResults] = []
    for module in _modules(inscope):
        results.append(doctest.testmod(module))
        gc.collect()  # the next one declares Vars of the same names

    assert 0 == sum(result.failed for result in results)
    assert sum(result.attempted for result in results) > 50


def _shown(inscope: ModuleType) -> list[str]:
    """Return the public classes and functions, errors aside."""
    return [
        name
        for name in inscope.__all__
        if callable(getattr(inscope, name)) and not name.endswith("Error")
    ]


def test_every_public_name_has_an_example_that_runs(inscope: ModuleType) -> None:
    """Each public class and function shows itself in its docstring."""
    without = [
        name
        for name in _shown(inscope)
        if ">>>" not in (getattr(inscope, name).__doc__ or "")
    ]

    assert [] == without
