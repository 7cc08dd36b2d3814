"""Is memory used wrongly? The suite on a core built with gcc's two sanitizers.

AddressSanitizer (and the LeakSanitizer in it, for memory that is no object) and
UndefinedBehaviorSanitizer. Only what has a file of ours in its stack counts.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev.environments import main_environment
from dev.leaks.native_copy import CACHE, native_copy
from dev.leaks.outcome import CLEAN, FOUND, NOT_RUN, Outcome, of_exit_code
from dev.leaks.reports import ours
from dev.leaks.suite import run_suite
from dev.parallel import spread
from dev.processes import captured

__all__ = ["FLAGS", "runtime", "sanitizers", "under_sanitizers"]

CHECK = "address, undefined"
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all"
HOW = "gcc has no sanitizers: apt install gcc, which brings libasan and libubsan"
SLOWLY = "fast_unwind_on_malloc=0:malloc_context_size=8"
"""CPython keeps no frame pointers, and who allocates is noted a few calls deep."""

QUICKLY = "fast_unwind_on_malloc=1:replace_intrin=0"
"""Among greenlets the other way crashes: it walks a stack that was switched. And
greenlet copies stacks as they are, with what lies between the variables on them.
"""

SWITCHING = "greenlet or gevent or soak"
"""What tests that switch greenlets are called: their own names, or their file's."""

TURNS = {f"not ({SWITCHING})": SLOWLY, SWITCHING: QUICKLY}
"""How which tests are run."""


NOTHING_CHOSEN = 5
"""The exit code of pytest that has no test to run."""


def sanitizers(arguments: list[str]) -> Outcome:
    """Run the suite under both sanitizers; *arguments* are pytest's."""
    libraries = runtime()
    if not libraries:
        return Outcome(CHECK, NOT_RUN, HOW)
    python = main_environment("test") / "python"
    folder = native_copy("sanitizers", python, FLAGS)
    reports = CACHE / "sanitizers-reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    plugins = ["dev.leaks.selection"]
    codes: list[int] = []
    for number, (chosen, unwinding) in enumerate(TURNS.items()):
        environment = under_sanitizers(libraries, reports, unwinding)
        # Where the second one writes, whatever log_path says.
        errors = reports / f"stderr-{number}"
        options = [*spread(arguments), "-k", chosen, *arguments]
        codes.append(run_suite(python, folder, plugins, options, environment, errors))
    wrong = [one for one in codes if one not in (0, NOTHING_CHOSEN)]
    code = wrong[0] if wrong else min(codes)
    found = ours(reports)
    if found:
        return Outcome(CHECK, FOUND, f"{len(found)}: see {reports}")
    if code:
        detail = f"exit code {code}: see the tests above, {reports}"
        return Outcome(CHECK, of_exit_code(code), detail)
    return Outcome(CHECK, CLEAN, "gcc's ASan, LSan and UBSan")


def runtime() -> list[str]:
    """Return the libraries that must be loaded first; none if one is missing."""
    names = ("libasan.so", "libubsan.so")
    if shutil.which("gcc") is None:
        return []
    found = [
        captured(["gcc", f"-print-file-name={name}"]).stdout.strip() for name in names
    ]
    return found if all(os.path.isabs(name) for name in found) else []


def under_sanitizers(
    libraries: list[str], reports: Path, unwinding: str = SLOWLY
) -> dict[str, str]:
    """Return the environment in which a program writes what is found to *reports*.

    The exit code is left to the program: others' leaks are not ours.
    """
    where = f"log_path={reports}/report"
    return os.environ | {
        "LD_PRELOAD": ":".join(libraries),
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": f"detect_leaks=1:{unwinding}:{where}",
        "LSAN_OPTIONS": "exitcode=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
