"""``travelling``: a function for Dask, with the declared values of here and now.

The values are a part of the function, so they are a part of its key, and go wherever
Dask takes it: to another worker, to a second attempt, into a task of a task. Dask and
distributed keep variables of their own in the context, by which a task finds its worker
and its client; those are left as they are.

Whoever can submit to a cluster can run code in it, so nothing here is signed.
"""

from __future__ import annotations

import logging
import sys
from contextvars import Context, ContextVar, copy_context
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from inscope.carry.snapshot import Snapshot
from inscope.errors import MissingExtraError
from inscope.travel.arrival import load
from inscope.travel.entering import enter_alone, put_back
from inscope.travel.payload import dump
from inscope.travel.processes import Travelling
from inscope.travel.text import parsed, written

try:  # it has few types
    _dask: Any = import_module("dask")
except ModuleNotFoundError as _error:
    if _error.name != "dask":
        raise
    raise MissingExtraError("dask", "dask") from _error

if TYPE_CHECKING:
    from collections.abc import Callable

    from inscope._core.arrival import Arriving

__all__ = ["DaskTravelling", "travelling"]

P = ParamSpec("P")
T = TypeVar("T")

DASK: Final = "dask"
APART: Final = "inscope"
GIVEN: Final[ContextVar[Context | None]] = ContextVar("inscope_dask_given")
"""In the context of what is called: what Dask had called it in."""


class DaskTravelling(Travelling[P, T]):
    """What ``travelling`` returns: a function, and the values with which it is called.

    Dask finds the name, the parameters and the kind of the function in it.
    """

    __module__ = "inscope.travel.dask"
    __slots__ = ()

    def _arrived(self) -> Snapshot:
        """Return what came, beside what others keep in the context of here and now.

        In an empty one, ``get_worker`` and ``get_client`` would find nothing.
        """
        arrival = load(self.payload, DASK)
        if arrival.refused is not None:
            _logger.warning("%s", arrival.refused)
        _keep_apart()
        before = copy_context()
        context = before.copy()
        context.run(_enter, arrival.values, before)
        return Snapshot(context)

    @property
    def __wrapped__(self) -> Callable[P, T]:
        return self.function

    def __getattr__(self, name: str) -> Any:
        if name not in OF_FUNCTIONS:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message)
        function: Any = self.function
        while isinstance(function, partial):
            function = function.func
        return getattr(function, name)

    @property
    def __name__(self) -> str:
        """What Dask calls its tasks: the same as without ``travelling``."""
        name: str = _dask.utils.funcname(self.function)
        return name

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """Return what the key of a pure task is made of."""
        function: Any = _dask.base.normalize_token(self.function)
        return DaskTravelling.__module__, function, _without_time(self.payload)


def _enter(values: Arriving | None, before: Context) -> None:
    enter_alone(values)
    if GIVEN.get(None) is None:
        GIVEN.set(before)


class Apart:
    """A plugin for a worker: no task begins with what another one has.

    One that gives up its thread, by ``secede`` or ``worker_client``, calls the worker's
    event loop, and that starts the next tasks in a copy of the caller's context.
    """

    def transition(self, _key: object, _start: str, finish: str, **_: object) -> None:
        """Put back what the worker had, if it is about to start a task so."""
        given = GIVEN.get(None)
        if given is not None and finish == "executing":
            put_back(given)
            GIVEN.set(None)


def _keep_apart() -> None:
    """Give the worker that we are on that plugin, before anything is called.

    Only the thread of its event loop may; it takes its calls in their order.
    """
    distributed: Any = sys.modules.get("distributed")
    try:
        worker = distributed and distributed.get_worker()
    except ValueError:  # there is none
        return
    if worker and APART not in worker.plugins:
        worker.loop.add_callback(worker.plugins.setdefault, APART, Apart())


OF_FUNCTIONS: Final = ("__code__", "__defaults__", "__kwdefaults__")
"""What ``inspect`` asks, besides the name, of what only behaves like a function: by it,
distributed knows what to await."""


def travelling(function: Callable[P, T]) -> DaskTravelling[P, T]:
    """Return *function* with the declared values of here and now, for Dask.

    For ``submit`` and ``map`` of a client, ``dask.delayed``, ``map_blocks``, and
    whatever else takes a function, on a cluster or without one. Wherever it is called,
    Vars that travel to ``"dask"`` have these values; what else was bound, here or
    there, it does not see. A task that submits others passes on what it has, if it uses
    ``travelling`` for them.

    The values are a part of the key of a pure task: only where they are equal, too, is
    the result of an earlier call with equal arguments used again. A key that is given
    in place of that stands for one result, whoever asks.

    They are taken when this is called, so it is no decorator for a module's functions.
    An actor has them while it is made, not in its methods.

    Args:
        function: Any callable that Dask takes; coroutine functions too.

    Raises:
        TypeError: *function* cannot be called.
        NotPortableError: A value cannot leave the process.
        ContextRefused: What came from another process was refused, and would be
            passed on.

    Example:
        >>> import dask
        >>> from inscope import Var
        >>> from inscope.travel.dask import travelling
        >>> tenant = Var("tenant", wire=str, travels_to={"dask"})
        >>> def work(number):
        ...     return f"{tenant.get()}: {number}"
        >>> with tenant.bind("acme"):
        ...     task = dask.delayed(travelling(work))(5)
        >>> task.compute(scheduler="threads")
        'acme: 5'
    """
    if not callable(function):
        message = f"travelling() takes something that can be called, not {function!r}"
        raise TypeError(message)
    payload = dump(DASK)
    return DaskTravelling(function, payload.text if payload else "")


def _without_time(text: str) -> str:
    """Return all that is in the payload *text*, but not when it was sent.

    Or the results of one moment would not be those of the next one.
    """
    try:
        version, audience, _, pairs = parsed(text)
        return written([version, audience, sorted(pairs)])
    except (TypeError, ValueError, RecursionError):
        return text


_logger = logging.getLogger("inscope.travel")
