"""What comes to a Celery task and must not be believed is refused by each read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("celery")

from celery import chain

KEY = "a secret of the tests"
HEADER = "inscope-context"

Forge = Callable[[Any], Any]
"""Returns what is put into the header."""


def _signed(sender: Any, *envelope: Any) -> str:
    """Return *envelope*, signed as the worker wants it."""
    boundary = sender.travel.Boundary("celery", keys=[KEY])
    return str(boundary.sign(json.dumps(envelope, separators=(",", ":"))))


def _dumped(sender: Any, **options: Any) -> str:
    """Return what a sender with another boundary sends."""
    with sender.tasks.tenant.bind("acme"):
        return str(sender.travel.dump(sender.travel.Boundary("celery", **options)).text)


def _now(later: int = 0) -> int:
    return int(time.time()) + later


ACME = [["task.tenant", "acme"]]

FORGED: dict[str, tuple[str, Forge]] = {
    "a word": ("signature", lambda _: "acme"),
    "no text": ("malformed", lambda _: {"tenant": "acme"}),
    "a number": ("malformed", lambda _: 1),
    "much text": ("size", lambda _: "acme" * 5000),
    "without signature": ("unsigned", _dumped),
    "by another key": ("signature", lambda one: _dumped(one, keys=["guessed"])),
    "changed": (
        "signature",
        lambda one: _dumped(one, keys=[KEY]).replace("acme", "emca"),
    ),
    "for another": ("audience", lambda one: _dumped(one, keys=[KEY], audience="b")),
    "of old": ("expired", lambda one: _signed(one, 1, "celery", _now(-7200), ACME)),
    "too early": ("future", lambda one: _signed(one, 1, "celery", _now(3600), ACME)),
    "a later version": ("version", lambda one: _signed(one, 2, "celery", _now(), ACME)),
    "of another type": (
        "type",
        lambda one: _signed(one, 1, "celery", _now(), [["task.user", 1]]),
    ),
}
"""What somebody might send, and why it is refused."""


@pytest.mark.parametrize("what", list(FORGED))
def test_what_cannot_be_believed_is_refused(
    sender: Any, worker: Any, what: str
) -> None:
    """Neither it, nor what others have left, nor a default is seen, and all goes on."""
    reason, forge = FORGED[what]
    with sender.to(worker).installed():
        with sender.tasks.tenant.bind("before"):
            sender.tasks.rebind.delay(sender.key, "left")
        sender.see("forged").apply_async(headers={HEADER: forge(sender)})
        sender.see("later").delay()

    refused = f"refused: {reason}"
    assert [
        ["forged", refused, refused, "nothing"],
        ["later", "nothing", "nothing", "nothing"],
        ["rebinding", "before", "nothing", "nothing"],
    ] == sender.all_seen(3)


def test_headers_that_are_none_are_refused(sender: Any, worker: Any) -> None:
    """A message may have anything there where Celery looks for more headers."""
    sender.to(worker).see().apply_async(headers={"headers": "acme"})

    assert [("task", "refused: signature")] == sender.seen(1)


def test_what_a_refused_task_brings_about_is_refused(sender: Any, worker: Any) -> None:
    """Its retries, the tasks that it sends, and the next ones run, and see no other."""
    tasks = sender.to(worker).tasks
    forged = {HEADER: "acme"}
    tasks.outer.apply_async((sender.key,), headers=forged)
    tasks.retried.apply_async((sender.key,), headers=forged)
    chain(sender.see("1"), sender.see("2")).apply_async(headers=forged)
    errback = tasks.errback.s(key=sender.key)
    tasks.fail.apply_async((sender.key,), headers=forged, link_error=errback)

    refused = "refused: signature"
    labels = [
        "1",
        "2",
        "attempt 0",
        "attempt 1",
        "errback",
        "failing",
        "inner",
        "outer",
    ]
    assert [(label, refused) for label in labels] == sender.seen(8)


def test_a_sender_without_inscope_sends_nothing(sender: Any, worker: Any) -> None:
    """Its tasks are as those that were sent where nothing was bound."""
    with sender.to(worker).tasks.tenant.bind("acme"):
        sender.see().delay()

    assert [("task", "nothing")] == sender.seen(1)


def test_who_somebody_is_is_not_believed_without_signature(
    sender: Any, start: Any
) -> None:
    """A worker without keys takes the rest; what is signed it cannot check."""
    sender.to(start(boundary="{}"))
    identity = json.dumps([1, "celery", _now(), [["task.user", "root"]]])
    sender.see("1").apply_async(headers={HEADER: identity})
    sender.see("2").apply_async(headers={HEADER: _dumped(sender)})
    sender.see("3").apply_async(headers={HEADER: _dumped(sender, keys=[KEY])})

    assert [
        ["1", "refused: identity", "refused: identity", "nothing"],
        ["2", "acme", "nothing", "nothing"],
        ["3", "refused: signature", "refused: signature", "nothing"],
    ] == sender.all_seen(3)


def test_a_worker_says_once_what_it_has_refused(sender: Any, start: Any) -> None:
    """As a warning; the header is not quoted."""
    worker = start()
    sender.to(worker).see().apply_async(headers={HEADER: "a-secret"})
    assert [("task", "refused: signature")] == sender.seen(1)

    log = worker.log.read_text()
    assert 1 == log.count("the context that came by 'celery' was refused")
    assert "a-secret" not in log
