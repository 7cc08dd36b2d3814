"""A scope for other work: what it has in common with the first one, and what not."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from importlib import import_module
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, in_thread, telling


@pytest.fixture
def shared(inscope: ModuleType) -> Callable[..., Any]:
    """``inscope.scope.shared``."""
    function: Callable[..., Any] = import_module("inscope.scope").shared
    return function


@pytest.fixture
def fresh(inscope: ModuleType) -> Callable[..., Any]:
    """``inscope.scope.fresh``."""
    function: Callable[..., Any] = import_module("inscope.scope").fresh
    return function


def test_a_fork_has_the_shared_fields(
    inscope: ModuleType, shared: Callable[..., Any]
) -> None:
    """The very objects; what is assigned later is each one's own."""
    jobs = define(inscope, path=shared(), flags=shared())
    job = jobs()
    job.path, job.flags = "/", ["a"]
    child = job.fork()
    assert ("/", ["a"]) == (child.path, child.flags)
    assert child.flags is job.flags

    child.path = "/child"
    assert ("/", "/child") == (job.path, child.path)


def test_a_fork_has_fresh_fields_of_its_own(
    inscope: ModuleType, fresh: Callable[..., Any]
) -> None:
    """Made when they are first read, once for each."""
    made: list[list[str]] = []

    def factory() -> list[str]:
        made.append([])
        return made[-1]

    jobs = define(inscope, notes=fresh(factory))
    job = jobs()
    assert [] == made
    job.notes.append("job")
    child = job.fork()
    assert [] == child.notes
    child.notes.append("child")
    job.notes = ["assigned"]

    assert [["job"], ["child"]] == made
    assert (["assigned"], ["child"], []) == (job.notes, child.notes, job.fork().notes)


def test_a_field_that_nothing_was_assigned_to(
    inscope: ModuleType, shared: Callable[..., Any]
) -> None:
    """Has its default, which may be ``None``; without one it is missing."""
    jobs = define(inscope, size=shared(3), user=shared(None), path=shared())
    for job in (jobs(), jobs().fork()):
        assert (3, None) == (job.size, job.user)
        assert not hasattr(job, "path")
        with pytest.raises(AttributeError, match="'Job' object has no 'path' yet"):
            job.path  # noqa: B018
        assert isinstance(jobs.path, type(jobs.size))


def test_an_attribute_that_is_no_field_stays(inscope: ModuleType) -> None:
    """With the scope that it was assigned to."""
    job = define(inscope)()
    job.secret = 1
    assert not hasattr(job.fork(), "secret")


def test_fields_are_inherited_and_replaced(
    inscope: ModuleType, shared: Callable[..., Any], fresh: Callable[..., Any]
) -> None:
    """A derived class says anew what becomes of them."""
    jobs = define(inscope, notes=shared(), path=shared())
    specials = define(inscope, "Special", bases=(jobs,), notes=fresh(list))
    special = specials()
    special.notes.append(1)
    special.path = "/"
    child = special.fork()

    assert ([], "/") == (child.notes, child.path)
    assert type(child) is specials


def test_a_factory_that_needs_an_argument_gets_the_scope(
    inscope: ModuleType, fresh: Callable[..., Any]
) -> None:
    """A function, a method of the class, and what can do without gets nothing."""

    class Kept:
        def __init__(self, *scopes: Any) -> None:
            self.scopes = scopes

    def method(self: Any) -> list[Any]:
        """A decorated method reads well."""
        return [self]

    members = {
        "title": fresh(lambda job: type(job).__name__),
        "own": fresh(method),
        "kept": fresh(Kept),
        "defaulted": fresh(lambda job=None: job),
        "number": fresh(int),
    }
    job = define(inscope, **members)()
    child = job.fork()

    assert "Job" == job.title
    assert [child] == child.own
    assert child.own is child.own
    assert () == job.kept.scopes
    assert job.defaulted is None
    assert 0 == job.number


def test_fresh_takes_a_function(fresh: Callable[..., Any]) -> None:
    """Not the value, which all would share."""
    with pytest.raises(TypeError, match="takes a function that makes the value"):
        fresh([])


def test_a_fresh_field_read_by_threads_is_one(
    inscope: ModuleType, fresh: Callable[..., Any]
) -> None:
    """All of them see the same object."""
    workers = 8
    barrier = Barrier(workers)

    def factory() -> object:
        barrier.wait()
        return object()

    job = define(inscope, thing=fresh(factory))()
    seen: list[object] = []
    threads = [Thread(target=lambda: seen.append(job.thing)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [job.thing] * workers == seen


def test_a_fork_is_a_new_scope(inscope: ModuleType) -> None:
    """Not opened, not initialised; it knows that it is a fork, and so does its own."""
    calls: list[str] = []

    def init(_: Any, path: str) -> None:
        calls.append(path)

    jobs = define(inscope, __init__=init)
    job = jobs("/")
    with job:
        child = job.fork()
        assert ("new", True, False) == (child.state, child.is_fork, job.is_fork)
        assert job is jobs.current()
        with child:
            assert child is jobs.current()
            assert child.fork().is_fork
        assert job is jobs.current()
    assert ["/"] == calls


def test_on_fork_completes_the_child(
    inscope: ModuleType, shared: Callable[..., Any]
) -> None:
    """It is called on the child with the parent, when the fields are there."""

    def on_fork(child: Any, parent: Any) -> None:
        child.depth = parent.depth + 1

    job = define(inscope, on_fork=on_fork, depth=shared(0))()
    assert 2 == job.fork().fork().depth
    assert 0 == job.depth


def test_a_fork_never_runs_its_parents_teardown(inscope: ModuleType) -> None:
    """Nor the parent the fork's; each closes what is its own, in whichever order."""
    log: Log = []
    jobs = define(inscope, on_pop=lambda job, _: log.append(f"pop {job.name}"))
    lazy = jobs.resource(telling(log, "a"))

    def work(child: Any) -> None:
        child.name = "child"
        with child:
            child.callback(log.append, "callback of child")
            str(lazy)

    with jobs() as job:
        job.name = "job"
        job.callback(log.append, "callback of job")
        str(lazy)
        in_thread(work, job.fork())
        assert ["+a", "+a", "-a", "callback of child", "pop child"] == log
        late = job.fork()
        log.clear()
    assert ["-a", "callback of job", "pop job"] == log
    log.clear()
    work(late)
    assert ["+a", "-a", "callback of child", "pop child"] == log


def test_a_fork_works_on_where_its_parent_has_closed(inscope: ModuleType) -> None:
    """In a context that saw the parent: the fork is found there, then is refused."""
    jobs = define(inscope)
    proxy = jobs.proxy()
    with jobs() as job:
        child, context = job.fork(), copy_context()

    def work() -> None:
        with pytest.raises(inscope.ScopeClosedError):
            jobs.current()
        with child:
            assert child is inscope.unwrap(proxy)
        with pytest.raises(inscope.ScopeClosedError):
            jobs.current()

    in_thread(context.run, work)
