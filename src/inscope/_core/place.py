"""Where code runs: the thread, task and greenlet, and the line of a bind.

Nothing is imported to find out: a task or greenlet can only exist if its
library is loaded already, so ``sys.modules`` is asked. Used by the errors that
name a place, by the binds, and by :func:`get_ident`.
"""

from __future__ import annotations

import sys
from _thread import get_ident as thread_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import CodeType

Place = tuple["CodeType", int]
"""A line of code: the code object and the offset of the instruction in it.

Kept in place of the frame, which would keep every local variable alive.
"""


_RESUMABLE = 0x20 | 0x80 | 0x200  # generator, coroutine, asynchronous generator


def place_of_caller(depth: int = 2) -> Place:
    """Return the place from which the function that asks was called."""
    try:
        frame = sys._getframe(depth)
    except ValueError:  # called from C, with no Python below
        frame = sys._getframe(depth - 1)
    return frame.f_code, frame.f_lasti


def place_of_leaver() -> Any:
    """Return the same, for what must be left: ``None`` if there is no memory for it."""
    try:
        return place_of_caller(3)
    except MemoryError:
        return None


def describe_place(place: Place | None) -> str:
    """Return ``file:line in function`` for *place*; ``None`` is outside of Python."""
    if place is None:
        return "no line of Python"
    code, offset = place
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= offset < end and number is not None:
            line = number
    return f"{code.co_filename}:{line} in {code.co_qualname}"


def describe_resumer(place: Place | None) -> str:
    """Say who runs the generator or coroutine that *place* is in: ``, resumed at …``.

    Empty for a function, and for what nothing in Python has resumed.
    """
    if place is None:
        return ""
    code, _ = place
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code is not code:
        frame = frame.f_back
    if frame.f_back is None or not code.co_flags & _RESUMABLE:
        return ""
    resumer = frame.f_back
    return f", resumed at {describe_place((resumer.f_code, resumer.f_lasti))}"


def current_task() -> Any:
    """Return the running asyncio or trio task, or ``None``."""
    asyncio = sys.modules.get("asyncio")
    # A module being imported stands in sys.modules before it has any names.
    get_loop = getattr(asyncio, "_get_running_loop", None)
    if asyncio and get_loop and get_loop() is not None:
        task = asyncio.current_task()
        if task is not None:
            return task
    lowlevel = getattr(sys.modules.get("trio"), "lowlevel", None)
    if lowlevel is not None:
        try:
            return lowlevel.current_task()
        except RuntimeError:  # not called from within trio
            return None
    return None


def current_greenlet() -> Any:
    """Return the running greenlet, or ``None`` in a thread's main one.

    The main greenlet *is* the thread; counted apart, the answer would change
    in mid-request as soon as something imports greenlet.
    """
    get_current = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    if get_current is None:
        return None
    greenlet = get_current()
    return None if greenlet.parent is None else greenlet


def get_ident() -> Hashable:
    """Return a key for the running task, else greenlet, else thread.

    Made for tables that are kept by hand, as the ``scopefunc`` of SQLAlchemy's
    ``scoped_session``. Context variables need no ident.

    Returns:
        The asyncio or trio task, the greenlet (unless it is the thread's main
        one) or the thread's number. Tasks and greenlets are returned
        themselves: their ``id()`` could be that of a dead one.

    Source:
        ``get_ident`` of werkzeug 0.6 to 2.0; tasks are new here.

    Example:
        >>> import threading
        >>> from inscope import get_ident
        >>> get_ident() == threading.get_ident()
        True
    """
    task: Hashable = current_task()
    if task is not None:
        return task
    greenlet: Hashable = current_greenlet()
    return thread_ident() if greenlet is None else greenlet


def describe_thread() -> str:
    """Return the name of the running thread."""
    threading = sys.modules.get("threading")
    # Where nothing has loaded it, there is no other.
    return threading.current_thread().name if threading else "MainThread"


def describe_task() -> str | None:
    """Return the running task's or greenlet's name, or ``None`` outside of one."""
    task = current_task()
    if task is not None:
        name = task.get_name() if hasattr(task, "get_name") else task.name
        return f"task {name!r}"
    greenlet = current_greenlet()
    return None if greenlet is None else f"greenlet {greenlet!r}"
