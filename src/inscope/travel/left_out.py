"""What of a context does not cross a boundary, and why: for ``Payload.left_out``."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def left_out(
    context: Context, boundary: Boundary, names: tuple[str, ...]
) -> dict[str, str]:
    """Return what is bound in *context* besides *names*, and why it stays.

    Of a proxy, an extension's variable or a Local, only the name is known.
    """
    reasons = {
        var._cells: _reason(declaration, boundary) for _, var, declaration in declared
    }
    found: dict[str, str] = {}
    for variable, value in context.items():
        if variable in (ARRIVED, INNERMOST) or read(value) is EMPTY:
            continue
        if variable.name not in names:
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
