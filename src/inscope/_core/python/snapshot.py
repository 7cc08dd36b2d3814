"""What of a ``Snapshot`` is hot; ``inscope/carry/snapshot.py`` has the rest.

Twin of ``native/snapshot.c``.
"""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar
    from typing import Self

__all__ = ["BareSnapshot"]

P = ParamSpec("P")
T = TypeVar("T")


class BareSnapshot:
    """A ``Context`` that is never entered, and runs functions in copies of it."""

    __slots__ = ("__weakref__", "_context")

    _context: Context

    def __new__(cls, context: Context) -> Self:
        if type(context) is not Context:
            message = (
                "Snapshot() takes a contextvars.Context, not"
                f" {type(context).__name__}; the present one is captured by"
                " Snapshot.capture()"
            )
            raise TypeError(message)
        self = super().__new__(cls)
        self._context = context.copy()
        return self

    @classmethod
    def capture(cls) -> Self:
        """Return a snapshot of the bindings of this moment."""
        self = super().__new__(cls)
        self._context = copy_context()
        return self

    @classmethod
    def _holding(cls, variable: ContextVar[Any], value: Any, /) -> Self:
        """Return a snapshot of *value* in *variable*, and of nothing else."""
        self = super().__new__(cls)
        self._context = Context()
        self._context.run(variable.set, value)
        return self

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call *function* with these bindings; return what it returns.

        What it binds is gone when it returns. Calls may overlap, on any threads.
        """
        return self._context.copy().run(function, *args, **kwargs)

    def context(self) -> Context:
        """Return a new ``Context`` with these bindings."""
        return self._context.copy()
