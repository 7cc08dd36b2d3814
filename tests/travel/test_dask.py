"""``travelling`` on a cluster: each task sees what its submitter saw, and no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

pytest.importorskip("distributed")

import dask
import dask.array
import dask.bag
import dask_work as work
from distributed import Client, LocalCluster
from many import MANY, USERS
from worker_cores import CORES

from inscope import ContextRefused, NotPortableError, bind
from inscope.travel import dump
from inscope.travel.dask import DaskTravelling, travelling

ANN = {work.tenant: "acme", work.user: "ann", work.cart: "full"}
SEEN_BY_ANN = ("acme", "ann", "no cart")


@pytest.fixture(scope="module", params=CORES)
def core(request: pytest.FixtureRequest) -> str:
    """The core that the workers have."""
    return str(request.param)


@pytest.fixture(scope="module")
def cluster(core: str) -> Iterator[LocalCluster]:
    """Two processes of two threads each; they are started where much is bound.

    They are spawned with the paths of this process, and so find ``dask_work``.
    """
    with bind(ANN):
        cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            env={"INSCOPE_CORE": core},
        )
    with cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client that is not the default one of other tests."""
    with bind(ANN):
        client = Client(cluster, set_as_default=False)
    with client:
        yield client


def test_the_workers_have_the_core(client: Client, core: str) -> None:
    """Or the tests would tell nothing of it."""
    assert {core} == set(client.run(work.core).values())


def test_a_task_has_what_was_bound_as_its_function_was_wrapped(client: Client) -> None:
    """The declared part of it; not that of where it is submitted, or computed."""
    with bind(ANN):
        function = travelling(work.seen)
    with work.user.bind("bob"):
        future = client.submit(function, 1, 2)

    assert (*SEEN_BY_ANN, 1, 2) == future.result()


def test_where_nothing_is_bound_a_task_sees_nothing(client: Client) -> None:
    """Nor does one without ``travelling``, whatever is bound."""
    assert work.NOTHING == client.submit(travelling(work.seen)).result()
    with bind(ANN):
        assert work.NOTHING == client.submit(work.seen).result()


def test_tasks_of_map_have_it_too(client: Client) -> None:
    """In batches or not, with keyword arguments or without."""
    with bind(ANN):
        plain = client.map(travelling(work.seen), range(6), "abcdef")
        batched = client.map(travelling(work.seen), range(6), batch_size=2, pure=False)
        blocks = client.map(travelling(sorted), [[1, 2], [4, 3]], reverse=True)

    expected = [(*SEEN_BY_ANN, n, "abcdef"[n]) for n in range(6)]
    assert expected == client.gather(plain)
    assert [(*SEEN_BY_ANN, n) for n in range(6)] == client.gather(batched)
    assert [[2, 1], [4, 3]] == client.gather(blocks)


def test_delayed_functions_have_it(client: Client) -> None:
    """Whoever computes them, and also where they are pure."""
    with bind(ANN):
        first = dask.delayed(travelling(work.seen))(1)
        second = dask.delayed(travelling(work.seen), pure=True)(first)
    with work.user.bind("bob"):
        found = client.compute([second, dask.delayed(work.seen)()], sync=True)

    assert [(*SEEN_BY_ANN, (*SEEN_BY_ANN, 1)), work.NOTHING] == found


def test_blocks_of_an_array_have_it(client: Client) -> None:
    """Also where Dask itself looks for the parameters of the function."""
    array = dask.array.ones(6, chunks=2)
    with bind(ANN):
        plain = array.map_blocks(travelling(work.seen_on), dtype=float)
        inferred = array.map_blocks(travelling(work.seen_on))
        function = travelling(work.seen_in_block)
        numbered = array.map_blocks(function, factor=2, dtype=float)

    assert [3.0] * 6 == client.compute(plain, sync=True).tolist()
    assert [3.0] * 6 == client.compute(inferred, sync=True).tolist()
    found = client.compute(numbered, sync=True).tolist()
    assert [6.0, 6.0, 12.0, 12.0, 18.0, 18.0] == found


def test_partitions_of_a_bag_have_it_step_by_step(client: Client) -> None:
    """Dask advances them in other tasks than those that made them."""
    bag = dask.bag.from_sequence(range(4), npartitions=2)
    with bind(ANN):
        bag = bag.map_partitions(travelling(work.with_each)).map(work.seen)

    expected = [(*work.NOTHING, ("ann", n)) for n in range(4)]
    assert expected == client.compute(bag, sync=True)


def test_coroutines_have_it_across_awaits(client: Client) -> None:
    """Those of all users on one event loop, which find their worker all the same."""
    futures = []
    for number in range(20):
        with work.user.bind(f"user {number}"):
            futures.append(client.submit(travelling(work.seen_later), number))

    found = client.gather(futures)
    assert [(f"user {n}", f"user {n}", n) for n in range(20)] == [
        tuple(one[:3]) for one in found
    ]
    assert set(client.nthreads()) >= {one[3] for one in found}


def test_a_task_passes_on_what_it_has(client: Client) -> None:
    """With what it has bound since; and nothing without ``travelling``."""
    with bind(ANN):
        futures = client.map(travelling(work.nested), range(2))

    for number in range(2):
        assert [
            [*SEEN_BY_ANN, number],
            ["rebound", "ann", "no cart", number],
            [*work.NOTHING, number],
        ] == futures[number].result()


def test_a_task_passes_it_on_by_get_client(client: Client) -> None:
    """Task for task, and out of a coroutine."""
    with bind(ANN):
        deeper = client.submit(travelling(work.nested_deeper), 2)
        coroutine = client.submit(travelling(work.nested_by_coroutine), 7)

    assert SEEN_BY_ANN * 3 == deeper.result()
    assert (*SEEN_BY_ANN, 7) == coroutine.result()


def test_an_actor_has_it_while_it_is_made(client: Client) -> None:
    """Its methods are called for whoever has it."""
    with bind(ANN):
        future = client.submit(travelling(work.Counter), actor=True)

    with client.as_current():
        actor: Any = future.result()
        assert SEEN_BY_ANN == actor.makers().result()
        assert work.NOTHING == actor.now().result()


def test_what_a_worker_is_let_do_at_once_has_it(client: Client) -> None:
    """By ``run``, which calls it beside all tasks."""
    with bind(ANN):
        found = client.run(travelling(work.seen))

    assert [SEEN_BY_ANN] * 2 == [tuple(one) for one in found.values()]
    assert [work.NOTHING] * 2 == [tuple(one) for one in client.run(work.seen).values()]


def test_two_users_never_share_a_result(client: Client) -> None:
    """Pure tasks of equal arguments have keys of their own."""
    futures = []
    for name in ("ann", "bob"):
        with work.user.bind(name):
            futures += [client.submit(travelling(work.once), 5)]
            futures += client.map(travelling(work.once), [6])
    futures.append(client.submit(work.once, 5))

    found = client.gather(futures)
    assert [("ann", 5), ("ann", 6), ("bob", 5), ("bob", 6), ("nobody", 5)] == [
        one[:2] for one in found
    ]
    assert 5 == len({future.key for future in futures})


def test_one_user_has_a_result_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much later the second call is made."""
    futures = []
    for late in (0, 5):
        now = time.time() + late
        monkeypatch.setattr("inscope.travel.payload.time", lambda now=now: now)
        with work.user.bind("ann"):
            futures.append(client.submit(travelling(work.once), 8))
            futures.append(client.map(travelling(work.once), [8])[0])

    assert futures[0].key == futures[2].key
    assert futures[1].key == futures[3].key
    first, second = client.gather([futures[0], futures[2]])
    assert first == second


def test_many_tasks_of_many_users_see_their_own(client: Client) -> None:
    """Interleaved, and with equal arguments."""
    expected, futures = [], []
    for number in range(MANY):
        name = f"user {number % USERS}"
        with work.user.bind(name):
            futures.append(client.submit(travelling(work.seen), number % 3))
        expected.append(("-", name, "no cart", number % 3))

    assert expected == client.gather(futures)
    assert len(set(expected)) == len({future.key for future in futures})


def test_what_a_task_leaves_bound_is_gone(client: Client) -> None:
    """For plain tasks and others, on each thread of each worker."""
    for wrap in (travelling, lambda function: function):
        left = client.map(wrap(work.left_behind), ["left"] * 16, pure=False)
        assert ["left"] * 16 == client.gather(left)

        bare = client.map(work.seen, range(16), pure=False)
        assert [(*work.NOTHING, n) for n in range(16)] == client.gather(bare)
        wrapped = client.map(travelling(work.seen), range(16), pure=False)
        assert [(*work.NOTHING, n) for n in range(16)] == client.gather(wrapped)


def test_a_second_attempt_has_it_again(client: Client, tmp_path: Path) -> None:
    """After an error, with ``retries=…``."""
    with bind(ANN):
        function = travelling(work.failing_once)
        future = client.submit(function, str(tmp_path / "failed"), retries=1)

    assert SEEN_BY_ANN == future.result()


def test_a_task_whose_worker_died_has_it_again(client: Client, tmp_path: Path) -> None:
    """On another one."""
    path = tmp_path / "died"
    with bind(ANN):
        future = client.submit(travelling(work.dying), str(path))

    assert SEEN_BY_ANN == future.result(timeout=60)
    assert "ann" == path.read_text()
    client.wait_for_workers(2, timeout=60)


def test_an_error_comes_back(client: Client) -> None:
    """The function's own, with what it saw."""
    with work.tenant.bind("acme"):
        future = client.submit(travelling(work.failing), KeyError)

    with pytest.raises(KeyError, match="acme"):
        future.result()
    assert KeyError is type(future.exception())


@pytest.mark.parametrize(
    ("wrong", "right", "reason"),
    [
        ('"acme"', "5", "type"),
        ('"dask"', '"process"', "audience"),
        ("[1,", "[2,", "version"),
        ("]]]", "]]", "malformed"),
        ('"acme"', '"' + "acme" * 2000 + '"', "size"),
    ],
    ids=["type", "audience", "version", "malformed", "size"],
)
def test_what_cannot_be_believed_is_refused_in_the_task(
    client: Client, wrong: str, right: str, reason: str
) -> None:
    """Where it is read; a task that reads nothing is not in the way."""
    with bind(ANN):
        text = dump("dask").text.replace(wrong, right)
    future = client.submit(DaskTravelling(work.seen, text))

    with pytest.raises(ContextRefused, match="by 'dask' was refused") as caught:
        future.result()
    assert reason == caught.value.reason
    assert 3 == client.submit(DaskTravelling(abs, text), -3).result()
    nested = client.submit(DaskTravelling(work.nested, text), 0)
    assert isinstance(nested.exception(), ContextRefused)


def test_what_cannot_be_sent_is_an_error_of_the_submitter(client: Client) -> None:
    """Nothing is submitted then."""
    wrong: Any = 5
    with work.user.bind(wrong), pytest.raises(NotPortableError, match="dask_user"):
        client.submit(travelling(work.seen))
    with work.user.bind("x" * 2000), pytest.raises(NotPortableError, match="limit"):
        client.map(travelling(work.seen), range(3))


def test_functions_without_a_name_travel(client: Client) -> None:
    """By value, as they do without this."""
    here = "here"
    with work.user.bind("ann"):
        futures = [
            client.submit(travelling(lambda: (here, work.user.get()))),
            client.submit(travelling(lambda: (here, work.user.get()))),
        ]

    assert [("here", "ann")] * 2 == client.gather(futures)
    assert all(future.key.startswith("lambda-") for future in futures)


def test_a_function_that_cannot_be_pickled_is_distributeds_error(
    client: Client,
) -> None:
    """The same one as without ``travelling``."""
    lock = Lock()
    errors = []
    for function in (lambda: lock, travelling(lambda: lock)):
        with pytest.raises(Exception, match=r"pickle|serialize") as caught:
            client.submit(function).result()
        errors.append(type(caught.value))

    assert errors[0] is errors[1]


def test_an_asynchronous_client(cluster: LocalCluster) -> None:
    """Has nothing of its own to do."""

    async def main() -> Any:
        address = cluster.scheduler_address
        async with Client(address, asynchronous=True, set_as_default=False) as client:
            with bind(ANN):
                futures = client.map(travelling(work.seen_later), range(3))
            return await client.gather(futures)

    assert [("ann", "ann", n) for n in range(3)] == [
        tuple(one[:3]) for one in asyncio.run(main())
    ]


def test_a_cluster_of_threads_shows_nothing_of_who_started_it() -> None:
    """Distributed hands the context of that on to all tasks."""
    with bind(ANN):
        client = Client(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address="127.0.0.1:0",
            set_as_default=False,
        )
    with client:
        assert work.NOTHING == client.submit(travelling(work.seen)).result()
        with work.user.bind("bob"):
            future = client.submit(travelling(work.seen_of_all))
            coroutine = client.submit(travelling(work.seen_later), 5)
        assert ("-", "bob", *work.NOTHING_OF_ALL[2:]) == future.result()
        assert ("bob", "bob", 5) == coroutine.result()[:3]
