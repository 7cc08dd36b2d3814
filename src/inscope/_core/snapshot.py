"""The snapshot and the steps of the core that runs; ``inscope/carry`` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inscope._core.choice import taken

if TYPE_CHECKING:
    from inscope._core.python.snapshot import BareSnapshot
    from inscope._core.python.step import steps_in
else:
    (BareSnapshot,) = taken("snapshot", "BareSnapshot")
    (steps_in,) = taken("step", "steps_in")

__all__ = ["BareSnapshot", "steps_in"]
