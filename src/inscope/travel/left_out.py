"""What of a context does not cross a boundary, and why: for ``Payload.left_out``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inscope._core.arrival import ARRIVED
from inscope._core.cells import read
from inscope._core.declared import declared
from inscope._core.ledger import INNERMOST
from inscope._core.nothing import EMPTY

if TYPE_CHECKING:
    from contextvars import Context

    from inscope._core.declared import Declaration
    from inscope.travel.boundary import Boundary

__all__ = ["left_out"]

UNDECLARED = "is not declared: Var(…, wire=…, travels_to={…}) would let it travel"
UNKNOWN = "came from elsewhere, and is not declared here"


def left_out(
    context: Context, boundary: Boundary, names: tuple[str, ...]
) -> dict[str, str]:
    """Return what *context* has besides *names*, and why it stays: bound, or arrived.

    Of a proxy, an extension's variable or a Local, only the name is known.
    """
    reasons: dict[Any, str] = {}
    crossing: set[Any] = {ARRIVED, INNERMOST}
    by_name: dict[str, str] = {}
    for name, var, declaration in declared:
        if name in names:
            crossing.add(var._cells)
        else:
            by_name[name] = reasons[var._cells] = _reason(declaration, boundary)
    arrived: Any = context.get(ARRIVED)
    found: dict[str, str] = {}
    if arrived is not None:
        found = {
            name: by_name.get(name, UNKNOWN)
            for name in (*arrived.known, *arrived.unknown)
            if name not in names
        }
    for variable, value in context.items():
        if variable not in crossing and read(value) is not EMPTY:
            found[variable.name] = reasons.get(variable, UNDECLARED)
    return found


def _reason(declaration: Declaration, boundary: Boundary) -> str:
    if declaration.secret:
        return "is secret"
    if not declaration.travels_to:
        return UNDECLARED
    if boundary.name in declaration.travels_to:
        return "was not asked for"
    return f"does not travel to {boundary.name!r}"
