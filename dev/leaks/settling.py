"""When a count that is taken after each run of a test has settled.

The first runs of a test fill caches, so that a count goes up without a leak. A
leak goes on, and by the same amount each time. The rule is that of greenlet's own
leak checker; it says, too, that a count which falls each time is an error: something
is released more often than it was taken.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Verdict", "judge"]

PATIENCE = 11
"""After so many runs without a pattern there is none."""


class Verdict(Enum):
    """What the changes of a count, one for each run, say."""

    OPEN = "not clear yet"
    CLEAN = "clean"
    LEAK = "a leak"
    RELEASED = "released too often"
    UNSETTLED = "never settled"


def judge(changes: list[int]) -> Verdict:
    """Return what *changes* say so far; ``OPEN`` asks for one more run."""
    if is_clean(changes):
        return Verdict.CLEAN
    last = changes[-3:]
    if len(last) == 3 and len(set(last)) == 1:
        return Verdict.LEAK if last[0] > 0 else Verdict.RELEASED
    return Verdict.UNSETTLED if len(changes) >= PATIENCE else Verdict.OPEN


def is_clean(changes: list[int]) -> bool:
    """Tell whether the count stays, or comes back to where it was."""
    if len(changes) <= 3:
        return changes[-2:] == [0, 0]
    return changes[-3:] == [0, 0, 0] or sum(changes[-4:]) == 0
