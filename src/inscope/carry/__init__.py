"""The context goes where the work goes, inside one process.

``Snapshot`` is what all of it rests on; ``carry`` is for a function, ``carrying`` for
an executor, ``scoped`` for a generator. ``greenlet.py`` and ``gevent.py`` need these
libraries, and are imported by themselves.
"""

from inscope.carry.changes import Change, Changes
from inscope.carry.executors import CarryingExecutor, carrying
from inscope.carry.functions import carry, detached
from inscope.carry.loops import Installation, install
from inscope.carry.queues import ContextQueue, Item
from inscope.carry.scoped import scoped
from inscope.carry.snapshot import Snapshot
from inscope.carry.threads import Thread, Timer

__all__ = [
    "CarryingExecutor",
    "Change",
    "Changes",
    "ContextQueue",
    "Installation",
    "Item",
    "Snapshot",
    "Thread",
    "Timer",
    "carry",
    "carrying",
    "detached",
    "install",
    "scoped",
]
