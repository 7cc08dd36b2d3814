"""Isolation, inheritance and reuse on every runner of tasks there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from runners import INHERITING, REUSING, RUNNERS, Job, Runner

WORKERS = 20
NOTHING = "nothing"

Read = tuple[Any, ...]


class Globals:
    """What a program has at module level: one of each, and proxies to them."""

    def __init__(self, inscope: ModuleType) -> None:
        self.inscope = inscope
        self.var = inscope.Var("user")
        self.local = inscope.Local()
        self.stack = inscope.LocalStack()
        self.proxies = (self.var.proxy(), self.local("user"), self.stack())
        self.manager = inscope.LocalManager([self.local, self.stack])

    def read(self) -> Read:
        """Return what is behind each here, read directly and by proxy."""
        direct = (
            self.var.get(NOTHING),
            getattr(self.local, "user", NOTHING),
            NOTHING if self.stack.top is None else self.stack.top,
        )
        by_proxy = tuple(
            self.inscope.unwrap(proxy) if self.inscope.is_bound(proxy) else NOTHING
            for proxy in self.proxies
        )
        assert direct == by_proxy
        return direct

    def set(self, value: Any) -> None:
        """Set each by hand, to stay until somebody cleans up."""
        self.var.set(value)
        self.local.user = value
        self.stack.push(value)

    def bind(self, value: Any) -> list[Any]:
        """Return blocks that bind each."""
        return [
            self.var.bind(value),
            self.inscope.bound(self.local, user=value),
            self.inscope.pushed(self.stack, value),
        ]


@pytest.fixture
def here(inscope: ModuleType) -> Globals:
    """The names of the program under test."""
    return Globals(inscope)


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> str:
    """The name of a runner of concurrent work."""
    return str(request.param)


@pytest.fixture(params=REUSING.values(), ids=REUSING)
def reusing(request: pytest.FixtureRequest) -> Runner:
    """A runner whose one worker does one job after the other."""
    run: Runner = request.param
    return run


def _run(runner: Runner, jobs: Iterable[Job]) -> None:
    Context().run(runner, [*jobs])


# Isolation


def _layers(here: Globals, number: int, seen: list[Read]) -> Job:
    """Set and bind layer upon layer, and take them away, reading after each."""
    seen.append(here.read())
    here.set(f"{number} set")
    yield
    seen.append(here.read())
    opened: list[Any] = []
    for layer in ("outer", "inner"):
        for bind in here.bind(f"{number} {layer}"):
            bind.__enter__()
            opened.append(bind)
            yield
        seen.append(here.read())
    here.set(f"{number} set inside")
    yield
    seen.append(here.read())
    while opened:
        opened.pop().__exit__(None, None, None)
        yield
        if len(opened) % 3 == 0:
            seen.append(here.read())
    here.manager.cleanup()
    yield
    seen.append(here.read())


def test_concurrent_workers_read_their_own(here: Globals, runner: str) -> None:
    """Twenty at once, that change place between any two layers."""
    seen: list[list[Read]] = [[] for _ in range(WORKERS)]

    _run(
        RUNNERS[runner],
        (_layers(here, number, reads) for number, reads in enumerate(seen)),
    )

    steps = ("set", "outer", "inner", "set inside", "outer", "set")
    for number, reads in enumerate(seen):
        assert [
            (NOTHING,) * 3,
            *((f"{number} {step}",) * 3 for step in steps),
            (f"{number} set", NOTHING, NOTHING),
        ] == reads
    assert (NOTHING,) * 3 == here.read()


def test_the_jobs_of_a_runner_do_run_by_turns(runner: str) -> None:
    """Else the test above would prove nothing."""
    order: list[int] = []

    def job(number: int) -> Job:
        for _ in range(3):
            order.append(number)
            yield

    _run(RUNNERS[runner], [job(0), job(1)])

    assert [0, 0, 0, 1, 1, 1] == sorted(order)
    assert order not in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


# Inheritance


def _inherit(here: Globals, runner: str, prepare: Callable[[], object]) -> list[Read]:
    seen: list[Read] = []

    def job() -> Job:
        seen.append(here.read())
        here.set("of the child")
        yield

    def parent() -> None:
        prepare()
        before = here.read()
        RUNNERS[runner]([job(), job()])
        assert before == here.read()

    Context().run(parent)
    return seen


@pytest.mark.parametrize("how", ["set", "bound"])
def test_a_worker_starts_as_its_runner_says(
    here: Globals, runner: str, how: str
) -> None:
    """Tasks with a copy of what is bound, greenlets and most threads with nothing."""

    def prepare() -> None:
        if how == "set":
            here.set("of the parent")
            return
        for bind in here.bind("of the parent"):
            bind.__enter__()

    start = "of the parent" if INHERITING[runner] else NOTHING

    assert [(start,) * 3] * 2 == _inherit(here, runner, prepare)


def test_a_factory_makes_one_for_each_worker(inscope: ModuleType, runner: str) -> None:
    """Unless its parent has made one already, which those who inherit then share."""
    var = inscope.Var("cart", factory=list)
    carts: list[Any] = []

    def job() -> Job:
        cart = var.get()
        yield
        assert cart is var.get()
        carts.append(cart)

    def parent() -> None:
        RUNNERS[runner]([job(), job()])
        carts.append(var.get())
        RUNNERS[runner]([job(), job()])

    Context().run(parent)

    first, second, own, *later = carts
    assert 3 == len({id(first), id(second), id(own)})
    shared = [cart is own for cart in later]
    assert [INHERITING[runner]] * 2 == shared


# Reuse


def test_a_reused_worker_shows_what_nobody_cleaned(
    here: Globals, reusing: Runner
) -> None:
    """What is set by hand stays in the context of the worker: clean it, or bind."""
    seen: list[Read] = []

    def request(user: str) -> Job:
        seen.append(here.read())
        here.set(user)
        yield

    _run(reusing, map(request, ("ann", "bob")))

    assert [(NOTHING,) * 3, ("ann",) * 3] == seen


@pytest.mark.parametrize("fails", [False, True])
def test_a_reused_worker_shows_nothing_that_was_bound(
    here: Globals, reusing: Runner, fails: bool
) -> None:
    """Not even what was set inside; also if the request failed."""
    seen: list[Read] = []

    def request(user: str) -> Job:
        seen.append(here.read())
        var, local, stack = here.bind(user)
        try:
            with var, local, stack:
                here.set(f"{user} again")
                yield
                if fails:
                    raise ConnectionError
        except ConnectionError:
            seen.append(here.read())

    _run(reusing, map(request, ("ann", "bob", "eve")))

    assert {(NOTHING,) * 3} == {*seen}
    assert (6 if fails else 3) == len(seen)


def test_a_reused_worker_shows_nothing_that_a_manager_cleaned(
    here: Globals, reusing: Runner
) -> None:
    """The manager releases Locals and stacks; of a Var, ``bind`` takes care."""
    seen: list[Read] = []

    def request(user: str) -> Job:
        seen.append(here.read())
        here.local.user = user
        here.stack.push(user)
        yield
        here.manager.cleanup()

    _run(reusing, map(request, ("ann", "bob", "eve")))

    assert [(NOTHING,) * 3] * 3 == seen


# gevent, with the standard library patched

PATCHED = """
from gevent import monkey
monkey.patch_all()

import threading, time
from concurrent.futures import ThreadPoolExecutor
from inscope import Local, LocalStack, Var, bound, pushed

user, local, stack = Var("user"), Local(), LocalStack()
seen = []

def work(number):
    before = (user.get(None), getattr(local, "user", None), stack.top)
    with user.bind(number), bound(local, user=number), pushed(stack, number):
        time.sleep(0.001)
        seen.append((before, user.get(), local.user, stack.top))
        time.sleep(0.001)

def check():
    assert sorted(seen) == [((None,) * 3, n, n, n) for n in range(20)], seen
    seen.clear()

with user.bind("main"), bound(local, user="main"), pushed(stack, "main"):
    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(20)))
    check()
    print(user.get(), local.user, stack.top)
"""


def test_threads_that_gevent_made_greenlets_are_isolated(core: str) -> None:
    """In a process of its own, as patching is for ever."""
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PATCHED],
        env=os.environ | {"INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "main main main\n" == done.stdout, done.stderr
