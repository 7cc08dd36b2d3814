"""What came of a check, and the row that says so."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLEAN", "FAILED", "FOUND", "NOT_RUN", "Outcome", "of_exit_code", "row"]

CLEAN = "clean"
FOUND = "FOUND"
NOT_RUN = "not run"
"""A tool or an interpreter is missing on this machine."""

FAILED = "FAILED"
"""It should have run, and could not."""


class Outcome(NamedTuple):
    """What came of *check*; *detail* says where to look, or how to get what lacks."""

    check: str
    result: str
    detail: str


def of_exit_code(code: int) -> str:
    """Return what pytest's exit code says: from 2 to 5 it could not do its work."""
    if code == 0:
        return CLEAN
    return FAILED if 2 <= code <= 5 else FOUND


def row(outcome: Outcome) -> str:
    """Return a line of the table."""
    return f"{outcome.check:<24} {outcome.result:<8} {outcome.detail}"
