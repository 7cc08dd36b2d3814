"""A plugin of pytest: run each test until what it leaves behind has settled.

On a debug build all references are counted, on any build the objects of our types.
What grows by the same amount with each run is a leak: the test fails and says what
grows. Memory that is no object is for ``sanitizers.py``.

Other libraries keep references, too. So a test whose references grow is run on the
Python core as well: what grows as much there is not the native core's. Objects of
our types may not grow on either.
"""

from __future__ import annotations

import contextvars
import gc
import statistics
import sys
import typing
from array import array
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from dev.leaks.control import compares_cores, on_the_python_core, twin
from dev.leaks.settling import PATIENCE, Verdict, judge

__all__ = ["COUNTS", "measure"]

CONFIRMING = 20
"""How often a test is run once more before it is said to leak."""

COMPARISONS = 3
"""How often it is compared with the Python core, and must grow further each time: the
threads of other libraries end when they like."""

PROFILE = "leaks"

WARM_UP = 3
"""How often a test is run before its growth is taken."""

EXAMPLES = 5
"""How many examples Hypothesis tries in each run."""

STEPS = 10
"""How many steps each of them has, where it has steps."""

OF_TEST = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps what a test says of it."""

OF_MODULE = "SETTINGS"
"""Where our tests keep it that run a machine of Hypothesis."""

OURS = "our objects"
REFERENCES = "references"

UNCOUNTED = ("gevent", "uvloop")
"""Compiled for an ordinary build: what they take hold of is not counted on a debug
build, only what they let go of. The tests that want them are skipped."""

RUNS_ONCE = (
    "test_a_hundred_thousand_changed_payloads_are_refused",
    "test_thousands_of_requests_at_once_that_may_fail_leave_nothing",
    "test_thousands_of_requests_that_may_fail_leave_nothing",
    "test_workers_that_run_freely_read_their_own",
)
"""Take very long on a debug build; the threads of one fight for the lock."""

STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
"""Events of these names are raised when a process is started."""

collected: dict[str, pytest.Item] = {}
"""Every test by its id, also those of the Python core."""

EXCUSED = "grows as much on the Python core"
RUN_ONCE = "run once, for it starts processes, where what leaks is not seen, or is slow"
remarks: dict[str, list[str]] = {EXCUSED: [], RUN_ONCE: []}
"""The tests of which something is to be said in the end; each report has its own."""

known_errors: list[BaseException] = []
"""The exceptions of the tests' own tables: raised anew they keep their tracebacks."""

caches: list[Callable[[], None]] = []
"""What empties the caches of libraries: a test fills them anew in each run.

Hypothesis keeps strategies, FastAPI and pydantic the functions that they looked at.
"""

started: list[str] = []
"""The processes that the test has started."""


def pytest_configure() -> None:
    """Note what starts processes; let Hypothesis repeat itself, and forget."""
    sys.addaudithook(note_process)
    sys.modules.update(dict.fromkeys(UNCOUNTED))  # their import fails
    try:
        from hypothesis import settings
        from hypothesis.strategies._internal.utils import clear_strategy_cache
    except ImportError:
        return
    caches.append(clear_strategy_cache)
    settings.register_profile(PROFILE, derandomize=True, database=None, deadline=None)
    settings.load_profile(PROFILE)


def note_process(event: str, _: object) -> None:
    """Note that the test that runs starts a process."""
    if event in STARTS_A_PROCESS:
        started.append(event)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep *item*: it may be wanted as a control."""
    collected[item.nodeid] = item
    shorten(item)


def shorten(item: pytest.Item) -> None:
    """Let Hypothesis try less in each run, for there are many runs."""
    for owner, name in (("function", OF_TEST), ("module", OF_MODULE)):
        place = getattr(item, owner, None)
        chosen: Any = getattr(place, name, None)
        if chosen is not None and chosen.max_examples > EXAMPLES:
            fewer = {"max_examples": EXAMPLES, "stateful_step_count": STEPS}
            setattr(place, name, type(chosen)(chosen, **fewer))


def pytest_collection_finish() -> None:
    """Let the collector pass by what is there from the beginning: it is fast then."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, BaseException)]
    known_errors.extend(found)
    kind: Any = type(lru_cache(our_objects))
    cached = [one for one in gc.get_objects() if isinstance(one, kind)]
    caches.extend(one.cache_clear for one in cached)
    gc.freeze()


def pass_by_what_is_there() -> None:
    """Let the collector pass by what other tests have left: libraries, their caches.

    To look through all that was most of the time of a late test.
    """
    gc.collect()
    gc.freeze()


def our_objects() -> int:
    """Return how many objects of our types the collector has not been told to pass."""
    kinds = Counter(map(type, gc.get_objects()))
    return sum(count for kind, count in kinds.items() if is_ours(kind))


def is_ours(kind: type) -> bool:
    """Tell whether *kind* is one of our types; asks no metaclass."""
    namespace: Any = type.__dict__["__dict__"].__get__(kind)
    module = namespace.get("__module__")
    return isinstance(module, str) and module.partition(".")[0] == "inscope"


COUNTS: dict[str, Callable[[], int]] = {OURS: our_objects}
if hasattr(sys, "gettotalrefcount"):
    COUNTS[REFERENCES] = sys.gettotalrefcount


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run *item* until it is clear what it leaves behind, and report on it once."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    started.clear()
    reports = run_once(item)
    body = next((report for report in reports if report.when == "call"), reports[0])
    if started or item.name.startswith(RUNS_ONCE):
        body.user_properties.append((RUN_ONCE, item.nodeid))
    elif all(report.passed for report in reports):
        complaint = what_grows(item)
        if complaint == EXCUSED:
            body.user_properties.append((EXCUSED, item.nodeid))
        elif complaint:
            body.outcome, body.longrepr = "failed", complaint
    item.session._setupstate.teardown_exact(nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def run_once(item: pytest.Item) -> list[pytest.TestReport]:
    """Run *item* in an empty context, take down what it alone needed, and forget it."""
    parent: Any = item.parent  # is asked only for what stays set up
    context = contextvars.Context()  # or what a test leaves bound would be a leak
    reports = context.run(runtestprotocol, item, log=False, nextitem=parent)
    item._report_sections.clear()
    for forget in (*getattr(typing, "_cleanups", ()), *caches):
        forget()  # or the classes and strategies of a test stay in caches
    for error in known_errors:
        error.__traceback__ = error.__context__ = error.__cause__ = None
        vars(error).pop("__notes__", None)
    return reports


def what_grows(item: pytest.Item) -> str:
    """Run *item* until it has settled; return what does not, EXCUSED or nothing."""
    pass_by_what_is_there()
    seen = measure(lambda: run_once(item))
    suspects = {name: one for name, one in seen.items() if judge(one) != Verdict.CLEAN}
    if not suspects:
        return ""
    if not any(is_finding(sum(grown), 0) for grown in growth(item).values()):
        return ""
    for _ in range(COMPARISONS):
        control = growth_of_control(item)
        grown = growth(item)  # once more: what fills a cache has filled it by now
        lines = [
            f"{name}: {judge(one).value}, {one}; in {CONFIRMING} runs more"
            f" {grown[name]}, on the Python core {control[name]}"
            for name, one in suspects.items()
            if grows_further(grown[name], [0] if name == OURS else control[name])
        ]
        if not lines:
            excused = is_finding(sum(grown.get(REFERENCES, [])), 0)
            return EXCUSED if excused else ""
    return "\n".join(lines)


def is_finding(grown: int, control: int) -> bool:
    """Tell whether a count went up, or down, further than elsewhere in each run."""
    up = grown >= CONFIRMING and grown - control >= CONFIRMING
    down = grown <= -CONFIRMING and grown - control <= -CONFIRMING
    return up or down


def grows_further(grown: list[int], control: list[int]) -> bool:
    """Tell whether a count grows with each run, and more than with those of *control*.

    What grows with each run there, too, may differ in sum by a library's thread that
    begins in one run and ends in another: then the median of the runs has to differ.
    """
    usual, elsewhere = statistics.median(grown), statistics.median(control)
    if elsewhere > 0 and usual <= elsewhere:
        return False
    return is_finding(sum(grown), sum(control))


def growth_of_control(item: pytest.Item) -> dict[str, list[int]]:
    """Return the growth of *item* on the Python core; none, if it has none there."""
    if compares_cores(item):
        with on_the_python_core():
            return growth(item)
    control = collected.get(twin(item))
    if control is None or control is item:
        return {name: [0] for name in COUNTS}
    return growth(control)


def measure(run: Callable[[], object]) -> dict[str, list[int]]:
    """Call *run* again and again; return how each count changed each time."""
    # What is noted must not count: it has its place from the beginning.
    seen = {name: array("q", bytes(8 * (PATIENCE + 1))) for name in COUNTS}
    times = 0
    note(seen, times)
    while times == 0 or any(
        judge(changes(one, times)) is Verdict.OPEN for one in seen.values()
    ):
        run()
        times += 1
        note(seen, times)
    return {name: changes(one, times) for name, one in seen.items()}


def note(seen: dict[str, array[int]], times: int) -> None:
    """Count what there is after so many *times*."""
    gc.collect()
    for name, count in COUNTS.items():
        seen[name][times] = count()


def changes(counts: array[int], times: int) -> list[int]:
    """Return by how much *counts* changed each time."""
    return [counts[index + 1] - counts[index] for index in range(times)]


def growth(item: pytest.Item) -> dict[str, list[int]]:
    """Return by how much each count grows in each of many runs of *item*."""
    seen = {name: array("q", bytes(8 * (CONFIRMING + 1))) for name in COUNTS}
    for _ in range(WARM_UP):
        run_once(item)
    note(seen, 0)
    for times in range(1, CONFIRMING + 1):
        run_once(item)
        note(seen, times)
    return {name: changes(one, CONFIRMING) for name, one in seen.items()}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the remarks of *report*, which may come from another process."""
    for remark, test in report.user_properties:
        if remark in remarks:
            remarks[remark].append(str(test))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was counted, how many tests were run once, and which were excused."""
    terminalreporter.write_line(f"counted: {', '.join(COUNTS)}")
    terminalreporter.write_line(f"{RUN_ONCE}: {len(remarks[RUN_ONCE])} tests")
    for name in remarks[EXCUSED]:
        terminalreporter.write_line(f"{EXCUSED}: {name}")
