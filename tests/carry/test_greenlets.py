"""Greenlets that carry the context in which they were made."""

from __future__ import annotations

import gc
import importlib
import weakref
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest
from carry_world import in_thread
from turns import give_way, take_turns

plain: Any = pytest.importorskip("greenlet")

Log = list[Any]


# What it sees


def test_a_greenlet_begins_with_an_empty_context() -> None:
    """The fault."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    current.set("ann")
    assert "nobody" == plain.greenlet(current.get).switch()


def test_a_greenlet_sees_what_was_bound_where_it_was_made(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """Variables of both kinds, Locals and stacks; wherever it is switched to."""
    current, local, stack = (
        inscope.Var("current"),
        inscope.Local(),
        inscope.LocalStack(),
    )
    theirs: ContextVar[str] = ContextVar("theirs")

    def work() -> Any:
        return current.get(), local.name, stack.top, theirs.get()

    def make() -> Any:
        theirs.set("theirs")
        with current.bind("ann"):
            local.name = "local"
            stack.push("top")
            return greenlets.greenlet(work)

    worker = copy_context().run(make)
    with current.bind("bob"):
        assert ("ann", "local", "top", "theirs") == worker.switch()


def test_what_a_greenlet_binds_is_seen_by_no_other_one(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """They take turns within their blocks; who switches to them sees nothing of it."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    def work(name: str) -> None:
        for step in range(3):
            with current.bind(f"{current.get()} {name}{step}"):
                give_way()
                log.append(current.get())
        current.set(name)

    def worker(name: str) -> Any:
        return greenlets.greenlet(lambda: work(name))

    with current.bind("ann"):
        workers = [worker("a"), worker("b")]
    with current.bind("bob"):
        workers.append(worker("c"))
        take_turns(workers)
        assert "bob" == current.get()
    assert "nobody" == current.get()
    first = ["ann a0", "ann b0", "bob c0"]
    rest = ["ann a1", "ann b1", "bob c1", "ann a2", "ann b2", "bob c2"]
    assert first + rest == log


def test_what_is_bound_after_a_greenlet_was_made_it_does_not_see(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """Nor a change of the context while it is away."""
    current = inscope.Var("current", default="nobody")
    with current.bind("ann"):
        worker = greenlets.greenlet(lambda: [current.get(), give_way(), current.get()])
        current.set("bob")
        worker.switch()
        current.set("eve")
        assert ["ann", (), "ann"] == worker.switch()


def test_a_greenlet_that_is_made_by_one_has_its_context(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """Not that of the first."""
    current = inscope.Var("current", default="nobody")

    def outer() -> Any:
        with current.bind("inner"):
            worker = greenlets.greenlet(current.get)
        return worker.switch()

    with current.bind("outer"):
        assert "inner" == greenlets.greenlet(outer).switch()


def test_a_scope_is_shared_with_a_greenlet(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """It is the very one; once it is closed, it is refused."""

    class Job(inscope.Scope):  # type: ignore[misc, name-defined]
        pass

    def work() -> Any:
        first: Any = Job.current()
        give_way()
        with pytest.raises(inscope.ScopeClosedError):
            Job.current()
        return first

    job: Any = Job()
    with job:
        worker = greenlets.greenlet(work)
        worker.switch()
    assert job is worker.switch()


# What it is


def test_a_greenlet_is_one_of_the_library_in_all_else(greenlets: ModuleType) -> None:
    """Its arguments, its parent, what is thrown into it, subclasses."""
    seen: Log = []

    class Sub(greenlets.greenlet):  # type: ignore[misc, name-defined]
        def run(self, *args: Any, **kwargs: Any) -> Any:
            seen.append((args, kwargs))
            try:
                self.parent.switch("paused")
            except ValueError as error:
                return error

    worker = Sub()
    assert isinstance(worker, plain.greenlet)
    assert "paused" == worker.switch(1, two=2)
    assert [((1,), {"two": 2})] == seen
    error = ValueError("thrown")
    assert error is worker.throw(error)
    assert worker.dead

    def receive(value: str) -> Any:
        return "parent", value

    parent = greenlets.greenlet(receive)
    child = greenlets.greenlet(lambda: "value", parent)
    assert parent is child.parent
    assert ("parent", "value") == child.switch()
    assert "by name" == greenlets.greenlet(run=lambda: "by name").switch()
    with pytest.raises(TypeError):
        greenlets.greenlet(1, 2, 3)


def test_a_greenlet_in_another_thread(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """What a thread makes has the context of that thread."""
    current = inscope.Var("current", default="nobody")

    def thread() -> Any:
        with current.bind("eve"):
            return greenlets.greenlet(current.get).switch()

    with current.bind("ann"):
        assert "eve" == in_thread(thread)


def test_a_greenlet_that_is_killed_ends_its_bind(
    inscope: ModuleType, greenlets: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """In its own context, so that there is nothing to report."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    def work() -> None:
        try:
            with current.bind("inside"):
                give_way()
        finally:
            log.append(current.get())

    with current.bind("ann"):
        killed, dropped = greenlets.greenlet(work), greenlets.greenlet(work)
    killed.switch()
    dropped.switch()
    assert isinstance(killed.throw(), plain.GreenletExit)
    del dropped
    gc.collect()
    assert ["ann", "ann"] == log
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


def test_a_greenlet_that_is_gone_keeps_nothing(
    inscope: ModuleType, greenlets: ModuleType
) -> None:
    """Of what was bound where it was made."""

    class Value:
        pass

    current = inscope.Var("current")
    value = Value()
    alive = weakref.ref(value)
    with current.bind(value):
        worker = greenlets.greenlet(lambda: None)
    del value
    assert alive() is not None
    worker.switch()
    assert worker.dead
    del worker
    gc.collect()
    assert alive() is None


def test_without_the_library_the_error_names_what_to_install(
    inscope: ModuleType, carry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the package and the extra."""
    import sys

    for name in ("greenlet", "gevent"):
        monkeypatch.delitem(sys.modules, f"inscope.carry.{name}", raising=False)
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(inscope.MissingExtraError, match=name):
            importlib.import_module(f"inscope.carry.{name}")
