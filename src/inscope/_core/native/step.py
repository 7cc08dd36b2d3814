"""The steps of the native core, and what they raise where nothing takes an error."""

from inscope._core.native._native import configure, steps_in
from inscope._core.thrown import raise_thrown

__all__ = ["steps_in"]

configure(raise_thrown=raise_thrown)
