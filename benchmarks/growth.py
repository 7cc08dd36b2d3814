"""The rows of ``growth``: what a write to a Local costs as its names grow."""

from __future__ import annotations

import gc
import random
import time
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from benchmarks.results import OURS, Cell, Row
from benchmarks.storage import with_names
from benchmarks.timing import NANOSECONDS, alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort, Timer

    Makers = dict[str, Callable[[], Any]]

SIZES = (1, 10, 100, 1_000, 10_000)
SAMPLE = 20
WORST = "the worst single write while growing to {:,}"


def random_names(number: int) -> list[str]:
    """Return so many names, the same ones each time, all of one length."""
    seeded = random.Random(1)
    return list({f"name{seeded.getrandbits(64):020}": None for _ in range(number)})


def makers(rivals: tuple[str, ...]) -> Makers:
    """Return the locals that keep their names in context variables."""
    import inscope

    found: Makers = {OURS: inscope.Local}
    if "werkzeug" in rivals:
        from werkzeug.local import Local

        found["werkzeug"] = Local
    return found


def measure(found: Makers, effort: Effort) -> list[Row]:
    """Return the rows, one for each number of names, then the worst write."""
    sizes = [size for size in SIZES if size <= effort.growth]
    names = random_names(sizes[-1])
    rows = [copy_context().run(_row, found, names[:size], effort) for size in sizes]
    rows.append(_worst_row(found, names, effort))
    return rows


def _row(found: Makers, names: list[str], effort: Effort) -> Row:
    """Return the row of writing a name of those that are there.

    The statement writes a sample of the names, in turn.
    """
    sample = random.Random(2).sample(names, min(len(names), SAMPLE))
    statement = "\n".join(f"local.{name} = value" for name in sample)
    timers: dict[str, Timer] = {
        name: _shared(timed(statement, local=with_names(make, names)), len(sample))
        for name, make in found.items()
    }
    return Row(f"{len(names):,}", "", (), alternate(timers, effort))


def _shared(timer: Timer, among: int) -> Timer:
    """Return a timer of one of the *among* writes that *timer* does in a loop."""
    return lambda loops: timer(loops) / among


def _worst_row(found: Makers, names: list[str], effort: Effort) -> Row:
    cells = {}
    for name, make in found.items():
        worst = copy_context().run(worst_write, make, names, effort)
        cells[name] = Cell(median=worst) if effort.rounds else Cell()
    return Row(WORST.format(len(names)), "", (), cells)


def worst_write(make: Callable[[], Any], names: list[str], effort: Effort) -> float:
    """Return the nanoseconds of the dearest write from none to all *names*.

    Each write is made again and again, in copies of the context that it is made
    in; the least of its times counts: what it costs, not what else was running.
    """
    local, worst = make(), 0.0
    context = copy_context()
    gc.disable()
    try:
        overhead = min(in_copies(context, int, 200)) if effort.rounds else 0.0
        for name in names:
            cost = _least(context, local, name, worst, effort) - overhead
            worst = max(worst, cost)
            context.run(setattr, local, name, 1)
    finally:
        gc.enable()
    return worst * NANOSECONDS


def _least(
    context: Context, local: Any, name: str, worst: float, effort: Effort
) -> float:
    """Return the least seconds of a write; tried longer if it may be the worst."""
    if not effort.rounds:
        return min(in_copies(context, setattr, 1, local, name, 1))
    cost = min(in_copies(context, setattr, 3, local, name, 1))
    if cost <= worst:
        return cost
    times = max(2, min(60, int(0.000_3 / cost)))
    return min(cost, *in_copies(context, setattr, times, local, name, 1))


def in_copies(
    context: Context, function: Callable[..., Any], times: int, *arguments: Any
) -> list[float]:
    """Return the seconds of calling *function* in so many copies of *context*."""
    seconds = []
    for _ in range(times):
        run = context.copy().run
        start = time.perf_counter()
        run(function, *arguments)
        seconds.append(time.perf_counter() - start)
    return seconds
