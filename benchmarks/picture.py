"""The pictures of the page: every row by ratio, and what grows."""

from __future__ import annotations

import random
import re
import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.contestants import EACH_TIME, NEVER, ONCE, PROXIES
from benchmarks.results import BY_HAND, OURS, Group, Result, Row, ratios

if TYPE_CHECKING:
    from pathlib import Path

RATIOS, GROWTH = "benchmarks.svg", "benchmarks-growth.svg"

INK, SOFT, GRID, CARD = "#1c2a35", "#52616d", "#d5dbe0", "#ffffff"
BLUE, ORANGE, PURPLE, GREY = "#0072b2", "#d55e00", "#aa4499", "#6c757d"
LOOKS = {EACH_TIME: (ORANGE, "o"), ONCE: (PURPLE, "^"), NEVER: (GREY, "s")}
"""Colours that differ to the colour-blind, and shapes that need no colour."""

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "inscope",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "figure.facecolor": CARD,
    "axes.facecolor": CARD,
}


def draw(result: Result, folder: Path) -> list[Path]:
    """Draw the pictures of *result* into *folder* and return their files."""
    import matplotlib as mpl

    drawn = []
    with mpl.rc_context(STYLE):
        if {"attributes", "operations"} <= result.groups.keys():
            drawn.append(_save(_ratios(result), folder / RATIOS))
        if {"growth", "stacks"} <= result.groups.keys():
            drawn.append(_save(_growth(result), folder / GROWTH))
    return drawn


def _save(figure: Any, file: Path) -> Path:
    figure.savefig(file, format="svg", metadata={"Date": None})
    file.write_text(compact(file.read_text("utf-8")), "utf-8")
    return file


def compact(svg: str) -> str:
    """Return *svg* without what it says again for each dot, and trailing spaces."""
    dots = re.compile(r'( *<use [^>]*?) style="(fill: [^"]*fill-opacity[^"]*)"/>')
    lines: list[str] = []
    moved = ""  # the look that the group around the dots has taken over
    for line in svg.splitlines():
        dot = dots.fullmatch(line)
        if dot is None:
            lines.append(line.rstrip())
            moved = ""
            continue
        if lines[-1].lstrip().startswith("<g clip-path"):
            moved = dot[2]
            lines[-1] = lines[-1].replace(">", f' style="{moved}">')
        if dot[2] != moved:
            lines.append(line.strip())
            continue
        short = re.sub(r'"(\d+\.\d)\d*"', r'"\1"', dot[1])
        lines.append(f"{short.lstrip()}/>")
    return "\n".join(lines) + "\n"


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _clean(axes: Any) -> None:
    """Take away what frames the plot."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _ratios(result: Result) -> Any:
    """Draw a dot for each row, by its ratio to by hand, a line per contestant."""
    rows = [
        row for name in ("attributes", "operations") for row in result.groups[name].rows
    ]
    shown = [one for one in PROXIES if one.name != BY_HAND and _found(rows, one.name)]
    figure = _figure(9, 0.62 * len(shown) + 1.7)
    axes = figure.add_subplot()
    named: set[str] = set()
    for place, contestant in enumerate(shown):
        values = _found(rows, contestant.name)
        ours = contestant.name == OURS
        colour, shape = (BLUE, "o") if ours else LOOKS[contestant.way]
        label = f"inscope: {EACH_TIME}" if ours else contestant.way
        spread = random.Random(1)
        axes.plot(
            values,
            [place + spread.uniform(-0.22, 0.22) for _ in values],
            shape,
            color=colour,
            markersize=4.5 if ours else 3.5,
            markeredgewidth=0,
            alpha=0.6,
            label=None if label in named else label,
        )
        named.add(label)
        median = statistics.median(values)
        axes.plot(
            [median, median], [place - 0.33, place + 0.33], color=INK, linewidth=2
        )
        axes.annotate(
            f"median {median:.1f}× of {len(values)} rows",
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=INK,
        )
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_yticks(range(len(shown)), [one.name for one in shown])
    axes.invert_yaxis()
    _logarithmic(axes, "x")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("times what it costs by hand (1× is the line); each dot is a row")
    _clean(axes)
    figure.legend(
        loc="outside upper left", ncols=2, frameon=False, handletextpad=0.2, fontsize=10
    )
    return figure


def _found(rows: list[Row], contestant: str) -> list[float]:
    return [value for value, _ in ratios(rows, contestant, BY_HAND)]


def _logarithmic(axes: Any, which: str) -> None:
    """Make an axis logarithmic, its ticks written as ratios."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis = getattr(axes, f"{which}axis")
    getattr(axes, f"set_{which}scale")("log")
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axis.set_minor_formatter(NullFormatter())


def _growth(result: Result) -> Any:
    """Draw what a write and a push cost as names and depth grow."""
    figure = _figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    _lines(left, result.groups["growth"], "names in the Local", "write a name")
    _lines(right, result.groups["stacks"], "depth of the LocalStack", "push and pop")
    return figure


def _lines(axes: Any, group: Group, xlabel: str, title: str) -> None:
    from matplotlib.ticker import FuncFormatter

    rows = [row for row in group.rows if row.name.replace(",", "").isdigit()]
    looks = {OURS: (BLUE, "o", "-"), "werkzeug": (ORANGE, "s", "--")}
    for name, (colour, shape, dashes) in looks.items():
        points = [
            (int(row.name.replace(",", "")), value)
            for row in rows
            if (value := group.grown(name, row)) is not None
        ]
        if not points:
            continue
        axes.plot(*zip(*points, strict=True), dashes, marker=shape, color=colour)
        axes.annotate(
            f"{name} {points[-1][1]:.3g}×",
            points[-1],
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontweight="bold",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.set_xticks((1, 100, 10_000))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.minorticks_off()
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(xlabel)
    axes.set_title(f"{title}, in the first point's time", loc="left", fontsize=11)
    _clean(axes)
