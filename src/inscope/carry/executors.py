"""``carrying``: an executor whose jobs have the context of who submitted them."""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from contextvars import Context, copy_context
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import ParamSpec

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = [
    "CarryingExecutor",
    "carrying",
    "from_empty_context",
    "with_carried_callbacks",
]


def carrying(executor: Executor) -> CarryingExecutor:
    """Return an executor that hands its jobs to *executor*, each with the context.

    The context is copied where ``submit`` or ``map`` is called, for each job: what a
    job binds is gone when it ends, and no other one sees it. A callback that is added
    to a future has the context of who adds it. The scopes of that context are shared; a
    job that outlives them, or must not share their resources, is submitted as
    ``carry(job)``.

    To another process or interpreter no context can go. For a ``ProcessPoolExecutor``,
    that of loky too, and an ``InterpreterPoolExecutor``, jobs have the values of those
    Vars that were declared to travel to ``"process"``, and nothing else; for what
    Dask's ``get_executor`` returns, of those that travel to ``"dask"``. To other such
    executors, submit ``inscope.travel.travelling(job)`` without this.

    Args:
        executor: Any ``concurrent.futures.Executor``. It belongs to what is returned:
            that shuts it down.

    Raises:
        TypeError: It is no executor.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from inscope import Var
        >>> from inscope.carry import carrying
        >>> user = Var("user")
        >>> with carrying(ThreadPoolExecutor()) as pool, user.bind("ann"):
        ...     pool.submit(user.get).result()
        'ann'
    """
    if isinstance(executor, CarryingExecutor):
        return executor
    if not isinstance(executor, Executor):
        message = f"carrying() takes a concurrent.futures.Executor, not {executor!r}"
        raise TypeError(message)
    for module, name, where in ELSEWHERE:
        kind: Any = getattr(sys.modules.get(module), name, ())
        if isinstance(executor, kind):
            # The only thing here that leads upwards, and only when it is asked for.
            from inscope.travel.processes import TravellingExecutor

            return TravellingExecutor(executor, import_module(where).travelling)
    return CarryingExecutor(executor)


POOL: Final = "ProcessPoolExecutor"
PROCESSES: Final = "inscope.travel.processes"
ELSEWHERE: Final = (
    ("concurrent.futures.process", POOL, PROCESSES),
    ("concurrent.futures.interpreter", "InterpreterPoolExecutor", PROCESSES),
    ("loky.process_executor", POOL, PROCESSES),
    ("joblib.externals.loky.process_executor", POOL, PROCESSES),
    ("distributed.cfexecutor", "ClientExecutor", "inscope.travel.dask"),
)
"""The executors of other processes and interpreters, which are not imported for this;
and where the function is by which something travels there."""


class CarryingExecutor(Executor):
    """What ``carrying`` returns.

    Attributes:
        executor: The one that does the work.
    """

    __module__ = "inscope.carry"

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._submit: Callable[..., Any] = from_empty_context(executor.submit)

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Schedule ``fn(*args, **kwargs)``, with a copy of the context of here and now.

        Raises:
            RuntimeError: The executor has been shut down.
        """
        future: Any
        if args or kwargs:
            future = self._submit(copy_context().run, fn, *args, **kwargs)
        else:  # quicker than to pass on that there is nothing
            future = self._submit(copy_context().run, fn)
        return with_carried_callbacks(future)  # type: ignore[no-any-return]

    def shutdown(self, wait: bool = True, **options: Any) -> None:
        """Shut *executor* down, with the options that it has."""
        self.executor.shutdown(wait, **options)

    def __repr__(self) -> str:
        return f"<carrying {self.executor!r}>"


def with_carried_callbacks(future: Any) -> Any:
    """Return *future*, whose callbacks have the context of who adds them."""
    try:  # noqa: SIM105  # suppress() was a third of what carrying a job takes
        future.__class__ = _futures[future.__class__]
    except TypeError:  # its class has fields, say: its callbacks are as ever
        pass
    return future


class _Futures(dict[type[Any], type[Any]]):
    """For each class of futures, one whose callbacks have their context."""

    def __missing__(self, kind: type[Any]) -> type[Any]:
        made = carrying_future(kind)
        self[kind] = self[made] = made
        return made


_futures: Final = _Futures()


def carrying_future(kind: type[Any]) -> type[Any]:
    """Return the class of *kind*'s futures whose callbacks have their context.

    An executor makes its futures itself; all that can be changed is their class.
    """

    def add_done_callback(self: Any, fn: Any) -> None:
        """Call *fn* with the future when it is done, in the context of here and now."""
        kind.add_done_callback(self, partial(copy_context().run, fn))

    # One base, and no fields: only so is it a class that takes the other's place.
    return type(kind.__name__, (kind,), {"add_done_callback": add_done_callback})


def from_empty_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, which starts threads, so that they inherit nothing.

    Where threads inherit the context of who starts them, a worker would keep that of
    the job that happened to come first.
    """
    if not getattr(sys.flags, "thread_inherit_context", False):
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        return Context().run(function, *args, **kwargs)

    return call
