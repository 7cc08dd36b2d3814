"""Runs small programs of their own, with the drop-in or without.

Each takes the process's import system apart, so none runs in that of the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("werkzeug", reason="werkzeug is not installed")


def python(
    *arguments: str | Path, core: str, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with *arguments* on one core; return what it printed and its code."""
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"INSCOPE_CORE": core} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def lines(code: str, core: str, folder: Path | None = None) -> list[str]:
    """Return what a program prints that must end well and without a word of error."""
    done = python("-c", code, core=core, folder=folder)
    assert "" == done.stderr
    assert done.returncode == 0
    return done.stdout.splitlines()
