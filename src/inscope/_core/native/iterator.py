"""The scoped iterator of the native core: what happens if it is dropped."""

from __future__ import annotations

from inscope._core.iterator import close_dropped
from inscope._core.native._native import configure, iterate_in_scope

__all__ = ["iterate_in_scope"]

configure(close_dropped=close_dropped)
