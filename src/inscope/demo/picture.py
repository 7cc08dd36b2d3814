"""The picture: the workers' lanes in time, coloured by user, as one SVG.

``cli`` has it drawn after the run. Each server is a panel; each lane of it is a
thread, a connection's tasks, or a greenlet; each bar is one request. Only a
window of the run is drawn, and the panel says how much that is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from inscope.demo.identity import GLOBAL, WAYS
from inscope.demo.palette import colours_of, ink_on
from inscope.demo.window import choose_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inscope.demo.load import Outcome, Reply
    from inscope.demo.window import Window

WIDTH = 1240
MARGIN = 28
LABELS = 112
LANE_HEIGHT = 24
BAR_HEIGHT = 17
MAX_IN_LEGEND = 8
TICK_MILLISECONDS = 10
LETTER_WIDTH = 7.2

_PLOT_LEFT = MARGIN + LABELS
_PLOT_WIDTH = WIDTH - MARGIN - _PLOT_LEFT
_PANEL_HEAD = 44
_PANEL_FOOT = 40

NOBODY = "nobody"

_TITLE = f"Who is the user? Many requests at once, and what a {GLOBAL} makes of them"
_HOW_TO_READ = f"""\
A bar is one request in the colour of its user, from first to last moment in the \
handler; a notch is where a layer looked who the user is.
Between two notches of a bar the others go on: that is the interleaving. A ringed dot \
is a look at which the {GLOBAL} was wrong, in the colour of whom it named.
"""
_LANES_ARE = {
    "threads": "a lane is a thread",
    "asyncio": "one thread; a task for each request, a lane is a connection's tasks",
    "greenlets": "one thread; a lane is a greenlet",
}
_LANE_NAMES = {"threads": "thread", "asyncio": "connection", "greenlets": "greenlet"}

_STYLE = """
text { font-family: 'DejaVu Sans', Verdana, Arial, sans-serif; fill: #1b1f24; }
.title { font-size: 21px; font-weight: bold; }
.kind { font-size: 15px; font-weight: bold; }
.note { font-size: 12px; fill: #4b5563; }
.axis { font-size: 10.5px; fill: #6b7280; }
.lane { font-size: 11.5px; fill: #374151; }
.name { font-size: 11px; pointer-events: none; }
"""


def draw(outcomes: Sequence[Outcome], software: Sequence[str]) -> str:
    """Return the picture of all servers as the text of an SVG file."""
    windows = [choose_window(outcome.replies) for outcome in outcomes]
    users = sorted(
        {
            reply.request.user
            for outcome in outcomes
            for reply in outcome.replies
            if reply.request.user is not None
        }
    )
    colours = colours_of(users)
    parts = _heading()
    y = 96
    parts += _legend(users, colours, y)
    y += 34
    for outcome, name, window in zip(outcomes, software, windows, strict=True):
        parts += [f'<g class="server" id="{outcome.kind}">']
        parts += _panel_heading(outcome, name, window, y)
        y += _PANEL_HEAD
        if window is not None:
            parts += _lanes(outcome.kind, window, colours, y)
            y += len(window.lanes) * LANE_HEIGHT + _PANEL_FOOT
        parts += ["</g>"]
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"'
        f' viewBox="0 0 {WIDTH} {y}">'
    )
    return "\n".join([frame, *parts, "</svg>", ""])


def _text(x: float, y: float, kind: str, content: str, more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{more}>{escape(content)}</text>'
    )


def _heading() -> list[str]:
    lines = [
        _text(MARGIN, 62 + 17 * number, "note", line)
        for number, line in enumerate(_HOW_TO_READ.splitlines())
    ]
    return [
        f"<title>{escape(_TITLE)}</title>",
        f"<style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        _text(MARGIN, 38, "title", _TITLE),
        *lines,
    ]


def _legend(users: list[str], colours: dict[str | None, str], y: float) -> list[str]:
    """Draw a swatch and a name for each user, then nobody and the ringed dot."""
    parts = ['<g class="legend">']
    x = float(MARGIN)
    entries = [(user, colours[user]) for user in users[:MAX_IN_LEGEND]]
    if len(users) > MAX_IN_LEGEND:
        entries.append((f"{len(users) - MAX_IN_LEGEND} more", "none"))
    entries.append((f"{NOBODY} (anonymous)", colours[None]))
    for name, colour in entries:
        parts.append(_rect(x, y, 14, 14, colour, 3))
        parts.append(_text(x + 19, y + 11.5, "note", name))
        x += 19 + len(name) * LETTER_WIDTH + 16
    parts.append(_dot(x + 7, y + 7, "#ffffff"))
    parts.append(_text(x + 19, y + 11.5, "note", f"the {GLOBAL} was wrong here"))
    return [*parts, "</g>"]


def _panel_heading(
    outcome: Outcome, software: str, window: Window | None, y: float
) -> list[str]:
    wrong = ", ".join(f"{way} {outcome.wrong[way]}" for way in WAYS)
    count = f"wrong of {len(outcome.replies)} answers: {wrong}"
    right = ' text-anchor="end"'
    parts = [
        _text(MARGIN, y + 16, "kind", f"{outcome.kind}: {software}"),
        _text(WIDTH - MARGIN, y + 16, "note", count, right),
    ]
    if window is None:
        return [*parts, _text(MARGIN, y + 34, "note", "no request was answered")]
    shown = (
        f"{_LANES_ARE[outcome.kind]}; shown: {window.milliseconds:.0f} ms of"
        f" {window.run_milliseconds:.0f} ms, {len(window.lanes)} of"
        f" {window.all_lanes} lanes"
    )
    return [*parts, _text(MARGIN, y + 34, "note", shown)]


def _lanes(
    kind: str, window: Window, colours: dict[str | None, str], y: float
) -> list[str]:
    """Draw the grid, the lanes' names and the bars of one server."""
    height = len(window.lanes) * LANE_HEIGHT
    plot = _rect(_PLOT_LEFT, y, _PLOT_WIDTH, height, "none")
    parts = [f'<clipPath id="plot-{kind}">{plot}</clipPath>']
    for number in range(len(window.lanes)):
        top = y + number * LANE_HEIGHT
        shade = "#fafafa" if number % 2 else "#f3f4f6"
        lane = f"{_LANE_NAMES[kind]} {number + 1}"
        parts.append(_rect(_PLOT_LEFT, top, _PLOT_WIDTH, LANE_HEIGHT, shade))
        parts.append(_text(MARGIN, top + 16, "lane", lane))
    parts += _axis(window, y, y + height)
    parts.append(f'<g clip-path="url(#plot-{kind})">')
    for reply in window.replies:
        assert reply.answer is not None
        lane_number = window.lanes.index(reply.answer["worker"])
        parts += _bar(reply, window, colours, y + lane_number * LANE_HEIGHT)
    return [*parts, "</g>"]


def _axis(window: Window, top: float, bottom: float) -> list[str]:
    parts: list[str] = []
    for number in range(int(window.milliseconds / TICK_MILLISECONDS) + 1):
        milliseconds = number * TICK_MILLISECONDS
        x = _x(window, window.start + int(milliseconds * 1e6))
        label = f"{milliseconds} ms"
        parts.append(_line(x, top, bottom + 4, "#d1d5db"))
        parts.append(_text(x, bottom + 16, "axis", label, ' text-anchor="middle"'))
    return parts


def _bar(
    reply: Reply, window: Window, colours: dict[str | None, str], top: float
) -> list[str]:
    """Draw one request: the bar, its user's name, a notch or dot for each look."""
    assert reply.answer is not None
    answer, user = reply.answer, reply.request.user
    left, right = _x(window, answer["began"]), _x(window, answer["ended"])
    y = top + (LANE_HEIGHT - BAR_HEIGHT) / 2
    looks = [(_x(window, s["at"]), s["names"][GLOBAL]) for s in answer["sightings"]]
    moments = [x for x, _ in looks]
    colour = colours[user]
    parts = ['<g class="request">', f"<title>{escape(_in_words(reply))}</title>"]
    parts.append(_rect(left, y, max(right - left - 1, 1), BAR_HEIGHT, colour, 3))
    parts += _name_on(user or NOBODY, [left, *moments, right], ink_on(colour), top + 16)
    for x, named in looks:
        parts.append(_line(x, y, y + BAR_HEIGHT, "#ffffff"))
        if named != user:
            parts.append(_dot(x, top + LANE_HEIGHT / 2, colours.get(named, "#ffffff")))
    return [*parts, "</g>"]


def _in_words(reply: Reply) -> str:
    """Return what a viewer shows while the pointer is on a bar."""
    assert reply.answer is not None
    took = (reply.answer["ended"] - reply.answer["began"]) / 1e6
    named = (seen["names"][GLOBAL] or NOBODY for seen in reply.answer["sightings"])
    user = reply.request.user or NOBODY
    return f"{user}, {took:.1f} ms; the {GLOBAL} said: {', '.join(named)}"


def _name_on(name: str, edges: list[float], ink: str, y: float) -> list[str]:
    """Write *name* into the first space between two notches that holds it."""
    for left, right in pairwise(edges):
        start, end = max(left, _PLOT_LEFT), min(right, _PLOT_LEFT + _PLOT_WIDTH)
        if end - start > len(name) * LETTER_WIDTH + 18:
            more = f' text-anchor="middle" style="fill: {ink}"'
            return [_text((start + end) / 2, y, "name", name, more)]
    return []


def _rect(
    x: float, y: float, width: float, height: float, fill: str, round_by: int = 0
) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' rx="{round_by}" fill="{fill}"/>'
    )


def _line(x: float, top: float, bottom: float, stroke: str) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}"'
        f' stroke="{stroke}" stroke-width="1.4"/>'
    )


def _x(window: Window, moment: int) -> float:
    return _PLOT_LEFT + window.share(moment) * _PLOT_WIDTH


def _dot(x: float, y: float, colour: str) -> str:
    return (
        f'<circle class="wrong" cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"'
        f' stroke="#111827" stroke-width="1.8"/>'
    )
