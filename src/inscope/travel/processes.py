"""Work in other processes and interpreters: pools, ``multiprocessing``, ``subprocess``.

Whoever can write to such a process can run code in it, so nothing here is signed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from inscope.carry.executors import (
    CarryingExecutor,
    from_empty_context,
    with_carried_callbacks,
)
from inscope.carry.kinds import PLAIN, kind_of
from inscope.travel.arrival import load
from inscope.travel.payload import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor, Future

    from inscope.carry.snapshot import Snapshot
    from inscope.travel.arrival import Arrival

__all__ = [
    "Travelling",
    "TravellingExecutor",
    "environment",
    "from_environment",
    "travelling",
]

P = ParamSpec("P")
T = TypeVar("T")

PROCESS: Final = "process"
VARIABLE: Final = "INSCOPE_CONTEXT"
"""What the payload is called in the environment of a process."""


class Travelling(Generic[P, T]):
    """A function, and the declared values with which it is called wherever that is.

    It can be pickled if the function can.
    """

    __slots__ = ("__weakref__", "function", "payload")

    def __init__(self, function: Callable[P, T], payload: str) -> None:
        self.function: Callable[P, T] = function
        self.payload: str = payload

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function with the values that came, and no others.

        For a coroutine or generator function, that is each of the steps.
        """
        arrived = self._arrived()
        if kind_of(self.function) == PLAIN:
            return arrived.run(self.function, *args, **kwargs)
        stepped: Callable[P, T] = arrived.wrap(self.function)
        return stepped(*args, **kwargs)

    def _arrived(self) -> Snapshot:
        return load(self.payload, PROCESS)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.function, self.payload)

    def __repr__(self) -> str:
        return f"<travelling {self.function!r}>"


def travelling(function: Callable[P, T]) -> Travelling[P, T]:
    """Return *function* with the declared values of here and now, for another process.

    For ``multiprocessing.Process`` and ``Pool``, joblib, and whatever else pickles what
    it is to call. What else was bound, here or there, it does not see.

    Raises:
        TypeError: *function* cannot be called.
        NotPortableError: A value cannot leave the process.

    Example:
        >>> import pickle
        >>> from inscope import Var
        >>> from inscope.travel import travelling
        >>> tenant = Var("tenant", wire=str, travels_to={"process"})
        >>> with tenant.bind("acme"):
        ...     job = pickle.dumps(travelling(tenant.get))
        >>> pickle.loads(job)()  # in the other process
        'acme'
    """
    if not callable(function):
        message = f"travelling() takes something that can be called, not {function!r}"
        raise TypeError(message)
    return Travelling(function, _dumped())


def _dumped() -> str:
    payload = dump(PROCESS)
    return payload.text if payload else ""


class TravellingExecutor(CarryingExecutor):
    """What ``carrying`` returns for an executor of other processes or interpreters."""

    __module__ = "inscope.travel"

    def __init__(
        self,
        executor: Executor,
        travelling: Callable[[Callable[..., Any]], Travelling[..., Any]],
    ) -> None:
        super().__init__(executor)
        self._travelling = travelling
        self._map: Callable[..., Any] = from_empty_context(executor.map)

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Schedule ``fn(*args, **kwargs)``, with the declared values of here and now.

        Raises:
            NotPortableError: A value cannot leave the process.
            RuntimeError: The executor has been shut down.
        """
        job = self._travelling(fn)
        future: Future[T] = with_carried_callbacks(self._submit(job, *args, **kwargs))
        return future

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], **options: Any
    ) -> Iterator[T]:
        """Call *fn* for the items of *iterables*, as ``submit`` does.

        *options* are those that the executor's own ``map`` has. The values are pickled
        once for each chunk.
        """
        job = self._travelling(fn)
        results: Iterator[T] = self._map(job, *iterables, **options)
        return results


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a program that is to have the declared values.

    Args:
        base: What else is in it; ``os.environ`` by default.

    Raises:
        NotPortableError: A value cannot leave the process.

    Example:
        >>> import subprocess, sys
        >>> from inscope import Var
        >>> from inscope.travel import environment
        >>> tenant = Var("tenant", wire=str, travels_to={"process"})
        >>> program = '''
        ... from inscope import Var
        ... from inscope.travel import from_environment
        ... tenant = Var("tenant", wire=str, travels_to={"process"})
        ... print(from_environment().run(tenant.get))
        ... '''
        >>> with tenant.bind("acme"):
        ...     command = [sys.executable, "-c", program]
        ...     subprocess.check_output(command, env=environment(), text=True)
        'acme\\n'
    """
    made = dict(os.environ if base is None else base)
    made.pop(VARIABLE, None)
    text = _dumped()
    if text:
        made[VARIABLE] = text
    return made


def from_environment() -> Arrival:
    """Return what ``environment`` wrote for this process: once.

    It is taken out of ``os.environ``, or programs that this one starts would have it.
    """
    return load(os.environ.pop(VARIABLE, None), PROCESS)
