"""Where context has been lost, kept or shown to others, in processes and by HTTP.

A test for each of the cases. Those that begin with "the fault" show what would happen
without: that there is something to be tested.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import pickle
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from types import ModuleType, SimpleNamespace
from typing import Any

import process_work as work
import pytest
from gotcha_work import (
    Asked,
    Counted,
    read,
    refused_by_steps,
    run,
    seen_by_steps,
    seen_later,
    tell,
)

from inscope import bind
from inscope.carry import Snapshot, carrying
from inscope.travel import travelling

FORK = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork"
)
NOTHING = ("-", "nobody", "no cart")
ANN = {work.tenant: "acme", work.user: "ann", work.cart: "full"}

# What cannot leave the process


@pytest.mark.parametrize("thing", [copy_context, ContextVar("plain").__class__])
def test_a_context_cannot_be_pickled(thing: Any) -> None:
    """The fault: nor can a variable; so there is nothing to be sent but values."""
    made = thing() if thing is copy_context else thing("plain")
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(made)


def test_what_holds_a_context_is_not_pickled_either(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """A snapshot, what arrived, and a block of it; carried functions and objects."""
    carry = importlib.import_module("inscope.carry")
    var = inscope.Var("gotcha_pickled", wire=str, travels_to={"process"})
    with var.bind("acme"):
        arrival = travel.load(travel.dump("process").text, "process")
        snapshot = carry.Snapshot.capture()
    carried = [carry.carry(one) for one in (work.seen, Counted, Counted())]
    for thing in (snapshot, arrival, arrival.entered(), *carried):
        with pytest.raises((TypeError, pickle.PicklingError)):
            pickle.dumps(thing)


@pytest.mark.parametrize("by", ["carry", "wrap"])
def test_a_method_is_pickled_by_its_name_also_if_it_is_carried(
    inscope: ModuleType, travel: ModuleType, by: str
) -> None:
    """So Python does it, whatever the method is: docs/travel.md says what to use."""
    var = inscope.Var("gotcha_method", default="-", wire=str, travels_to={"process"})
    carry = importlib.import_module("inscope.carry")
    with var.bind("acme"):
        take = carry.carry if by == "carry" else carry.Snapshot.capture().wrap
        carried, travelling = take(Asked(var).ask), travel.travelling(Asked(var).ask)

    assert "acme" == carried()
    assert "-" == pickle.loads(pickle.dumps(carried))()
    assert "acme" == pickle.loads(pickle.dumps(travelling))()


# Threads that inherit


class Inheriting(threading.Thread):
    """A thread as on free-threaded builds: in the context of who starts it."""

    def start(self) -> None:
        """Start it, in a copy of the context of here and now."""
        run, context = self.run, copy_context()
        self.run = lambda: context.run(run)  # type: ignore[method-assign]
        super().start()


def test_a_pools_thread_that_inherits_serves_the_next_one_as_the_first(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault: bob's job sees ann, whose job has started it; not if carried."""
    carry = importlib.import_module("inscope.carry")
    executors = importlib.import_module("inscope.carry.executors")
    flags = SimpleNamespace(thread_inherit_context=1)
    told = SimpleNamespace(flags=flags, modules=sys.modules)
    monkeypatch.setattr("concurrent.futures.thread.threading.Thread", Inheriting)
    monkeypatch.setattr(executors, "sys", told)
    user = inscope.Var("gotcha_inherited", default="nobody")

    def asked(pool: Any) -> list[str]:
        found = []
        for name in ("ann", "bob"):
            with user.bind(name):
                found.append(pool.submit(user.get).result())
        found.append(pool.submit(user.get).result())
        pool.submit(user.set, "eve").result()
        found.append(pool.submit(user.get).result())
        return found

    with ThreadPoolExecutor(1) as plain:
        assert ["ann", "ann", "ann", "eve"] == asked(plain)
    with ThreadPoolExecutor(1) as inner, carry.carrying(inner) as pool:
        assert ["ann", "bob", "nobody", "nobody"] == asked(pool)
        assert "nobody" == inner.submit(user.get).result()


# Processes


@FORK
def test_a_forked_process_sees_what_its_forker_had_bound() -> None:
    """The fault; not with ``travelling``: neither a process, nor those of a pool."""
    context = multiprocessing.get_context("fork")
    with bind(ANN):
        pool = context.Pool(1)
    with pool:
        assert ("acme", "ann", "full") == pool.apply(work.seen)
        assert NOTHING == pool.apply(travelling(work.seen))
        with work.user.bind("bob"):
            job = travelling(work.seen)
            assert [("-", "bob", "no cart", 1)] == pool.map(job, [1])
            assert [("-", "bob", "no cart", 1)] == pool.starmap(job, [(1,)])
            assert [("-", "bob", "no cart", 1)] == list(pool.imap(job, [1]))
        assert ("acme", "ann", "full") == pool.apply(work.seen)

    queue = context.SimpleQueue()
    with work.user.bind("bob"):
        job = travelling(tell)
    with bind(ANN):
        process = context.Process(target=job, args=(queue,))
        process.start()
    process.join()
    assert ("-", "bob", "no cart") == queue.get()


@FORK
def test_a_pool_forks_late_for_whoever_submits_first() -> None:
    """The fault: bob's job sees what ann had; with ``carrying``, his own or nothing."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context) as pool:
        with bind(ANN):
            pool.submit(work.seen).result()
        with work.user.bind("bob"):
            assert ("acme", "ann", "full") == pool.submit(work.seen).result()
            carried = carrying(pool)
            assert ("-", "bob", "no cart") == carried.submit(work.seen).result()
        assert NOTHING == carried.submit(work.seen).result()


def test_what_an_initializer_binds_is_no_jobs() -> None:
    """It is called once for each worker: whose values would it have, an hour later?"""
    pool = ProcessPoolExecutor(1, initializer=work.left_behind, initargs=("left",))
    with carrying(pool) as executor:
        assert NOTHING == executor.submit(work.seen).result()
        with bind(ANN):
            assert ("acme", "ann", "no cart") == executor.submit(work.seen).result()
        assert NOTHING == executor.submit(work.seen).result()


def test_the_values_of_a_map_are_pickled_once_for_each_chunk() -> None:
    """Not for each of its items; all of them have the values."""
    Counted.count = 0
    context = multiprocessing.get_context("spawn")
    with carrying(ProcessPoolExecutor(1, context)) as executor, bind(ANN):
        found = list(executor.map(Counted(), range(100), chunksize=50))

    assert [("acme", "ann", "no cart", number) for number in range(100)] == found
    assert 2 == Counted.count


def test_coroutines_and_generators_that_travel_have_the_values_at_each_step() -> None:
    """Made there, they are advanced by whatever is there: as those of Dask's are."""
    with bind(ANN):
        jobs = [(run, travelling(seen_later)), (read, travelling(seen_by_steps))]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = [pool.apply(function, (job,)) for function, job in jobs]

    assert [("acme", "ann", "no cart"), [("acme", "ann", "no cart")]] == found


def test_a_generator_that_travels_with_something_forged_is_refused() -> None:
    """It does not run as the worker, or as nobody."""
    job = travelling(refused_by_steps)
    job.payload = "junk"
    with work.tenant.bind("of the worker"):
        assert ["malformed"] == list(job())


def test_what_is_carried_cannot_be_a_job_of_another_process() -> None:
    """It is an error of the job, where its values would be lost in silence."""
    carried = Snapshot.capture().wrap(work.seen)
    errors = (TypeError, AttributeError, pickle.PicklingError)
    with ProcessPoolExecutor(1) as pool, pytest.raises(errors):
        pool.submit(carried).result()


# Text


def test_the_largest_payload_is_a_header_that_servers_take(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """gunicorn and aiohttp take 8,190 bytes, gRPC 8,192, ASCII alone; no line ends."""
    boundary = travel.Boundary(
        "http", keys=["k" * 200], audience="a" * 100, value_limit=4096
    )
    var = inscope.Var("gotcha_large", wire=travel.JSON, travels_to={"http"})
    sizes = []
    for size in (3000, 3500, 3900, 4000, 4090):
        with var.bind(["é\n" * (size // 8)]):
            try:
                text = travel.dump(boundary).text
            except inscope.NotPortableError:
                break
        assert text.isascii()
        assert text.isprintable()
        sizes.append(len(f"Inscope-Context: {text}"))
        assert travel.load(text, boundary).refused is None

    assert sizes
    assert max(sizes) < 8190


def test_a_signature_for_another_purpose_is_none(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """The same key signs cookies, say: itsdangerous mixes a salt into each."""
    itsdangerous = pytest.importorskip("itsdangerous")
    user = inscope.Var("gotcha_user", wire=str, travels_to={"http"}, identity=True)
    boundary = travel.Boundary("http", keys=["a key"])
    with user.bind("ann"):
        text = travel.dump(boundary).text
    plain = text.rpartition(".")[0]

    for signer in (
        itsdangerous.Signer("a key"),
        itsdangerous.Signer("a key", salt="cookie-session", key_derivation="hmac"),
        itsdangerous.TimestampSigner("a key"),
    ):
        forged = signer.sign(plain).decode()
        assert "signature" == travel.load(forged, boundary).refused.reason
    assert "ann" == travel.load(text, boundary).run(user.get)


def test_fields_that_a_type_does_not_have_give_nobody_any_rights(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Where a type forbids them, all is refused; else, they are not there."""
    msgspec = pytest.importorskip("msgspec")
    strict = msgspec.defstruct(
        "Strict", [("user", str)], forbid_unknown_fields=True, module=__name__
    )
    loose = msgspec.defstruct("Loose", [("user", str)], module=__name__)
    text = travel.dump("process").text
    for wire, name in ((strict, "gotcha_strict"), (loose, "gotcha_loose")):
        var = inscope.Var(name, wire=wire, travels_to={"process"})
        for written in ('{"user":"ann","admin":true}', '{"user":1}'):
            arrival = travel.load(
                text.replace("[]", f'[["{name}",{written}]]'), "process"
            )
            if wire is loose and "admin" in written:
                assert not hasattr(arrival.run(var.get), "admin")
                continue
            assert "type" == arrival.refused.reason


# Entering


def test_a_hook_that_is_left_in_another_context_raises_nothing(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """The fault is that of a token; a block is put back by value, wherever it is."""
    plain: ContextVar[str] = ContextVar("plain")
    token = copy_context().run(plain.set, "elsewhere")
    with pytest.raises(ValueError, match="different Context"):
        plain.reset(token)

    var = inscope.Var("gotcha_entered", default="-", wire=str, travels_to={"celery"})
    with var.bind("acme"):
        text = travel.dump("celery").text

    async def steps() -> AsyncIterator[Any]:
        with travel.load(text, "celery").entered():
            yield var.get()

    async def main() -> list[Any]:
        made: Any = steps()
        found = [await asyncio.create_task(made.__anext__()), var.get()]
        await asyncio.create_task(made.aclose())
        return [*found, var.get()]

    assert ["acme", "-", "-"] == asyncio.run(main())
    made = Context().run(travel.load(text, "celery").entered().__enter__)
    made.__exit__(None, None, None)
    assert "-" == var.get()
