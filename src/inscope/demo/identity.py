"""Who the user is, known in four ways: the exhibits of the demo.

Lives in each server's process. ``layers`` binds the user around a request and
looks at the four ways from inside; ``servers`` measures what a look costs.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from timeit import Timer
from typing import TYPE_CHECKING, TypedDict

from inscope import Var

if TYPE_CHECKING:
    from collections.abc import Generator

GLOBAL = "plain global"
THREAD_LOCAL = "threading.local"
BY_HAND = "contextvars"
INSCOPE = "inscope"
WAYS = (GLOBAL, THREAD_LOCAL, BY_HAND, INSCOPE)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who sends requests."""

    name: str


class Sighting(TypedDict):
    """What the four ways said at one moment.

    ``at`` is in nanoseconds of the monotonic clock; a name of None means that
    the way knew of no user.
    """

    at: int
    names: dict[str, str | None]


class PerThread(threading.local):
    """The user of this thread; of this greenlet, where gevent has patched."""

    user: User | None = None


plain_user: User | None = None
thread_local: PerThread = PerThread()
context_var: ContextVar[User | None] = ContextVar("context_var", default=None)
_user: Var[User] = Var("user")
current_user: User = _user.proxy()

# How the name is read in each of the four, as one would write it.
READS = {
    GLOBAL: "plain_user.name",
    THREAD_LOCAL: "thread_local.user.name",
    BY_HAND: "context_var.get().name",
    INSCOPE: "current_user.name",
}


@contextmanager
def identified(name: str | None) -> Generator[None]:
    """Make *name* the user in all four ways, and end that at the exit.

    For an anonymous request (None) nothing is done at all: whatever an earlier
    request left behind on the same worker would be seen.
    """
    global plain_user
    if name is None:
        yield
        return
    user = User(name)
    plain_user = user
    thread_local.user = user
    token = context_var.set(user)
    try:
        with _user.bind(user):
            yield
    finally:
        context_var.reset(token)
        thread_local.user = None
        plain_user = None


def look() -> Sighting:
    """Ask all four ways who the user is, here and now."""
    return {
        "at": time.monotonic_ns(),
        "names": {
            GLOBAL: _name(plain_user),
            THREAD_LOCAL: _name(thread_local.user),
            BY_HAND: _name(context_var.get()),
            INSCOPE: current_user.name if current_user else None,
        },
    }


def _name(user: User | None) -> str | None:
    return user.name if user else None


def read_costs(*, reads: int = 20_000, rounds: int = 5) -> dict[str, float]:
    """Measure a read of the user's name in each way, in nanoseconds.

    The best of several rounds, taken by turns so that a slow moment of the
    machine does not fall on one way alone. The loop's own few nanoseconds are
    in every figure.
    """
    timers = {way: Timer(read, globals=globals()) for way, read in READS.items()}
    best: dict[str, float] = {way: float("inf") for way in WAYS}
    with identified("ann"):
        for _ in range(rounds):
            for way, timer in timers.items():
                best[way] = min(best[way], timer.timeit(reads) / reads * 1e9)
    return best
