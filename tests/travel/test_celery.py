"""Celery's tasks have the values of who sent them, in workers of each kind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from many import MANY, USERS

pytest.importorskip("celery")

from celery import chain, chord, group

Way = Callable[[Any], list[str]]
"""Sends tasks, and returns the labels of what they will tell, in order."""

RUN = ["__call__", "after_return", "before_start", "task_postrun", "task_prerun"]


def delay(sender: Any) -> list[str]:
    """Send one task."""
    sender.tasks.see.delay(key=sender.key)
    return ["task"]


def apply_async(sender: Any) -> list[str]:
    """Send one task that has headers of its own."""
    headers = {"headers": {"of": "the program"}}
    sender.see().apply_async(headers=headers)
    return ["task"]


def send_task(sender: Any) -> list[str]:
    """Send one task by its name."""
    sender.tasks.app.send_task("celery_app.see", kwargs={"key": sender.key})
    return ["task"]


def nested(sender: Any) -> list[str]:
    """Send a task that sends one."""
    sender.tasks.outer.delay(sender.key)
    return ["inner", "outer"]


def retry(sender: Any) -> list[str]:
    """Send a task that asks to be run again."""
    sender.tasks.retrying.delay(sender.key)
    return ["attempt 0", "attempt 1"]


def autoretry(sender: Any) -> list[str]:
    """Send a task that is run again."""
    sender.tasks.retried.delay(sender.key)
    return ["attempt 0", "attempt 1"]


def in_a_chain(sender: Any) -> list[str]:
    """Send tasks that are run one after the other."""
    labels = ["1", "2", "3"]
    chain(*map(sender.see, labels)).delay()
    return labels


def in_a_group(sender: Any) -> list[str]:
    """Send tasks together."""
    labels = ["1", "2", "3"]
    group(*map(sender.see, labels)).delay()
    return labels


def in_a_chord(sender: Any) -> list[str]:
    """Send tasks together, and one that is run after them."""
    chord(map(sender.see, ["1", "2"]))(sender.see("3"))
    return ["1", "2", "3"]


def countdown(sender: Any) -> list[str]:
    """Send a task that waits for a time."""
    sender.see().apply_async(countdown=0.05)
    return ["task"]


def eta(sender: Any) -> list[str]:
    """Send a task that waits until a time."""
    sender.see().apply_async(eta=datetime.now(UTC) + timedelta(milliseconds=50))
    return ["task"]


def link(sender: Any) -> list[str]:
    """Send a task that has callbacks."""
    sender.see().apply_async(link=[sender.see("a"), sender.see("b")])
    return ["a", "b", "task"]


def link_error(sender: Any) -> list[str]:
    """Send a task that fails and has errbacks of both kinds."""
    tasks = sender.tasks
    errbacks = [
        one.s(key=sender.key) for one in (tasks.errback, tasks.errback_in_place)
    ]
    tasks.fail.s(sender.key).apply_async(link_error=errbacks)
    return ["errback", "errback in place", "failing"]


def success(sender: Any) -> list[str]:
    """Send a task of a class that is told of all."""
    sender.tasks.told.delay(sender.key, "success")
    return sorted([*RUN, "on_success", "task_success"])


def failure(sender: Any) -> list[str]:
    """Send one that fails."""
    sender.tasks.told.delay(sender.key, "failure")
    return sorted([*RUN, "on_failure", "task_failure"])


def retry_of_a_class(sender: Any) -> list[str]:
    """Send one that is run again."""
    sender.tasks.told.delay(sender.key, "retry")
    first = [*RUN, "on_retry", "task_retry"]
    first.remove("after_return")
    return sorted([*first, *RUN, "on_success", "task_success"])


WAYS = pytest.mark.parametrize(
    "way",
    [
        delay,
        apply_async,
        send_task,
        nested,
        retry,
        autoretry,
        in_a_chain,
        in_a_group,
        in_a_chord,
        countdown,
        eta,
        link,
        link_error,
        success,
        failure,
        retry_of_a_class,
    ],
    ids=lambda way: way.__name__,
)


@WAYS
def test_whatever_a_task_brings_about_has_the_values_of_who_sent_it(
    sender: Any, worker: Any, way: Way
) -> None:
    """So have tasks that it sends, its callbacks, and the signals about it."""
    with sender.to(worker).installed(), sender.tasks.tenant.bind("acme"):
        labels = way(sender)

    assert [(label, "acme") for label in labels] == sender.seen(len(labels))


@WAYS
def test_what_nobody_sends_is_seen_by_nobody(
    sender: Any, worker: Any, way: Way
) -> None:
    """Also on a worker where others' tasks have left something bound."""
    with sender.to(worker).installed():
        with sender.tasks.tenant.bind("acme"):
            for _ in range(4):
                sender.tasks.rebind.delay(sender.key, "left")
        assert [("rebinding", "acme")] * 4 == sender.seen(4)
        labels = way(sender)

    expected = [(label, "nothing") for label in labels]
    if way is retry:  # nothing came with the first attempt: the second has its own
        expected[1] = ("attempt 1", "of the first attempt")
    assert expected == sender.seen(len(labels))


def test_what_a_task_leaves_bound_is_gone_after_it(sender: Any, worker: Any) -> None:
    """That of a Var that does not travel, too."""
    with sender.to(worker).installed():
        for _ in range(8):
            sender.tasks.rebind.delay(sender.key, "left")

        assert [["rebinding"] + ["nothing"] * 3] * 8 == sender.all_seen(8)


def test_what_does_not_travel_stays_with_who_sends(sender: Any, worker: Any) -> None:
    """Only what is declared to travel by Celery is seen by the task."""
    tasks = sender.to(worker).tasks
    with sender.installed(), tasks.stays.bind("here"), tasks.user.bind("ann"):
        sender.see().delay()

    assert [["task", "nothing", "ann", "nothing"]] == sender.all_seen(1)


def test_a_signature_has_the_values_of_who_sends_it(sender: Any, worker: Any) -> None:
    """Who has made it does not matter."""
    tenant = sender.to(worker).tasks.tenant
    with tenant.bind("alice"):
        signature = chain(sender.see("1"), sender.see("2"))
    with sender.installed(), tenant.bind("bob"):
        signature.delay()

    assert [("1", "bob"), ("2", "bob")] == sender.seen(2)


def test_the_next_of_a_chain_has_what_the_one_before_has_bound(
    sender: Any, worker: Any
) -> None:
    """It is sent by that task, as any other would be."""
    tasks = sender.to(worker).tasks
    with sender.installed(), tasks.tenant.bind("acme"):
        chain(tasks.rebind.s(sender.key, "emca"), sender.see()).delay()

    assert [("rebinding", "acme"), ("task", "emca")] == sender.seen(2)


def test_the_tasks_of_many_senders_each_see_their_own(sender: Any, worker: Any) -> None:
    """Many tasks of many tenants, sent by four threads as they come."""
    tasks = sender.to(worker).tasks
    names = [f"tenant {number % USERS}" for number in range(MANY)]

    def send(name: str) -> None:
        with tasks.tenant.bind(name), tasks.user.bind(f"user of {name}"):
            sender.see(name).apply_async(ignore_result=True)

    with sender.installed(), ThreadPoolExecutor(4) as threads:
        list(threads.map(send, names))

    expected = sorted([name, name, f"user of {name}", "nothing"] for name in names)
    assert expected == sender.all_seen(MANY)
