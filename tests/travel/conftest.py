"""``inscope.travel`` on the core under test; Redis, Celery's workers, and who sends.

The Vars are for tests that need no others; some modules have their own of these names.

A worker runs ``celery_app.py``, and takes what is sent to its queue. Whatever is
started here is stopped by the fixture that has it, and ends if the tests are killed.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dev.redis import ABSENT, find_redis

HERE = Path(__file__).parent
SECONDS = 60.0
"""How long something may take that is not to fail on a slow machine."""

SIGNED = {"keys": ["a secret of the tests"], "max_age": 3600}
"""The boundary of workers and senders, unless they say something else."""


def _started(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start *command*; on Linux it ends with this process, however that ends.

    A ``preexec_fn`` could ask for that too, and wait for ever for what a thread of
    this process held as it forked.
    """
    setpriv = shutil.which("setpriv")
    tie = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    return subprocess.Popen([*tie, *command], **options)


def _stop(process: subprocess.Popen[bytes], *nudges: Callable[[], None]) -> None:
    for nudge in (*nudges, process.terminate, process.kill):
        if process.poll() is None:
            nudge()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


class Redis:
    """A server that listens on a free port, and keeps what it has in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        make = importlib.import_module("redis").Redis.from_url
        self.client: Any = make(self.url, socket_timeout=None)
        self.start()

    def start(self) -> None:
        """Start it with what it had when it was stopped."""
        options = f"--bind 127.0.0.1 --port {self.port} --appendonly no --dir".split()
        command = [*find_redis(), *options, str(self.folder), "--save", ""]
        with (self.folder / "log").open("ab") as log:
            self.process = _started(command, stdout=log, stderr=log)
        errors = importlib.import_module("redis").exceptions
        while True:
            try:
                self.client.ping()
                return
            except errors.ConnectionError:
                # Not there yet; or it cannot be, and says why.
                assert self.process.poll() is None, (self.folder / "log").read_text()

    def stop(self) -> None:
        """Let it save what it has, and end."""
        self.client.save()
        self.client.connection_pool.disconnect()
        _stop(self.process)

    def next_of(self, key: str) -> Any:
        """Return what is next in the list *key*, as soon as it is there."""
        found = self.client.blpop([key], timeout=SECONDS)
        assert found is not None, f"nothing came to {key}"
        return found[1]


@pytest.fixture
def travel(inscope: ModuleType) -> ModuleType:
    """``inscope.travel``, of the copy of the package under test; others' Vars go.

    A free-threaded build frees some only when the collector comes by.
    """
    gc.collect()
    return importlib.import_module("inscope.travel")


@pytest.fixture
def outgoing(travel: ModuleType) -> ModuleType:
    """``inscope.travel.httpx``, of the same copy."""
    return importlib.import_module("inscope.travel.httpx")


@pytest.fixture
def bridging(travel: ModuleType) -> ModuleType:
    """``inscope.travel.opentelemetry``, of the same copy."""
    return importlib.import_module("inscope.travel.opentelemetry")


@pytest.fixture
def boundary(travel: ModuleType) -> Any:
    """What both sides of HTTP have in common."""
    return travel.Boundary("http", keys=["a key"], max_age=60)


@pytest.fixture
def user(inscope: ModuleType) -> Any:
    """A Var that says who somebody is."""
    return inscope.Var(
        "http_user", default="nobody", wire=str, travels_to={"http"}, identity=True
    )


@pytest.fixture
def tenant(inscope: ModuleType) -> Any:
    """A Var of strings that identifies nobody."""
    return inscope.Var("http_tenant", default="-", wire=str, travels_to={"http"})


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for all the tests of this process; skipped if there is none."""
    yield from _redis(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """One that a test can stop."""
    yield from _redis(tmp_path)


def _redis(folder: Path) -> Iterator[Redis]:
    pytest.importorskip("redis")
    if not find_redis():
        pytest.skip(ABSENT)
    server = Redis(folder)
    try:
        yield server
    finally:
        server.stop()
        server.client.close()


class Worker:
    """A worker of Celery's that takes what comes to its own queue."""

    def __init__(
        self,
        redis: Redis,
        folder: Path,
        *,
        pool: str = "solo",
        tasks: int = 1,
        core: str = "",
        boundary: Any = None,
        queue: str = "",
        visibility: float = 3600,
    ) -> None:
        self.queue = queue or f"{pool}-{uuid.uuid4().hex[:8]}"
        self.log = folder / f"{self.queue}.log"
        self._redis = redis
        self._has_processes = pool == "prefork"
        environment = {**os.environ, "TEST_REDIS": redis.url, "TEST_QUEUE": self.queue}
        environment["TEST_BOUNDARY"] = boundary or json.dumps(SIGNED)
        environment["TEST_VISIBILITY"] = str(visibility)
        # gevent resolves by threads, under a lock that Celery's AsyncResult.__del__
        # waits for if the collector comes by while it is held: for ever.
        environment["GEVENT_RESOLVER"] = "block"
        environment.pop("INSCOPE_CORE", None)
        if core:
            environment["INSCOPE_CORE"] = core
        options = ["-P", pool, "-c", str(tasks), "-Q", self.queue, "-n", self.queue]
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker"]
        with self.log.open("ab") as log:
            self.process = _started(
                [*command, *options], cwd=HERE, env=environment, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Wait until it takes tasks; it says what it did if it does not."""
        latest = time.monotonic() + SECONDS
        while not self._redis.client.blpop([f"ready:{self.queue}"], timeout=1):
            waits = self.process.poll() is None and time.monotonic() < latest
            assert waits, self.log.read_text()

    def stop(self) -> None:
        """Let it end: at once, where it has no processes of its own."""
        quit_at_once = partial(self.process.send_signal, signal.SIGQUIT)
        _stop(self.process, quit_at_once if self._has_processes else self.process.kill)


Start = Callable[..., Worker]


@pytest.fixture
def start(redis: Redis, tmp_path: Path) -> Iterator[Start]:
    """A function that starts a worker, for one test."""
    workers: list[Worker] = []

    def started(server: Redis = redis, **options: Any) -> Worker:
        workers.append(Worker(server, tmp_path, **options))
        workers[-1].wait()
        return workers[-1]

    try:
        yield started
    finally:
        for worker in workers:
            worker.stop()


POOLS: dict[str, dict[str, Any]] = {
    "prefork": {"tasks": 2},
    "threads": {"tasks": 4, "core": "python"},
    "solo": {"core": "python"},
    "gevent": {"tasks": 20},
}
"""The kinds of pools; those that name no core have the native one if it is built."""


@pytest.fixture(scope="module", params=list(POOLS))
def worker(
    redis: Redis,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worker]:
    """A worker with each kind of pool, for all the tests of a module."""
    if request.param == "gevent":
        pytest.importorskip("gevent")
    folder = tmp_path_factory.mktemp("worker")
    worker = Worker(redis, folder, pool=request.param, **POOLS[request.param])
    try:
        worker.wait()
        yield worker
    finally:
        worker.stop()


@dataclass
class Sender:
    """The tests' own side of ``celery_app.py``, on the core under test."""

    tasks: Any
    travel: ModuleType
    celery: ModuleType
    redis: Redis
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to(self, worker: Worker) -> Sender:
        """Return this one, which sends to *worker* from now on."""
        self.tasks.QUEUE[0] = worker.queue
        return self

    def installed(self, **options: Any) -> AbstractContextManager[Any]:
        """Return a block in which the tasks that are sent have the context."""
        boundary = self.travel.Boundary("celery", **(options or SIGNED))
        installation: AbstractContextManager[Any] = self.celery.install(boundary)
        return installation

    def see(self, label: str = "task") -> Any:
        """Return the signature of a task that tells what it sees."""
        return self.tasks.see.s(key=self.key, label=label)

    def all_seen(self, count: int) -> list[list[str]]:
        """Return what the next *count* have told: the label, and what each Var had."""
        return sorted(json.loads(self.redis.next_of(self.key)) for _ in range(count))

    def seen(self, count: int) -> list[tuple[str, str]]:
        """Return only the labels and what ``tenant`` had."""
        return [(label, tenant) for label, tenant, *_ in self.all_seen(count)]


_loaded: dict[tuple[str, str], ModuleType] = {}


@pytest.fixture
def sender(
    redis: Redis, inscope: ModuleType, core: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sender]:
    """Who sends tasks, from this process."""
    yield from _sender(redis, core, monkeypatch)


def _sender(
    redis: Redis, core: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sender]:
    monkeypatch.setenv("TEST_REDIS", redis.url)
    tasks = _loaded.get((core, redis.url))
    if tasks is None:
        path = HERE / "celery_app.py"
        spec = importlib.util.spec_from_file_location("celery_app", path)
        assert spec is not None
        assert spec.loader is not None
        tasks = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tasks)
        _loaded[core, redis.url] = tasks
    travel = importlib.import_module("inscope.travel")
    celery = importlib.import_module("inscope.travel.celery")
    sender = Sender(tasks, travel, celery, redis)
    yield sender
    assert [] == redis.client.lrange(sender.key, 0, -1)
