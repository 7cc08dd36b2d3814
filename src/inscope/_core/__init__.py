"""The hot path: one contract, two implementations, and which of them runs.

``INSCOPE_CORE`` chooses: ``auto`` (the default: native if it was built),
``native`` (an error if it was not) or ``python``. ``CORE`` says which it is.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["CORE", "CORES", "core"]

CORES = ("native", "python")
"""The implementations, the preferred one first."""


_NOT_BUILT = ("inscope._core.native", "inscope._core.native._native")


def _load(choice: str) -> tuple[str, Any]:
    """Return the name and the module of the core that *choice* asks for."""
    if choice not in ("auto", *CORES):
        message = f"INSCOPE_CORE must be auto, native or python, not {choice!r}"
        raise ImportError(message)
    for name in CORES if choice == "auto" else (choice,):
        try:
            return name, import_module(f"inscope._core.{name}")
        except ModuleNotFoundError as error:
            if error.name not in _NOT_BUILT:
                raise
    message = (
        "INSCOPE_CORE=native, but the native core is not built here; install inscope"
        " with a C compiler present, or set INSCOPE_CORE=auto"
    )
    raise ImportError(message)


CORE, _chosen = _load(os.environ.get("INSCOPE_CORE", "auto"))

if TYPE_CHECKING:  # the native core has the same types
    from inscope._core import python as core
else:
    core = _chosen
