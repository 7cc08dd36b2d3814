"""Random work with faults in it: nobody sees what is another's, and nothing is left."""

from __future__ import annotations

import gc
import logging
import os
import random
import sys
import time
from types import ModuleType

import pytest
from soak import Soak

SECONDS = float(os.environ.get("INSCOPE_TEST_SOAK", "3"))
"""How long; 30 to be sure."""

WARM_UP = 0.3
"""What is made once, such as classes, is made in the first of so many seconds."""


def test_random_work_sees_its_own_and_leaves_nothing(
    inscope: ModuleType,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not one value of another, nothing kept alive, no error that nobody caught."""
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    seed = random.randrange(1 << 30)
    soak = Soak(inscope, seed)
    soak.run(WARM_UP)
    soak = Soak(inscope, seed)
    before = _objects()

    soak.run(SECONDS)

    assert [] == soak.wrong, f"seed {seed}"
    assert set(soak.done) == {kind.__name__ for kind in soak.kinds}
    assert [] == unraisable
    assert [] == [one.getMessage() for one in caplog.records if _is_ours(one)]
    assert 0 == _left(soak)
    assert 0 == _grown(before)


def _objects() -> int:
    """Return how many objects there are whose classes are inscope's."""
    gc.collect()
    return sum(_module(one).startswith("inscope") for one in gc.get_objects())


def _module(thing: object) -> str:
    return str(getattr(type(thing), "__module__", ""))


def _grown(before: int) -> int:
    """Return how many more objects there are now."""
    end = time.monotonic() + 10
    while (grown := _objects() - before) > 0 and time.monotonic() < end:
        time.sleep(0.01)
    return max(grown, 0)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "inscope"


def _left(soak: Soak) -> int:
    """Return how many owners are still alive; the threads' contexts may go last."""
    end = time.monotonic() + 10
    while len(soak.owners) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    return len(soak.owners)
