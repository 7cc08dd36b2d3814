"""What of a ``Scope`` is hot; ``inscope/scope`` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inscope._core.choice import taken

if TYPE_CHECKING:
    from inscope._core.python.scope import BareScope, ScopeSlot
else:
    BareScope, ScopeSlot = taken("scope", "BareScope", "ScopeSlot")

__all__ = ["BareScope", "ScopeSlot"]
