"""What the suite needs, as far as it can be had for an interpreter.

A new or an unusual interpreter is not yet supported by every library. There the
requirements are installed one by one, and those without a build are left out. So
are, on a free-threaded one, those whose build asks for the lock: the suite runs
without it, whatever they ask for, and they are known to crash then.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

from dev.environments import install_error, prepared
from dev.failures import NoBuildError
from dev.interpreters import Interpreter
from dev.processes import ROOT, captured, say

__all__ = ["expanded", "prepared_for_tests"]

PATIENCE = 300
"""How many seconds pip may look for builds of all that go together."""

NEEDED = "pytest"
"""Without it there is no suite."""

SWITCH_STACKS = ("greenlet", "gevent", "uvloop")
"""The compiled libraries of the suite that must know about threads and contexts."""

ASKS_FOR_THE_LOCK = 3
IMPORT = """\
import sys, warnings
warnings.simplefilter("ignore")
import {}
sys.exit({} if sys._is_gil_enabled() else 0)
"""


def prepared_for_tests(
    environment: Path, interpreter: Interpreter
) -> tuple[Path, list[str]]:
    """Return the programs of *environment*, and the names of what it goes without."""
    programs, left_out = prepared_as_far_as_possible(environment, interpreter.path)
    if interpreter.is_free_threaded:
        left_out = sorted({*left_out, *remove_what_needs_the_lock(programs / "python")})
    return programs, left_out


def prepared_as_far_as_possible(
    environment: Path, python: str
) -> tuple[Path, list[str]]:
    """Do so for what has builds, and name what has none."""
    wanted = expanded("test")
    note = environment / "left-out-by-run"
    known = note.read_text().splitlines() if note.is_file() else []
    if known[1:] != wanted:
        is_own = python == os.path.realpath(sys.executable)
        patience = None if is_own else PATIENCE
        try:
            return prepared(environment, python, "test", patience=patience), []
        except NoBuildError as error:
            if is_own:
                raise  # whoever runs this has an interpreter for all of it
            say(f"{error}; installing what there is, one by one")
    programs = prepared(environment, python)
    if known[1:] == wanted:
        return programs, known[0].split()
    left_out = install_one_by_one(programs / "python", wanted)
    note.write_text("\n".join([" ".join(left_out), *wanted]))
    return programs, left_out


def expanded(extra: str) -> list[str]:
    """Return the requirements of *extra*, those of the extras it names included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: list[str] = []
    for requirement in project["optional-dependencies"][extra]:
        inner = re.match(rf"{project['name']}\[(.*)]", requirement)
        names = inner[1].split(",") if inner else []
        found += [one for name in names for one in expanded(name.strip())]
        found += [] if inner else [requirement]
    return list(dict.fromkeys(found))


def install_one_by_one(python: Path, wanted: list[str]) -> list[str]:
    """Install each of *wanted*; return the names of those that have no build."""
    left_out = []
    for requirement in wanted:
        options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        command = [str(python), "-m", "pip", "install", *options, requirement]
        done = captured(command)
        if not done.returncode:
            continue
        name = re.split(r"[^\w.-]", requirement)[0]
        error = install_error(requirement, done.stdout + done.stderr)
        if not isinstance(error, NoBuildError) or name == NEEDED:
            raise error
        left_out.append(name)
    return left_out


def remove_what_needs_the_lock(python: Path) -> list[str]:
    """Remove what would bring the lock back; return the names of what is not there."""
    own = {name: text for name, text in os.environ.items() if name != "PYTHON_GIL"}
    missing = []
    for name in SWITCH_STACKS:
        code = IMPORT.format(name, ASKS_FOR_THE_LOCK)
        done = captured([str(python), "-c", code], environment=own)
        if done.returncode == ASKS_FOR_THE_LOCK:
            uninstall = ["-m", "pip", "uninstall", "--yes", "--quiet", name]
            captured([str(python), *uninstall])
        if done.returncode:
            missing.append(name)
    return missing
