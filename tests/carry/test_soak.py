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

    soak.run(SECONDS)

    assert [] == soak.wrong, f"seed {seed}"
    assert set(soak.done) == {kind.__name__ for kind in soak.kinds}
    assert [] == unraisable
    assert [] == [one.getMessage() for one in caplog.records if _is_ours(one)]
    assert 0 == _left(soak)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "inscope"


def _left(soak: Soak) -> int:
    """Return how many owners are still alive; the threads' contexts may go last."""
    end = time.monotonic() + 10
    while len(soak.owners) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    return len(soak.owners)
