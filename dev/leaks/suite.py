"""Running pytest on a copy of the package."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from dev.processes import ROOT

__all__ = ["run_suite", "run_with_errors_in"]

PATIENCE = 3600
"""The seconds in which a test, slowed down and repeated, is not said to hang."""


def run_suite(
    python: Path,
    folder: Path,
    plugins: Iterable[str],
    arguments: list[str],
    environment: dict[str, str],
    errors: Path | None = None,
) -> int:
    """Run the tests with *plugins* on the package in *folder*; return the exit code.

    What is written to stderr, the sanitizers' reports among it, goes to *errors*.
    """
    options = [word for plugin in plugins for word in ("-p", plugin)]
    options += ["-o", f"faulthandler_timeout={PATIENCE}"]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    command += [*arguments, *["--capture=sys"] * bool(errors)]
    paths = {"PYTHONPATH": f"{folder}:{ROOT}"}
    if errors is None:
        return subprocess.run(
            command, cwd=ROOT, env=environment | paths, check=False
        ).returncode
    return run_with_errors_in(errors, command, ROOT, environment | paths)


def run_with_errors_in(
    errors: Path, command: list[str], folder: Path, environment: dict[str, str]
) -> int:
    """Run *command* in *folder* with its stderr in the file *errors*."""
    with errors.open("w") as file:
        done = subprocess.run(
            command, cwd=folder, env=environment, stderr=file, check=False
        )
    return done.returncode
