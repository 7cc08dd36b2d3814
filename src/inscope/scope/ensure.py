"""``Scope.ensure``: join the active scope if it will do, else open one."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from inscope._core.lifetime import ACTIVE
from inscope._core.place import place_of_caller, place_of_leaver
from inscope._core.setting import set_again, set_or_leave
from inscope.errors import BindStateError
from inscope.scope import asynchronous

if TYPE_CHECKING:
    from types import TracebackType

    from inscope.scope.scope import Scope

S = TypeVar("S", bound="Scope")

Note = tuple["Ensured[Any]", Any]
"""A block that is entered, and what it has opened, if anything."""

_entered: ContextVar[tuple[Note, ...]] = ContextVar("inscope.scope.ensure", default=())
"""Those that are entered here, the innermost last."""


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
        note = self._noted(scope if is_new else None)
        if is_new:
            try:
                scope._scope_push(place)
            except BaseException:
                _forget(note)
                raise
        return scope

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        note = self._note()
        try:
            if note[1] is not None:
                note[1]._scope_pop(error, place_of_leaver())
        finally:
            _forget(note)

    async def __aenter__(self) -> S:
        place = place_of_caller()
        scope, is_new = self._found()
        note = self._noted(scope if is_new else None)
        if is_new:
            try:
                await asynchronous.open_(scope, place)
            except BaseException:
                _forget(note)
                raise
        return scope

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        place, note = place_of_leaver(), self._note()
        try:
            if note[1] is not None:
                await asynchronous.close(note[1], error, place)
        finally:
            _forget(note)

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

    def _noted(self, opened: S | None) -> Note:
        """Note that the block is entered, before it is: that may fail."""
        note, entered = (self, opened), _entered.get()
        set_or_leave(_entered, (*entered, note), entered)
        return note

    def _note(self) -> Note:
        """Return what was noted of it last."""
        entered = _entered.get()
        index = len(entered)
        while index:  # an iterator could find no memory
            index -= 1
            if entered[index][0] is self:
                return entered[index]
        message = f"{self!r} cannot be left: it was not entered here"
        raise BindStateError(message)

    def __repr__(self) -> str:
        wanted = ", ".join(f"{key}={value!r}" for key, value in self._wanted.items())
        return f"{self._kind.__name__}.ensure({wanted})"


def _forget(note: Note) -> None:
    try:
        _entered.set(_without(note))
    except MemoryError:
        set_again(_entered, _without(note))


def _without(note: Note) -> tuple[Note, ...]:
    entered = _entered.get()
    if not entered or entered[-1] is note:  # unless blocks are left out of order
        return entered[:-1]
    return tuple([one for one in entered if one is not note])
