"""Do references leak? The suite on a debug build, each test until it has settled."""

from __future__ import annotations

import os

from dev.interpreters import Interpreter, find_interpreters
from dev.leaks.native_copy import native_copy
from dev.leaks.outcome import NOT_RUN, Outcome, of_exit_code
from dev.leaks.suite import run_suite
from dev.parallel import spread
from dev.processes import ROOT
from dev.requirements import prepared_for_tests

__all__ = ["references"]

CHECK = "references"
HOW = "no debug build: apt install python3.11-dbg, or ./run matrix --fetch 3.14d"


def references(arguments: list[str]) -> Outcome:
    """Count references over the suite; *arguments* are pytest's."""
    interpreter = debug_build()
    if interpreter is None:
        return Outcome(CHECK, NOT_RUN, HOW)
    environment = ROOT / ".venvs" / interpreter.version
    programs, left_out = prepared_for_tests(environment, interpreter)
    python = programs / "python"
    folder = native_copy("references", python)
    plugins = ("dev.leaks.selection", "dev.leaks.counting")
    words = [*spread(arguments), *arguments]
    code = run_suite(python, folder, plugins, words, dict(os.environ))
    detail = f"Python {interpreter.version}" + (
        f"; without {', '.join(left_out)}" if left_out else ""
    )
    return Outcome(
        CHECK, of_exit_code(code), detail + f"; exit code {code}" * bool(code)
    )


def debug_build() -> Interpreter | None:
    """Return the oldest interpreter that counts all references, if there is one."""
    return next((one for one in find_interpreters() if one.kind == "d"), None)
