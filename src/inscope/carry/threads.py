"""``Thread`` and ``Timer``, which run in the context in which they were started."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from inscope.carry.executors import from_empty_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["Thread", "Timer"]


class Thread(threading.Thread):
    """A thread that runs in a copy of the context in which it is started.

    So does what ``threading.excepthook`` is told of it. Otherwise it is
    ``threading.Thread``; a subclass may override ``run``.

    Args:
        context: The ``Context`` to run in, as in Python 3.14; default: a copy of that
            of ``start()``. All other arguments are those of a thread.

    Example:
        >>> from inscope import Var
        >>> from inscope.carry import Thread
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     thread = Thread(target=lambda: print(user.get()))
        ...     thread.start()
        ...     thread.join()
        ann
    """

    __module__ = "inscope.carry"

    def __init__(
        self, *args: Any, context: Context | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._given = context

    def start(self) -> None:
        """Start the thread, with a copy of the context of here and now.

        Raises:
            RuntimeError: It has been started before, or no thread can be.
        """
        before = self.__dict__.get("run")
        if self.ident is None:
            self.__dict__["run"] = Running(self, self.run, before, self._given)
        try:
            from_empty_context(super().start)()
        except BaseException:
            if self.ident is None:
                put_back(self, before)
            raise


def put_back(thread: threading.Thread, run: Any) -> None:
    """Give *thread* back the ``run`` of its own, if it had one."""
    if run is None:
        thread.__dict__.pop("run", None)
    else:
        thread.__dict__["run"] = run


class Running:
    """The ``run`` of a thread that was started: runs once, in its context."""

    def __init__(
        self,
        thread: threading.Thread,
        run: Callable[[], None],
        before: Any,
        context: Context | None,
    ) -> None:
        self._thread = thread
        self._before = before
        self._context = copy_context() if context is None else context
        self._run = run

    def __call__(self) -> None:
        thread, context, run = self._thread, self._context, self._run
        put_back(thread, self._before)
        del self._thread, self._context, self._run, self._before
        context.run(_run, thread, run)


def _run(thread: threading.Thread, run: Callable[[], None]) -> None:
    """Do what ``threading`` does, but tell of errors here, in the context."""
    try:
        run()
    except BaseException as error:
        _tell(thread, error)


def _tell(thread: threading.Thread, error: BaseException) -> None:
    details: Any = (type(error), error, error.__traceback__, thread)
    try:
        threading.excepthook(threading.ExceptHookArgs(details))
    except Exception as raised:
        raised.__suppress_context__ = True
        if sys.stderr is not None:
            print("Exception in threading.excepthook:", file=sys.stderr)
        sys.excepthook(type(raised), raised, raised.__traceback__)
    finally:
        del details, error  # the traceback would hold this frame, and that the error


class Timer(Thread, threading.Timer):
    """A ``threading.Timer`` whose function has a copy of the context of its start."""

    __module__ = "inscope.carry"
