"""Timing by turns: each contestant of a row runs a short round, again and again.

A noisy machine then disturbs all of them alike, and their ratios hold. pyperf's
own runner measures one benchmark after the other, so only its statistics are
used: each contestant's values become a ``pyperf.Benchmark``.
"""

from __future__ import annotations

import gc
import random
import statistics
import textwrap
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import Cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    import pyperf

    Timer = Callable[[int], float]

NANOSECONDS = 1e9


class Effort(NamedTuple):
    """How much is measured.

    Attributes:
        rounds: How often each contestant has its turn.
        seconds: How long a turn takes, about.
        growth: The largest number of names, and the largest depth.
        processes: Whether to start what takes long: valgrind.
        starts: In how many new processes a short group is measured.
    """

    rounds: int
    seconds: float
    growth: int
    processes: bool
    starts: int = 1


FULL = Effort(rounds=61, seconds=0.001_5, growth=100_000, processes=True, starts=7)
QUICK = Effort(rounds=21, seconds=0.000_4, growth=10_000, processes=False)
CHECK = Effort(rounds=0, seconds=0.0, growth=100, processes=False)
"""Every row is run a few times and nothing is measured."""

_SYNC = """\
def run(n):
    start = clock()
    for {variable} in {loop}:
{body}
    return clock() - start
"""

_ASYNC = """\
async def loop(n):
    start = clock()
    for {variable} in {loop}:
{body}
    return clock() - start

def run(n):
    try:
        loop(n).send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("the statement waits for something")
"""


def timed(statement: str, **names: Any) -> Timer:
    """Return a function that runs *statement* n times and returns the seconds.

    *names* are its globals, as the proxies of a program are. A statement that
    names ``value`` gets another integer each time.
    """
    differs = "value" in statement
    template = _ASYNC if is_async(statement) else _SYNC
    text = template.format(
        variable="value" if differs else "_",
        loop="range(n)" if differs else "repeat(None, n)",
        body=textwrap.indent(statement, " " * 8),
    )
    namespace = {"clock": time.perf_counter, **names}
    exec("from itertools import repeat\n" + text, namespace)
    run: Timer = namespace["run"]
    return run


def within(context: Context, timer: Timer) -> Timer:
    """Return *timer*, run in *context*."""
    return lambda loops: context.run(timer, loops)


def is_async(statement: str) -> bool:
    """Tell whether *statement* can only stand in an ``async def``."""
    return "await " in statement or "async with " in statement


def loops_for(timer: Timer, seconds: float) -> int:
    """Return how many loops of *timer* take about so many *seconds*."""
    loops = 1
    while True:
        taken = timer(loops)
        if taken >= seconds / 2 or loops >= 1 << 20:
            return max(1, round(loops * seconds / taken)) if taken else loops
        loops *= 4


def alternate(
    timers: dict[str, Timer], effort: Effort, *, collects: bool = False
) -> dict[str, Cell]:
    """Return what each timer takes for one loop, measured by turns.

    The collector runs only if it *collects*: for what leaves cycles behind, which
    would otherwise ask for new memory again and again.
    """
    if not effort.rounds:
        for timer in timers.values():
            timer(3)
        return {name: Cell() for name in timers}
    gc.collect()
    if not collects:
        gc.disable()
    try:
        seconds = _rounds(timers, effort)
    finally:
        gc.enable()
    return summarised(seconds)


def _rounds(timers: dict[str, Timer], effort: Effort) -> dict[str, list[float]]:
    """Return the seconds per loop of each round of each timer."""
    loops = {name: loops_for(timer, effort.seconds) for name, timer in timers.items()}
    found: dict[str, list[float]] = {name: [] for name in timers}
    order, chance = list(timers), random.Random(1)
    for number in range(effort.rounds + 1):
        chance.shuffle(order)  # who comes after whom costs up to some percent
        for name in order:
            taken = timers[name](loops[name]) / loops[name]
            if number:  # the first round warms up
                found[name].append(taken)
    return found


def summarised(
    seconds: dict[str, list[float]], scale: float = NANOSECONDS
) -> dict[str, Cell]:
    """Return the statistics of the values, *scale* to a second, by pyperf."""
    benchmarks = {name: _benchmark(name, values) for name, values in seconds.items()}
    steady = {name: _benchmark(name, near(values)) for name, values in seconds.items()}
    return {
        name: Cell(
            median=benchmark.median() * scale,
            mad=benchmark.median_abs_dev() * scale,
            same=tuple(
                other
                for other, against in steady.items()
                if other != name and not _differ(steady[name], against)
            ),
        )
        for name, benchmark in benchmarks.items()
    }


def near(values: list[float]) -> list[float]:
    """Return the values, none further than five deviations from the median.

    A t-test compares means. One interrupted round would move the mean so far
    that nothing differed from anything. As many values are returned as there
    were: pyperf compares only samples of one size.
    """
    median = statistics.median(values)
    limit = 5 * statistics.median(abs(value - median) for value in values)
    if not limit:
        return values
    return [min(max(value, median - limit), median + limit) for value in values]


def _benchmark(name: str, values: list[float]) -> pyperf.Benchmark:
    import pyperf

    run = pyperf.Run(values, metadata={"name": name}, collect_metadata=False)
    return pyperf.Benchmark([run])


def _differ(one: pyperf.Benchmark, other: pyperf.Benchmark) -> bool:
    """Tell whether two benchmarks differ significantly, by pyperf's t-test."""
    from pyperf._compare import is_significant_benchs

    if min(one.get_nvalue(), other.get_nvalue()) < 2:
        return True
    significant: bool = is_significant_benchs(one, other)[0]
    return significant
