"""What the sanitizers wrote: which of it is ours."""

from __future__ import annotations

import re
from pathlib import Path

from dev.leaks.native_copy import OURS

__all__ = ["findings", "ours"]

BEGINS = re.compile(
    r"""^(?=
        ==\d+==ERROR | WARNING:\ ThreadSanitizer
        | (?:Direct|Indirect)\ leak\ of | \S+:\ runtime\ error
    )""",
    re.MULTILINE | re.VERBOSE,
)


NOTED = "Modules/_tracemalloc.c"
"""What tracemalloc notes of an allocation is memory of its own, which it may keep."""


def findings(report: str) -> list[str]:
    """Return each single finding in *report*."""
    return [part for part in BEGINS.split(report) if BEGINS.match(part)]


def ours(folder: Path) -> list[str]:
    """Return the findings in the reports of *folder* whose stack has a file of ours."""
    texts = [file.read_text(errors="replace") for file in sorted(folder.iterdir())]
    found = [one for text in texts for one in findings(text) if OURS in one]
    return [one for one in found if not is_note(one)]


def is_note(finding: str) -> bool:
    """Tell whether *finding* is a leak of what tracemalloc notes, and nothing else."""
    return " leak of " in finding[:20] and NOTED in finding.partition(OURS)[0]
