"""The virtual environments of ``./run``: made, and brought up to date, when needed.

``.venv`` is for the interpreter that runs ``./run``, and ``.venvs/<version>`` for
each one of ``./run matrix``. A file in each notes what is installed there.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tomllib
from pathlib import Path
from subprocess import TimeoutExpired

from dev import native_core
from dev.failures import NoBuildError, SetupError
from dev.processes import ROOT, captured, last_line, say

__all__ = ["install_error", "main_environment", "prepared"]

FAILED = re.compile(r"^\s*error: command ", re.IGNORECASE | re.MULTILINE)
"""How setuptools begins the line that says that a compiler failed."""


def prepared(
    environment: Path, python: str, *extras: str, patience: float | None = None
) -> Path:
    """Return the folder of programs of *environment*, which has *extras* installed.

    Does nothing if what is installed is what the project asks for and consists of.
    After *patience* seconds, a library counts as one that has no build: where one has
    none, pip may try all versions of all the others.
    """
    programs = environment / "bin"
    stamp = environment / "installed-by-run"
    origin, digest = f"{environment} of {os.path.realpath(python)}", fingerprint()
    known = stamp.read_text().splitlines() if stamp.is_file() else []
    if known[:1] != [origin]:  # not there, half made, moved, or of another Python
        make(environment, python)
        known = []
    present, wanted = known[3:], sorted({*known[3:], *extras})
    program = programs / "python"
    changed = known[1:2] != [digest] or present != wanted
    if changed or native_core.is_due(known[2], program):
        core = install(program, wanted, patience)
        stamp.write_text("\n".join([origin, digest, core, *wanted]))
    return programs


def fingerprint() -> str:
    """Return a digest of what decides what is installed."""
    files = [ROOT / "pyproject.toml", ROOT / "setup.py", *native_core.files()]
    digest = hashlib.sha256()
    for file in filter(Path.exists, files):
        digest.update(f"\n{file.name}\n".encode())
        digest.update(file.read_bytes())
    for name in ("INSCOPE_BUILD", "INSCOPE_BUILD_STRICT"):
        digest.update(f"\n{name}={os.environ.get(name, '')}".encode())
    return digest.hexdigest()


def make(environment: Path, python: str) -> None:
    """Make *environment* anew from the interpreter *python*."""
    check_venv(python)
    say(f"making {environment.relative_to(ROOT)} with {python}")
    done = captured([python, "-m", "venv", "--clear", str(environment)])
    if done.returncode:
        message = f"{done.stdout}{done.stderr}\nThe environment could not be made."
        raise SetupError(message)


def check_venv(python: str) -> None:
    """Raise unless *python* has what makes an environment with pip in it."""
    code = "import sys; print('%d.%d' % sys.version_info[:2]); import ensurepip, venv"
    done = captured([python, "-c", code])
    if not done.returncode:
        return
    version = done.stdout.strip() or "3"
    message = (
        f"Python {version} cannot make virtual environments: {last_line(done.stderr)}\n"
        f"On Debian: apt install python{version}-venv"
    )
    raise SetupError(message)


def install(python: Path, extras: list[str], patience: float | None = None) -> str:
    """Install the project with *extras*; return what was built of the native core.

    The libraries come from wheels only: a compiler serves the native core alone. It
    is built by what is in the environment, so that a change of it needs no network.
    """
    extra = f"[{','.join(extras)}]" if extras else ""
    project = f"inscope{extra}"
    say(f"installing {project} into {python.parent.parent.relative_to(ROOT)}")
    choice, why_not = native_core.plan(python)
    if why_not:
        say(f"the native core is not built: {why_not}")
    native_core.clear(python)
    pip_install(python, project, *build_requirements())
    options = ["--no-build-isolation", "--editable", f".{extra}"]
    pip_install(python, project, *options, patience=patience, INSCOPE_BUILD=choice)
    return native_core.built(python)


def build_requirements() -> list[str]:
    """Return what ``pyproject.toml`` wants to be there to build the project."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(settings["build-system"]["requires"])


def pip_install(
    python: Path,
    project: str,
    *words: str,
    patience: float | None = None,
    **variables: str,
) -> None:
    """Let pip install what *words* say; raise what it means for *project* if not."""
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    command = [str(python), "-m", "pip", "install", *options, *words]
    try:
        done = captured(command, environment=os.environ | variables, timeout=patience)
    except TimeoutExpired as error:
        message = f"pip found no builds for {project} in {patience:.0f} s"
        raise NoBuildError(message) from error
    if done.returncode:
        raise install_error(project, done.stdout + done.stderr)


def install_error(project: str, output: str) -> SetupError:
    """Return the error that says why pip failed, given what it printed."""
    missing = re.search(
        r"No matching distribution found for (?!setuptools)([\w.-]+)", output
    )
    if "connection" not in output.lower():
        if missing:
            return NoBuildError(f"{output}\nthere is no build of {missing[1]}")
        if "ResolutionImpossible" in output:
            what = f"what {project} needs has no builds that go together"
            return NoBuildError(f"{output}\n{what}")
    if FAILED.search(output):
        wrong = native_core.compile_error(output)
        message = f"{output}\nthe native core does not compile: {wrong}"
        return SetupError(f"{message} (INSCOPE_BUILD=off goes without it)")
    message = (
        f"{output}\n{project} could not be installed; pip says why above. It needs a"
        " package index the first time, and whenever pyproject.toml has changed."
    )
    return SetupError(message)


def main_environment(*extras: str) -> Path:
    """Return the programs of ``.venv``, made for the interpreter that runs this."""
    python = os.path.realpath(sys.executable)
    native_core.require(Path(python))
    return prepared(ROOT / ".venv", python, *extras)
