"""The cell that a bind puts behind a name, and the sentinel for "nothing here".

.. code-block:: text

    with user.bind("ann"):          context variable ──► cell "bob" ─► cell "ann"
        with user.bind("bob"):                            previous       previous ─► None

A context copied meanwhile holds the same cell. Leaving a bind puts the
previous cell back where that can be done; where it cannot (the block was left
in another Context), the cell is emptied instead, and whoever holds it reads
through to the previous one. Made in ``bind.py``, ``var.py``; read in
``local.py``, ``stack.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from inscope._core.place import Place


class _Empty:
    """The type of EMPTY, with a readable repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Final[Any] = _Empty()
"""Stands for no value where ``None`` is one."""


class Missing(Exception):
    """Inside the core: a source found nothing. Never seen by a user."""


class Cell:
    """A value, and what was there before it.

    Attributes:
        value: The value; ``EMPTY`` once the cell has been emptied.
        previous: The cell that is read when this one is empty. Of a cell made
            by ``set``: the innermost bind around it.
        place: Where it was bound; ``None`` if made by ``set``, not by a bind.
    """

    __slots__ = ("place", "previous", "value")

    def __init__(
        self, value: Any, previous: Cell | None, place: Place | None = None
    ) -> None:
        self.value = value
        self.previous = previous
        self.place = place


NOTHING: Final = Cell(EMPTY, None)
"""Put back where there was nothing, when only a value can be put back."""


def first_full(cell: Cell | None) -> Cell | None:
    """Return the first cell of the chain that is not empty."""
    while cell is not None and cell.value is EMPTY:
        cell = cell.previous
    return cell


def read(value: Any) -> Any:
    """Return *value*, or what a cell in its place holds; ``EMPTY`` if nothing."""
    if type(value) is not Cell:
        return value
    cell = first_full(value)
    return EMPTY if cell is None else cell.value


def enclosing_bind(cell: Cell | None) -> Cell | None:
    """Return the first cell of the chain that a bind made and that is not empty."""
    while cell is not None and (cell.place is None or cell.value is EMPTY):
        cell = cell.previous
    return cell


def bind_above(top: Any, cell: Cell) -> Cell | None:
    """Return the lowest bind's cell between *top* and *cell*, ``None`` if none.

    Two generators in one context leave their binds in the order in which they
    end, not the reverse of that in which they began. The one that stays is then
    found above the one that leaves.
    """
    above = None
    while isinstance(top, Cell) and top is not cell:
        if top.place is not None:
            above = top
        top = top.previous
    return above if top is cell else None
