"""Log records with the values of the Vars that were declared for it, and no others."""

from __future__ import annotations

import gc
import importlib
import io
import logging
import logging.handlers
import queue
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def logs(inscope: ModuleType) -> ModuleType:
    """``inscope.logs``, of the copy of the package under test; other tests' Vars go."""
    gc.collect()
    return importlib.import_module("inscope.logs")


@pytest.fixture
def tenant(inscope: ModuleType) -> Any:
    """A Var that logs show."""
    return inscope.Var("log_tenant", log=True, wire=str, travels_to={"process"})


@pytest.fixture
def written() -> io.StringIO:
    """What the handler has written."""
    return io.StringIO()


@pytest.fixture
def logger(written: io.StringIO) -> Iterator[logging.Logger]:
    """A logger with a handler, both taken down in the end."""
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(log_tenant)s|%(message)s"))
    logger = logging.Logger("shop")  # of this test alone
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def test_a_format_can_ask_for_a_var(
    logs: ModuleType, tenant: Any, logger: logging.Logger, written: io.StringIO
) -> None:
    """By a filter on the handler; without a value, what was said."""
    logger.handlers[0].addFilter(logs.ContextFilter({"log_tenant": "-"}))
    with tenant.bind("acme"):
        logger.warning("sold out")
    logger.warning("closed")

    assert "acme|sold out\n-|closed\n" == written.getvalue()


def test_a_filter_holds_nothing_back_and_changes_nothing_else(
    logs: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """What a record has of its own stays."""
    message = inscope.Var("message", log=True, default="ours")
    record = logging.LogRecord("n", 20, "p", 1, "m", (), None)
    record.__dict__.update(log_tenant="by extra", message="its own")

    with tenant.bind("acme"):
        assert logs.ContextFilter().filter(record) is True
    assert ("by extra", "its own") == (
        record.__dict__["log_tenant"],
        record.message,
    )
    assert "ours" == message.get()


def test_every_record_by_a_factory(logs: ModuleType, tenant: Any) -> None:
    """Around the one that was set before."""

    class Own(logging.LogRecord):
        pass

    factory = logs.record_factory(Own)
    with tenant.bind("acme"):
        record = factory("n", 20, "p", 1, "m", (), None)
    default = logs.record_factory()("n", 20, "p", 1, "m", (), None)

    assert isinstance(record, Own)
    assert "acme" == record.__dict__["log_tenant"]
    assert isinstance(default, logging.LogRecord)
    assert "log_tenant" not in vars(default)


def test_a_queue_changes_nothing(
    logs: ModuleType, tenant: Any, logger: logging.Logger, written: io.StringIO
) -> None:
    """The values are those of where the record was made."""
    records: queue.Queue[Any] = queue.Queue()
    sender = logging.handlers.QueueHandler(records)
    sender.addFilter(logs.ContextFilter())
    listener = logging.handlers.QueueListener(records, *logger.handlers)
    front = logging.Logger("front")
    front.addHandler(sender)
    listener.start()
    with tenant.bind("acme"):
        front.warning("sold out")
    listener.stop()

    assert "acme|sold out\n" == written.getvalue()


def test_each_thread_logs_its_own(
    logs: ModuleType, tenant: Any, logger: logging.Logger, written: io.StringIO
) -> None:
    """At the same time."""
    logger.handlers[0].addFilter(logs.ContextFilter())

    def work(name: str) -> None:
        with tenant.bind(name):
            for _ in range(50):
                logger.warning(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = written.getvalue().splitlines()
    assert 200 == len(lines)
    assert all(line[0] == line[2:] for line in lines)


def test_structlog_has_a_processor(logs: ModuleType, tenant: Any) -> None:
    """What the event has of its own stays."""
    structlog = pytest.importorskip("structlog")
    log = structlog.wrap_logger(
        structlog.testing.CapturingLogger(), processors=[logs.add_context]
    )
    with tenant.bind("acme"):
        log.info("sold out")
        log.info("moved", log_tenant="other")
    log.info("closed")

    calls = [call.kwargs for call in log._logger.calls]
    assert [
        {"event": "sold out", "log_tenant": "acme"},
        {"event": "moved", "log_tenant": "other"},
        {"event": "closed"},
    ] == calls


def test_only_what_was_declared_for_logs_is_shown(
    logs: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """No secret, no undeclared Var, none that only travels; a default counts."""
    secret = inscope.Var("log_secret", secret=True)
    silent = inscope.Var("log_silent", wire=str, travels_to={"process"})
    plain = inscope.Var("log_plain")
    inscope.Var("log_gone", log=True)
    default = inscope.Var("log_default", log=True, default=5)
    values = {secret: "s3cr3t", silent: "x", plain: "y"}

    with inscope.bind(values):
        assert {default.name: 5} == logs.context()


def test_a_secret_is_nowhere_to_be_seen(
    travel: ModuleType, inscope: ModuleType, logs: ModuleType
) -> None:
    """In no repr, payload, report, log or error of ours."""
    carry = importlib.import_module("inscope.carry")
    secret = inscope.Var("log_hidden", secret=True)
    before = carry.Snapshot.capture()
    with secret.bind("s3cr3t"):
        shown = [
            repr(secret),
            repr(secret.bind("s3cr3t")),
            repr(secret.set("s3cr3t")),
            repr(carry.Snapshot.capture()),
            repr(before.diff()),
            repr(dict(before.diff())),
            repr(before.diff()[secret]),
            repr(travel.dump("process")),
            str(travel.dump("process").left_out),
            str(logs.context()),
        ]
        with pytest.raises(inscope.NotPortableError) as no:
            travel.dump("process", only=[secret])

    assert "s3cr3t" not in " ".join([*shown, str(no.value)])
    assert "log_hidden: secret" in shown[4]


def test_what_was_refused_is_logged_as_refused(
    travel: ModuleType, logs: ModuleType, tenant: Any
) -> None:
    """Logging goes on; an error of logging's would hide the other one."""
    arrival = travel.load("junk", "process")

    assert "<refused>" == arrival.run(logs.context)["log_tenant"]


def test_an_error_of_a_factory_is_not_swallowed(
    logs: ModuleType, inscope: ModuleType
) -> None:
    """It is a fault of the program."""

    def broken() -> Any:
        raise ZeroDivisionError

    kept = inscope.Var("log_broken", factory=broken, log=True)
    with pytest.raises(ZeroDivisionError):
        logs.context()
    assert "log_broken" == kept.name


def test_a_factory_may_log(
    logs: ModuleType,
    inscope: ModuleType,
    tenant: Any,
    written: io.StringIO,
    logger: logging.Logger,
) -> None:
    """Its own line has no values: they are just being asked for.

    Some versions of logging leave that line out: a filter is being called.
    """
    logger.handlers[0].addFilter(logs.ContextFilter({"log_tenant": "-"}))

    within: list[Any] = []

    def made() -> str:
        within.append(logs.context())
        logger.warning("made")
        return "x"

    kept = inscope.Var("log_made", factory=made, log=True)
    with tenant.bind("acme"):
        logger.warning("hello")
        assert {"log_tenant": "acme", kept.name: "x"} == logs.context()
    assert [{}] == within
    assert "acme|hello" == written.getvalue().replace("-|made", "").strip()


def test_an_extra_of_the_name_of_a_var(
    logs: ModuleType, tenant: Any, written: io.StringIO, logger: logging.Logger
) -> None:
    """Is kept by the filter, and by logging's own rule an error with the factory."""
    own = {"log_tenant": "mine"}
    logger.handlers[0].addFilter(logs.ContextFilter())
    with tenant.bind("acme"):
        logger.warning("one", extra=own)
    assert "mine|one" == written.getvalue().strip()

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logs.record_factory())
    try:
        with tenant.bind("acme"), pytest.raises(KeyError, match="overwrite"):
            logger.warning("two", extra=own)
    finally:
        logging.setLogRecordFactory(before)


def test_a_filter_takes_names_with_what_to_show(logs: ModuleType) -> None:
    """A list of names is not that."""
    with pytest.raises(TypeError, match="names and what to show"):
        logs.ContextFilter(["tenant"])
