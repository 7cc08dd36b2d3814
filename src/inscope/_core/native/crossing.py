"""What crosses a boundary, of the native core; needs nothing written in Python."""

from inscope._core.native._native import BarePayload, BareValues

__all__ = ["BarePayload", "BareValues"]
