"""Programs that ``./run`` starts, and what it tells the user beside their output."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "captured", "follow", "last_line", "say", "started"]

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the project, in which programs run."""


def say(text: str) -> None:
    """Tell the user something, beside the output of the command."""
    print(f"run: {text}", file=sys.stderr, flush=True)


def last_line(text: str) -> str:
    """Return the last line of *text* that says something."""
    return text.strip().rpartition("\n")[2]


def captured(
    command: list[str],
    *,
    given: str | None = None,
    environment: dict[str, str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run *command* out of sight and return how it went and what it printed.

    It reads *given*, and sees *environment* instead of that of ``./run``.

    Raises:
        TimeoutExpired: It did not end in *timeout* seconds, and was killed.
    """
    options: dict[str, Any] = {"text": True, "errors": "replace", "check": False}
    options |= {"input": given, "env": environment, "timeout": timeout}
    return subprocess.run(command, cwd=ROOT, capture_output=True, **options)


def follow(command: list[str], folder: Path = ROOT) -> int:
    """Run *command* in the foreground, in *folder*, and return its exit code."""
    with subprocess.Popen(command, cwd=folder) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:  # the child got it too: let it end by itself
            end(child)
            raise
    return code if code >= 0 else 128 - code


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Let *command* run during a block, without a word; then end it."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


def end(child: subprocess.Popen[bytes]) -> None:
    """Wait for *child* to end, and see to it that it does."""
    for nudge in (child.terminate, child.kill):
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            nudge()
