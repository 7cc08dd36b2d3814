"""Do threads race? The free-threading tests on an interpreter that looks for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev.environments import build_requirements, main_environment, pip_install
from dev.failures import SetupError
from dev.interpreters import Interpreter, find_interpreters
from dev.leaks.native_copy import CACHE, native_copy
from dev.leaks.outcome import CLEAN, FOUND, NOT_RUN, Outcome, of_exit_code
from dev.leaks.reports import ours
from dev.leaks.suite import run_suite
from dev.processes import ROOT, captured, say

__all__ = ["races"]

CHECK = "races"
HOW = "no 3.13t with a thread sanitizer: ./run matrix --fetch 3.13t-tsan"
SUPPRESSIONS = Path(__file__).with_name("cpython-races.txt")


def races(_: list[str]) -> Outcome:
    """Run what shares objects among threads, without the lock."""
    interpreter = examined_build()
    if interpreter is None:
        return Outcome(CHECK, NOT_RUN, HOW)
    python = environment_for(interpreter)
    folder = native_copy("races", python, "-fsanitize=thread")
    reports = CACHE / "races-reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    options = f"suppressions={SUPPRESSIONS}:log_path={reports}/report:exitcode=0"
    environment = os.environ | {"PYTHON_GIL": "0", "TSAN_OPTIONS": options}
    tests = [str(test) for test in tests_of_threads()]
    errors = reports / "stderr"
    code = run_suite(python, folder, [], tests, environment, errors)
    found = ours(reports)
    detail = f"Python {interpreter.version}; {len(tests)} files of tests"
    if found:
        return Outcome(CHECK, FOUND, f"{detail}; {len(found)} of ours: see {reports}")
    if code:
        more = f"exit code {code}: see {reports}"
        return Outcome(CHECK, of_exit_code(code), f"{detail}; {more}")
    return Outcome(CHECK, CLEAN, detail)


def tests_of_threads() -> list[Path]:
    """Return what is run: ours, and the tests of the native core on threads."""
    native = sorted((ROOT / "tests" / "native").glob("test_*thread*.py"))
    return [Path(__file__).with_name("shared_objects.py"), *native]


def examined_build() -> Interpreter | None:
    """Return the first interpreter built with a thread sanitizer, if there is one."""
    found = find_interpreters()
    return next((one for one in found if one.kind.endswith("-tsan")), None)


def environment_for(interpreter: Interpreter) -> Path:
    """Return a Python with what the tests of threads need, and without the project.

    Installed in place, it would take the file of the ordinary 3.13t.
    """
    environment = ROOT / ".venvs" / f"{interpreter.version}-leaks"
    python = environment / "bin" / "python"
    stamp = environment / "made-by-run"
    if not stamp.exists():
        make_without_pip(environment, interpreter)
        stamp.touch()
    return python


def make_without_pip(environment: Path, interpreter: Interpreter) -> None:
    """Make *environment*; the pip of ``.venv`` fills it, slow as it is there.

    All that is put there is written in Python.
    """
    say(f"making {environment.relative_to(ROOT)} with {interpreter.path}")
    options = ["--clear", "--without-pip", str(environment)]
    done = captured([interpreter.path, "-m", "venv", *options])
    if done.returncode:
        raise SetupError(f"{done.stdout}{done.stderr}\nno environment for {CHECK}")
    packages = next(environment.glob("lib/python*/site-packages"))
    pip = main_environment("test") / "python"
    wanted = ["pytest>=9.0,<9.1", *build_requirements()]
    pip_install(pip, "pytest", "--target", str(packages), *wanted)
