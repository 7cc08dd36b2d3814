"""Measuring in several processes: where things lie in memory is chance.

The kernel puts an interpreter and its extensions elsewhere at each start, and an
operation of some twenty nanoseconds takes up to a fifth more or less for it: the
same for as long as the process lives, however often it is repeated there.
"""

from __future__ import annotations

import multiprocessing
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.results import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.timing import Effort

    Measure = Callable[[str, Effort], list[Row]]


def in_new_processes(measure: Measure, name: str, effort: Effort) -> list[list[Row]]:
    """Return what *measure* gives in ``effort.starts`` processes, one by one."""
    new = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, new, max_tasks_per_child=1) as pool:
        return [
            pool.submit(measure, name, effort).result() for _ in range(effort.starts)
        ]


def merged(rows: Sequence[Row]) -> Row:
    """Return one row of the same row of several processes: the median of each cell."""
    first = rows[0]
    cells = {
        name: merged_cell([row.cells[name] for row in rows]) for name in first.cells
    }
    return replace(first, cells=cells)


def merged_cell(cells: Sequence[Cell]) -> Cell:
    """Return the medians; what has no figure in one process has none.

    Equal to another contestant is what was so in most of the processes.
    """
    medians = [cell.median for cell in cells if cell.median is not None]
    deviations = [cell.mad for cell in cells if cell.mad is not None]
    for cell in cells:
        if cell.median is None:
            return cell
    others = [name for cell in cells for name in cell.same]
    same = [
        name for name in dict.fromkeys(others) if 2 * others.count(name) > len(cells)
    ]
    deviation = statistics.median(deviations) if deviations else None
    return Cell(statistics.median(medians), deviation, cells[0].note, tuple(same))
