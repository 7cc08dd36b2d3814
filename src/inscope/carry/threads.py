"""``Thread`` and ``Timer``, which run in the context in which they were started."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from inscope.carry.executors import from_empty_context

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Thread", "Timer"]


class Thread(threading.Thread):
    """A thread that runs in a copy of the context in which it is started.

    So does what ``threading.excepthook`` is told of it. Otherwise it is
    ``threading.Thread``; a subclass may override ``run``.

    Example:
        >>> from inscope import Var
        >>> from inscope.carry import Thread
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     thread = Thread(target=lambda: print(user.get()))
        ...     thread.start()
        ann
        >>> thread.join()
    """

    __module__ = "inscope.carry"

    def start(self) -> None:
        """Start the thread, with a copy of the context of here and now.

        Raises:
            RuntimeError: It has been started before, or no thread can be.
        """
        if self.ident is None:
            self.__dict__["run"] = Running(self, self.run)
        try:
            from_empty_context(super().start)()
        except BaseException:
            if self.ident is None:
                del self.__dict__["run"]
            raise


class Running:
    """The ``run`` of a thread that was started: runs once, in its context."""

    def __init__(self, thread: threading.Thread, run: Callable[[], None]) -> None:
        self._thread = thread
        self._context = copy_context()
        self._run = run

    def __call__(self) -> None:
        thread, context, run = self._thread, self._context, self._run
        del thread.__dict__["run"], self._thread, self._context, self._run
        context.run(_run, thread, run)


def _run(thread: threading.Thread, run: Callable[[], None]) -> None:
    """Do what ``threading`` does, but tell of errors here, in the context."""
    try:
        run()
    except BaseException as raised:
        details: Any = (type(raised), raised, raised.__traceback__, thread)
        try:
            threading.excepthook(threading.ExceptHookArgs(details))
        except Exception as error:
            error.__suppress_context__ = True
            print("Exception in threading.excepthook:", file=sys.stderr)
            sys.excepthook(type(error), error, error.__traceback__)


class Timer(Thread, threading.Timer):
    """A ``threading.Timer`` whose function has a copy of the context of its start."""

    __module__ = "inscope.carry"
