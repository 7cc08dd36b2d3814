"""Declared values in other processes, and nothing but these."""

from __future__ import annotations

import importlib
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType

import process_work as work
import pytest
from many import MANY, USERS

from inscope import NotPortableError, bind
from inscope.carry import carrying
from inscope.travel import (
    TravellingExecutor,
    environment,
    from_environment,
    travelling,
)

METHODS = [
    name
    for name in ("fork", "forkserver", "spawn")
    if name in multiprocessing.get_all_start_methods()
]
NOTHING = ("-", "nobody", "no cart")
ANN = {work.tenant: "acme", work.user: "ann", work.cart: "full"}


@pytest.fixture(scope="module", params=METHODS)
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """A pool of processes; it is made, and forks, where much is bound."""
    with bind({work.tenant: "of the fork", work.user: "of the fork", work.cart: "x"}):
        context = multiprocessing.get_context(request.param)
        executor = carrying(ProcessPoolExecutor(2, context))
        assert ("of the fork", "of the fork", "no cart") == executor.submit(
            work.seen
        ).result()
    with executor:
        yield executor


def test_a_job_has_what_was_bound_as_it_was_submitted(pool: Executor) -> None:
    """The declared part of it, and nothing of what was bound where it was forked."""
    with bind(ANN):
        future = pool.submit(work.seen, 1, 2)

    assert ("acme", "ann", "no cart", 1, 2) == future.result()
    assert NOTHING == pool.submit(work.seen).result()


def test_jobs_of_map_have_it_too(pool: Executor) -> None:
    """In chunks or not."""
    for options in ({}, {"chunksize": 3}, {"timeout": 60}):
        with bind(ANN):
            results = pool.map(work.seen, range(4), "abcd", **options)
        expected = [("acme", "ann", "no cart", n, "abcd"[n]) for n in range(4)]
        assert expected == list(results)


def test_what_a_job_leaves_bound_is_gone(pool: Executor) -> None:
    """Whichever process is next."""
    assert ["left"] * 8 == list(pool.map(work.left_behind, ["left"] * 8))
    assert [NOTHING] * 8 == [
        future.result() for future in [pool.submit(work.seen) for _ in range(8)]
    ]


def test_many_jobs_of_many_users_see_their_own(pool: Executor) -> None:
    """Interleaved."""
    expected, futures = [], []
    for number in range(MANY):
        name = f"user {number % USERS}"
        with work.user.bind(name):
            futures.append(pool.submit(work.seen, number))
        expected.append(("-", name, "no cart", number))

    assert expected == [future.result() for future in futures]


def test_an_error_comes_back(pool: Executor) -> None:
    """The job's own, with what it saw."""
    with work.tenant.bind("acme"), pytest.raises(ValueError, match="acme"):
        pool.submit(work.failing).result()


def test_a_callback_has_the_context_of_who_adds_it(pool: Executor) -> None:
    """As with every carrying executor."""
    log: list[str] = []
    future = pool.submit(work.seen)
    with work.cart.bind("mine"):
        future.add_done_callback(lambda _: log.append(work.cart.get()))
    future.result()
    pool.submit(work.seen).result()

    assert ["mine"] == log


def test_what_cannot_be_sent_is_an_error_of_the_submitter(pool: Executor) -> None:
    """Nothing is submitted then."""
    with work.tenant.bind(5):  # type: ignore[arg-type]
        with pytest.raises(NotPortableError, match="process_tenant"):
            pool.submit(work.seen)
        with pytest.raises(NotPortableError, match="process_tenant"):
            pool.map(work.seen, [1])


def test_a_job_that_cannot_be_pickled_is_an_error_of_the_job(pool: Executor) -> None:
    """As without inscope."""
    with (
        work.tenant.bind("acme"),
        pytest.raises((pickle.PicklingError, AttributeError)),
    ):
        pool.submit(lambda: None).result()


def test_a_process_that_dies_takes_no_context_along(tmp_path: Path) -> None:
    """The job is run again in another pool, with its own."""
    marker = tmp_path / "marker"
    with work.tenant.bind("acme"):
        job = travelling(work.dying)
    with carrying(ProcessPoolExecutor(1)) as first, pytest.raises(BrokenProcessPool):
        first.submit(job, str(marker)).result()
    with carrying(ProcessPoolExecutor(1)) as second:
        assert "acme" == second.submit(job, str(marker)).result()
    assert "acme" == marker.read_text()


def test_a_pool_is_carried_once(pool: Executor) -> None:
    """And says what it is."""
    assert pool is carrying(pool)
    assert isinstance(pool, TravellingExecutor)
    assert "<carrying <concurrent.futures.process.ProcessPoolExecutor" in repr(pool)


def test_a_pool_that_was_shut_down_says_so() -> None:
    """In its own words."""
    executor = carrying(ProcessPoolExecutor(1))
    executor.shutdown()

    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(work.seen)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="interpreters came with 3.14")
def test_jobs_in_other_interpreters_have_it_too() -> None:
    """They import the package on their own."""
    interpreters = importlib.import_module("concurrent.futures.interpreter")
    with carrying(interpreters.InterpreterPoolExecutor(1)) as executor:
        path = str(Path(work.__file__).parent)
        executor.submit(exec, f"import sys; sys.path.insert(0, {path!r})").result()
        with bind(ANN):
            future = executor.submit(work.seen, 1)
        assert ("acme", "ann", "no cart", 1) == future.result()
        assert NOTHING == executor.submit(work.seen).result()


def test_a_function_brings_its_values_to_any_process() -> None:
    """It is pickled with them, and sees no others where it is called."""
    with bind(ANN):
        job = travelling(work.seen)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert [("acme", "ann", "no cart", 1)] == pool.map(job, [1])

    with bind({work.tenant: "here", work.cart: "here"}):
        assert ("acme", "ann", "no cart") == job()
        assert ("acme", "ann", "no cart") == pickle.loads(pickle.dumps(job))()


def test_a_travelling_function_does_not_show_what_it_brings() -> None:
    """Its repr names the function."""
    with bind(ANN):
        job = travelling(work.seen)

    assert "acme" not in repr(job)
    assert "<travelling <function seen at" in repr(job)
    with pytest.raises(TypeError, match="something that can be called, not 5"):
        travelling(5)  # type: ignore[arg-type]


def test_a_function_whose_values_were_changed_is_refused() -> None:
    """What is no payload is none here, either."""
    job = travelling(work.refused)
    job.payload = "junk"

    assert "malformed" == job()


PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import process_work as work
from inscope.travel import from_environment
print(from_environment().run(work.refused), "INSCOPE_CONTEXT" in os.environ)
print(from_environment().run(work.refused))
"""


def _started(env: dict[str, str]) -> list[str]:
    """Return what a program prints that is started with *env*."""
    folder = str(Path(work.__file__).parent)
    command = [sys.executable, "-c", PROGRAM, folder]
    return subprocess.check_output(command, env=env, text=True).splitlines()


def test_a_program_has_it_by_its_environment() -> None:
    """Once: what it starts itself does not inherit it."""
    with bind(ANN):
        env = environment()

    assert ["acme False", "-"] == _started(env)
    assert ["- False", "-"] == _started(environment(env))
    assert ["malformed False", "-"] == _started({**env, "INSCOPE_CONTEXT": "junk"})


def test_an_environment_is_made_of_another_one() -> None:
    """Which stays as it is; where nothing is bound, nothing is in it."""
    base = {"PATH": "here", "INSCOPE_CONTEXT": "of others"}

    assert {"PATH": "here"} == environment(base)
    with work.tenant.bind("acme"):
        assert {"PATH", "INSCOPE_CONTEXT"} == set(environment(base))
    assert "of others" == base["INSCOPE_CONTEXT"]


def test_without_a_payload_in_the_environment_nothing_is_bound() -> None:
    """A program may be started by hand."""
    assert NOTHING == from_environment().run(work.seen)


def test_both_cores_send_and_read_the_same(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Which one a process has is its own affair."""
    var = inscope.Var("process_tenant", wire=str, travels_to={"process"})
    with work.tenant.bind("acme"):
        job = travelling(work.seen)
    assert "acme" == travel.load(job.payload, "process").run(var.get)
