"""The snapshot of the native core; it needs nothing that is written in Python."""

from inscope._core.native._native import BareSnapshot

__all__ = ["BareSnapshot"]
