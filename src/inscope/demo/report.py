"""What the terminal shows: the servers, the progress, the table, the verdict.

``cli`` calls these in that order. On a terminal the progress is a live bar, in
a pipe a line a server.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from inscope.demo.identity import GLOBAL, INSCOPE, WAYS
from inscope.demo.servers import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from inscope.demo.load import Outcome
    from inscope.demo.processes import Server


def make_console() -> Console:
    """Return a console for standard output."""
    return Console(highlight=False, soft_wrap=True)


def show_servers(console: Console, servers: Sequence[Server]) -> None:
    """Print where each server runs."""
    for server in servers:
        console.print(
            f"{server.kind:<9} {server.software:<15} http://{HOST}:{server.port}"
            f"  process {server.pid}",
            markup=False,
        )


@contextmanager
def progress(
    console: Console, outcomes: Sequence[Outcome]
) -> Generator[Callable[[Outcome], None]]:
    """Show how far each server is; yields what is called after each reply."""
    bars = Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("wrong: {task.fields[wrong]}"),
        console=console,
        disable=not console.is_terminal,
    )
    with bars:
        tasks = {
            outcome.kind: bars.add_task(
                outcome.kind, total=outcome.planned, wrong=_wrong_so_far(outcome)
            )
            for outcome in outcomes
        }

        def advance(outcome: Outcome) -> None:
            done = len(outcome.replies)
            bars.update(
                tasks[outcome.kind], completed=done, wrong=_wrong_so_far(outcome)
            )

        yield advance


def show_done(console: Console, outcome: Outcome) -> None:
    """Say in a pipe, which has no bar, that a server is through."""
    if not console.is_terminal:
        console.print(
            f"{outcome.kind}: {len(outcome.replies)} of {outcome.planned} requests"
            f" answered over {outcome.connections} connections"
        )


def _wrong_so_far(outcome: Outcome) -> str:
    return f"{GLOBAL} {outcome.wrong[GLOBAL]}, {INSCOPE} {outcome.wrong[INSCOPE]}"


def make_table(outcomes: Sequence[Outcome], software: Sequence[str]) -> Table:
    """Return the table: server × way, requests, wrong answers, cost of a read."""
    table = Table()
    table.add_column("server")
    table.add_column("way")
    table.add_column("requests", justify="right")
    table.add_column("wrong answers", justify="right")
    table.add_column("ns per read", justify="right")
    for outcome, name in zip(outcomes, software, strict=True):
        heads = [outcome.kind, f"({name})"]
        for number, way in enumerate(WAYS):
            wrong = outcome.wrong[way]
            cost = f"{outcome.costs[way]:.0f}" if outcome.costs else "-"
            table.add_row(
                heads[number] if number < len(heads) else "",
                f"[bold]{way}[/]" if way == INSCOPE else way,
                str(len(outcome.replies)),
                f"[red]{wrong}[/]" if wrong else "[green]0[/]",
                cost,
                end_section=number == len(WAYS) - 1,
            )
    return table


def complaints(outcome: Outcome, last_words: str | None) -> list[str]:
    """Return what is not as it should be at one server; nothing if all is well.

    Args:
        outcome: What was counted there.
        last_words: How its process ended, if it did.
    """
    found: list[str] = []
    kind = outcome.kind
    if last_words is not None:
        found.append(f"the {kind} server ended during the run: {last_words}")
    if outcome.unanswered:
        reasons = ", ".join(
            f"{count}× {why}" for why, count in outcome.failures.items()
        )
        found.append(
            f"{kind}: {outcome.unanswered} of {outcome.planned} requests were not"
            f" answered" + (f" ({reasons})" if reasons else "")
        )
    if outcome.wrong[INSCOPE]:
        found.append(f"{kind}: inscope was wrong {outcome.wrong[INSCOPE]} times")
    if not outcome.wrong[GLOBAL]:
        found.append(
            f"{kind}: the {GLOBAL} was never wrong: too few requests met to show it;"
            f" use more (--requests, --connections, --users)"
        )
    return found
