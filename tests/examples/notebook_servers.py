"""Starts the application of ``examples/notebook`` as its users do, in processes.

``WAYS`` are to run a program: on each core there is, by the drop-in, and without.
A :class:`Server` has a folder of its own for what it writes, listens on a free
port that it says in its log, and is stopped by whoever started it.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "notebook"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02

NATIVE = importlib.util.find_spec("inscope._core.native") is not None
CORES = ["python", "native"] if NATIVE else ["python"]
WITHOUT = "without"
WAYS = [*CORES, WITHOUT]

Command = tuple[str, ...]

GUNICORN: Command = ("gunicorn", "--bind=127.0.0.1:0", "--workers=2")
THREADED: Command = (*GUNICORN, "--worker-class=gthread", "--threads=8")
WEBSITES: dict[str, Command] = {
    "waitress": (
        "waitress",
        "--listen=127.0.0.1:0",
        "--threads=8",
        "--call",
        "notebook.website:create_app",
    ),
    "gunicorn": (*THREADED, "notebook.website:create_app()"),
    "gunicorn-gevent": (
        *GUNICORN,
        "--worker-class=gevent",
        "notebook.website:create_app()",
    ),
    "gunicorn-preloaded": (*THREADED, "--preload", "notebook.website:create_app()"),
}
FEEDS: dict[str, Command] = {
    "gunicorn-uvicorn": (
        *GUNICORN,
        "--worker-class=uvicorn_worker.UvicornWorker",
        "notebook.feed:create_app()",
    ),
    "hypercorn": ("hypercorn", "--bind=127.0.0.1:0", "notebook.feed:create_app()"),
}

# The control need not run under every server.
WITHOUT_CASES = ("waitress", "gunicorn", "gunicorn-uvicorn")


@dataclass(frozen=True)
class Case:
    """A server, and the way in which it runs the application."""

    way: str
    server: str

    def __str__(self) -> str:
        return f"{self.server}-{self.way}"


def cases(servers: Iterable[str]) -> list[Case]:
    """Return the cases to test, those of one way beside each other."""
    return [
        Case(way, server)
        for way in WAYS
        for server in servers
        if way != WITHOUT or server in WITHOUT_CASES
    ]


LISTENING = re.compile(
    r"(?:Listening at:|Serving on|(?i:running on)) (http://[\d.]+:\d+)"
)
WARNING = re.compile(r"^\S+:\d+: \w*Warning: .*", re.MULTILINE)
# Python 3.13 tells of what SQLAlchemy's pool still holds as the process ends.
KNOWN_WARNING = re.compile(r"<sys>:0: ResourceWarning: unclosed database in ")


def require(*modules: str) -> None:
    """Skip unless *modules* are installed; they are not imported here."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


def arguments(way: str, command: Command) -> list[str]:
    """Return what starts *command* in one of the ``WAYS``."""
    if way == WITHOUT:
        return [sys.executable, "-m", *command]
    program = () if command[0] == "gunicorn" else ("-m",)  # each form has its turn
    return [sys.executable, "-m", "inscope.dropin", *program, *command]


@dataclass
class Place:
    """Where an application keeps its files, and the way in which it is run."""

    folder: Path
    way: str

    @property
    def library(self) -> str:
        """The module that the application's proxies are to come from."""
        return "werkzeug.local" if self.way == WITHOUT else "inscope"

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.folder / "notes.sqlite"

    def environment(self) -> dict[str, str]:
        """Return the variables that the application's processes start with."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "NOTEBOOK_", "COVERAGE_"))
        }
        core = CORES[0] if self.way == WITHOUT else self.way
        return kept | {"INSCOPE_CORE": core} | self.settings()

    def settings(self) -> dict[str, str]:
        """Return what the application is told of the place."""
        return {
            "HOME": str(self.folder),  # gunicorn keeps a socket there
            "NOTEBOOK_PASSWORD_METHOD": "pbkdf2:sha256:1",  # quick
            "NOTEBOOK_SECRET_KEY": "secret of the tests",
            "NOTEBOOK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{self.database}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",  # into the log, which is looked through
        }


def make_place(folder: Path, way: str) -> Place:
    """Return a place whose database has its tables and nothing else."""
    require("flask_login", "flask_sqlalchemy", "flask_babel")
    place = Place(folder, way)
    place.database.write_bytes(_empty_database(way))
    return place


@functools.cache
def _empty_database(way: str) -> bytes:
    """Return a database as the application's own command makes it."""
    command = arguments(way, ("flask", "--app", "notebook.website", "create-tables"))
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), way)
        done = subprocess.run(
            command,
            cwd=NOTEBOOK,
            env=place.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert [] == warnings_in(done.stderr)
        return place.database.read_bytes()


def warnings_in(log: str) -> list[str]:
    """Return the warnings of Python in *log* that are not known already."""
    found = WARNING.findall(log)
    return [warning for warning in found if not KNOWN_WARNING.match(warning)]


@dataclass
class Server:
    """A running server; *url* is where it listens."""

    place: Place
    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""
    _shown: int = field(default=0, repr=False)

    def text(self) -> str:
        """Return what the server has said up to now."""
        return self.log.read_text(errors="replace")

    def show_news(self) -> None:
        """Print what it has said since the last time, for pytest to keep."""
        text = self.text()
        print(text[self._shown :])
        self._shown = len(text)

    def wait_until_ready(self) -> None:
        """Wait until the server listens, and note where."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := LISTENING.search(self.text()):
                self.url = found[1]
                return
            time.sleep(POLL_SECONDS)
        message = f"no server within {START_SECONDS} s: {self.process.args}"
        raise AssertionError(f"{message}\n{self.text()}")

    def stop(self) -> None:
        """Ask the server to end, with all its processes; see to it that it does."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            message = f"not stopped within {STOP_SECONDS} s\n{self.text()}"
            raise AssertionError(message) from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def serving(place: Place, command: list[str]) -> Generator[Server]:
    """Run *command* in *place* while the block runs; no warning may be left."""
    log = place.folder / f"{len(list(place.folder.glob('*.log')))}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=NOTEBOOK,
            env=place.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(place, process, log)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()
    assert [] == warnings_in(server.text())
