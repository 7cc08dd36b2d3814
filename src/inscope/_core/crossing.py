"""What crosses a boundary, of the core that runs; ``inscope/travel`` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inscope._core.choice import taken

if TYPE_CHECKING:
    from inscope._core.python.crossing import BarePayload, BareValues
else:
    BarePayload, BareValues = taken("crossing", "BarePayload", "BareValues")

__all__ = ["BarePayload", "BareValues"]
