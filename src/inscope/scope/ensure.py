"""``Scope.ensure``: join the active scope if it will do, else open one."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from inscope._core.lifetime import ACTIVE
from inscope._core.place import place_of_caller
from inscope.errors import BindStateError
from inscope.scope import asynchronous

if TYPE_CHECKING:
    from types import TracebackType

    from inscope.scope.scope import Scope

S = TypeVar("S", bound="Scope")

_entered: ContextVar[tuple[tuple[Ensured[Any], Any], ...]] = ContextVar(
    "inscope.scope.ensure", default=()
)
"""The blocks that are entered here, the innermost last, and what each has opened."""


class Ensured(Generic[S]):
    """A block in which a scope of *kind* is active that matches *wanted*.

    It may be entered again and again, and by several tasks at once.

    Args:
        kind: The class.
        wanted: For ``matches`` and, where none is active that does, for *kind*.
    """

    __slots__ = ("_kind", "_wanted")

    def __init__(self, kind: type[S], wanted: dict[str, Any]) -> None:
        self._kind = kind
        self._wanted = wanted

    def __enter__(self) -> S:
        place = place_of_caller()
        scope, is_new = self._found()
        if is_new:
            scope._scope_push(place)
        self._note(scope if is_new else None)
        return scope

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scope = self._left()
        if scope is not None:
            scope._scope_pop(error, place_of_caller())

    async def __aenter__(self) -> S:
        place = place_of_caller()
        scope, is_new = self._found()
        if is_new:
            await asynchronous.open_(scope, place)
        self._note(scope if is_new else None)
        return scope

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        place = place_of_caller()
        scope = self._left()
        if scope is not None:
            await asynchronous.close(scope, error, place)

    def _found(self) -> tuple[S, bool]:
        """Return the scope to be in, and whether it is a new one."""
        scope = self._kind._scope_slot.innermost()
        if (
            isinstance(scope, self._kind)
            and scope._scope_state is ACTIVE
            and scope.matches(**self._wanted)
        ):
            return scope, False
        return self._kind(**self._wanted), True

    def _note(self, opened: S | None) -> None:
        _entered.set((*_entered.get(), (self, opened)))

    def _left(self) -> S | None:
        """Return what is to be closed."""
        entered = _entered.get()
        for index in range(len(entered) - 1, -1, -1):
            block, opened = entered[index]
            if block is self:
                _entered.set(entered[:index] + entered[index + 1 :])
                return cast("S | None", opened)
        message = f"{self!r} cannot be left: it was not entered here"
        raise BindStateError(message)

    def __repr__(self) -> str:
        wanted = ", ".join(f"{key}={value!r}" for key, value in self._wanted.items())
        return f"{self._kind.__name__}.ensure({wanted})"
