"""Two copies of the package side by side: one on each core."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def _take_modules() -> dict[str, ModuleType]:
    """Remove the package from ``sys.modules`` and return what was removed."""
    names = [name for name in sys.modules if name.partition(".")[0] == "inscope"]
    return {name: sys.modules.pop(name) for name in names}


class Core:
    """The package on one core.

    What it imports while it runs, it must find in ``sys.modules``; so its
    functions are called inside ``running()`` only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._modules: dict[str, ModuleType] = {}

    @contextmanager
    def running(self) -> Iterator[ModuleType]:
        """Give the package, which ``import inscope`` gives meanwhile, too."""
        others = _take_modules()
        choice = os.environ.get("INSCOPE_CORE")
        os.environ["INSCOPE_CORE"] = self.name
        sys.modules.update(self._modules)
        try:
            yield importlib.import_module("inscope")
        finally:
            self._modules = _take_modules()
            sys.modules.update(others)
            if choice is None:
                del os.environ["INSCOPE_CORE"]
            else:
                os.environ["INSCOPE_CORE"] = choice


class Both:
    """Both cores: the Python one says what is right."""

    def __init__(self) -> None:
        self.python, self.native = Core("python"), Core("native")

    def each(self, act: Callable[[ModuleType], Any]) -> tuple[Any, Any]:
        """Return what ``act(inscope)`` returns on the Python core and on the native."""
        with self.python.running() as inscope:
            expected = act(inscope)
        with self.native.running() as inscope:
            return expected, act(inscope)
