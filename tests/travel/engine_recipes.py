"""The files of ``examples/engines``, each loaded once for each core under test."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ENGINES = Path(__file__).parents[2] / "examples" / "engines"

NOTHING = "nothing"

_loaded: dict[tuple[str, str], ModuleType] = {}


def recipe(engine: str, core: str) -> ModuleType:
    """Return the recipe for *engine*, while ``import inscope`` gives that *core*."""
    found = _loaded.get((engine, core))
    if found is None:
        name = f"{engine}_context"
        spec = importlib.util.spec_from_file_location(name, ENGINES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        _loaded[engine, core] = found
    return found


def forged(text: str) -> dict[str, str]:
    """Return what somebody may send in place of the payload *text*, by what it is."""
    plain = text.rpartition("]")[0] + "]"
    return {
        "no payload": "admin",
        "another's name": text.replace("ann", "bob"),
        "no signature": plain,
        "part of it": text[:-3],
    }


KINDS = ("no payload", "another's name", "no signature", "part of it")
"""The keys of what ``forged`` returns."""
