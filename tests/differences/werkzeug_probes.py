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


def is_shown(entry: str, library: Any) -> bool:
    """Tell whether *entry* of the page can be seen on this Python, in this core."""
    native = getattr(library, "CORE", "python") == "native"
    if entry == "buffers":
        return native or sys.version_info >= (3, 12)
    if entry == "powers":
        return native or sys.version_info >= (3, 14)
    return True


SETUPS = {
    "unbound": (
        "p = LocalProxy(var)",
        "p = local('user')",
        "p = stack()",
        "p = LocalProxy(raiser(RuntimeError('mine')))",
    )
}
"""What comes before each line of a file, once for each line of this."""

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
    """

    name: str
    act: Callable[[Any], Any]
    entry: str | None = None


def file_probes(path: Path) -> Iterator[Probe]:
    """Return the probes of a file of programs.

    A heading in brackets names the entry for the lines below it, or ``same``.
    """
    entry: str | None = None
    for line in filter(None, path.read_text().splitlines()):
        if line.startswith("["):
            heading = re.fullmatch(r"\[([a-z-]+)\]", line)
            if heading:
                entry = None if heading[1] == "same" else heading[1]
                continue
        if line.startswith("# "):
            continue
        for setup in SETUPS.get(path.stem, ("",)):
            yield program_probe(f"{setup}\n{line}".strip(), entry)


def program_probe(program: str, entry: str | None = None) -> Probe:
    """Return a probe that runs *program* over the names of ``probe_world.py``.

    The expression at its end is what is compared.
    """
    ast.parse(program)  # a mistake would be the same on both, and never be seen
    return Probe(program, partial(run, program), entry)


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
