"""Getting the interpreters that are missing: ``./run matrix --fetch``.

Each goes to its folder in ``.interpreters``, which ``interpreters.py`` searches.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dev.debian import fetch_from_debian
from dev.failures import SetupError
from dev.from_source import build_from_source
from dev.interpreters import FETCHED, Interpreter, find_interpreters
from dev.processes import ROOT, last_line, say

__all__ = ["FETCHABLE", "fetch"]

Way = Callable[[str, Path], None]

FETCHABLE: dict[str, Way] = {
    "3.11": fetch_from_debian,
    "3.11d": fetch_from_debian,
    "3.13": fetch_from_debian,
    "3.13d": fetch_from_debian,
    "3.13t": build_from_source,
    "3.13td": build_from_source,
    "3.13t-tsan": build_from_source,
    "3.14": fetch_from_debian,
    "3.14d": fetch_from_debian,
    "3.15": fetch_from_debian,
    "3.15d": fetch_from_debian,
}
"""How each one is got."""


def fetch(versions: list[str]) -> None:
    """Get each of *versions* that is not found."""
    unknown = [version for version in versions if version not in FETCHABLE]
    if unknown:
        raise SetupError(
            f"{', '.join(unknown)} cannot be fetched, only {', '.join(FETCHABLE)}.\n"
            "Any other that is on PATH or one of pyenv's is found."
        )
    found = {interpreter.minor for interpreter in find_interpreters()}
    for version in versions:
        if version in found:
            say(f"Python {version} is there")
            continue
        get(version)


def get(version: str) -> Interpreter:
    """Get *version* and return the interpreter, seen to work."""
    folder = FETCHED / version
    say(f"fetching Python {version} into {folder.relative_to(ROOT)}")
    FETCHED.mkdir(exist_ok=True)
    try:
        FETCHABLE[version](version, folder)
    except SetupError as error:
        reason = f"Python {version} could not be fetched: {last_line(str(error))}"
        raise SetupError(f"{error}\n{reason}") from error
    for interpreter in find_interpreters():
        if interpreter.minor == version:
            return interpreter
    shutil.rmtree(folder)
    raise SetupError(f"Python {version} was fetched, but does not run on this machine.")
