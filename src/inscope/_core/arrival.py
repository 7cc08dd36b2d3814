"""What came from another process for the context of here and now, if anything did.

A Var that travels asks here where nothing is bound, before its default. What lies
there is made by ``inscope.travel``: nothing of it is loaded for a Var that stays.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final, Protocol

__all__ = ["ARRIVED", "Arriving"]


class Arriving(Protocol):
    """What has the values that came."""

    def value_of(self, var: Any, /) -> Any:
        """Return the value for *var*; ``EMPTY`` if none came.

        Raises:
            ContextRefused: Something came that must not be believed.
        """


ARRIVED: Final[ContextVar[Arriving | None]] = ContextVar("inscope.arrived")
