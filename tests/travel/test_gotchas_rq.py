"""Where context has been lost or kept in RQ: a test for each of these.

The recipe is ``examples/engines/rq_context.py``. The worker is one that works in its
own process, so that each job meets what the last one has left.
"""

from __future__ import annotations

import importlib
import json
import pickle
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from engine_recipes import KINDS, NOTHING, forged, recipe

pytest.importorskip("itsdangerous")
if sys.platform == "win32":
    pytest.skip("RQ needs signals", allow_module_level=True)
pytest.importorskip("rq")

import rq_work as work
from rq import Queue, Retry, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

USERS = ("acme", "duck")


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Take back what a worker sets for Ctrl-C and SIGTERM, and leaves there."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Office:
    """A queue, and a worker that ends when there is nothing to do."""

    def __init__(self, made: ModuleType, inscope: ModuleType, url: str) -> None:
        self.made = made
        self.payer: Any = made.payer
        self.refused = inscope.ContextRefused
        self.connection = importlib.import_module("redis").Redis.from_url(url)
        self.name = uuid.uuid4().hex
        self.queue = made.queue(self.name, self.connection)
        self.plain = Queue(
            self.name, connection=self.connection, serializer=JSONSerializer
        )

    def now(self) -> str:
        """Return what is seen here."""
        try:
            return str(self.payer.get(NOTHING))
        except self.refused:
            return "refused"

    def works(self, *, plain: bool = False, kind: Any = SimpleWorker) -> None:
        """Let a worker do all there is to do."""
        queue = self.plain if plain else self.queue
        worker = kind(
            [queue],
            connection=self.connection,
            serializer=JSONSerializer,
            job_class=Job if plain else self.made.ContextJob,
        )
        with handlers_kept():
            worker.work(burst=True, logging_level="CRITICAL")

    def value(self, job: Any) -> Any:
        """Return what *job* has returned."""
        return job.latest_result().return_value


@pytest.fixture
def office(redis: Any, inscope: ModuleType, core: str) -> Iterator[Office]:
    """RQ, and the recipe; what jobs have left on this thread goes."""
    office = Office(recipe("rq", core), inscope, redis.url)
    work.now[:] = [office.now]
    work.set_payer[:] = [office.payer.set]
    work.queues[:] = [office.queue]
    work.left.set(NOTHING)
    with office.payer.bind("of the worker"):
        office.payer.set("of the worker")
        yield office
    work.seen.clear()
    office.connection.close()


def test_a_worker_without_processes_keeps_what_a_job_sets(office: Office) -> None:
    """The fault: the next job sees it."""
    jobs = [office.plain.enqueue(work.leaving, name) for name in USERS]
    office.works(plain=True)

    assert [NOTHING, "acme"] == [office.value(job) for job in jobs]
    assert "duck" == office.now()


def test_callbacks_are_called_outside_of_the_work(office: Office) -> None:
    """The fault: what is bound around the work is gone by then."""

    class Binding(Job):
        def perform(self) -> Any:
            with office.payer.bind("acme"):
                return super().perform()

    office.queue.enqueue(work.tell, **work.CALLBACKS)
    office.made.ContextJob, kept = Binding, office.made.ContextJob
    try:
        office.works()
    finally:
        office.made.ContextJob = kept

    assert [("job", "acme"), ("succeeded", "of the worker")] == work.seen


def test_jobs_are_pickles_unless_told_otherwise(office: Office) -> None:
    """The fault: and what reads them runs what whoever wrote them wants."""
    job = Queue(office.name, connection=office.connection).enqueue(work.tell, "label")

    name, _, args, _ = pickle.loads(job.data)
    assert ("rq_work.tell", ("label",)) == (name, args)
    assert ["rq_work.tell", None, ["label"], {}] == json.loads(
        office.queue.enqueue(work.tell, "label").data
    )


def test_jobs_see_who_has_enqueued_them(office: Office) -> None:
    """One user's after the other's, though each leaves values behind; and nobody's."""
    jobs = []
    for name in USERS:
        with office.payer.bind(name):
            jobs.append(office.queue.enqueue(work.tell, name))
            office.queue.enqueue(work.leaving, "left")
    office.plain.enqueue(work.tell, "nobody")
    office.works()

    expected = [("acme", "acme"), ("duck", "duck"), ("nobody", NOTHING)]
    assert expected == work.seen
    assert list(USERS) == [office.value(job) for job in jobs]
    assert "of the worker" == office.now()


@pytest.mark.parametrize("kind", [Worker, SimpleWorker])
def test_each_kind_of_worker_gives_it_to_jobs(office: Office, kind: Any) -> None:
    """That with a process for each job, too."""
    jobs = []
    for name in USERS:
        with office.payer.bind(name):
            jobs.append(office.queue.enqueue(work.tell))
            jobs.append(office.queue.enqueue(work.later))
    office.works(kind=kind)

    assert ["acme"] * 2 + ["duck"] * 2 == [office.value(job) for job in jobs]


def test_jobs_of_jobs_see_the_same(office: Office) -> None:
    """And those that wait for others see who has enqueued these."""
    with office.payer.bind("acme"):
        first = office.queue.enqueue(work.outer)
    with office.payer.bind("duck"):
        office.queue.enqueue(work.tell, "second", depends_on=first)
    office.works()

    assert [("inner", "acme"), ("second", "duck")] == sorted(work.seen)


def test_callbacks_see_who_has_enqueued_the_job(office: Office) -> None:
    """Those of success and those of failure, and not what the job has left."""
    with office.payer.bind("acme"):
        office.queue.enqueue(work.tell, **work.CALLBACKS)
    with office.payer.bind("duck"):
        office.queue.enqueue(work.failing, **work.CALLBACKS)
    office.works()

    expected = [("job", "acme"), ("succeeded", "acme"), ("failed", "duck")]
    assert expected == work.seen


@pytest.mark.parametrize("name", ["acme", ""])
def test_a_retry_has_the_values_of_the_first_attempt(office: Office, name: str) -> None:
    """Also if that were none, and the first attempt has left others."""
    if name:
        with office.payer.bind(name):
            office.queue.enqueue(work.failing_once, retry=Retry(max=2))
    else:
        office.plain.enqueue(work.failing_once, retry=Retry(max=2))
    office.works()

    assert [("attempt", name or NOTHING)] * 2 == work.seen


def test_what_is_noted_with_a_job_stays(office: Office) -> None:
    """The values are in ``meta``, beside what others have there."""
    noted = {"page": 5}
    with office.payer.bind("acme"):
        job = office.queue.enqueue(work.tell, meta=noted)

    found = office.made.ContextJob.fetch(job.id, office.connection, JSONSerializer)
    assert (5, {"page": 5}) == (found.meta["page"], noted)
    assert {"page", office.made.FIELD} == set(found.meta)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forged_is_refused_in_the_job(office: Office, kind: str) -> None:
    """And in what is called because of it; the next job sees its own."""
    with office.payer.bind("ann"):
        text = office.made.dump(office.made.RQ).text
    meta = {office.made.FIELD: forged(text)[kind]}
    office.plain.enqueue(work.tell, meta=meta, **work.CALLBACKS)
    with office.payer.bind("duck"):
        office.queue.enqueue(work.tell, "other")
    office.works()

    expected = [("job", "refused"), ("succeeded", "refused"), ("other", "duck")]
    assert expected == work.seen


def test_a_job_that_is_refused_enqueues_no_others(office: Office) -> None:
    """That is a read, too: the job fails by it."""
    job = office.plain.enqueue(work.outer, meta={office.made.FIELD: "admin"})
    office.works()

    assert "ContextRefused" in job.latest_result().exc_string
    assert [] == work.seen


@pytest.mark.parametrize("value", [5, "x" * 5000], ids=["no string", "large"])
def test_what_cannot_be_sent_is_an_error_of_the_sender(
    office: Office, inscope: ModuleType, value: Any
) -> None:
    """And nothing is enqueued."""
    with office.payer.bind(value), pytest.raises(inscope.NotPortableError):
        office.queue.enqueue(work.tell)

    assert 0 == office.queue.count
