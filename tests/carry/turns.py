"""Greenlets that run by turns."""

from __future__ import annotations

from typing import Any

import pytest

greenlet: Any = pytest.importorskip("greenlet")


def take_turns(workers: list[Any]) -> None:
    """Switch to one after the other until all have ended."""
    while workers:
        for worker in workers:
            worker.switch()
        workers = [worker for worker in workers if not worker.dead]


def give_way() -> Any:
    """Let the others have their turn."""
    return greenlet.getcurrent().parent.switch()
