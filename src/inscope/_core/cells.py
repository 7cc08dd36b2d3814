"""The cells that a bind puts behind a name: what a chain of them means.

.. code-block:: text

    with user.bind("ann"):        context variable ─► cell "bob" ─► cell "ann"
        with user.bind("bob"):                         previous      previous: None

A context copied meanwhile holds the same cell. Leaving a bind puts the
previous cell back where that can be done; where it cannot (the block was left
in another Context), the cell is emptied instead, and whoever holds it reads
through to the previous one. Made by ``bind``, ``ledger.py`` and ``var``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from inscope._core.choice import taken
from inscope._core.nothing import EMPTY
from inscope._core.setting import set_again

if TYPE_CHECKING:
    from inscope._core.python.cell import Cell, LinkedCell, is_cell
else:
    Cell, LinkedCell, is_cell = taken("cell", "Cell", "LinkedCell", "is_cell")

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextvars import ContextVar

    from inscope._core.bind import Bind

__all__ = ["NOTHING", "Cell", "LinkedCell", "bind_above", "enclosing_bind", "is_cell"]
__all__ += ["live", "mend", "read", "rebuilt", "release", "shortened", "withdraw"]


NOTHING: Final = LinkedCell(EMPTY, None)
"""Put back where there was nothing, when only a value can be put back."""


def live(cell: Cell | None) -> Cell | None:
    """Return the first cell of the chain that has a value.

    What was set inside a bind goes with it: once the bind's cell is empty, the
    cells of the sets inside it count as empty too.
    """
    while cell is not None:
        around = cell.previous
        if cell.value is not EMPTY and (
            cell.bind is not None or around is None or around.value is not EMPTY
        ):
            return cell
        cell = around
    return None


def read(value: Any) -> Any:
    """Return *value*, or what a cell in its place holds; ``EMPTY`` if nothing."""
    if not is_cell(value):
        return value
    cell = live(value)
    return EMPTY if cell is None else cell.value


def enclosing_bind(cell: Cell | None) -> Cell | None:
    """Return the first cell of the chain whose bind is open."""
    while cell is not None and (cell.bind is None or cell.value is EMPTY):
        cell = cell.previous
    return cell


def bind_above(top: Cell | None, cell: Cell) -> Bind[Any] | None:
    """Return the bind that was entered next after that of *cell*, if any.

    Two generators in one context leave their binds in the order in which they
    end, not the reverse of that in which they began. The one that stays is then
    found between *top* and the *cell* of the one that leaves.
    """
    above, node = None, enclosing_bind(top)
    while node is not None and node is not cell:
        above, node = node.bind, enclosing_bind(node.previous)
    return above if node is cell else None


def rebuilt(top: Cell, heir: Bind[Any], below: Cell | None) -> Cell:
    """Return the chain from *top* to the cell of *heir*, copied, on *below*.

    The cells themselves stay as they are: a context copied meanwhile holds them.
    A chain without a cell of *heir* is returned as it is.
    """
    path: list[Cell] = []
    node: Cell | None = top
    while node is not None:
        path.append(node)
        if node.bind is heir:
            break
        node = node.previous
    else:
        return top
    for one in reversed(path):
        if one is live(one):
            below = copied = LinkedCell(one.value, below, one.bind)
            if one.bind is not None:
                one.bind.adopt(one, copied)
    return below or NOTHING


def shortened(cell: Cell | None) -> Cell | None:
    """Return the first cell that has a value; it skips the empty ones below it.

    Emptied cells never fill again, and chains of them would only grow.
    """
    cell = live(cell)
    if cell is not None and cell.bind is not None:
        cast("LinkedCell", cell).previous = live(cell.previous)
    return cell


def mend(var: ContextVar[Any], top: Cell | None, cell: Cell) -> None:
    """Set right what *var* holds after the bind of *cell* was reset out of order.

    Args:
        var: What held *top* before the reset, and holds what was there when
            the bind was entered.
        top: The chain as it was.
        cell: The cell of the bind that ends.
    """
    heir = None if top is cell else bind_above(top, cell)
    if heir is not None and top is not None:
        try:
            var.set(rebuilt(top, heir, cell.previous))
        except MemoryError:
            set_again(var, top)  # with the cell in it, which will be empty
            raise
    elif var.get(None) is not cell.previous:
        # What was here on entering has ended meanwhile.
        var.set(cell.previous or NOTHING)


def withdraw(cells: Sequence[LinkedCell]) -> None:
    """Empty *cells*: whoever holds one reads through to the previous value.

    Done where there is no memory as well, so without an iterator.
    """
    index = len(cells)
    while index:
        index -= 1
        cell = cells[index]
        cell.value = EMPTY
        cell.bind = None
        cell.previous = live(cell.previous)


def release(cells: Iterable[LinkedCell]) -> None:
    """Let *cells* keep their value and nothing else: their bind has ended."""
    for cell in cells:
        cell.bind = cell.previous = None
