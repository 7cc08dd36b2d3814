"""A fixture for programs that may crash the interpreter."""

from __future__ import annotations

from functools import partial

import pytest
from child import Run, run_program


@pytest.fixture
def run(core: str) -> Run:
    """Run a program on the core under test, in an interpreter of its own."""
    return partial(run_program, core)
