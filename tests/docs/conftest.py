"""The documentation is built once, as ``./run docs`` does, for all tests here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from built_site import OPTIONS, Site

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The built pages; skipped where what builds them is not installed."""
    for library in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(library, reason=f"{library} builds the docs: extra 'docs'")
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", *OPTIONS, "docs", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return Site(folder, done.returncode, done.stdout + done.stderr)
