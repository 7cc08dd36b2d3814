"""The cell that values lie in; ``_core/cells.py`` says what for. Twin of ``cell.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from inscope._core.bind import Bind


class Cell:
    """A value that was set where no bind is open.

    In C, only one that the collector does not follow: a string, a number, ``None``.

    Attributes:
        value: The value; ``EMPTY`` once it has been withdrawn.
        previous: ``None``: there is nothing to go back to.
        bind: ``None``.
    """

    __slots__ = ("value",)

    previous: Cell | None = None
    bind: Bind[Any] | None = None

    def __init__(self, value: Any) -> None:
        self.value: Any = value


class LinkedCell(Cell):
    """A value, and what was there before it: what a bind makes, or a set inside one.

    In C, what a bind makes is a ``TracedCell``: the same, but smaller.

    Attributes:
        value: The value; ``EMPTY`` once the bind has been withdrawn.
        previous: The cell that is read when this one is empty. Of a cell made
            by ``set``: that of the innermost bind around it. ``None`` once the
            bind has ended and can no longer be withdrawn.
        bind: The open bind that made it; ``None`` if it was made by ``set``,
            and once the bind has ended.
    """

    __slots__ = ("bind", "previous")

    def __init__(
        self, value: Any, previous: Cell | None, bind: Bind[Any] | None = None
    ) -> None:
        self.value: Any = value
        self.previous: Cell | None = previous
        self.bind: Bind[Any] | None = bind


def is_cell(value: object) -> TypeGuard[Cell]:
    """Tell whether *value* is a cell; nothing of it is asked: it may be anybody's."""
    kind = type(value)
    return kind is Cell or kind is LinkedCell
