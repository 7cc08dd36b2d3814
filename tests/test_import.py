"""What importing the package does, and how a core is chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType

import pytest

HEAVY = {"asyncio", "dataclasses", "inspect", "logging", "concurrent.futures"}


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_inscope_loads_no_heavy_module(core: str) -> None:
    """``import inscope`` leaves the slow parts of the library alone."""
    code = "import sys; before = set(sys.modules); import inscope"
    code += "; print(*(set(sys.modules) - before))"

    done = _run(code, INSCOPE_CORE=core)

    assert "inscope" in done.stdout.split(), done.stderr
    assert set() == HEAVY & set(done.stdout.split())


def test_all_is_sorted_and_every_name_is_there(inscope: ModuleType) -> None:
    """``__all__`` lists the public names in ruff's order, and each exists."""
    constants = [name for name in inscope.__all__ if name.isupper()]
    classes = [name for name in inscope.__all__ if name[0].isupper()]
    classes = [name for name in classes if name not in constants]
    functions = [name for name in inscope.__all__ if name[0].islower()]

    assert inscope.__all__ == sorted(constants) + sorted(classes) + sorted(functions)
    assert all(hasattr(inscope, name) for name in inscope.__all__)


def test_core_names_the_implementation_that_runs(
    core: str, inscope: ModuleType
) -> None:
    """``inscope.CORE`` is the core that was asked for."""
    assert core == inscope.CORE


def test_an_unknown_core_is_refused() -> None:
    """Any other value of INSCOPE_CORE is an error that lists the right ones."""
    done = _run("import inscope", INSCOPE_CORE="fast")

    assert "must be auto, native or python, not 'fast'" in done.stderr
    assert done.returncode == 1


def test_a_native_core_that_is_not_built_is_refused() -> None:
    """INSCOPE_CORE=native without the extension says how to get it."""
    code = "import sys; sys.modules['inscope._core.native'] = None; import inscope"

    done = _run(code, INSCOPE_CORE="native")

    assert "the native core is not built here" in done.stderr


@pytest.mark.parametrize("choice", ["auto", "python"])
def test_without_a_native_core_the_python_one_runs(choice: str) -> None:
    """``auto`` falls back to the Python core."""
    code = "import sys; sys.modules['inscope._core.native'] = None"
    code += "; import inscope; print(inscope.CORE)"

    assert _run(code, INSCOPE_CORE=choice).stdout == "python\n"


def test_an_unbound_error_names_the_main_thread(core: str) -> None:
    """Also in a program that has never imported ``threading``."""
    code = "import sys, inscope; assert 'threading' not in sys.modules\n"
    code += "try: str(inscope.Var('user').proxy())\n"
    code += "except inscope.UnboundError as error: print(error.thread)"

    assert _run(code, INSCOPE_CORE=core).stdout == "MainThread\n"
