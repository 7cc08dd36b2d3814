"""Do references leak? The suite on a debug build, each test until it has settled.

A library that was compiled for an ordinary build runs on a debug one, but what it
takes hold of is not counted there, only what it lets go of. inscope asks greenlet
which greenlet runs, wherever it names a place: so greenlet is compiled.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev.environments import pip_install
from dev.failures import SetupError
from dev.interpreters import Interpreter, find_interpreters
from dev.leaks.native_copy import native_copy
from dev.leaks.outcome import NOT_RUN, Outcome, of_exit_code
from dev.leaks.suite import run_suite
from dev.parallel import spread
from dev.processes import ROOT, captured, say
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
    if "greenlet" not in left_out:
        compile_greenlet(environment, python)
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


def compile_greenlet(environment: Path, python: Path) -> None:
    """Put a greenlet in *environment* that was compiled for its debug build."""
    asked = "import importlib.metadata; print(importlib.metadata.version('greenlet'))"
    version = captured([str(python), "-c", asked]).stdout.strip()
    stamp = environment / "greenlet-compiled-by-run"
    if stamp.is_file() and stamp.read_text() == version:
        return
    if shutil.which("g++") is None:
        message = "greenlet has to be compiled for a debug build: apt install g++"
        raise SetupError(message)
    say(f"compiling greenlet {version} for the debug build")
    options = ["--no-deps", "--force-reinstall", "--no-binary=greenlet"]
    pip_install(python, "greenlet", *options, f"greenlet=={version}")
    stamp.write_text(version)


def debug_build() -> Interpreter | None:
    """Return the oldest interpreter that counts all references, if there is one."""
    return next((one for one in find_interpreters() if one.kind == "d"), None)
