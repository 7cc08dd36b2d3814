"""The part of a run that the picture shows, so that it can be read.

``picture`` chooses one for each server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inscope.demo.load import Reply

MAX_LANES = 8
WINDOW_MILLISECONDS = 90.0


@dataclass(frozen=True)
class Window:
    """The part of a server's run that is drawn.

    Attributes:
        start: Nanoseconds of the monotonic clock.
        milliseconds: How long it is.
        run_milliseconds: How long the whole run took.
        lanes: The workers that have a lane, in the order they appeared.
        all_lanes: How many there were.
        replies: The requests that touch the window, on those lanes.
    """

    start: int
    milliseconds: float
    run_milliseconds: float
    lanes: list[str]
    all_lanes: int
    replies: list[Reply]

    def share(self, moment: int) -> float:
        """Return how far into the window *moment* is: 0 its start, 1 its end."""
        return (moment - self.start) / 1e6 / self.milliseconds


def choose_window(replies: Sequence[Reply]) -> Window | None:
    """Return the window to draw: from a quarter of the run on; None without replies."""
    answers = [reply.answer for reply in replies if reply.answer]
    if not answers:
        return None
    first = min(answer["began"] for answer in answers)
    last = max(answer["ended"] for answer in answers)
    run = max((last - first) / 1e6, 1.0)
    length = min(run, WINDOW_MILLISECONDS)
    start = int(first + min(run / 4, run - length) * 1e6)
    end = start + int(length * 1e6)
    by_time = sorted(answers, key=lambda answer: answer["began"])
    workers = list(dict.fromkeys(answer["worker"] for answer in by_time))
    lanes = workers[:MAX_LANES]
    shown = [
        reply
        for reply in replies
        if reply.answer
        and reply.answer["worker"] in lanes
        and reply.answer["ended"] > start
        and reply.answer["began"] < end
    ]
    return Window(start, length, run, lanes, len(workers), shown)
