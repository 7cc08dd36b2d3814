"""The suite on every interpreter there is: ``./run matrix``, and its table.

Each interpreter gets an environment of its own in ``.venvs``, in which the native
core is built for it. One for which a library of the suite has no build goes without
that library; the tests that need it are skipped and the table names it. So does it
name what ``--others`` leaves out: the interpreter that ``./run test`` has run on.
"""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dev.failures import SetupError
from dev.fetch import FETCHABLE, fetch
from dev.interpreters import Interpreter, find_interpreters
from dev.parallel import spread
from dev.processes import ROOT, follow, last_line, say
from dev.requirements import prepared_for_tests

__all__ = ["matrix"]

WANTED = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.15")
OTHERS = "--others"
VERSION = r"3\.\d+t?d?(-tsan)?"
COLUMNS = "{:<10} {:<24} {:<14} {:>6} {:>6} {:>7} {:>4}"
TITLES = ("version", "build", "cores", "passed", "failed", "skipped", "code")


class Asked(NamedTuple):
    """What the words after ``./run matrix`` ask for."""

    fetch: list[str] | None
    only: list[str] | None
    for_pytest: list[str]
    others: bool = False


class Counts(NamedTuple):
    """What a report of pytest says."""

    cores: str
    passed: int
    failed: int
    skipped: int


class Outcome(NamedTuple):
    """How the suite went on one interpreter; *code* is pytest's."""

    interpreter: Interpreter
    good: bool
    code: int | None = None
    counts: Counts | None = None
    remark: str = ""


def matrix(arguments: list[str]) -> int:
    """The test suite on every CPython from 3.11 on that is found here."""
    asked = read(arguments)
    if asked.fetch is not None:
        fetch(asked.fetch or [one for one in not_found() if one in FETCHABLE])
    wanted = chosen(asked.only)
    left_out = [one for one in wanted if asked.others and is_of_run_test(one)]
    wanted = [one for one in wanted if one not in left_out]
    outcomes = [try_on(one, asked.for_pytest) for one in wanted]
    print("\n== the suite on every interpreter found")
    print(COLUMNS.format(*TITLES))
    for outcome in outcomes:
        print(row(outcome))
    for one in left_out:
        print(f"{one.version:<10} {one.build:<24} left out: ./run test runs on it")
    print(last_row(not_found()))
    return int(not all(outcome.good for outcome in outcomes))


def read(arguments: list[str]) -> Asked:
    """Take ``--fetch`` and ``--only``, with their versions, and ``--others`` out."""
    taken: dict[str, list[str]] = {}
    rest: list[str] = []
    into = rest
    for word in (word for word in arguments if word != OTHERS):
        if word in ("--fetch", "--only"):
            into = taken.setdefault(word, [])
        elif into is not rest and re.fullmatch(VERSION, word):
            into.append(word)
        else:
            into = rest
            rest.append(word)
    if taken.get("--only") == []:
        raise SetupError("--only needs versions: ./run matrix --only 3.14 3.14d")
    others = OTHERS in arguments
    return Asked(taken.get("--fetch"), taken.get("--only"), rest, others)


def not_found() -> list[str]:
    """Return which versions should be tried on and are not here."""
    found = {interpreter.minor for interpreter in find_interpreters()}
    return [version for version in WANTED if version not in found]


def chosen(only: list[str] | None) -> list[Interpreter]:
    """Return the interpreters to run on: those named, or all ordinary ones."""
    found = find_interpreters()
    if only is None:
        return [interpreter for interpreter in found if interpreter.is_ordinary]
    missing = set(only) - {interpreter.minor for interpreter in found}
    if missing:
        names = " ".join(sorted(missing))
        raise SetupError(f"not found: {names}; to get it: ./run matrix --fetch {names}")
    return [interpreter for interpreter in found if interpreter.minor in only]


def is_of_run_test(interpreter: Interpreter) -> bool:
    """Tell whether ``./run test``, started as this was, uses *interpreter*."""
    return interpreter.path == os.path.realpath(sys.executable)


def try_on(interpreter: Interpreter, arguments: list[str]) -> Outcome:
    """Run the suite on *interpreter* in an environment of its own."""
    print(f"\n== Python {interpreter.version}", flush=True)
    environment = ROOT / ".venvs" / interpreter.version
    try:
        programs, left_out = prepared_for_tests(environment, interpreter)
    except SetupError as error:
        say(str(error))
        remark = f"not set up: {last_line(str(error))}"
        return Outcome(interpreter, good=False, remark=remark)
    report = environment / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", f"--junit-xml={report}", *spread(arguments), *arguments]
    with without_the_gil(interpreter):
        code = follow([str(programs / "python"), "-m", "pytest", *options])
    remark = f"no build for it: {', '.join(left_out)}" if left_out else ""
    return Outcome(interpreter, code == 0, code, counts(report), remark)


@contextmanager
def without_the_gil(interpreter: Interpreter) -> Iterator[None]:
    """Let *interpreter* run without its lock, if it can, whatever it imports."""
    before = dict(os.environ)
    if interpreter.is_free_threaded:
        os.environ["PYTHON_GIL"] = "0"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def counts(report: Path) -> Counts | None:
    """Return what *report* says, in JUnit's form; None if there is none."""
    if not report.exists():
        return None
    suite = ElementTree.parse(report).getroot()[0]
    names = [case.get("name", "") for case in suite.iter("testcase")]
    cores = [
        core
        for core in ("python", "native")
        if any(re.search(rf"[\[-]{core}[]-]", name) for name in names)
    ]
    total, failures, errors, skipped = (
        int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return Counts(" ".join(cores), total - failed - skipped, failed, skipped)


def row(outcome: Outcome) -> str:
    """Return the row of *outcome*, and what there is to remark below it."""
    interpreter, _, code, count, remark = outcome
    build = interpreter.build + ", GIL off" * interpreter.is_free_threaded
    if count:
        line = COLUMNS.format(interpreter.version, build, *count, code)
    else:
        ended = remark if code is None else f"ended with {code} before it could report"
        line = f"{interpreter.version:<10} {build:<24} {ended}"
    return f"{line}\n{'':<11}{remark}" if count and remark else line


def last_row(missing: list[str]) -> str:
    """Say which versions were not found, and which of them can be fetched."""
    line = f"not found: {', '.join(missing) or 'none'}"
    fetched = [version for version in missing if version in FETCHABLE]
    return line + (f"; ./run matrix --fetch gets {', '.join(fetched)}" * bool(fetched))
