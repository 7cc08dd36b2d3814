"""The steps of the native core; they need nothing that is written in Python."""

from inscope._core.native._native import steps_in

__all__ = ["steps_in"]
