"""The suite on all processors, by pytest-xdist, unless that would get in the way.

``./run test``, ``matrix``, ``wheel`` and ``leaks`` ask here for the options of pytest.
"""

from __future__ import annotations

from dev.processes import ROOT

__all__ = ["spread"]

BY_HAND = ("-n", "--numprocesses", "--dist", "--tx", "-d", "-p", "--maxprocesses")
"""Whoever says one of these says how the tests are run."""

TO_LOOK_AT = ("-s", "--capture=no", "--pdb", "--trace", "--co", "--collect-only")
"""Whoever says one of these wants to see or to stop the one process there is."""


def spread(arguments: list[str]) -> list[str]:
    """Return the options that run the suite of *arguments* on every processor.

    There are none if the words say how to run it, look into it or name a file.
    """
    if any(map(is_against_it, arguments)):
        return []
    return ["-n", "auto", "--dist", "worksteal"]


def is_against_it(word: str) -> bool:
    """Tell whether *word* asks for one process, or for less than is worth several."""
    if word.startswith("--"):
        return word.partition("=")[0] in BY_HAND or word in TO_LOOK_AT
    if word.startswith("-"):
        return word[:2] in BY_HAND or word in TO_LOOK_AT
    file = ROOT / word.partition("::")[0]
    return file.suffix == ".py" and file.is_file()
