"""What a probe is: a piece of code that runs on werkzeug and on inscope alike.

A probe is given the classes of one of the two and returns something, or raises.
What came of it is told as text, in which addresses and the name of the library
are left out, so that equal behaviour gives equal text. ``test_differences.py``
compares the two. The probes themselves are the lines of ``programs/*.txt`` and
those that ``operation_probes.py`` and ``attribute_probes.py`` generate.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from probe_world import world

PROGRAMS = Path(__file__).parent / "programs"


PYTHON_CORE_SINCE = {"buffers": (3, 12), "powers": (3, 14)}
"""Entries that the native core always shows, and the Python one from a version on."""

SETUPS = {
    "unbound": (
        "p = LocalProxy(var)",
        "p = local('user')",
        "p = stack()",
        "p = LocalProxy(raiser(RuntimeError('mine')))",
    )
}
"""What comes before each line of a file, once for each line of this."""

_HEADING = re.compile(r"\[([a-z-]+)(?: (since|until) 3\.(\d+))?\]")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_LIBRARY = re.compile(r"\b(werkzeug\.local|inscope)\b(\._core\.(python|native)\.\w+)?")


@dataclass(frozen=True)
class Probe:
    """One thing to try.

    Attributes:
        name: What is tried; unique.
        act: Tries it, given the library, and returns what shall be compared.
        entry: The entry of ``docs/differences.md`` under which the two differ,
            or ``None`` if they do not.
        since: The version of Python from which on they differ.
        until: The version from which on they no longer do.
    """

    name: str
    act: Callable[[Any], Any]
    entry: str | None = None
    since: tuple[int, int] = (3, 0)
    until: tuple[int, int] = (9, 0)

    def entry_with(self, library: Any) -> str | None:
        """Return the entry, if the two differ on this Python, in this core."""
        if not self.since <= sys.version_info < self.until:
            return None
        if getattr(library, "CORE", "python") == "native":
            return self.entry
        shown = sys.version_info >= PYTHON_CORE_SINCE.get(self.entry or "", (3, 0))
        return self.entry if shown else None


def file_probes(path: Path) -> Iterator[Probe]:
    """Return the probes of a file of programs.

    A heading in brackets names the entry for the lines below it, or ``same``; it may
    say for which versions of Python: ``[entry until 3.14]``, ``[entry since 3.14]``.
    """
    entry: str | None = None
    versions: dict[str, tuple[int, int]] = {}
    for line in filter(None, path.read_text().splitlines()):
        if heading := _HEADING.fullmatch(line):
            entry = None if heading[1] == "same" else heading[1]
            versions = {heading[2]: (3, int(heading[3]))} if heading[2] else {}
            continue
        if line.startswith("# "):
            continue
        for setup in SETUPS.get(path.stem, ("",)):
            yield program_probe(f"{setup}\n{line}".strip(), entry, **versions)


def program_probe(
    program: str, entry: str | None = None, **versions: tuple[int, int]
) -> Probe:
    """Return a probe that runs *program* over the names of ``probe_world.py``.

    The expression at its end is what is compared.
    """
    ast.parse(program)  # a mistake would be the same on both, and never be seen
    return Probe(program, partial(run, program), entry, **versions)


def run(program: str, library: Any) -> Any:
    """Run *program* in a world made of *library*; return its last expression."""
    names = world(library)
    tree = ast.parse(program)
    last = tree.body.pop()
    if isinstance(last, ast.Expr):
        last = ast.Assign([ast.Name("_result", ast.Store())], last.value)
    tree.body.append(ast.fix_missing_locations(last))
    exec(compile(tree, "<probe>", "exec"), names)
    return names.get("_result")


def outcome(probe: Probe, library: Any) -> str:
    """Return, as text, what came of *probe* with the classes of *library*."""
    return copy_context().run(_outcome, probe, library)


def _outcome(probe: Probe, library: Any) -> str:
    try:
        return tell(probe.act(library), library)
    except Exception as error:
        return tell_error(error)


def tell(value: Any, library: Any) -> str:
    """Return *value* as text: whether it is a proxy, its class, its repr."""
    is_proxy = issubclass(type(value), library.LocalProxy)
    kind = ("proxy to " if is_proxy else "") + value.__class__.__name__
    return _neutral(f"{kind}: {value!r}")


def tell_error(error: BaseException) -> str:
    """Return *error* as text: what builtin exceptions it is, and what it says."""
    return _neutral(f"raises {_kinds(error)}: {error}")


def _kinds(error: BaseException) -> str:
    """Return the most special builtin exceptions that *error* is one of."""
    builtin = [kind for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    special = {
        kind.__name__
        for kind in builtin
        if not any(other is not kind and issubclass(other, kind) for other in builtin)
    }
    return " and ".join(sorted(special))


def _neutral(text: str) -> str:
    return _LIBRARY.sub("library", _ADDRESS.sub("0x…", text))
