"""Binds: blocks that put a value behind a name and take it back, whatever happens.

======================  ==============================================
left in                 then
======================  ==============================================
the Context entered in  the previous value is put back there; contexts
                        copied meanwhile keep what they captured
another Context         nothing can be put back where it was entered, so
                        the cell is emptied: whoever holds it reads
                        through to the previous value; logged, once
======================  ==============================================

A bind knows where it is by its token: ``reset`` refuses one from elsewhere.
Left before a bind that was entered later, it leaves that one as it is. Here is
what all binds share. The bind of a ``Var`` is hot (``python/bind.py`` and
``native/bind.c``); ``ledger.py`` has the others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from inscope._core.place import (
    Place,
    describe_place,
    describe_resumer,
    describe_thread,
    place_of_caller,
)
from inscope.errors import BindStateError

if TYPE_CHECKING:
    from types import TracebackType

    from inscope._core.cells import Cell, LinkedCell

T_co = TypeVar("T_co", covariant=True)

NEW, ENTERED, LEFT = "not entered", "entered", "left"


class Bind(Generic[T_co]):
    """A block in which something is bound; entered once, left once.

    Example:
        >>> from inscope import Var
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     user.get()
        'ann'
        >>> user.is_bound()
        False
    """

    __slots__ = ()

    _place: Place | None
    _state: str

    def __enter__(self) -> T_co:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        raise NotImplementedError

    def end(self) -> bool:
        """End the binding; ``False`` if this is not the Context it was made in."""
        raise NotImplementedError

    def adopt(self, old: Cell, new: LinkedCell) -> None:
        """Take *new*, a copy of the cell *old* in another chain, for its own."""
        raise NotImplementedError

    def _refuse_entry(self) -> NoReturn:
        message = (
            f"{self!r} has been {self._state} already;"
            " make a new one for each 'with' block"
        )
        raise BindStateError(message)

    def _refuse_exit(self) -> NoReturn:
        message = f"{self!r} cannot be left: it was {self._state}"
        raise BindStateError(message)

    def _subject(self) -> str:
        """Return what is bound, for messages."""
        raise NotImplementedError

    def __repr__(self) -> str:
        place = describe_place(self._place)
        return f"<bind of {self._subject()} at {place}, {self._state}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: it belongs to one 'with' block"
        raise TypeError(message)


class OnceBind(Bind[T_co]):
    """A bind that sees to it itself that it is entered once and left once.

    Args:
        place: Where it was made.
    """

    __slots__ = ("__weakref__", "_place", "_state", "_token")

    _token: Any

    def __init__(self, place: Place) -> None:
        self._place = place
        self._state = NEW

    def __enter__(self) -> T_co:
        if self._state is not NEW:
            self._refuse_entry()
        # Before, so that nothing that runs meanwhile can enter it again.
        self._state = ENTERED
        try:
            return self._enter()
        except BaseException:
            self._state = LEFT
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        if not self.end():
            report_foreign(self, place_of_caller())

    def end(self) -> bool:
        if self._state is not ENTERED:
            self._refuse_exit()
        self._state = LEFT
        return self._leave()

    def _enter(self) -> T_co:
        """Bind, and return what ``with … as`` gives."""
        raise NotImplementedError

    def _leave(self) -> bool:
        """Put back what was there; withdraw the value and return ``False`` if
        this is not the Context it was bound in.

        Whatever it raises, the value is not seen any more.
        """
        raise NotImplementedError


def report_foreign(bind: Bind[Any], left: Place | None) -> None:
    """Log that *bind* was left in another Context than it was entered in."""
    if sys.is_finalizing():
        return
    import logging

    logging.getLogger("inscope").warning(
        "%s, bound at %s, was left in another context, at %s%s in thread %r. Its"
        " value has been withdrawn wherever it was visible. Leave a block where it was"
        " entered; close a generator that binds where it runs (contextlib.closing,"
        " aclosing).",
        bind._subject(),
        describe_place(bind._place),
        describe_place(left),
        describe_resumer(left),
        describe_thread(),
    )


class SeveralBind(OnceBind[None]):
    """Several binds that are entered and left as one."""

    __slots__ = ("_binds",)

    def __init__(self, binds: list[Bind[Any]], place: Place) -> None:
        super().__init__(place)
        self._binds = binds

    def _enter(self) -> None:
        try:
            for bind in self._binds:
                bind.__enter__()
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> bool:
        """Leave those that are entered: each, whatever the others say or raise."""
        here, raised, index = True, None, len(self._binds)
        while index:  # an iterator could find no memory
            index -= 1
            bind = self._binds[index]
            try:
                here = (bind._state != ENTERED or bind.end()) and here
            except BaseException as error:
                raised = error
        if raised is not None:
            raise raised
        return here

    def _subject(self) -> str:
        return ", ".join([bind._subject() for bind in self._binds])
