"""The rows of ``memory``: bytes per proxy, per bound context, and what is kept."""

from __future__ import annotations

import gc
import tracemalloc
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from benchmarks.results import BY_HAND, OURS, Cell, Row
from benchmarks.targets import Everything

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort

    Makers = dict[str, Callable[..., Any]]

NUMBER = 1_000
PROXY = "a proxy"
CONTEXT_WITH_LOCAL = "a context that holds a Local of 3 names"
KEPT = "kept after {:,} names were set and deleted"


def bytes_of(make: Callable[[], Any], number: int) -> float:
    """Return the bytes that one of *number* things takes that *make* makes."""
    make()  # what is made once for all is not counted
    things: list[Any] = [None] * number
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for index in range(number):
            things[index] = make()
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / number
    finally:
        tracemalloc.stop()


def measure(proxies: Makers, locals_: Makers, effort: Effort) -> list[Row]:
    """Return all rows."""
    number = NUMBER if effort.rounds else 3
    names = 100_000 if effort.growth >= 100_000 else effort.growth
    return [
        *_proxy_rows(proxies, number),
        *(_context_row(binds, number) for binds in (0, 1, 5)),
        _local_row(locals_, number),
        _kept_row(locals_, names),
    ]


def _proxy_rows(proxies: Makers, number: int) -> list[Row]:
    import inscope

    var: ContextVar[Any] = ContextVar("target")
    var.set(Everything())
    cells = {
        name: Cell(median=bytes_of(lambda make=make: make(var), number))
        for name, make in proxies.items()
        if name != BY_HAND
    }
    ours: inscope.Var[Any] = inscope.Var("target")
    shaped = bytes_of(lambda: ours.proxy(like=Everything), number)
    return [
        Row(PROXY, "", (), cells, "bytes"),
        _ours_alone("a proxy over a Var", bytes_of(ours.proxy, number)),
        _ours_alone("a proxy with like=", shaped),
        _ours_alone("a Var", bytes_of(lambda: inscope.Var("a"), number)),
    ]


def _ours_alone(name: str, size: float) -> Row:
    return Row(name, "", (), {OURS: Cell(median=size)}, "bytes")


def _context_row(number_of_binds: int, number: int) -> Row:
    """Return what a copied context takes in which so many Vars are bound.

    The block, or the token, is kept too: whoever is inside has it.
    """
    import inscope

    found: list[inscope.Var[int]] = [inscope.Var("a") for _ in range(number_of_binds)]
    plain: list[ContextVar[int]] = [ContextVar("a") for _ in range(number_of_binds)]

    def bound() -> tuple[Context, Any]:
        context = copy_context()
        binds = tuple(var.bind(0) for var in found)
        for bind in binds:
            context.run(bind.__enter__)
        return context, binds

    def set_by_hand() -> tuple[Context, Any]:
        context = copy_context()
        return context, tuple(context.run(var.set, 0) for var in plain)

    return Row(
        f"a copied context with {number_of_binds} bound",
        "",
        (),
        {
            BY_HAND: Cell(median=bytes_of(set_by_hand, number)),
            OURS: Cell(median=bytes_of(bound, number)),
        },
        "bytes",
    )


def _local_row(locals_: Makers, number: int) -> Row:
    """Return what a context takes in which a Local has three names.

    Only those that keep their names in contexts can be asked.
    """
    cells = {
        name: Cell(median=bytes_of(_holder(locals_[name]), number))
        for name in (OURS, "werkzeug", "asgiref")
        if name in locals_
    }
    return Row(CONTEXT_WITH_LOCAL, "", (), cells, "bytes")


def _holder(make: Callable[[], Any]) -> Callable[[], Context]:
    """Return what makes a context that holds three names of one local."""
    local = make()

    def hold() -> Context:
        context = Context()
        for name in ("user", "request", "session"):
            context.run(setattr, local, name, None)
        return context

    return hold


def _kept_row(locals_: Makers, names: int) -> Row:
    cells = {
        name: Cell(median=copy_context().run(kept_by, make, names))
        for name, make in locals_.items()
    }
    return Row(KEPT.format(names), "", (), cells, "bytes")


def kept_by(make: Callable[[], Any], names: int) -> float:
    """Return the bytes left in a local after names were set and deleted in turn.

    The least of three times: now and then the interpreter's own table of names
    is made anew.
    """
    local = make()
    tracemalloc.start()
    try:
        set_and_delete(local, names)
        kept = []
        for _ in range(3):
            before = tracemalloc.get_traced_memory()[0]
            set_and_delete(local, names)
            kept.append(tracemalloc.get_traced_memory()[0] - before)
        return max(0.0, float(min(kept)))
    finally:
        tracemalloc.stop()


def set_and_delete(local: Any, number: int) -> None:
    """Set and delete so many names in turn."""
    for index in range(number):
        setattr(local, f"name{index}", 1)
        delattr(local, f"name{index}")
    gc.collect()
