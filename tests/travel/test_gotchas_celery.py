"""Where context has been lost, kept or grown in Celery: a test for each of these.

Messages stay in memory or in a folder, and what a worker does with one is done here, by
Celery's own parts for it. What takes a worker is in ``test_celery.py``; so is the rest.
"""

from __future__ import annotations

import importlib
import logging
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("celery")

from celery import Celery, Task, chain, chord, group, signals
from celery.beat import Scheduler
from celery.schedules import schedule
from celery.worker.request import Request
from celery.worker.strategy import hybrid_to_proto2

HEADER = "inscope-context"


@pytest.fixture
def celery(inscope: ModuleType) -> ModuleType:
    """``inscope.travel.celery``, of the copy of the package under test."""
    return importlib.import_module("inscope.travel.celery")


class Codec:
    """A codec that can be told to fail in reading."""

    error: Exception | None = None

    def encode(self, value: str) -> str:
        """Write it as it is."""
        return value

    def decode(self, data: Any) -> str:
        """Read it as it is, or fail."""
        if self.error is not None:
            raise self.error
        return str(data)


class World:
    """An app, a Var, and a worker that takes one message after the other."""

    def __init__(self, inscope: ModuleType, folder: Path) -> None:
        self.codec = Codec()
        self.refused: type[Exception] = inscope.ContextRefused
        self.tenant: Any = inscope.Var(
            "gotcha.tenant", wire=self.codec, travels_to={"celery"}
        )
        self.queue = uuid.uuid4().hex
        self.app: Any = Celery(
            "gotchas",
            broker="memory://",
            backend=f"file://{folder}",
            set_as_current=False,
        )
        self.app.conf.task_default_queue = self.queue
        with warnings.catch_warnings():  # other tests' apps share tasks of one name
            warnings.simplefilter("ignore")
            self.app.finalize(auto=True)
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, Any]] = []

        @self.app.task(name="gotcha.see", shared=False)
        def see(*_: Any, label: str = "task") -> None:
            self.tell(label)

        self.see = see

    def tell(self, label: str) -> None:
        """Note what is seen, under the name of *label*."""
        try:
            found = self.tenant.get("nothing")
        except self.refused:
            found = "refused"
        self.seen.append((label, found))

    def task(self, function: Callable[..., Any], **options: Any) -> Any:
        """Make a task of *function*."""
        name = f"gotcha.{function.__name__}"
        return self.app.task(name=name, shared=False, **options)(function)

    def takes(self, connection: Any) -> Any:
        """Return the next message; ``None`` if there is none."""
        with connection.SimpleQueue(self.queue) as queue:
            if not len(queue):
                return None
            message = queue.get_nowait()
        message.ack()
        self.headers.append(dict(message.headers))
        return message

    def works(self, limit: int = 50) -> None:
        """Do what a worker does, until there are no messages."""
        with self.app.connection_for_read() as connection:
            for _ in range(limit):
                message = self.takes(connection)
                if message is None:
                    return
                options: dict[str, Any] = {}
                if "args" in message.payload:  # the older protocol
                    body, headers, decoded, utc = hybrid_to_proto2(
                        message, message.payload
                    )
                    options = {"body": body, "headers": headers}
                    options |= {"decoded": decoded, "utc": utc}
                Request(message, app=self.app, **options).execute()
        raise AssertionError("there is no end of messages")


@pytest.fixture
def world(inscope: ModuleType, celery: ModuleType, tmp_path: Path) -> Iterator[World]:
    """The app, closed in the end."""
    world = World(inscope, tmp_path)
    yield world
    world.app.close()


def test_a_hook_that_fails_lets_the_task_run_bare(
    celery: Any, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault: Celery logs what a hook raises, and goes on without a context."""

    def restoring(**_: Any) -> None:
        raise ValueError("cannot be restored")

    with celery.install(), world.tenant.bind("acme"):
        world.see.delay()
    signals.task_prerun.connect(restoring)
    try:
        world.works()
    finally:
        signals.task_prerun.disconnect(restoring)

    assert [("task", "nothing")] == world.seen
    assert "Signal handler" in caplog.text


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError(), RecursionError(), StopIteration(), MemoryError()],
)
def test_a_value_that_cannot_be_restored_is_refused(
    celery: Any, world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its codec raises: the task does not run as nobody, nor as the worker."""
    with celery.install():
        with world.tenant.bind("acme"):
            world.see.delay()
        world.codec.error = error
        with world.tenant.bind("of the worker"):
            world.works()
            assert "of the worker" == world.tenant.get()

    assert [("task", "refused")] == world.seen
    assert "Signal handler" not in caplog.text


def test_a_log_that_fails_does_not_let_the_task_run_bare(
    celery: Any, world: World
) -> None:
    """The refusal is logged in a hook, too, by handlers and filters of the program."""

    def failing(_: logging.LogRecord) -> bool:
        raise ValueError("cannot be logged")

    logger = logging.getLogger("inscope.travel")
    logger.addFilter(failing)
    try:
        with celery.install(), world.tenant.bind("of the worker"):
            world.see.apply_async(headers={HEADER: "forged"})
            world.works()
            assert "of the worker" == world.tenant.get()
    finally:
        logger.removeFilter(failing)

    assert [("task", "refused")] == world.seen


def test_a_class_of_tasks_that_binds_in_its_call_loses_it_around(
    celery: Any, world: World
) -> None:
    """The fault: the next of a chain and errbacks are not run within ``__call__``."""

    class Binding(Task):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with world.tenant.bind("acme"):
                return super().__call__(*args, **kwargs)

    def ends(self: Any) -> None:
        world.tell("in the task")

    def told(**_: Any) -> None:
        world.tell("told")

    task = world.task(ends, base=Binding, bind=True)
    with celery.install():
        chain(task.si(), world.see.si(label="next")).delay()
        signals.task_success.connect(told, sender=task)
        world.works()

    assert [
        ("in the task", "acme"),
        ("told", "nothing"),
        ("next", "nothing"),
    ] == world.seen


def test_what_celery_logs_about_a_task_has_its_values(
    celery: Any, world: World
) -> None:
    """That it was run, is run again, or has failed, which no ``__call__`` is around."""

    def succeeds() -> None: ...

    def fails() -> None:
        raise ValueError

    def retries(self: Any) -> None:
        if not self.request.retries:
            raise self.retry(countdown=0)

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            world.tell(record.getMessage().partition("[")[0].strip())

    logger, handler = logging.getLogger("celery.app.trace"), Handler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    tasks = [world.task(one) for one in (succeeds, fails)]
    tasks.append(world.task(retries, bind=True))
    try:
        with celery.install():
            with world.tenant.bind("acme"):
                for task in tasks:
                    task.delay()
            world.works()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert [
        ("Task gotcha.succeeds", "acme"),
        ("Task gotcha.fails", "acme"),
        ("Task gotcha.retries", "acme"),
        ("Task gotcha.retries", "acme"),
    ] == world.seen


def test_a_chord_that_is_unlocked_by_a_task_has_the_values_of_who_sent_it(
    celery: Any, world: World
) -> None:
    """Where results are kept in what cannot count; that task is tried again and again.

    Its first attempt comes before those for which it waits.
    """
    unlock = world.app.tasks["celery.chord_unlock"]
    unlock.default_retry_delay = 0
    with celery.install():
        with world.tenant.bind("acme"):
            body = world.see.s(label="body")
            chord([world.see.si(label=label) for label in "ab"])(body, interval=0)
        with world.app.connection_for_read() as connection:
            waiting = [world.takes(connection) for _ in range(3)]
        last = [one for one in waiting if "chord_unlock" in one.headers["task"]]
        assert 1 == len(last)
        for message in (*last, *(one for one in waiting if one not in last)):
            Request(message, app=world.app).execute()
        world.works()

    assert [("a", "acme"), ("b", "acme"), ("body", "acme")] == world.seen
    unlocks = [one for one in world.headers if "chord_unlock" in one["task"]]
    assert [0, 1] == [one["retries"] for one in unlocks][:2]
    assert {unlocks[0][HEADER]} == {one[HEADER] for one in unlocks}


@pytest.mark.parametrize("protocol", [1, 2])
def test_each_protocol_of_messages_brings_it(
    celery: Any, world: World, protocol: int
) -> None:
    """The older one has no headers of its own; what is forged is refused there, too."""
    world.app.conf.task_protocol = protocol
    with celery.install():
        with world.tenant.bind("acme"):
            world.see.delay()
            world.app.send_task("gotcha.see", kwargs={"label": "by name"})
        world.see.apply_async(kwargs={"label": "forged"}, headers={HEADER: "forged"})
        world.see.delay(label="nobody's")
        with world.tenant.bind("of the worker"):
            world.works()

    assert [
        ("task", "acme"),
        ("by name", "acme"),
        ("forged", "refused"),
        ("nobody's", "nothing"),
    ] == world.seen
    assert [protocol == 1] * 4 == ["task" not in one for one in world.headers]


def test_tasks_in_tasks_do_not_pile_up_what_they_send(
    celery: Any, world: World
) -> None:
    """Each has one header, as long as the first, with the values of its sender."""

    def again(left: int) -> None:
        world.tell(str(left))
        with world.tenant.bind(f"user {left}"):
            if left:
                task.delay(left - 1)
                group(world.see.si(label=f"{left}{n}") for n in "ab").delay()

    task = world.task(again)
    with celery.install():
        with world.tenant.bind("user 9"):
            task.delay(8)
        world.works()

    assert ("0", "user 1") in world.seen
    assert [] == [
        one for one in world.seen if len(one[0]) == 2 and one[1] != f"user {one[0][0]}"
    ]
    texts = [one[HEADER] for one in world.headers]
    assert 25 == len(texts)
    assert {len(texts[0])} == {len(text) for text in texts}
    assert {1} == {text.count("gotcha.tenant") for text in texts}


def test_one_header_is_added_that_nobody_else_has(celery: Any, world: World) -> None:
    """A header becomes an attribute of the request, where Celery has its own."""
    world.see.delay()
    with celery.install(), world.tenant.bind("acme"):
        world.see.delay()
        world.works()

    before, after = map(set, world.headers)
    assert {HEADER} == after - before
    assert set() == before - after
    assert HEADER not in vars(importlib.import_module("celery.app.task").Context)
    assert HEADER not in {"traceparent", "tracestate", "baggage"}


def test_an_instrumentation_keeps_its_headers_and_we_ours(
    celery: Any, world: World
) -> None:
    """OpenTelemetry's writes its own as a task is sent, and reads them as it begins."""
    traced: list[Any] = []

    def sending(headers: Any = None, **_: Any) -> None:
        headers.update(traceparent="00-1-2-01", baggage="gotcha.tenant=admin")

    def running(task: Any = None, **_: Any) -> None:
        traced.append((task.request.traceparent, task.request.baggage))

    signals.before_task_publish.connect(sending)
    signals.task_prerun.connect(running)
    try:
        with celery.install():
            with world.tenant.bind("acme"):
                world.see.delay()
            world.see.delay(label="nobody's")
            world.works()
    finally:
        signals.before_task_publish.disconnect(sending)
        signals.task_prerun.disconnect(running)

    assert [("task", "acme"), ("nobody's", "nothing")] == world.seen
    assert [("00-1-2-01", "gotcha.tenant=admin")] * 2 == traced


def test_what_is_due_by_the_clock_is_nobodys(celery: Any, world: World) -> None:
    """Celery's beat sends it; on a worker where others have left something bound."""

    def leaves() -> None:
        world.tenant.set("left")

    world.task(leaves)
    scheduler = Scheduler(app=world.app, lazy=True)
    due = {"task": "gotcha.see", "schedule": schedule(1.0), "kwargs": {"label": "due"}}
    with celery.install():
        world.app.send_task("gotcha.leaves")
        scheduler.apply_async(
            scheduler.Entry(name="due", app=world.app, **due), advance=False
        )
        with world.tenant.bind("of the worker"):
            world.works()

    assert [("due", "nothing")] == world.seen
    assert HEADER not in world.headers[1]


def test_a_task_that_waits_for_days_needs_a_limit_of_days(
    celery: Any, travel: ModuleType, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``max_age`` counts from when it was sent, and a retry does not renew it."""
    day = 24 * 3600
    arrival = importlib.import_module("inscope.travel.arrival")
    payload = importlib.import_module("inscope.travel.payload")
    now = arrival.time

    def goes_by(seconds: int) -> None:
        for module in (arrival, payload):
            monkeypatch.setattr(module, "time", lambda: now() + seconds)

    def retries(self: Any) -> None:
        world.tell(f"attempt {self.request.retries}")
        if not self.request.retries:
            goes_by(3 * day + 5)
            raise self.retry(countdown=0)

    task = world.task(retries, bind=True)
    with celery.install(travel.Boundary("celery", keys=["a"], max_age=3 * day)):
        with world.tenant.bind("acme"):
            task.apply_async(countdown=2 * day)
        goes_by(2 * day)
        world.works()

    assert [("attempt 0", "acme"), ("attempt 1", "refused")] == world.seen
