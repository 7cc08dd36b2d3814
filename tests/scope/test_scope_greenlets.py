"""Greenlets have scopes of their own, as threads have."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, telling

greenlet: Any = pytest.importorskip("greenlet")


def _run(*functions: Any) -> None:
    """Run the functions side by side; each gives way by calling its argument."""
    main = greenlet.getcurrent()
    running = [greenlet.greenlet(one) for one in functions]
    while running:
        for one in running:
            one.switch(main.switch)
        running = [one for one in running if not one.dead]


def test_each_greenlet_has_its_own_scopes(inscope: ModuleType) -> None:
    """They take turns, and each finds its own at each turn."""
    log: Log = []
    jobs = define(inscope)
    lazy = jobs.resource(telling(log, "a"))
    found: list[Any] = []

    def serve(give_way: Any) -> None:
        assert not jobs.is_active()
        with jobs() as job:
            for _ in range(3):
                give_way()
                found.append(job is jobs.current())
                str(lazy)
        give_way()
        assert not jobs.is_active()

    with jobs() as outer:
        _run(*[serve] * 5)
        assert outer is jobs.current()

    assert [True] * 15 == found
    assert ["+a"] * 5 + ["-a"] * 5 == log


def test_a_scope_is_foreign_to_another_greenlet(inscope: ModuleType) -> None:
    """With a context of its own, and with a copy; nothing has run."""
    log: Log = []
    jobs = define(inscope)
    errors: list[type[BaseException]] = []
    with jobs() as job:
        job.callback(log.append, "callback")

        def close() -> None:
            try:
                job.pop()
            except inscope.ScopeError as error:
                errors.append(type(error))

        for context in (None, copy_context()):
            other = greenlet.greenlet(close)
            if context is not None:
                other.gr_context = context
            other.switch()
        assert [] == log

    assert [inscope.ForeignScopeError] * 2 == errors
    assert ["callback"] == log


def test_a_greenlet_that_is_killed_closes_its_scope(inscope: ModuleType) -> None:
    """``GreenletExit`` goes through it, and comes out bare."""
    log: Log = []
    jobs = define(inscope, on_pop=lambda _, error: log.append(type(error).__name__))

    def serve() -> None:
        with jobs() as job:
            job.callback(log.append, "callback")
            greenlet.getcurrent().parent.switch()

    running = greenlet.greenlet(serve)
    running.switch()
    killed = running.throw()

    assert isinstance(killed, greenlet.GreenletExit)
    assert ["callback", "GreenletExit"] == log


def test_a_greenlet_that_touches_what_another_one_is_making(
    inscope: ModuleType,
) -> None:
    """It is told, and not that there is a cycle, which there is not."""
    jobs = define(inscope)
    errors: list[BaseException] = []
    main = greenlet.getcurrent()

    def function() -> Iterator[str]:
        main.switch()
        yield "value"

    lazy = jobs.resource(function)

    def touch() -> None:
        try:
            str(lazy)
        except RuntimeError as error:
            errors.append(error)

    with jobs():
        context = copy_context()
        first, second = greenlet.greenlet(touch), greenlet.greenlet(touch)
        first.gr_context, second.gr_context = context, context.copy()
        first.switch()
        second.switch()
        first.switch()
        if not second.dead:
            second.switch()
        assert "value" == lazy

    assert not [e for e in errors if isinstance(e, inscope.ResourceCycleError)]
