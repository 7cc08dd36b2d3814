"""What a run found: rows of cells in groups, kept as JSON, compared by ratio.

A file in ``benchmarks/results`` is one run on one build of one interpreter. The
page is rendered from all of them.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).parent / "results"
BY_HAND, OURS = "by hand", "inscope"

FIRST_ROW = "the first row"
"""A baseline: each contestant is compared with itself in the first row."""

NOTHING = ""
"""A baseline: nothing is compared; the figures speak."""


@dataclass(frozen=True)
class Cell:
    """What one contestant of a row needs.

    Attributes:
        median: The median, in the unit of the group; None if not measured.
        mad: The median absolute deviation, in the same unit.
        note: Why there is no figure: what went wrong, or what is missing.
        same: Contestants that are not significantly faster or slower.
    """

    median: float | None = None
    mad: float | None = None
    note: str = ""
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One operation, and what it costs each contestant.

    Attributes:
        name: The operation, as a program writes it.
        target: What kind of object it is done to; empty if that says nothing.
        methods: The special methods that it reaches.
        cells: The contestants' figures.
        unit: The unit of the figures.
    """

    name: str
    target: str = ""
    methods: tuple[str, ...] = ()
    cells: dict[str, Cell] = field(default_factory=dict)
    unit: str = "ns"

    @property
    def title(self) -> str:
        """The operation and its target."""
        return f"{self.name} ({self.target})" if self.target else self.name

    def ratio(self, contestant: str, to: str) -> float | None:
        """Return how often *to*'s median goes into *contestant*'s."""
        return ratio(self.cells.get(contestant), self.cells.get(to))


@dataclass(frozen=True)
class Group:
    """Rows that are shown in one table.

    Attributes:
        name: The group's name, as ``--only`` takes it.
        columns: The contestants, in order.
        rows: The rows.
        baseline: The contestant that the others are compared with, or FIRST_ROW,
            or NOTHING.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    baseline: str = BY_HAND

    def row(self, name: str, target: str | None = None) -> Row | None:
        """Return the row of this name, and of this target if one is given."""
        for row in self.rows:
            if row.name == name and target in (None, row.target):
                return row
        return None

    def grown(self, contestant: str, row: Row | None) -> float | None:
        """Return the contestant's figure in *row*, in those of the first row."""
        if row is None or not self.rows:
            return None
        first = self.rows[0].cells.get(contestant)
        return ratio(row.cells.get(contestant), first)


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        name: The name of its file: interpreter and build.
        about: What was run where: build, core, versions, machine, date.
        groups: What was found, by name.
    """

    name: str
    about: dict[str, Any]
    groups: dict[str, Group]


def ratio(one: Cell | None, to: Cell | None) -> float | None:
    """Return how often the median of *to* goes into that of *one*, if both have one."""
    if one is None or to is None or one.median is None or not to.median:
        return None
    return one.median / to.median


def ratios(rows: Iterable[Row], contestant: str, to: str) -> list[tuple[float, Row]]:
    """Return the ratios that the rows have, each with its row, the least first."""
    found = [(row.ratio(contestant, to), row) for row in rows]
    known = [(value, row) for value, row in found if value is not None]
    return sorted(known, key=lambda pair: pair[0])


def middle(rows: Iterable[Row], contestant: str, to: str) -> float | None:
    """Return the median of the rows' ratios."""
    values = [value for value, _ in ratios(rows, contestant, to)]
    return statistics.median(values) if values else None


def save(result: Result, folder: Path = FOLDER) -> Path:
    """Write *result* into its file, a line for each row, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.name}.json"
    groups = ",\n".join(
        f'  "{name}": {_group_text(group)}' for name, group in result.groups.items()
    )
    text = f'{{\n "name": "{result.name}",\n "about": {_json(result.about)},\n'
    file.write_text(f'{text} "groups": {{\n{groups}\n }}\n}}\n', "utf-8")
    return file


def _group_text(group: Group) -> str:
    plain = (_plain_row(row, group.baseline) for row in group.rows)
    rows = ",\n".join(f"   {_json(row)}" for row in plain)
    head = _json({"columns": group.columns, "baseline": group.baseline})
    return f'{{"head": {head}, "rows": [\n{rows}\n  ]}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain_row(row: Row, baseline: str) -> dict[str, Any]:
    """Return *row* as JSON holds it, without what is empty or never shown."""
    plain = {key: value for key, value in asdict(row).items() if value}
    plain["cells"] = {
        name: _plain_cell(cell, baseline) for name, cell in row.cells.items()
    }
    return plain


def _plain_cell(cell: Cell, baseline: str) -> dict[str, Any]:
    same = tuple(name for name in cell.same if name == baseline)
    plain = asdict(replace(cell, same=same))
    return {
        key: _rounded(value)
        for key, value in plain.items()
        if value not in (None, "", ())
    }


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def load(file: Path) -> Result:
    """Return the run that was kept in *file*."""
    plain = json.loads(file.read_text("utf-8"))
    groups = {name: _group(name, group) for name, group in plain["groups"].items()}
    return Result(plain["name"], plain["about"], groups)


def _group(name: str, plain: dict[str, Any]) -> Group:
    rows = tuple(_row(row) for row in plain["rows"])
    head = plain["head"]
    return Group(name, tuple(head["columns"]), rows, head["baseline"])


def _row(plain: dict[str, Any]) -> Row:
    cells = {
        name: Cell(**{**cell, "same": tuple(cell.get("same", ()))})
        for name, cell in plain["cells"].items()
    }
    methods = tuple(plain.get("methods", ()))
    return Row(**{**plain, "methods": methods, "cells": cells})


def load_all(folder: Path = FOLDER) -> list[Result]:
    """Return all runs that were kept, a Linux distribution's builds first."""
    return sorted(map(load, _files(folder)), key=_order)


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.json"))


def _order(result: Result) -> tuple[bool, bool, list[int], str]:
    about = result.about
    numbers = [int(part) for part in about["version"].split(".") if part.isdigit()]
    optimised = about["build"] not in ("optimised", "unoptimised")
    return not optimised, about["core"] != "native", numbers, result.name
