"""``docs/benchmarks.md``: rendered from all runs that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import bars, picture
from benchmarks.contestants import LOCALS, PROXIES
from benchmarks.proxies import CANNOT, DIFFERS
from benchmarks.results import BY_HAND, OURS, Group, Result, Row
from benchmarks.summary import Line, growths, lines
from benchmarks.tables import absolute, figure, group_table, table, times
from benchmarks.targets import SPECIALS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = {
    "attributes": "Attributes",
    "operations": "Special methods",
    "sources": "What a proxy looks in",
    "variables": "Var",
    "binding": "Blocks that bind",
    "scopes": "Scopes",
    "open_scopes": "Many open scopes",
    "requests": "Wrapped requests",
    "carry": "Carried contexts",
    "carried_tasks": "Many tasks with a carried context",
    "travel": "Declared values as text",
    "engines": "Values that travel with tasks",
    "whose": "Whose value a task sees",
    "locals": "Local",
    "growth": "Local: growth",
    "stacks": "LocalStack: growth",
    "threads": "Two threads on one proxy",
    "memory": "Memory",
    "flask": "A Flask page",
}
"""The title of each group; what to know of it is in ``words/<group>.md``."""

WORDS = Path(__file__).parent / "words"


def words(name: str) -> str:
    """Return the prose of this name."""
    return (WORDS / f"{name}.md").read_text("utf-8")


def label(result: Result) -> str:
    """Return interpreter, version and build, as people say it."""
    about = result.about
    build = {
        "optimised": "an optimised build",
        "unoptimised": "a build without optimisations",
    }.get(about["build"], f"{about['build'].capitalize()}'s build")
    core = ["Python core"] if about["core"] == "python" else []
    return ", ".join(
        [
            f"{about['implementation']} {about['version']}",
            build,
            *about["traits"],
            *core,
        ]
    )


def foremost(results: list[Result]) -> list[Result]:
    """Return the runs on the native core that have a summary; else all."""
    native = [one for one in results if one.about["core"] == "native" and lines(one)]
    return native or results


def render(results: list[Result]) -> str:
    """Return the page."""
    parts = [
        words("introduction").format(cannot=CANNOT, differs=DIFFERS),
        _contestants(),
        _runs(results),
        *_summaries(results),
        *_bars(results),
        _pictures(results[0]),
        *(_details(result) for result in results),
    ]
    return "\n".join(parts)


def _contestants() -> str:
    rows = [
        [f"{one.name}", one.package or "–", one.kind] for one in (*PROXIES, *LOCALS)
    ]
    head = ["column", "package", "what it is"]
    return f"{words('contestants')}\n{table(head, rows, texts=3)}"


def _runs(results: list[Result]) -> str:
    rows = [
        [
            label(result),
            f"in {about['core'].capitalize() if about['core'] == 'python' else 'C'}",
            about["date"],
            f"{about['machine']}, {about['processors']} CPUs{_model(about)}",
            ", ".join(f"{name} {number}" for name, number in about["versions"].items()),
        ]
        for result in results
        for about in [result.about]
    ]
    head = ["interpreter", "inscope's core", "date", "machine", "versions"]
    return "### Where\n\n" + table(head, rows, texts=5)


def _model(about: dict[str, str]) -> str:
    return f" ({about['processor']})" if about["processor"] else ""


def _summaries(results: list[Result]) -> Iterator[str]:
    """Return the summary of the foremost runs, then that of the others."""
    first = foremost(results)
    others = [result for result in results if result not in first and lines(result)]
    yield f"{words('summary')}\n{_summary(first)}"
    if others:
        yield f"{words('without_the_core')}\n{_summary(others)}"


def _bars(results: list[Result]) -> Iterator[str]:
    """Return the bars, as each run on the native core reaches them."""
    found = {label(result): bars.verdicts(result) for result in results}
    held = {name: verdicts for name, verdicts in found.items() if verdicts}
    if not held:
        return
    yield words("bars")
    for name, verdicts in held.items():
        rows = [verdict.cells() for verdict in verdicts]
        yield f"On {name}:\n\n{table(bars.HEAD, rows)}"
    missed = {
        verdict.bar.key: verdict.bar.what
        for verdicts in held.values()
        for verdict in verdicts
        if verdict.word == bars.MISSED
    }
    reasons = [(what, WORDS / "why" / f"{key}.md") for key, what in missed.items()]
    known = [(what, file) for what, file in reasons if file.is_file()]
    if known:
        yield words("why")
    for what, file in known:
        yield f"**{what[0].upper()}{what[1:]}**\n\n{file.read_text('utf-8')}"


def _summary(results: list[Result]) -> str:
    found = [{(line.part, line.title): line for line in lines(r)} for r in results]
    keys = list(dict.fromkeys(key for known in found for key in known))
    head = ["", "", *(h for r in results for h in _heads(r))]
    rows = [
        [*key, *(text for known in found for text in _values(known.get(key)))]
        for key in keys
    ]
    known = table(head, rows, texts=2)
    return f"{known}\n{_several(results)}\n{_growth(results)}"


def _several(results: list[Result]) -> str:
    """Return which rows the lines about several rows are about."""
    found = {
        label(result): [
            f"{line.title.rpartition(', ')[2]} {line.detail}"
            for line in lines(result)
            if line.detail
        ]
        for result in results
    }
    return "".join(
        f"- Every other operation, on {name}: {', '.join(details)}.\n"
        for name, details in found.items()
        if details
    )


def _heads(result: Result) -> list[str]:
    number = f"{result.about['version']} ({result.about['build']})"
    return [f"{number}: by hand", OURS, "to by hand", "werkzeug to inscope"]


def _values(line: Line | None) -> list[str]:
    if line is None:
        return ["–"] * 4
    numbers = [figure(line.base), figure(line.ours)]
    return [*numbers, f"**{times(line.ratio)}**", times(line.werkzeug)]


def _growth(results: list[Result]) -> str:
    found = [{line.title: line for line in growths(r)} for r in results]
    titles = list(dict.fromkeys(title for known in found for title in known))
    head = [""]
    for result in results:
        number = f"{result.about['version']} ({result.about['build']})"
        head += [f"{number}: inscope", "werkzeug"]
    rows = [
        [
            title,
            *(
                times(value)
                for known in found
                for line in [known.get(title)]
                for value in ((line.ours, line.werkzeug) if line else (None, None))
            ),
        ]
        for title in titles
    ]
    return "How the cost grows:\n\n" + table(head, rows)


def _pictures(result: Result) -> str:
    return (
        f"On {label(result)}:\n\n"
        f"![Every row of the tables below as a dot: what each kind of proxy costs, in"
        f" times of doing it by hand]({picture.RATIOS})\n\n"
        f"![What a write to a Local and a push on a LocalStack cost as they grow,"
        f" inscope beside werkzeug]({picture.GROWTH})\n"
    )


def _details(result: Result) -> str:
    parts = [f"## {label(result)}\n"]
    for name, title in GROUPS.items():
        if name in result.groups and _measured(result.groups[name]):
            parts.append(f"### {title}{_marker(result)}\n\n{words(name)}")
            parts.append(_tables(result.groups[name]))
    return "\n".join(parts)


def _measured(group: Group) -> bool:
    """Tell whether the group has any figure."""
    return any(cell.median for row in group.rows for cell in row.cells.values())


def _marker(result: Result) -> str:
    """Return what makes a heading the only one of its name."""
    about = result.about
    core = ["Python core"] if about["core"] == "python" else []
    traits = ", ".join([about["version"], about["build"], *about["traits"], *core])
    return f" ({traits})"


def _tables(group: Group) -> str:
    if group.name == "memory":
        return _memory(group)
    if group.name != "operations":
        return group_table(group, group.rows, "operation")
    parts = []
    for target in (*(t for t in TARGETS if t not in SPECIALS.values()), None):
        rows = [
            row
            for row in group.rows
            if (row.target == target)
            or (target is None and row.target in SPECIALS.values())
        ]
        if rows:
            first = f"on {target}" if target else "on what it needs"
            parts.append(group_table(group, rows, first))
    return "\n".join(parts)


def _memory(group: Group) -> str:
    """Return the table of memory: only columns that have a figure somewhere."""
    parts = []
    for rows in _alike(group):
        columns = [name for name in group.columns if any(name in r.cells for r in rows)]
        body = [[row.name, *(absolute(row, name) for name in columns)] for row in rows]
        parts.append(table(["bytes", *columns], body))
    return "\n".join(parts)


def _alike(group: Group) -> list[list[Row]]:
    """Return the rows in runs that have figures of the same contestants."""
    proxies = [row for row in group.rows if set(row.cells) <= _PROXY_NAMES - {BY_HAND}]
    contexts = [row for row in group.rows if BY_HAND in row.cells]
    others = [row for row in group.rows if row not in (*proxies, *contexts)]
    return [rows for rows in (proxies, contexts, others) if rows]


_PROXY_NAMES = {contestant.name for contestant in PROXIES}


def write(results: list[Result], folder: Path) -> list[Path]:
    """Write the page and its pictures into *folder* and return the files."""
    file = folder / "benchmarks.md"
    file.write_text(render(results), "utf-8")
    return [file, *picture.draw(results[0], folder)]
