"""Where context has been lost or mixed up on Dask: a test for each of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("distributed")

import dask
import dask.array
import dask.bag
import dask_work as work
from distributed import Client, LocalCluster
from worker_cores import CORES

from inscope import ContextRefused
from inscope.travel.dask import DaskTravelling, travelling

SECONDS = 60


@pytest.fixture(scope="module", params=CORES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a cluster of one process, which has two slots."""
    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        env={"INSCOPE_CORE": request.param},
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        assert {request.param} == set(client.run(work.core).values())
        yield client


@pytest.mark.parametrize("function", [work.seen, work.seen_later])
def test_a_refusal_costs_no_slot(client: Client, function: Any) -> None:
    """It is an error of the task, however many there are, and the next ones run."""
    refusing = DaskTravelling(function, "junk")
    refused = client.map(refusing, range(8), pure=False)
    for future in refused:
        assert isinstance(future.exception(timeout=SECONDS), ContextRefused)

    with work.user.bind("ann"):
        futures = client.map(travelling(work.seen), range(8), pure=False)
    found = [future.result(timeout=SECONDS) for future in futures]
    assert [("-", "ann", "no cart", number) for number in range(8)] == found


def test_an_annotation_is_no_part_of_a_key(client: Client) -> None:
    """The fault: bob's call with ann's arguments gets her result."""
    futures = []
    for name in ("ann", "bob"):
        with dask.annotate(user=name):
            futures.append(client.submit(work.once, 11))

    first, second = client.gather(futures)
    assert futures[0].key == futures[1].key
    assert first == second


def test_a_result_that_is_still_there_is_not_given_to_another(client: Client) -> None:
    """Nor to nobody; whoever was first, and whether it is asked for by name or not."""
    kept = []
    for name in ("ann", "bob", "", "ann"):
        with work.user.bind(name):
            kept.append(client.submit(travelling(work.once), 12))
        client.gather(kept)
    kept.append(client.submit(travelling(work.once), 12))
    kept.append(client.submit(work.once, 12))

    found = client.gather(kept)
    assert ["ann", "bob", "", "ann", "nobody", "nobody"] == [one[0] for one in found]
    assert found[0] == found[3]
    assert 5 == len({one[2] for one in found})


def test_an_annotation_of_an_array_is_lost_where_it_is_computed(client: Client) -> None:
    """The fault: made inside, computed outside, its blocks know nothing of it."""
    array = dask.array.ones(6, chunks=2)
    with dask.annotate(user="ann"):
        made = array.map_blocks(work.seen_on, dtype=float)
    (optimised,) = dask.optimize(made)

    found = [layer.annotations for layer in optimised.dask.layers.values()]
    assert not any("user" in (one or {}) for one in found)


def test_collections_of_two_users_in_one_computation(client: Client) -> None:
    """Equal but for the user, and optimised together: each has its own values."""
    array = dask.array.ones(6, chunks=2)
    bag = dask.bag.from_sequence(range(2), npartitions=1)
    made: list[Any] = []
    for name in ("ann", "alice", ""):
        with work.user.bind(name):
            made.append(
                (
                    array.map_blocks(travelling(work.seen_on), dtype=float),
                    array.map_blocks(travelling(work.seen_on), dtype=float)
                    .map_blocks(travelling(work.seen_on), dtype=float)
                    .sum(),
                    bag.map_partitions(travelling(work.with_each)),
                    dask.delayed(travelling(work.seen), pure=True)(1),
                )
            )

    with work.user.bind("nobody's"):
        found = client.gather(client.compute(made))

    for name, (blocks, total, items, delayed) in zip(
        ("ann", "alice", ""), found, strict=True
    ):
        size = len(name)
        assert [size] * 6 == blocks.tolist()
        assert 6 * size * size == total
        assert [(name, 0), (name, 1)] == list(items)
        assert ("-", name, "no cart", 1) == delayed


def test_what_persists_is_its_makers(client: Client) -> None:
    """A collection that stays on the cluster is not another's when it is made again."""
    array = dask.array.ones(4, chunks=2)
    kept = []
    for name in ("ann", "alice"):
        with work.user.bind(name):
            made = array.map_blocks(travelling(work.seen_on), dtype=float)
            kept.append(client.persist(made))

    found = [client.compute(one, sync=True).tolist() for one in kept]
    assert [[3.0] * 4, [5.0] * 4] == found


def test_a_task_of_a_task_is_not_given_the_result_of_anothers(client: Client) -> None:
    """Their keys are made on the worker, by what each of them has there."""
    futures = []
    for name in ("ann", "bob"):
        with work.user.bind(name):
            futures.append(client.submit(travelling(work.nested), 3, pure=False))

    for name, future in zip(("ann", "bob"), futures, strict=True):
        found = future.result(timeout=SECONDS)
        assert [name, name, "nobody"] == [one[1] for one in found]


def test_a_task_that_gives_up_its_thread_passes_nothing_on(client: Client) -> None:
    """The fault: what the worker starts then, it starts in a copy of its context."""
    give = work.giving_up_its_thread
    giving = [client.submit(give, "fault", "ann", pure=False) for _ in range(2)]
    seen = client.submit(work.seen, key="fault").result(timeout=SECONDS)
    assert ("-", "ann", "no cart") == seen

    for name, function in (("plain", work.seen), ("wrapped", travelling(work.seen))):
        with work.user.bind("ann"):
            giving += client.map(travelling(give), [name] * 2, pure=False)
        seen = client.submit(function, key=name).result(timeout=SECONDS)
        assert work.NOTHING == seen
    assert [None] * 6 == [future.result(timeout=SECONDS) for future in giving]


def test_the_scheduler_is_shown_no_values(client: Client) -> None:
    """Neither in keys, nor in annotations, nor in what the dashboard calls a task."""
    with work.user.bind("s3cr3t ann"):
        future = client.submit(travelling(work.seen), 13)
    future.result(timeout=SECONDS)

    def shown(dask_scheduler: Any) -> list[str]:
        return [
            " ".join(map(str, (one.key, one.group_key, one.annotations, one.prefix)))
            for one in dask_scheduler.tasks.values()
        ]

    texts = client.run_on_scheduler(shown)
    assert any("seen" in text for text in texts)
    assert not any("s3cr3t" in text for text in texts)
