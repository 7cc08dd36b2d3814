"""Which core runs: ``INSCOPE_CORE`` chooses ``auto``, ``native`` or ``python``.

``auto``, the default, takes the native one if it was built. Every module that
has a hot part written twice asks here which of the two it gets.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CORE", "CORES", "taken"]

CORES: Final = ("native", "python")
"""The cores, the preferred one first."""

_EXTENSION = "inscope._core.native._native"
_NOT_BUILT = ("inscope._core.native", _EXTENSION)


def _chosen(choice: str) -> str:
    """Return the core that *choice* asks for; see that it can be imported."""
    if choice not in ("auto", *CORES):
        message = f"INSCOPE_CORE must be auto, native or python, not {choice!r}"
        raise ImportError(message)
    if choice == "python":
        return choice
    try:
        import_module(_EXTENSION)
    except ModuleNotFoundError as error:
        if error.name not in _NOT_BUILT:
            raise
    else:
        return "native"
    if choice == "auto":
        return "python"
    message = (
        "INSCOPE_CORE=native, but the native core is not built here; install inscope"
        " with a C compiler present, or set INSCOPE_CORE=auto"
    )
    raise ImportError(message)


def taken(part: str, *names: str) -> Iterator[Any]:
    """Yield *names* of the hot part *part*, out of the core that runs."""
    module = import_module(f"inscope._core.{CORE}.{part}")
    for name in names:
        yield getattr(module, name)


CORE: Final = _chosen(os.environ.get("INSCOPE_CORE", "auto"))
