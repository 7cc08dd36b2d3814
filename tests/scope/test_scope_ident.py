"""``ident``: a number for each scope, and SQLAlchemy's sessions by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import copy_context
from pathlib import Path
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

import pytest
from scopes import define


def test_an_ident_is_the_scopes_own(inscope: ModuleType) -> None:
    """The same as long as it is open, also elsewhere; another one for each other."""
    jobs, requests = define(inscope, "Job"), define(inscope, "Request")
    with jobs(), requests():
        outer = jobs.ident()
        assert copy_context().run(jobs.ident) == outer == jobs.ident()
        with jobs():
            inner = jobs.ident()
        assert outer == jobs.ident()
        assert 3 == len({outer, inner, requests.ident()})


def test_an_ident_is_never_used_again(inscope: ModuleType) -> None:
    """Though the memory of the scope is."""
    jobs = define(inscope)
    seen = set()
    for _ in range(1000):
        with jobs():
            seen.add(jobs.ident())
    assert 1000 == len(seen)


def test_a_fork_has_an_ident_of_its_own(inscope: ModuleType) -> None:
    """It is another scope."""
    jobs = define(inscope)
    with jobs() as job:
        ident = jobs.ident()
        with job.fork():
            assert ident != jobs.ident()


def test_there_is_no_ident_without_a_scope(inscope: ModuleType) -> None:
    """Nobody gets that of nothing, which all would share."""
    jobs = define(inscope)
    with pytest.raises(inscope.UnboundError, match="no Job is active"):
        jobs.ident()


def test_there_is_an_ident_while_a_scope_closes(inscope: ModuleType) -> None:
    """The same: what is kept by it is removed then."""
    jobs = define(inscope)
    seen: list[int] = []
    with jobs() as job:
        job.callback(lambda: seen.append(jobs.ident()))
        ident = jobs.ident()
    assert [ident] == seen


def test_threads_ask_at_once(inscope: ModuleType) -> None:
    """In one scope all get the same number."""
    workers = 8
    jobs = define(inscope)
    for _ in range(50):
        seen: list[int] = []
        barrier = Barrier(workers)

        def ask(barrier: Barrier = barrier, seen: list[int] = seen) -> None:
            barrier.wait()
            seen.append(jobs.ident())

        with jobs():
            threads = [
                Thread(target=copy_context().run, args=(ask,)) for _ in range(workers)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert workers == len(seen)
        assert 1 == len(set(seen))


# SQLAlchemy


@pytest.fixture
def orm() -> Any:
    """``sqlalchemy.orm``."""
    pytest.importorskip("sqlalchemy")
    return pytest.importorskip("sqlalchemy.orm")


def _create(path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE seen (worker INTEGER)")
    connection.commit()
    connection.close()


def test_each_scope_has_its_session(
    inscope: ModuleType, orm: Any, tmp_path: Path
) -> None:
    """In eight threads: never shared, removed with the scope, and none is left."""
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    _create(tmp_path / "base.db")
    engine = sqlalchemy.create_engine(
        f"sqlite:///{tmp_path / 'base.db'}", connect_args={"timeout": 60}
    )
    jobs = define(inscope)
    sessions = orm.scoped_session(orm.sessionmaker(engine), scopefunc=jobs.ident)
    jobs.pushed.connect(lambda job: job.callback(sessions.remove))
    owners: dict[Any, Any] = {}
    errors: list[BaseException] = []
    workers, rounds = 8, 25
    barrier = Barrier(workers)
    nested = [0]

    def serve(worker: int) -> None:
        barrier.wait()
        for _ in range(rounds):
            with jobs() as job:
                session = sessions()
                assert job is owners.setdefault(session, job)
                assert sqlalchemy.select(1).compile() is not None
                assert 1 == sessions.execute(sqlalchemy.text("SELECT 1")).scalar()
                with jobs() as inner:
                    assert session is not sessions()
                    assert inner is owners.setdefault(sessions(), inner)
                    nested[0] += 1
                assert session is sessions()
                sessions.execute(
                    sqlalchemy.text("INSERT INTO seen VALUES (:worker)"),
                    {"worker": worker},
                )
                sessions.commit()

    def work(worker: int) -> None:
        try:
            serve(worker)
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors
    assert 2 * workers * rounds == len(owners)
    assert {} == sessions.registry.registry
    with engine.connect() as connection:
        count = connection.execute(sqlalchemy.text("SELECT count(*) FROM seen"))
        assert workers * rounds == count.scalar()
    assert 0 == engine.pool.checkedout()
    engine.dispose()


def test_a_session_is_removed_though_the_block_fails(
    inscope: ModuleType, orm: Any, tmp_path: Path
) -> None:
    """What was not committed is not there."""
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    _create(tmp_path / "base.db")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'base.db'}")
    jobs = define(inscope)
    sessions = orm.scoped_session(orm.sessionmaker(engine), scopefunc=jobs.ident)
    jobs.pushed.connect(lambda job: job.callback(sessions.remove))

    def fail() -> None:
        with jobs():
            sessions.execute(sqlalchemy.text("INSERT INTO seen VALUES (1)"))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()

    assert {} == sessions.registry.registry
    with jobs():
        count = sessions.execute(sqlalchemy.text("SELECT count(*) FROM seen"))
        assert 0 == count.scalar()
    with pytest.raises(inscope.UnboundError):
        sessions()
    engine.dispose()


def test_each_async_scope_has_its_session(
    inscope: ModuleType, orm: Any, tmp_path: Path
) -> None:
    """In two hundred tasks: never shared, removed with the scope, and none is left."""
    pytest.importorskip("greenlet")  # which SQLAlchemy needs for it
    pytest.importorskip("aiosqlite")
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    asyncio_of_sqlalchemy: Any = pytest.importorskip("sqlalchemy.ext.asyncio")
    _create(tmp_path / "base.db")
    jobs = define(inscope)
    owners: dict[Any, Any] = {}
    tasks = 200

    async def main() -> None:
        engine = asyncio_of_sqlalchemy.create_async_engine(
            f"sqlite+aiosqlite:///{tmp_path / 'base.db'}", pool_timeout=600
        )
        sessions = asyncio_of_sqlalchemy.async_scoped_session(
            asyncio_of_sqlalchemy.async_sessionmaker(engine), scopefunc=jobs.ident
        )
        jobs.pushed.connect(lambda job: job.callback(sessions.remove))

        async def serve() -> None:
            async with jobs() as job:
                session = sessions()
                assert job is owners.setdefault(session, job)
                result = await sessions.execute(sqlalchemy.text("SELECT 1"))
                assert 1 == result.scalar()
                assert session is sessions()

        await asyncio.gather(*[serve() for _ in range(tasks)])
        assert {} == sessions.registry.registry
        assert 0 == engine.pool.checkedout()
        await engine.dispose()

    asyncio.run(main())
    assert tasks == len(owners)


def test_a_session_may_be_an_async_resource(inscope: ModuleType) -> None:
    """It needs no ident: each scope has its own, and closes it."""
    jobs = define(inscope)
    opened: list[object] = []
    closed: list[object] = []

    async def function() -> AsyncIterator[object]:
        session = object()
        opened.append(session)
        yield session
        await asyncio.sleep(0)
        closed.append(session)

    session = jobs.resource(eager=True)(function)

    async def serve() -> None:
        async with jobs():
            mine = inscope.unwrap(session)
            await asyncio.sleep(0)
            assert mine is inscope.unwrap(session)

    async def main() -> None:
        await asyncio.gather(*[serve() for _ in range(200)])

    asyncio.run(main())
    assert 200 == len(set(opened))
    assert set(opened) == set(closed)
