"""The rows of ``scopes`` and ``open_scopes``: what a lifetime costs, one and many.

By hand is a context variable that is set and reset around the block. Flask's rows are
its own contexts, of an application with an empty URL map whose sessions do nothing;
ours are those of ``inscope.web``, around the same application.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any

from benchmarks.flask_app import ENVIRON
from benchmarks.results import BY_HAND, OURS, Cell, Row
from benchmarks.timing import NANOSECONDS, alternate, timed, within
from benchmarks.variables import set_and_reset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.timing import Effort, Timer

FLASK = "Flask"
SCOPE = "open and close a scope; Flask: an application context"
ASYNC_SCOPE = "the same, by `async with`"
REQUEST = "open and close the context of a request"
METHOD = "read `request.method`"

OPEN, BYTES = "ns to open, use and close", "bytes while open"
BLOCK = "with open_(): pass"
SIZES = (1_000, 10_000, 100_000)


def applications() -> tuple[Any, Any]:
    """Return Flask's application, and ours around it."""
    from flask import Flask
    from flask.sessions import NullSession, SessionInterface

    from inscope.web import WSGI

    class NoSessions(SessionInterface):
        """Sessions that are neither loaded nor saved."""

        def open_session(self, app: Any, request: Any) -> Any:
            return NullSession()

    app = Flask("empty", static_folder=None)
    app.session_interface = NoSessions()
    return app, WSGI(app.wsgi_app)


def measure(effort: Effort) -> list[Row]:
    """Return the rows of one scope at a time; without Flask, those of ours alone."""
    from inscope import Scope

    class Job(Scope):
        """A scope with nothing but a lifetime."""

    plain: ContextVar[Any] = ContextVar("plain")
    by_hand = timed(set_and_reset(value="thing"), plain=plain, thing=object())
    found = {
        SCOPE: {BY_HAND: by_hand, OURS: timed(BLOCK, open_=Job)},
        ASYNC_SCOPE: {BY_HAND: by_hand, OURS: timed(f"async {BLOCK}", open_=Job)},
    }
    absent: list[Row] = []
    try:
        theirs, ours = applications()
    except ImportError as error:
        note = {OURS: Cell(note=f"cannot: {error}")}
        absent = [Row(name, "", (), note) for name in (REQUEST, METHOD)]
    else:
        found[SCOPE][FLASK] = timed(BLOCK, open_=theirs.app_context)
        found[REQUEST] = _opened_by_each(theirs, ours)
        found[METHOD] = _read_by_each(theirs, ours)
    measured = [
        Row(name, "", (), Context().run(alternate, timers, effort))
        for name, timers in found.items()
    ]
    return [*measured, *absent]


def _opened_by_each(theirs: Any, ours: Any) -> dict[str, Timer]:
    block = "with open_(environ): pass"
    return {
        name: timed(block, open_=app.request_context, environ=ENVIRON)
        for name, app in ((OURS, ours), (FLASK, theirs))
    }


def _read_by_each(theirs: Any, ours: Any) -> dict[str, Timer]:
    import flask

    from inscope.web import request

    plain: ContextVar[Any] = ContextVar("plain")
    own = ours.request_context(ENVIRON)
    holder = Context()
    holder.run(plain.set, own)
    by_hand = within(holder, timed("plain.get().request.method", plain=plain))
    others = (
        (OURS, own, request),
        (FLASK, theirs.request_context(ENVIRON), flask.request),
    )
    return {
        BY_HAND: by_hand,
        **{
            name: _inside(context, timed("request.method", request=proxy))
            for name, context, proxy in others
        },
    }


def _inside(context: Any, timer: Timer) -> Timer:
    """Return *timer*, run where *context* has been pushed."""
    holder = Context()
    holder.run(context.push)
    return within(holder, timer)


def measure_open(effort: Effort) -> list[Row]:
    """Return a row for each number of scopes that are open at a time."""
    sizes = [size for size in SIZES if size <= effort.growth] or [effort.growth]
    rounds = 3 if effort.rounds else 1
    return [
        Row(
            f"{size:,}",
            "",
            (),
            {
                OPEN: Cell(min(_seconds(size) for _ in range(rounds)) * NANOSECONDS),
                BYTES: Cell(_bytes(size)),
            },
            "",
        )
        for size in sizes
    ]


def _opened(size: int) -> list[tuple[Context, Any]]:
    """Return so many open scopes, each in its Context, with one resource each."""
    from inscope import Scope, unwrap

    class Job(Scope):
        """A scope with a resource."""

    @Job.resource
    def thing() -> Iterator[object]:
        yield object()

    found = []
    for _ in range(size):
        context, job = Context(), Job()
        context.run(job.push)
        context.run(unwrap, thing)
        found.append((context, job))
    return found


def _close(opened: list[tuple[Context, Any]]) -> None:
    for context, job in opened:
        context.run(job.pop)


def _seconds(size: int) -> float:
    """Return what each of so many scopes takes, from its making to its end."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        _close(_opened(size))
        return (time.perf_counter() - start) / size
    finally:
        gc.enable()


def _bytes(size: int) -> float:
    """Return the bytes of each of so many open scopes, its Context included."""
    _close(_opened(1))  # what is made once for all is not counted
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        opened = _opened(size)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
        _close(opened)
        return taken / size
    finally:
        tracemalloc.stop()
