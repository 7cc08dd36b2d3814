"""What a class of scopes tells others: opened, closing, closed.

Receivers are plain functions. That of a scope's class also hear of its subclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inscope.scope.planning import PlannedScope

F = TypeVar("F", bound="Callable[..., Any]")


class Signal:
    """The functions to call at one moment in the life of each scope of a class.

    Args:
        owner: The class.
        name: The moment.

    Attributes:
        all_receivers: Those of the class and of its base classes.

    Example:
        >>> from inscope import Scope
        >>> class Request(Scope): ...
        >>> @Request.popped.connect
        ... def report(scope: Request) -> None:
        ...     print("one request less")
        >>> with Request():
        ...     pass
        one request less
    """

    __slots__ = ("_name", "_owner", "_receivers", "all_receivers")

    def __init__(self, owner: type[PlannedScope], name: str) -> None:
        self._owner = owner
        self._name = name
        self._receivers: tuple[Callable[..., Any], ...] = ()
        self.all_receivers: tuple[Callable[..., Any], ...] = ()

    def connect(self, receiver: F) -> F:
        """Call *receiver* from now on; also as a decorator.

        Args:
            receiver: Called with the scope; for ``tearing_down`` with the scope and
                the error that it ends with, or ``None``. May return something to
                await, for scopes that are opened by ``async with``.

        Returns:
            *receiver*.

        Raises:
            TypeError: It cannot be called.
        """
        if not callable(receiver):
            message = f"{self!r}.connect() takes a function, not {receiver!r}"
            raise TypeError(message)
        self._receivers = (*self._receivers, receiver)
        self._owner._scope_plan()
        return receiver

    def disconnect(self, receiver: Callable[..., Any]) -> None:
        """Call *receiver* no more.

        Raises:
            ValueError: It is not connected.
        """
        kept = list(self._receivers)
        try:
            kept.remove(receiver)
        except ValueError:
            message = f"{receiver!r} is not connected to {self!r}"
            raise ValueError(message) from None
        self._receivers = tuple(kept)
        self._owner._scope_plan()

    def gather(self) -> tuple[Callable[..., Any], ...]:
        """Work out, and return, all receivers: those of the base classes first."""
        kinds = reversed(self._owner.__mro__)
        signals = [vars(kind).get(self._name) for kind in kinds]
        self.all_receivers = tuple(
            receiver
            for signal in signals
            if isinstance(signal, Signal)
            for receiver in signal._receivers
        )
        return self.all_receivers

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        """Yield all receivers, in the order in which they are called."""
        return iter(self.all_receivers)

    def __repr__(self) -> str:
        return f"{self._owner.__name__}.{self._name}"
