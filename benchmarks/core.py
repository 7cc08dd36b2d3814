"""The core against werkzeug, in one run: ``./run bench``.

Contestants are timed in alternation, a short round each, and compared by the
ratio of their medians, so a noisy machine disturbs both alike. The table names
the interpreter and its build; ``--rounds`` makes a run longer.
"""

from __future__ import annotations

import argparse
import gc
import platform
import random
import statistics
import sys
import sysconfig
import time
import tracemalloc
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from werkzeug import local as werkzeug_local

import inscope

if TYPE_CHECKING:
    from collections.abc import Callable

Timer = dict[str, "Callable[[int], float]"]


class Page:
    """An object with an attribute, to read through a proxy."""

    title = "a title"

    def __init__(self) -> None:
        self.user = "ann"


def function() -> None:
    """Do nothing, to be called through a proxy."""


OPERATIONS: dict[str, tuple[Any, str]] = {
    "attribute p.x": (Page(), "p.user"),
    "item p[0]": ([1, 2, 3], "p[0]"),
    "len(p)": ([1, 2, 3], "len(p)"),
    "call p()": (function, "p()"),
    "p == 5": (5, "p == 5"),
    "p + 1": (5, "p + 1"),
}


def timed(statement: str, **names: Any) -> Callable[[int], float]:
    """Return a function that runs *statement* n times and returns the seconds."""
    lines = (
        f"def run(n):\n  t = clock()\n  for _ in repeat(None, n):\n    {statement}\n"
    )
    namespace = {"clock": time.perf_counter, **names}
    exec("from itertools import repeat\n" + lines + "  return clock() - t\n", namespace)
    run: Callable[[int], float] = namespace["run"]
    return run


def alternate(timers: Timer, rounds: int, number: int = 2_000) -> dict[str, float]:
    """Return each timer's median nanoseconds per run, measured in alternation."""
    seconds: dict[str, list[float]] = {name: [] for name in timers}
    for timer in timers.values():
        timer(number)
    for _ in range(rounds):
        for name, timer in timers.items():
            seconds[name].append(timer(number))
    return {
        name: statistics.median(times) / number * 1e9 for name, times in seconds.items()
    }


def print_proxies(rounds: int) -> None:
    """Print one row for each operation through a proxy over a ContextVar."""
    print("\nA proxy over a ContextVar: nanoseconds, and werkzeug's time in ours")
    print(f"{'operation':<16}{'direct':>9}{'by hand':>9}{'inscope':>9}", end="")
    print(f"{'werkzeug':>10}{'ratio':>8}{'over a Var':>12}")
    for name, (target, statement) in OPERATIONS.items():
        context_var: ContextVar[Any] = ContextVar("target")
        context_var.set(target)
        var: inscope.Var[Any] = inscope.Var("target")
        var.set(target)
        by_hand = statement.replace("p", "get()", 1)
        if statement.startswith("len"):
            by_hand = "len(get())"
        found = alternate(
            {
                "direct": timed(statement, p=target),
                "by hand": timed(by_hand, get=context_var.get),
                "inscope": timed(statement, p=inscope.LocalProxy(context_var)),
                "werkzeug": timed(statement, p=werkzeug_local.LocalProxy(context_var)),
                "over a Var": timed(statement, p=var.proxy()),
            },
            rounds,
        )
        print(f"{name:<16}{found['direct']:>9.0f}{found['by hand']:>9.0f}", end="")
        print(f"{found['inscope']:>9.0f}{found['werkzeug']:>10.0f}", end="")
        print(f"{found['werkzeug'] / found['inscope']:>7.2f}×", end="")
        print(f"{found['over a Var']:>12.0f}")


def filled(kind: Callable[[], Any], names: list[str]) -> Any:
    """Return a new Local with these names."""
    local = kind()
    for name in names:
        setattr(local, name, name)
    return local


def print_local(rounds: int) -> None:
    """Print what a write to a Local costs as its names grow."""
    print("\nLocal: nanoseconds per write, and in writes of its own at one name")
    seeded = random.Random(1)
    names = [f"name{seeded.getrandbits(40)}" for _ in range(1_000)]
    for title, kind in (("inscope", inscope.Local), ("werkzeug", werkzeug_local.Local)):
        write = "setattr(local, name, 1)"
        one, many = filled(kind, names[:1]), filled(kind, names)
        timers = {"one": timed(write, local=one, name=names[0])}
        for name in seeded.sample(names, 50):
            timers[name] = timed(write, local=many, name=name)
        found = alternate(timers, rounds, 100)
        base = found.pop("one")
        median, slowest = statistics.median(found.values()), max(found.values())
        print(
            f"{title:<10}at 1 name: {base:.0f}   at 1,000 names: {median:.0f}", end=""
        )
        print(
            f" ({median / base:.2f}×), the slowest name {slowest / base:.2f}×", end=""
        )
        grown = slowest_growth(kind, names)
        print(f"   slowest write from 0 to 1,000: {grown:.2f}×")


def slowest_growth(kind: Callable[[], Any], names: list[str]) -> float:
    """Return the slowest write from 0 to all *names*, in writes at one name.

    Each write is made many times, in copies of the context that it is made in;
    the least of its times counts: what it costs, not what else was running.
    """
    local, costs = kind(), []
    context = copy_context()
    overhead = min(in_copies(context, int, 500))
    for name in names:
        write = in_copies(context, setattr, 25, local, name, 1)
        costs.append(min(write) - overhead)
        context.run(setattr, local, name, 1)
        if name is names[0]:
            again = in_copies(context, setattr, 500, local, name, 2)
            base = min(again) - overhead
    return max(costs) / base


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


def print_memory() -> None:
    """Print what is left of 100,000 names that were set and deleted in turn."""
    print("\nLocal: bytes kept after names were set and deleted in turn")
    local = inscope.Local()
    tracemalloc.start()
    set_and_delete(local, 100_000)  # warms the interpreter's table of names
    for number in (10, 100_000):
        before = tracemalloc.get_traced_memory()[0]
        set_and_delete(local, number)
        kept = tracemalloc.get_traced_memory()[0] - before
        print(f"{number:>10,} names: {kept:,}")
    tracemalloc.stop()


def set_and_delete(local: Any, number: int) -> None:
    """Set and delete so many names in turn."""
    for index in range(number):
        setattr(local, f"name{index}", 1)
        delattr(local, f"name{index}")
    gc.collect()


def print_stack(rounds: int) -> None:
    """Print what push and pop cost as a stack grows."""
    print("\nLocalStack: nanoseconds per push and pop at a depth")
    for title, kind in (
        ("inscope", inscope.LocalStack),
        ("werkzeug", werkzeug_local.LocalStack),
    ):
        cells = []
        for depth in (1, 100, 10_000, 100_000):
            stack = kind()
            if kind is werkzeug_local.LocalStack:
                stack._storage.set(list(range(depth)))
            else:
                for item in range(depth):
                    stack.push(item)
            number = 1_000 if depth < 1_000 or kind is inscope.LocalStack else 5
            timer = timed("push(1); pop()", push=stack.push, pop=stack.pop)
            found = alternate({"both": timer}, rounds, number)["both"]
            cells.append(f"{depth:,}: {found:,.0f}")
        print(f"{title:<10}{'   '.join(cells)}")


def main() -> None:
    """Run every measurement and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="rounds per contestant")
    rounds = parser.parse_args().rounds
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    build = "optimised" if "--enable-optimizations" in flags else "unoptimised"
    if sys.base_prefix == "/usr":
        build = "distribution's"  # which keeps its flags to itself
    print(f"{platform.python_implementation()} {platform.python_version()}", end=" ")
    print(f"({build} build), inscope core: {inscope.CORE}, {platform.machine()}")
    gc.disable()
    print_proxies(rounds)
    print_local(rounds)
    print_stack(rounds)
    gc.enable()
    print_memory()
    print("\nRatios are of medians of one run. Compare ratios, not nanoseconds.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
