"""The cell of the native core, and what every other part of it asks for."""

from __future__ import annotations

from typing import Generic, TypeVar

from inscope._core.failures import uninitialized
from inscope._core.native._native import (
    BareProxy,
    BareStack,
    BareVar,
    Cell,
    LinkedCell,
    TracedCell,
    configure,
)
from inscope._core.nothing import EMPTY, Missing

__all__ = ["Cell", "LinkedCell", "is_cell"]

T = TypeVar("T")


def is_cell(value: object) -> bool:
    """Tell whether *value* is a cell; nothing of it is asked: it may be anybody's."""
    kind = type(value)
    return kind is Cell or kind is TracedCell or kind is LinkedCell


configure(empty=EMPTY, missing=Missing, uninitialized=uninitialized)


class _Example(Generic[T]): ...


for _type in (BareProxy, BareStack, BareVar):
    # C has no ``class X(Generic[T])``; what that does is done to them here.
    for _name in ("__parameters__", "__orig_bases__"):
        setattr(_type, _name, getattr(_Example, _name))
