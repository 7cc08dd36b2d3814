"""The interpreters that there are: those of PATH, of pyenv, and those fetched.

``matrix.py`` runs the suite on them. ``fetch.py`` puts more of them into
``.interpreters``, one folder for each version.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dev.processes import ROOT, captured

__all__ = [
    "FETCHED",
    "Interpreter",
    "find_interpreters",
    "folders",
    "in_order",
    "probe",
]

FETCHED = ROOT / ".interpreters"

PROBE = """\
import os, platform, sys, sysconfig
assert sys.version_info >= (3, 11)
assert platform.python_implementation() == "CPython"
kind = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
kind += "d" if hasattr(sys, "gettotalrefcount") else ""
options = sysconfig.get_config_var("CONFIG_ARGS") or ""
kind += "-tsan" if "--with-thread-sanitizer" in options else ""
print(platform.python_version() + kind, os.path.realpath(sys.executable))
"""
"""What an interpreter is asked; one that is too old or no CPython fails."""


class Interpreter(NamedTuple):
    """A CPython on this machine.

    *version* is such as ``3.14.2``; a ``t`` at its end says free-threaded, a
    ``d`` says a debug build, and ``-tsan`` one that finds races between threads.
    """

    version: str
    path: str

    @property
    def kind(self) -> str:
        """What follows the numbers: ``""``, ``t``, ``d``, ``td`` or ``t-tsan``."""
        return re.sub(r".*?(t?d?(-tsan)?)$", r"\1", self.version, count=1)

    @property
    def minor(self) -> str:
        """The version as one asks for it: ``3.13``, ``3.13t``, ``3.14d``."""
        return ".".join(self.version.split(".")[:2]) + self.kind

    @property
    def is_free_threaded(self) -> bool:
        """Whether it can run without the global interpreter lock."""
        return self.kind.startswith("t")

    @property
    def is_ordinary(self) -> bool:
        """Whether programs are run on it, rather than examined."""
        return self.kind in ("", "t")

    @property
    def build(self) -> str:
        """The kind of build, in words."""
        words = ["free-threaded"] * self.is_free_threaded
        words += ["debug"] * ("d" in self.kind)
        words += ["thread sanitizer"] * self.kind.endswith("-tsan")
        return ", ".join(words) or "regular"


def find_interpreters() -> list[Interpreter]:
    """Return every CPython from 3.11 on, one of each version, the oldest first."""
    programs = [
        program
        for folder in folders()
        for program in sorted(folder.glob("python3.*"))
        if re.fullmatch(r"python3\.\d+t?d?", program.name)
    ]
    found: dict[str, Interpreter] = {}
    for interpreter in filter(None, map(probe, [Path(sys.executable), *programs])):
        found.setdefault(interpreter.version, interpreter)
    return sorted(found.values(), key=in_order)


def in_order(interpreter: Interpreter) -> tuple[list[int], str]:
    """Return a key that puts 3.9 before 3.11, and 3.13.1 before 3.13.1t."""
    numbers = re.findall(r"\d+", interpreter.version)
    return [int(number) for number in numbers], interpreter.version


def folders() -> Iterator[Path]:
    """Yield the folders in which interpreters may be."""
    yield from map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep)))
    yield from (Path("/usr/local/bin"), Path("/usr/bin"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/*/bin"))
    yield from sorted(FETCHED.glob("*/bin"))
    yield from sorted(FETCHED.glob("*/usr/bin"))


def probe(program: Path) -> Interpreter | None:
    """Return what *program* is, or None if it is no CPython from 3.11 on."""
    try:
        done = captured([str(program), "-I", "-c", PROBE])
    except OSError:
        return None
    version, _, path = done.stdout.strip().partition(" ")
    return Interpreter(version, path) if path else None
