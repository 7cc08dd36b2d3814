"""Tables in Markdown: of a group, with ratios, and of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.results import FIRST_ROW, NOTHING, OURS, Cell, Group, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ABSENT = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table; all but the first *texts* columns are numbers."""
    rule = ["---"] * texts + ["--:"] * (len(head) - texts)
    lines = [head, rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a terminal, its columns as wide as they must be."""
    everything = [head, *rows]
    widths = [max(len(line[i]) for line in everything) for i in range(len(head))]
    return "".join(
        line[0].ljust(widths[0])
        + "".join(
            f"  {cell.rjust(width)}"
            for cell, width in zip(line[1:], widths[1:], strict=True)
        ).rstrip()
        + "\n"
        for line in everything
    )


def figure(value: float | None) -> str:
    """Return a figure with three digits, or a dash."""
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(value: float | None) -> str:
    """Return a ratio, or a dash."""
    if value is None:
        return ABSENT
    if value >= 100:
        return f"{value:,.0f}×"
    return f"{value:.1f}×" if value >= 10 else f"{value:.2f}×"


def code(name: str) -> str:
    """Return *name* as code, fit for a cell of a table."""
    fence = "``" if "`" in name else "`"
    return fence + name.replace("|", "\\|") + fence


def reason(cell: Cell | None) -> str:
    """Return why a cell has no figure, in a word."""
    if cell is None or not cell.note:
        return ABSENT
    return cell.note.partition(":")[0]


def compared(group: Group, row: Row, contestant: str) -> str:
    """Return the contestant's ratio, or why there is none.

    A ratio of times that do not differ significantly has a sign before it.
    """
    cell = row.cells.get(contestant)
    if cell is None or cell.median is None:
        return reason(cell)
    if group.baseline == FIRST_ROW:
        return times(group.grown(contestant, row))
    sign = "≈" if group.baseline in cell.same else ""
    return sign + times(row.ratio(contestant, group.baseline))


def absolute(row: Row, contestant: str) -> str:
    """Return the contestant's figure, or why there is none."""
    cell = row.cells.get(contestant)
    if cell is None or cell.median is None:
        return reason(cell)
    return figure(cell.median)


def head_of(group: Group, first: str) -> list[str]:
    """Return the heads of the columns of a group's table."""
    if group.baseline == NOTHING:
        return [first, *group.columns]
    unit = ", ns" if all(row.unit == "ns" for row in group.rows) else ""
    if group.baseline == FIRST_ROW:
        return [first, *(f"{o}{end}" for o in group.columns for end in (unit, " ×"))]
    figures = [group.baseline, OURS]
    others = [name for name in group.columns if name != group.baseline]
    return [first, *(f"{name}{unit}" for name in figures), *(f"{o} ×" for o in others)]


def line_of(group: Group, row: Row) -> list[str]:
    """Return the cells of a row, but for its first."""
    if group.baseline == NOTHING:
        return [absolute(row, name) for name in group.columns]
    if group.baseline == FIRST_ROW:
        return [
            text
            for name in group.columns
            for text in (absolute(row, name), compared(group, row, name))
        ]
    others = [name for name in group.columns if name != group.baseline]
    return [
        absolute(row, group.baseline),
        absolute(row, OURS),
        *(compared(group, row, name) for name in others),
    ]


def group_table(group: Group, rows: Iterable[Row], first: str) -> str:
    """Return the table of some *rows* of a group, in Markdown."""
    plain = group.name in ("attributes", "operations")
    return table(
        head_of(group, first),
        [
            [code(row.name) if plain else row.title, *line_of(group, row)]
            for row in rows
        ],
    )


def terminal_table(group: Group) -> str:
    """Return the table of a group for a terminal."""
    head = head_of(group, group.name)
    return plain_table(head, [[row.title, *line_of(group, row)] for row in group.rows])
