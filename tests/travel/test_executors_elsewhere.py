"""``carrying`` on executors of others whose jobs run in other processes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

import process_work
import pytest

from inscope import Var, bind
from inscope.carry import carrying
from inscope.travel import TravellingExecutor, travelling

Seen = Callable[..., Any]


def _loky() -> Any:
    return pytest.importorskip("loky").ProcessPoolExecutor(2)


def _loky_of_joblib() -> Any:
    pytest.importorskip("joblib")
    loky: Any = importlib.import_module("joblib.externals.loky")
    return loky.ProcessPoolExecutor(2)


def _reused() -> Any:
    return pytest.importorskip("loky").get_reusable_executor(2)


POOLS = {"loky": _loky, "loky of joblib": _loky_of_joblib, "loky, reused": _reused}


@pytest.fixture(scope="module", params=[*POOLS, "dask"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Executor, Any]]:
    """A carrying executor, and the module with the work and its Vars."""
    if request.param != "dask":
        with carrying(POOLS[request.param]()) as executor:
            yield executor, process_work
        return
    distributed: Any = pytest.importorskip("distributed")
    dask_work = importlib.import_module("dask_work")
    cluster = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    )
    client = distributed.Client(cluster, set_as_default=False)
    with cluster, client, carrying(client.get_executor()) as executor:
        yield executor, dask_work


def _of(work: Any) -> dict[Var[Any], Any]:
    return {work.tenant: "acme", work.user: "ann", work.cart: "full"}


def test_a_job_has_what_is_declared_and_no_more(place: tuple[Executor, Any]) -> None:
    """By ``submit`` and ``map``; and where nothing is bound, nothing."""
    executor, work = place
    assert isinstance(executor, TravellingExecutor)
    with bind(_of(work)):
        future = executor.submit(work.seen, 1)
        results = executor.map(work.seen, range(3))
    assert ("acme", "ann", "no cart", 1) == tuple(future.result())
    assert [("acme", "ann", "no cart", n) for n in range(3)] == [*map(tuple, results)]
    assert "acme" not in executor.submit(work.seen).result()


def test_a_callback_has_the_context_of_who_adds_it(place: tuple[Executor, Any]) -> None:
    """As with every carrying executor."""
    executor, work = place
    found: list[str] = []
    with work.cart.bind("mine"):
        future = executor.submit(work.seen)
        future.add_done_callback(lambda _: found.append(work.cart.get()))
    future.result()
    executor.submit(work.seen).result()
    assert ["mine"] == found


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib_calls_what_travels(backend: str) -> None:
    """On each of its backends; what was bound around the call stays there."""
    joblib: Any = pytest.importorskip("joblib")
    jobs = []
    for name in ("ann", "bob"):
        with process_work.user.bind(name):
            jobs.append(joblib.delayed(travelling(process_work.seen))(name))
    with process_work.user.bind("of the call"):
        found = joblib.Parallel(n_jobs=2, backend=backend)(jobs)

    assert [("-", name, "no cart", name) for name in ("ann", "bob")] == found
