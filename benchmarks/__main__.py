"""``python -m benchmarks``: what ``./run bench`` does."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path

from benchmarks import bars, page, readme, results
from benchmarks.contestants import EXTRA
from benchmarks.run import GROUPS, Field, field, groups_of_a_full_run, measure
from benchmarks.summary import growths, lines
from benchmarks.tables import figure, plain_table, terminal_table, times
from benchmarks.timing import CHECK, FULL, QUICK

ROOT = Path(__file__).parent.parent


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Return what *arguments* ask for; exit with a message if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description="Measure inscope beside its rivals, by turns, in one process.",
        epilog="A full run keeps what it found in benchmarks/results, and renders"
        " docs/benchmarks.md and the table in README.md from all runs kept there.",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--quick", action="store_true", help="a minute's run; keeps nothing"
    )
    how.add_argument(
        "--check",
        action="store_true",
        help="run every row a few times and list it; measures nothing",
    )
    how.add_argument(
        "--render",
        action="store_true",
        help="measure nothing; render the page, its pictures and README.md's table",
    )
    how.add_argument(
        "--readme", action="store_true", help="as --render, but README.md's table only"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=GROUPS,
        metavar="GROUP",
        help=f"only this group; keeps nothing. One of: {', '.join(GROUPS)}."
        " May be given several times",
    )
    found = parser.parse_args(arguments)
    if found.only and (found.render or found.readme):
        parser.error("--only measures; --render and --readme do not")
    return found


def missing_packages(names: list[str]) -> str:
    """Return what to say of those of *names* that cannot be imported, or ``""``."""
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    verb = "is" if len(absent) == 1 else "are"
    return (
        f"{' and '.join(absent)} {verb} not installed: {EXTRA} installs what it needs"
    )


def say(text: str) -> None:
    """Tell the user something, beside the tables."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Do what *arguments* ask for and return the exit code."""
    asked = parsed(arguments)
    full = not (asked.quick or asked.check or asked.only)
    needed = [] if asked.check or asked.readme else ["pyperf"]
    renders = full and groups_of_a_full_run() == list(GROUPS)
    draws = asked.render or (renders and not asked.readme)
    problem = missing_packages(needed + ["matplotlib"] * draws)
    if problem:
        say(problem)
        return 1
    if asked.render or asked.readme:
        return render(page_too=asked.render)
    contestants = field()
    for words in contestants.missing:
        say(words)
    names = asked.only or (groups_of_a_full_run() if full else list(GROUPS))
    if asked.check:
        check(names, contestants)
        return 0
    found = take(names, contestants, quick=asked.quick)
    show(found)
    if not full:
        return 0
    say(f"kept in {results.save(found).relative_to(ROOT)}")
    if renders:
        return render(page_too=True)
    say("to be rendered by --render, on a build with the GIL and matplotlib")
    return 0


def check(names: list[str], contestants: Field) -> None:
    """Run every row a few times and list it."""
    found = measure(names, CHECK, contestants, lambda _: None)
    for group in found.groups.values():
        for row in group.rows:
            print(f"{group.name}: {row.title}")


def take(names: list[str], contestants: Field, *, quick: bool) -> results.Result:
    """Measure, saying how it goes on."""
    start = time.monotonic()

    def tell(name: str) -> None:
        say(f"{time.monotonic() - start:4.0f} s  {name}")

    found = measure(names, QUICK if quick else FULL, contestants, tell)
    say(f"{time.monotonic() - start:4.0f} s  done")
    return found


def show(found: results.Result) -> None:
    """Print the tables of the groups, then the summary, then the bars."""
    about = found.about
    for group in found.groups.values():
        print(f"\n{terminal_table(group)}", end="")
    print(f"\n{page.label(found)}; core: {about['core']}; {about['machine']}", end="")
    print(f", {about['processors']} CPUs, load {about['load']}")
    head = ["summary", "by hand", "inscope", "to by hand", "werkzeug to inscope"]
    body = [
        [
            f"{line.part}: {line.title} {line.detail}".replace("`", "").rstrip(),
            figure(line.base),
            figure(line.ours),
            times(line.ratio),
            times(line.werkzeug),
        ]
        for line in lines(found)
    ]
    if body:
        print(f"\n{plain_table(head, body)}", end="")
    grown = [[g.title, times(g.ours), times(g.werkzeug)] for g in growths(found)]
    if grown:
        print(f"\n{plain_table(['growth', 'inscope', 'werkzeug'], grown)}", end="")
    held = [
        [cell.replace("`", "") for cell in verdict.cells()]
        for verdict in bars.verdicts(found)
    ]
    if held:
        print(f"\n{plain_table(['bars', *bars.HEAD[1:]], held)}", end="")
    print("\nMedians of one run: compare ratios, not nanoseconds.")


def render(*, page_too: bool) -> int:
    """Render what is rendered from the runs that were kept."""
    kept = results.load_all()
    if not kept:
        say("no run was kept yet: ./run bench makes one")
        return 1
    written = page.write(kept, ROOT / "docs") if page_too else []
    try:
        readme.write(kept, ROOT / "README.md")
        written.append(ROOT / "README.md")
    except readme.NoMarkersError as error:
        say(str(error))
    for file in written:
        say(f"wrote {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
