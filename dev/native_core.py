"""The native core of the source tree: can it be built, and is it there?

An environment has the project installed in place, so that the extension lies in
``src/``, one file for each kind of interpreter. ``environments.py`` asks here how to
build it, and whether what lies there is what it built.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

from dev.failures import SetupError
from dev.processes import ROOT, captured, say

__all__ = [
    "NONE",
    "built",
    "clear",
    "compile_error",
    "files",
    "is_due",
    "plan",
    "require",
]

NONE = "none"
"""What is noted in the place of a file where no native core was built."""

FOLDER = Path("src", "inscope", "_core", "native")
QUESTION = """\
import json, sysconfig
print(json.dumps({
    "version": sysconfig.get_python_version(),
    "compiler": sysconfig.get_config_var("CC") or "cc",
    "headers": [sysconfig.get_path("include"), sysconfig.get_path("platinclude")],
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
}))
"""


class Target(NamedTuple):
    """What an interpreter says of the extensions that it can load."""

    version: str
    compiler: str
    headers: list[str]
    suffix: str


class Plan(NamedTuple):
    """How to install: with INSCOPE_BUILD=*choice*; *obstacle* says why not native."""

    choice: str
    obstacle: str


def target(python: Path) -> Target:
    """Ask *python* what an extension for it is built with."""
    done = captured([str(python), "-I", "-c", QUESTION])
    if done.returncode:
        message = f"{done.stdout}{done.stderr}\n{python} does not run"
        raise SetupError(message)
    return Target(**json.loads(done.stdout))


def plan(python: Path) -> Plan:
    """Return how to install for *python*: as the user says, or natively if possible."""
    choice = os.environ.get("INSCOPE_BUILD")
    if choice:
        return Plan(choice, "")
    why_not = obstacle(target(python))
    return Plan("off" if why_not else "require", why_not)


def obstacle(target: Target) -> str:
    """Say what keeps an extension from being compiled, and the remedy, if anything."""
    compiler = shlex.split(os.environ.get("CC") or target.compiler)
    if complaint(compiler, "int one;\n"):
        return f"there is no C compiler ({compiler[0]}); on Debian: apt install gcc"
    options = [f"-I{folder}" for folder in target.headers]
    lacking = complaint([*compiler, *options], "#include <Python.h>\n")
    if not lacking:
        return ""
    package = f"python{target.version}-dev"
    return (
        f"the headers of Python {target.version} cannot be compiled ({lacking});"
        f" on Debian: apt install {package}"
    )


def complaint(compiler: list[str], code: str) -> str:
    """Return the first error that *compiler* finds in *code*, or nothing."""
    command = [*compiler, "-x", "c", "-c", "-o", os.devnull, "-"]
    try:
        done = captured(command, given=code)
    except OSError as error:
        return str(error)
    if not done.returncode:
        return ""
    return compile_error(done.stderr) or f"exit code {done.returncode}"


def compile_error(output: str) -> str:
    """Return the first line in *output* in which a compiler speaks of an error."""
    found = re.search(r"^.*\berror: (?!subprocess-exited).*$", output, re.MULTILINE)
    return found[0].strip() if found else ""


def clear(python: Path) -> None:
    """Remove what was built for *python*, so that nothing old can be loaded.

    What was built for other kinds of interpreters stays.
    """
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    for file in (ROOT / "src").rglob(f"_native{target(python).suffix}"):
        file.unlink()


def built(python: Path) -> str:
    """Return the name of the extension that *python* loads, or ``NONE``."""
    file = ROOT / FOLDER / f"_native{target(python).suffix}"
    return file.name if file.exists() else NONE


def is_due(noted: str, python: Path) -> bool:
    """Tell whether the native core, of which *noted* was built, must be built again.

    Where there was none, this says why, unless it can be built by now.
    """
    if noted != NONE:
        return not (ROOT / FOLDER / noted).exists()
    choice, why_not = plan(python)
    if why_not:
        say(f"the native core is not built: {why_not}")
    return choice == "require"


def require(python: Path) -> None:
    """Raise if the native core must be there, in CI, and cannot be built."""
    if os.environ.get("INSCOPE_BUILD_STRICT", "0") in ("", "0"):
        return
    why_not = plan(python).obstacle
    if why_not:
        message = f"INSCOPE_BUILD_STRICT wants the native core, but {why_not}"
        raise SetupError(message)


def files() -> list[Path]:
    """Return the files that the extension is built from."""
    folder = ROOT / FOLDER
    return sorted([*folder.glob("*.c"), *folder.glob("*.h")])
