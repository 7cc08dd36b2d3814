"""What an iterator in a scope does when it is dropped: both cores call it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inscope._core.python.iterator import ScopedIterator

__all__ = ["close_dropped"]


def close_dropped(iterator: ScopedIterator) -> None:
    """Close *iterator*, which nobody has closed; what it raises can only be logged."""
    if sys.is_finalizing():
        return
    try:
        iterator.close()
    except BaseException:
        import logging

        logging.getLogger("inscope").exception(
            "an iterator that nobody closed could not be closed"
        )
