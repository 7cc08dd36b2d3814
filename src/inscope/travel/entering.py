"""A block in which declared Vars have what arrived, and nothing else.

.. code-block:: text

                          declared Vars            everything else of inscope's
    before                left by others           the worker's own: kept
    in the block          what arrived             the same
    after                 as before                as before: also what was left bound

For engines that call hooks around the work: ``Arrival.entered`` makes it.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from inscope._core.arrival import ARRIVED
from inscope._core.cells import NOTHING, is_cell
from inscope._core.declared import declared
from inscope._core.ledger import INNERMOST
from inscope._core.names import EMPTY_TREE
from inscope._core.nothing import EMPTY
from inscope._core.scope import BareScope
from inscope._core.stack import BOTTOM, StackView
from inscope.carry.subjects import is_local
from inscope.errors import BindStateError

if TYPE_CHECKING:
    from contextvars import Context, ContextVar
    from typing import Self

    from inscope._core.arrival import Arriving

__all__ = ["Entering", "enter", "enter_alone", "put_back"]


class Entering:
    """What ``Arrival.entered`` returns; entered once.

    Everything is put back by value: that is possible in any Context.
    """

    __module__ = "inscope.travel"
    __slots__ = ("_before", "_values")

    def __init__(self, values: Arriving | None) -> None:
        self._values = values
        self._before: Context | None = None

    def __enter__(self) -> Self:
        if self._before is not None:
            raise BindStateError("this arrival was entered already: ask for another")
        self._before = copy_context()
        enter(self._values)
        return self

    def __exit__(self, *error: object) -> None:
        before = self._before
        if before is None:  # it was never entered
            return
        put_back(before)


def enter(values: Arriving | None) -> None:
    """Let declared Vars have *values* in the present Context, and nothing else."""
    for _, var, declaration in declared:
        if declaration.travels_to and var._cells.get(None) is not None:
            var._cells.set(NOTHING)
    ARRIVED.set(values)


def enter_alone(values: Arriving | None) -> None:
    """Let *values* be all that inscope has in the present Context."""
    for variable, value in copy_context().items():
        nothing = _nothing(variable, value)
        if nothing is not EMPTY:
            variable.set(nothing)
    ARRIVED.set(values)


def put_back(before: Context) -> None:
    """Let inscope have in the present Context what it had in *before*."""
    for variable, value in copy_context().items():
        was = before.get(variable, EMPTY)
        if was is value:
            continue
        nothing = _nothing(variable, value)
        if nothing is not EMPTY:
            variable.set(nothing if was is EMPTY else was)
    ARRIVED.set(before.get(ARRIVED))


def _nothing(variable: ContextVar[Any], value: object) -> Any:
    """Return what stands for nothing in *variable*; ``EMPTY`` if it is not ours."""
    if is_cell(value):
        return NOTHING
    kind = type(value)  # it may be a proxy, or anybody's: it is not asked itself
    if issubclass(kind, StackView):
        return BOTTOM
    if is_local(variable):
        return EMPTY_TREE
    if issubclass(kind, BareScope) or variable in (ARRIVED, INNERMOST):
        return None
    return EMPTY
