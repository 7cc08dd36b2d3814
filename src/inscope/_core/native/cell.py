"""The cell of the native core, and what every other part of it asks for."""

from __future__ import annotations

from inscope._core.failures import uninitialized
from inscope._core.native._native import Cell, configure
from inscope._core.nothing import EMPTY, Missing

__all__ = ["Cell"]

configure(empty=EMPTY, missing=Missing, uninitialized=uninitialized)
