"""``redis-server``, for the tests and the example that need a broker.

The one that is installed is taken. Else, Debian's is unpacked with the libraries that
it needs into ``.cache/redis``, and started by the loader that came with them: it needs
no root, and nothing of it is changed. ``./run test`` and ``./run cluster`` fetch it;
tests that do not find it are skipped.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dev.apt import Apt
from dev.debian import merge_libraries
from dev.failures import SetupError
from dev.processes import ROOT, captured, last_line, say, started

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ABSENT", "fetch_redis", "find_redis", "serving"]

ABSENT = "there is no redis-server: ./run test fetches it; or: apt install redis-server"
"""Why a test is skipped."""

FOLDER = ROOT / ".cache" / "redis"
SUITE = "bookworm"


def find_redis() -> list[str]:
    """Return the command that starts ``redis-server``; empty if there is none."""
    installed = shutil.which("redis-server")
    if installed:
        return [installed]
    return _command(FOLDER) if FOLDER.is_dir() else []


@contextmanager
def serving(server: list[str], folder: Path) -> Iterator[str]:
    """Let *server*, from ``find_redis``, serve during a block; give its URL.

    It listens on a free port, and keeps nothing; *folder* is where it runs.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with started([*server, *options], cwd=folder) as process:
        listens = False
        while not listens and process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                listens = True
        yield f"redis://127.0.0.1:{port}/0"


def fetch_redis() -> None:
    """Get ``redis-server``, unless it is there; say so if that cannot be done."""
    if find_redis():
        return
    say(f"fetching redis into {FOLDER.relative_to(ROOT)}")
    try:
        _unpack()
    except SetupError as error:
        say(f"redis could not be fetched: {last_line(str(error))}")


def _unpack() -> None:
    """Put Debian's into the folder, seen to work."""
    FOLDER.parent.mkdir(exist_ok=True)
    unpacked = FOLDER.with_name("redis.unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    with tempfile.TemporaryDirectory() as kept:
        Apt(Path(kept), SUITE).unpack(["redis-server"], unpacked)
    merge_libraries(unpacked)
    done = captured([*_command(unpacked), "--version"])
    if done.returncode:
        raise SetupError(f"it does not run here: {last_line(done.stderr)}")
    unpacked.rename(FOLDER)


def _command(root: Path) -> list[str]:
    """Return what starts the server that is unpacked in *root*."""
    libraries = next(root.glob("usr/lib/*/libc.so.6")).parent
    loader = next(libraries.glob("ld-*.so.*"))
    program = root / "usr/bin/redis-server"
    return [str(loader), "--library-path", str(libraries), str(program)]
