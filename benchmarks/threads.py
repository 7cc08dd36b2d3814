"""The rows of ``threads``: one proxy that two threads read through at once.

Without the GIL two threads take as long as one, unless they write to the same
memory: the reference count of what they share is such a place. With the GIL they
take turns, and there is nothing to measure.
"""

from __future__ import annotations

import sysconfig
from contextvars import Context, ContextVar
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

from benchmarks.results import BY_HAND, OURS, Cell, Row
from benchmarks.targets import Everything
from benchmarks.timing import alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort, Timer

    Makers = dict[str, Callable[..., Any]]

COLUMNS = (BY_HAND, OURS, "werkzeug")
ROWS = {"one thread": 1, "two threads at once": 2}
HAS_GIL = "needs a free-threaded build"

LONGER = 20
"""How many times longer a turn is: threads do not start at the same moment."""


def free_threaded() -> bool:
    """Tell whether threads of this interpreter run at once."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def measure(makers: Makers, effort: Effort) -> list[Row]:
    """Return the rows: what reading an attribute takes each thread."""
    found = {name: makers[name] for name in COLUMNS if name in makers}
    if not free_threaded():
        cells = {name: Cell(note=HAS_GIL) for name in found}
        return [Row(title, "", (), cells) for title in ROWS]
    longer = effort._replace(seconds=effort.seconds * LONGER)
    return [
        Row(title, "", (), alternate(_timers(found, number), longer))
        for title, number in ROWS.items()
    ]


def _timers(makers: Makers, number: int) -> dict[str, Timer]:
    return {name: at_once(name, make, number) for name, make in makers.items()}


def at_once(name: str, make: Callable[..., Any], number: int) -> Timer:
    """Return what runs the read in *number* threads and returns the longest time.

    The proxy is one; the object is each thread's own.
    """
    var: ContextVar[Any] = ContextVar("target")
    made = Context().run(_made, make, var)
    statement, names = ("var.get().x", "var") if name == BY_HAND else ("p.x", "p")
    run = timed(statement, **{names: made})
    return lambda loops: max(_in_threads(var, run, loops, number))


def _made(make: Callable[..., Any], var: ContextVar[Any]) -> Any:
    var.set(Everything())
    return make(var)


def _in_threads(
    var: ContextVar[Any], run: Timer, loops: int, number: int
) -> list[float]:
    """Return the seconds that each of *number* threads took."""
    barrier = Barrier(number)
    seconds: list[float] = []

    def work() -> None:
        var.set(Everything())
        barrier.wait()
        seconds.append(run(loops))

    threads = [Thread(target=Context().run, args=(work,)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds
