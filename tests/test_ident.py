"""``get_ident``: who is running, and SQLAlchemy's sessions keyed by it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from places import in_callback, in_thread, in_trio, in_worker_of_task


def run_with_uvloop(coroutine: Any) -> Any:
    """Run *coroutine* to its end on uvloop."""
    try:
        import uvloop
    except ModuleNotFoundError:
        coroutine.close()
        pytest.skip("uvloop is not installed")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


LOOPS = {"asyncio": asyncio.run, "uvloop": run_with_uvloop}
each_loop = pytest.mark.parametrize("run", LOOPS.values(), ids=LOOPS)


# Who is running


def test_in_a_thread_it_is_the_threads_number(inscope: ModuleType) -> None:
    """Of the main thread and of any other, each time that it is asked."""
    here = inscope.get_ident()
    there = in_thread(lambda: [inscope.get_ident(), threading.get_ident()])

    assert threading.get_ident() == here == inscope.get_ident()
    assert there[0] == there[1]


def test_two_threads_that_live_have_two_idents(inscope: ModuleType) -> None:
    """As long as both run."""
    assert inscope.get_ident() != in_thread(inscope.get_ident)


@each_loop
def test_in_an_asyncio_task_it_is_the_task(
    inscope: ModuleType, run: Callable[[Any], Any]
) -> None:
    """Before and after waiting, and in what the task awaits."""

    async def inner() -> Hashable:
        await asyncio.sleep(0)
        return inscope.get_ident()

    async def main() -> tuple[Any, list[Hashable]]:
        idents = [inscope.get_ident(), await inner(), inscope.get_ident()]
        return asyncio.current_task(), idents

    task, idents = run(main())

    assert isinstance(task, asyncio.Task)
    assert all(task is ident for ident in idents)


@each_loop
def test_tasks_of_one_thread_have_each_their_own(
    inscope: ModuleType, run: Callable[[Any], Any]
) -> None:
    """A child's is not its parent's."""

    async def ask() -> Hashable:
        await asyncio.sleep(0)
        return inscope.get_ident()

    async def main() -> list[Hashable]:
        return [inscope.get_ident(), *await asyncio.gather(ask(), ask(), ask())]

    assert 4 == len(set(run(main())))


def test_in_a_callback_of_the_loop_it_is_the_thread(inscope: ModuleType) -> None:
    """There is no task there, nor in a thread that a task waits for."""
    assert threading.get_ident() == in_callback(inscope.get_ident)
    ident, number = in_worker_of_task(
        lambda: (inscope.get_ident(), threading.get_ident())
    )
    assert number == ident


def test_in_a_trio_task_it_is_the_task(inscope: ModuleType) -> None:
    """Each child has its own, and the thread's is back afterwards."""
    trio = pytest.importorskip("trio")

    def ask() -> tuple[Hashable, Any]:
        return inscope.get_ident(), trio.lowlevel.current_task()

    (one, task), (two, _) = in_trio(ask), in_trio(ask)

    assert task is one
    assert one != two
    assert threading.get_ident() == inscope.get_ident()


def test_a_thread_that_trio_waits_for_is_a_thread(inscope: ModuleType) -> None:
    """The task does not reach into its worker."""
    trio = pytest.importorskip("trio")

    async def main() -> Any:
        return await trio.to_thread.run_sync(
            lambda: (inscope.get_ident(), threading.get_ident())
        )

    ident, number = trio.run(main)

    assert number == ident


def test_a_trio_task_that_asyncio_hosts_is_found(inscope: ModuleType) -> None:
    """In trio's guest mode, a loop of asyncio runs but none of its tasks does."""
    trio = pytest.importorskip("trio")

    async def guest() -> tuple[Hashable, Any]:
        await trio.lowlevel.checkpoint()
        return inscope.get_ident(), trio.lowlevel.current_task()

    async def host() -> Any:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=lambda outcome: done.set_result(outcome.unwrap()),
        )
        return await done

    ident, task = asyncio.run(host())

    assert task is ident


def test_in_a_greenlet_it_is_the_greenlet(inscope: ModuleType) -> None:
    """Before and after switching away and back."""
    greenlet = pytest.importorskip("greenlet")
    main = greenlet.getcurrent()

    def ask() -> Hashable:
        main.switch(inscope.get_ident())
        return inscope.get_ident()  # type: ignore[no-any-return]

    one, two = greenlet.greenlet(ask), greenlet.greenlet(ask)

    assert one is one.switch()
    assert two is two.switch()
    assert one is one.switch()
    assert two is two.switch()


def test_in_a_gevent_greenlet_it_is_the_greenlet(inscope: ModuleType) -> None:
    """Those that wait side by side have each their own."""
    gevent = pytest.importorskip("gevent")

    def ask() -> tuple[Hashable, Any]:
        gevent.sleep(0)
        return inscope.get_ident(), gevent.getcurrent()

    served = [gevent.spawn(ask) for _ in range(3)]
    gevent.joinall(served)

    assert [(one, one) for one in served] == [one.value for one in served]


def test_the_main_greenlet_of_a_thread_is_the_thread(inscope: ModuleType) -> None:
    """The answer does not change as something imports greenlet."""
    greenlet = pytest.importorskip("greenlet")

    def ask() -> bool:
        assert greenlet.getcurrent().parent is None
        return bool(threading.get_ident() == inscope.get_ident())

    assert ask()
    assert in_thread(ask)


def test_a_task_goes_before_the_greenlet_that_it_runs_in(inscope: ModuleType) -> None:
    """As where SQLAlchemy's asyncio extension calls sync code in a greenlet."""
    greenlet = pytest.importorskip("greenlet")

    async def main() -> tuple[Any, Hashable]:
        switched = greenlet.greenlet(inscope.get_ident).switch()
        return asyncio.current_task(), switched

    task, ident = asyncio.run(main())

    assert task is ident


def test_an_ident_that_is_kept_is_never_that_of_another(inscope: ModuleType) -> None:
    """Greenlets and tasks that ran one after the other all have their own."""
    greenlet = pytest.importorskip("greenlet")

    async def ask() -> Hashable:
        return inscope.get_ident()  # type: ignore[no-any-return]

    async def main() -> list[Hashable]:
        return [await asyncio.create_task(ask()) for _ in range(50)]

    greenlets = [greenlet.greenlet(inscope.get_ident).switch() for _ in range(50)]

    assert 50 == len(set(greenlets))
    assert 50 == len(set(asyncio.run(main())))


# What it needs


def test_asking_imports_nothing(core: str) -> None:
    """What is not loaded cannot be running."""
    code = (
        "import sys, inscope; inscope.get_ident(); inscope.LocalManager().get_ident()"
    )
    code += "; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        check=False,
    )

    loaded = set(done.stdout.split())

    assert "inscope" in loaded, done.stderr
    assert set() == loaded & {"asyncio", "greenlet", "trio", "gevent", "threading"}


@pytest.mark.parametrize("name", ["asyncio", "greenlet", "trio"])
@pytest.mark.parametrize("half_loaded", [True, False])
def test_a_library_that_is_being_imported_or_refused_is_no_trouble(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str, half_loaded: bool
) -> None:
    """An empty module, or ``None``, in its place: the thread it is."""
    empty = ModuleType(name) if half_loaded else None
    monkeypatch.setitem(sys.modules, name, empty)  # type: ignore[arg-type]

    assert threading.get_ident() == inscope.get_ident()


# A manager's


def test_a_manager_gives_the_ident_of_who_is_running(inscope: ModuleType) -> None:
    """Without an ``ident_func`` it is what ``get_ident`` says."""
    manager = inscope.LocalManager()

    assert threading.get_ident() == manager.get_ident()
    assert isinstance(asyncio.run(in_a_task(manager.get_ident)), asyncio.Task)


async def in_a_task(function: Callable[[], Any]) -> Any:
    """Return what *function* returns in the running task."""
    return function()


def test_a_manager_gives_what_its_ident_func_says(inscope: ModuleType) -> None:
    """Asked anew each time."""
    idents = iter("ab")
    manager = inscope.LocalManager(ident_func=lambda: next(idents))

    assert ("a", "b") == (manager.get_ident(), manager.get_ident())


# SQLAlchemy's sessions


@contextmanager
def sessions(inscope: ModuleType) -> Iterator[Any]:
    """Give a registry of sessions that a manager tells apart."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")
    engine = sqlalchemy.create_engine(
        "sqlite://",
        poolclass=sqlalchemy.pool.StaticPool,
        connect_args={"check_same_thread": False},
    )
    manager = inscope.LocalManager()
    registry = orm.scoped_session(orm.sessionmaker(engine), scopefunc=manager.get_ident)
    try:
        yield registry
    finally:
        registry.remove()
        engine.dispose()


def use(registry: Any) -> Any:
    """Run a statement in the session of here, and return the session."""
    from sqlalchemy import text

    assert 1 == registry.scalar(text("select 1"))
    session = registry()
    assert session is registry()
    return session


def test_a_thread_keeps_its_session_until_it_is_removed(inscope: ModuleType) -> None:
    """The same one at each access, and another after ``remove``."""
    with sessions(inscope) as registry:
        first, again = use(registry), use(registry)
        registry.remove()
        after = use(registry)

        assert first is again
        assert first is not after


def test_two_threads_have_two_sessions(inscope: ModuleType) -> None:
    """And removing one's leaves the other's."""
    with sessions(inscope) as registry:
        mine = use(registry)

        def elsewhere() -> Any:
            session = use(registry)
            registry.remove()
            return session

        theirs = in_thread(elsewhere)

        assert mine is not theirs
        assert mine is use(registry)


@each_loop
def test_two_tasks_have_two_sessions(
    inscope: ModuleType, run: Callable[[Any], Any]
) -> None:
    """Each keeps its own while they take turns; a child does not get its parent's."""
    with sessions(inscope) as registry:

        async def serve() -> Any:
            session = use(registry)
            await asyncio.sleep(0)
            assert session is use(registry)
            registry.remove()
            return session

        async def main() -> list[Any]:
            parents = use(registry)
            children = await asyncio.gather(serve(), serve())
            assert parents is use(registry)
            registry.remove()
            return [parents, *children]

        assert 3 == len(set(run(main())))
        assert not registry.registry.has()


def test_two_greenlets_have_two_sessions(inscope: ModuleType) -> None:
    """Each keeps its own while they switch by turns."""
    greenlet = pytest.importorskip("greenlet")
    main = greenlet.getcurrent()
    with sessions(inscope) as registry:

        def serve() -> Any:
            session = use(registry)
            main.switch()
            assert session is use(registry)
            registry.remove()
            return session

        served = [greenlet.greenlet(serve) for _ in range(2)]
        for one in served:
            one.switch()
        mine = use(registry)

        assert 3 == len({mine, *(one.switch() for one in served)})


def test_removing_its_session_leaves_nothing_of_a_task(inscope: ModuleType) -> None:
    """The registry then holds neither the session nor the task."""
    with sessions(inscope) as registry:

        async def serve() -> None:
            use(registry)
            registry.remove()

        async def main() -> None:
            await asyncio.gather(*(serve() for _ in range(5)))

        asyncio.run(main())

        assert {} == registry.registry.registry


def test_sessions_follow_an_ident_func(inscope: ModuleType) -> None:
    """One key, one session, on whatever thread."""
    orm = pytest.importorskip("sqlalchemy.orm")
    key = "request 1"
    manager = inscope.LocalManager(ident_func=lambda: key)
    registry = orm.scoped_session(orm.sessionmaker(), scopefunc=manager.get_ident)

    first = registry()
    elsewhere = in_thread(registry)
    key = "request 2"
    second = registry()

    assert first is elsewhere
    assert first is not second
