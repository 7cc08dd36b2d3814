"""The rows of ``flask``: a Flask page with the drop-in and without.

Each is a process of its own, because the drop-in takes werkzeug's place before
that is imported. They have their turns; the page is in ``flask_app``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from benchmarks.flask_app import DROPIN, PLAIN
from benchmarks.results import OURS, Cell, Row
from benchmarks.timing import summarised

if TYPE_CHECKING:
    from benchmarks.timing import Effort

ROOT = Path(__file__).parent.parent
KINDS = {"werkzeug": PLAIN, OURS: DROPIN}
"""By the title of the column: on whose locals Flask runs."""

TIME = "a request, µs"
INSTRUCTIONS = "a request, thousands of instructions"

FEW, MANY = 40, 140
"""Requests of the two runs whose difference in instructions is counted."""

ROUNDS, REQUESTS = 15, 40
"""Of each process: how often it has its turn, and for how many requests."""

STEADY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
"""For both: the C library keeps freed memory.

Signing the session compresses it, for which zlib takes a quarter of a megabyte.
If that lies at the end of the heap, glibc gives it back to the system and asks
for it again at each request, which is a tenth of its time. It is chance whether
it does, and hits either.
"""

NO_VALGRIND = "valgrind is not installed (on Debian: apt install valgrind)"
TAKES_LONG = "counted in a full run only"


class Child:
    """A process that makes requests when asked to."""

    def __init__(self, kind: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.flask_app", kind],
            cwd=ROOT,
            env={**os.environ, **STEADY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.problem = "" if self._line() == "ready" else self._last_words()

    def _line(self) -> str:
        return _stream(self._process.stdout).readline().strip()

    def _last_words(self) -> str:
        """Return the last line of a process that ended."""
        _, errors = self._process.communicate()
        return (errors.strip().rpartition("\n")[2] or "it ended without a word")[:120]

    def __call__(self, requests: int) -> float:
        """Make so many requests and return the seconds."""
        requests_line = _stream(self._process.stdin)
        requests_line.write(f"{requests}\n")
        requests_line.flush()
        answer = self._line()
        if not answer:
            message = f"the Flask page ended: {self._last_words()}"
            raise RuntimeError(message)
        return float(answer)

    def end(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.communicate()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # all three are pipes
    return stream


def measure(effort: Effort) -> list[Row]:
    """Return the rows: time, and instructions, per request."""
    seconds, problems = _seconds(effort)
    cells = dict.fromkeys(seconds, Cell())
    if effort.rounds:
        cells = summarised(seconds, 1e6)
    failed = {name: Cell(note=f"cannot: {why}") for name, why in problems.items()}
    counts = _instructions(problems, effort)
    return [
        Row(TIME, "", (), {**cells, **failed}, "µs"),
        Row(INSTRUCTIONS, "", (), counts, "thousands"),
    ]


def _seconds(effort: Effort) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return the seconds per request of each round, and who could not start.

    One process may be some percent faster than the next that does the same, by
    where things happen to lie in memory: there are several of each.
    """
    found: dict[str, list[float]] = {name: [] for name in KINDS}
    problems: dict[str, str] = {}
    for _ in range(max(1, effort.rounds // 6)):
        children = {name: Child(kind) for name, kind in KINDS.items()}
        try:
            problems = {n: child.problem for n, child in children.items()}
            _take_turns(children, found, effort)
        finally:
            for child in children.values():
                child.end()
    failed = {name: problem for name, problem in problems.items() if problem}
    return {name: found[name] for name in found if name not in failed}, failed


def _take_turns(
    children: dict[str, Child], found: dict[str, list[float]], effort: Effort
) -> None:
    """Let each of the *children* make requests, again and again."""
    working = {name: child for name, child in children.items() if not child.problem}
    if not effort.rounds:
        for child in working.values():
            child(1)
        return
    for number in range(ROUNDS + 1):
        for name, child in working.items():
            taken = child(REQUESTS) / REQUESTS
            if number:  # the first round warms up
                found[name].append(taken)


def _instructions(problems: dict[str, str], effort: Effort) -> dict[str, Cell]:
    """Return the thousands of instructions of a request, by callgrind."""
    reason = "" if effort.processes else TAKES_LONG
    if not reason and shutil.which("valgrind") is None:
        reason = NO_VALGRIND
    return {
        name: Cell(note=f"cannot: {problems[name]}")
        if name in problems
        else Cell(note=reason)
        if reason
        else Cell(median=instructions_per_request(kind) / 1_000)
        for name, kind in KINDS.items()
    }


def instructions_per_request(kind: str) -> float:
    """Return the difference of two runs, so that starting up does not count."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [_callgrind(kind, number, folder) for number in (FEW, MANY)]
        few, many = (counted(_errors(run)) for run in runs)
    return (many - few) / (MANY - FEW)


def _callgrind(kind: str, number: int, folder: str) -> subprocess.Popen[str]:
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={folder}/{number}",
        sys.executable,
        "-m",
        "benchmarks.flask_app",
        kind,
        str(number),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )


def _errors(process: subprocess.Popen[str]) -> str:
    return process.communicate()[1]


def counted(output: str) -> int:
    """Return the instructions that callgrind's *output* tells of."""
    found = re.search(r"Collected : (\d+)", output)
    if found is None:
        message = f"valgrind did not count: {output.strip()[-500:]}"
        raise RuntimeError(message)
    return int(found[1])
