"""The command: three checks, and a table of what came of each."""

from __future__ import annotations

from collections.abc import Callable

from dev.failures import SetupError
from dev.leaks.outcome import FAILED, FOUND, Outcome, row
from dev.leaks.races import races
from dev.leaks.references import references
from dev.leaks.sanitizers import sanitizers
from dev.processes import last_line, say

__all__ = ["leaks"]

Check = Callable[[list[str]], Outcome]
CHECKS: dict[str, Check] = {
    "references": references,
    "sanitizers": sanitizers,
    "races": races,
}


def leaks(arguments: list[str]) -> int:
    """Leaks, misuse of memory and races of the native core; --only CHECK."""
    names = list(CHECKS)
    if arguments[:1] == ["--only"]:
        names, arguments = arguments[1:2], arguments[2:]
    if not names or names[0] not in CHECKS:
        raise SetupError(f"--only needs one of: {', '.join(CHECKS)}")
    outcomes = [carried_out(name, arguments) for name in names]
    print("\n== what the native core loses")
    for outcome in outcomes:
        print(row(outcome))
    return int(any(outcome.result in (FOUND, FAILED) for outcome in outcomes))


def carried_out(name: str, arguments: list[str]) -> Outcome:
    """Run the check *name*; what keeps it from running is said in its row."""
    print(f"\n== {name}", flush=True)
    try:
        return CHECKS[name](arguments)
    except SetupError as error:
        say(str(error))
        return Outcome(name, FAILED, last_line(str(error)))
