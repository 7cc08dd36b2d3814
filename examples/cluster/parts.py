"""Starts parts of the cluster as processes, waits for them, and stops them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05


class PartError(Exception):
    """A part could not be started, or does not answer; the text says what to do."""


class Part:
    """A process with its own group, so that all that it starts ends with it.

    Args:
        name: What it is called in messages.
        command: What starts it.
        ready: What its log says as soon as it is ready.
        root: The folder to start it in, the project's.
        logs: The folder for its log.
        running: What stops it, however it ends itself.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        ready: str,
        *,
        root: Path,
        logs: Path,
        running: ExitStack,
    ) -> None:
        self.name = name
        self._ready = ready
        self._log = logs / f"{name}.log"
        with self._log.open("ab") as log, uninterrupted() as before:
            self._process = subprocess.Popen(
                command,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for who has started it
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),
            )
            running.callback(self.stop)

    @property
    def text(self) -> str:
        """What it has said up to now."""
        return self._log.read_text(errors="replace")

    @property
    def is_ready(self) -> bool:
        """Whether it has said so.

        Raises:
            PartError: It has ended instead.
        """
        if self._process.poll() is not None:
            raise PartError(f"{self.name} has ended:\n{self.last_lines}")
        return self._ready in self.text

    @property
    def last_lines(self) -> str:
        """What it has said last."""
        return "\n".join(self.text.splitlines()[-15:])

    def stop(self) -> None:
        """Ask it to end; see to it that its whole group does."""
        try:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def wait(*parts: Part) -> None:
    """Wait until all *parts* are ready.

    Raises:
        PartError: One has ended, or takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while waiting := [part for part in parts if not part.is_ready]:
        if time.monotonic() > deadline:
            slow = waiting[0]
            raise PartError(f"{slow.name} is not ready:\n{slow.last_lines}")
        time.sleep(POLL_SECONDS)


@contextmanager
def uninterrupted() -> Iterator[set[signal.Signals]]:
    """Let signals wait: a process must not be started that nobody stops."""
    waiting = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    try:
        yield {signal.Signals(one) for one in before}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def free_ports(count: int) -> list[int]:
    """Return free ports of this machine's loopback."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for _ in range(count)
        ]
        return [one.getsockname()[1] for one in sockets]
