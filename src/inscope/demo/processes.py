"""The servers' processes, seen from the demo: started, made known, ended.

``cli`` holds them open with :func:`running`. A server that cannot start is a
:class:`ServerStartError`; one that dies later says why in ``last_words``.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from inscope.demo.servers import HOST, SOFTWARE
from inscope.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

EXTRA = "demo"
STOP_SECONDS = 2.0

_SERVE = "import sys; from inscope.demo.servers import main; main(sys.argv[1:])"
# gevent has to patch the library before anything else imports it.
_PATCH = "from gevent.monkey import patch_all; patch_all(); "


class ServerStartError(RuntimeError):
    """A server did not start; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Server:
    """A server in a process of its own.

    Attributes:
        kind: What its workers are: threads, asyncio or greenlets.
        software: The library that serves, and its version.
        port: Where it listens, on the loopback interface.
    """

    kind: str
    software: str
    port: int
    process: subprocess.Popen[str]
    errors: IO[str]

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    def last_words(self) -> str | None:
        """Return how the process ended, or None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        return _last_words(self.process, self.errors)


def require(*packages: str) -> None:
    """Check that *packages* are installed, without importing them.

    Raises:
        MissingExtraError: One is not.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, EXTRA)


@contextmanager
def running(kinds: Sequence[str], first_port: int | None) -> Generator[list[Server]]:
    """Start a server of each kind; end them all at the exit.

    Args:
        kinds: Of threads, asyncio, greenlets.
        first_port: The port of the first one, the others follow; None takes
            free ones.

    Raises:
        MissingExtraError: A server is not installed.
        ServerStartError: One did not start; none is left.
    """
    require(*(SOFTWARE[kind] for kind in kinds))
    with ExitStack() as ends:
        children: list[tuple[str, int, subprocess.Popen[str], IO[str]]] = []
        for number, kind in enumerate(kinds):
            port = first_port + number if first_port else 0
            errors = ends.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            process = _start(kind, port, errors)
            ends.callback(_stop, process)
            children.append((kind, port, process, errors))
        yield [_ready(*child) for child in children]


def _start(kind: str, port: int, errors: IO[str]) -> subprocess.Popen[str]:
    """Start the process; a session of its own keeps Ctrl-C from it."""
    code = _PATCH + _SERVE if kind == "greenlets" else _SERVE
    return subprocess.Popen(
        [sys.executable, "-c", code, kind, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


def _ready(
    kind: str, port: int, process: subprocess.Popen[str], errors: IO[str]
) -> Server:
    """Wait until the server says where it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    told: dict[str, Any] = json.loads(line) if line else {}
    if "refused" in told:
        message = (
            f"the {kind} server cannot listen on {HOST}:{port}:"
            f" {told['refused'].lower()}; choose other ports with --port,"
            f" or leave it out to take free ones"
        )
        raise ServerStartError(message)
    if "port" not in told:
        process.wait()
        message = f"the {kind} server did not start: {_last_words(process, errors)}"
        raise ServerStartError(message)
    return Server(kind, told["software"], told["port"], process, errors)


def _last_words(process: subprocess.Popen[str], errors: IO[str]) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    ended = f"its process ended with code {process.returncode}"
    return f"{ended} ({lines[-1]})" if lines else ended


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process: it ends by itself once its standard input is closed."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
