"""Celery's tasks have their values, and no others, when processes are lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("celery")

from kombu import Connection

# Those tests are slow, and it is the workers that are asked here.
pytestmark = pytest.mark.parametrize("core", ["python"], indirect=True)


def test_a_task_whose_process_was_killed_has_its_values_again(
    sender: Any, start: Any
) -> None:
    """The worker gives it to another process; those after it see nothing of it."""
    tasks = sender.to(start(pool="prefork")).tasks
    with sender.installed():
        with tasks.tenant.bind("acme"):
            tasks.killed_once.delay(sender.key)
        assert [("killed once", "acme")] * 2 == sender.seen(2)
        sender.see().delay()

    assert [("task", "nothing")] == sender.seen(1)


def test_a_task_that_took_too_long_leaves_nothing(sender: Any, start: Any) -> None:
    """Its process is killed, and the worker, which has no values, sends the errback."""
    tasks = sender.to(start(pool="prefork")).tasks
    errback = tasks.errback.s(key=f"{sender.key}:errback")
    with sender.installed():
        with tasks.tenant.bind("acme"):
            tasks.overdue.apply_async((sender.key,), link_error=errback)
        sender.see().delay()

    assert [("overdue", "acme"), ("task", "nothing")] == sender.seen(2)
    # Celery may send it twice: for the time, and for the process.
    label, seen, *_ = json.loads(sender.redis.next_of(f"{sender.key}:errback"))
    assert ("errback", "nothing") == (label, seen)


def test_a_task_whose_worker_was_killed_has_its_values_in_another(
    sender: Any, start: Any
) -> None:
    """Redis gives it to the other one when the first has been silent for a while."""
    worker = start()
    with sender.to(worker).installed(), sender.tasks.tenant.bind("acme"):
        sender.tasks.held_once.delay(sender.key)
    assert [("held once", "acme")] == sender.seen(1)
    worker.process.kill()
    worker.process.wait()

    start(queue=worker.queue, visibility=0.5)

    assert [("held once", "acme")] == sender.seen(1)


def test_a_restart_of_the_broker_changes_nothing(
    sender: Any, start: Any, own_redis: Any
) -> None:
    """Neither for a task that waits there, nor for the worker that waits for tasks."""
    there = replace(sender, redis=own_redis)
    sender.tasks.QUEUE[0] = "restarted"

    def send(label: str) -> None:
        with Connection(own_redis.url) as connection:
            sender.see(label).apply_async(connection=connection, ignore_result=True)

    with sender.installed(), sender.tasks.tenant.bind("acme"):
        send("before")
        own_redis.stop()
        own_redis.start()
        start(own_redis, queue="restarted")
        assert [("before", "acme")] == there.seen(1)
        own_redis.stop()
        own_redis.start()
        send("after")
        assert [("after", "acme")] == there.seen(1)


def test_a_worker_without_inscope_runs_the_task_as_ever(
    sender: Any, start: Any
) -> None:
    """The header means nothing to it."""
    sender.to(start(boundary="without"))
    with sender.installed(), sender.tasks.tenant.bind("acme"):
        sender.see().delay()

    assert [["task", "without"]] == sender.all_seen(1)


def test_a_task_that_leaves_what_cannot_be_sent_fails_and_the_next_is_not_run(
    sender: Any, start: Any
) -> None:
    """Celery itself sends the next one of a chain: nobody else can be told."""
    tasks = sender.to(start()).tasks
    leaving = tasks.rebind.si(sender.key, 1)
    with sender.installed(), tasks.tenant.bind("acme"):
        result = (leaving | sender.see("never")).delay().parent
        error = result.get(timeout=60, propagate=False)
        sender.see("later").delay()

    assert "NotPortableError" == type(error).__name__
    assert [("later", "acme"), ("rebinding", "acme")] == sender.seen(2)
