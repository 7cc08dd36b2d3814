"""The scope of the native core; it needs nothing that is written in Python."""

from inscope._core.native._native import BareScope, ScopeSlot

__all__ = ["BareScope", "ScopeSlot"]
