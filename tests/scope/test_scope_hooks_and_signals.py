"""What a class is told of its scopes: hooks of its own, and signals for others."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, in_thread, raising, telling

SIGNALS = ("pushed", "tearing_down", "popped")


def test_everything_happens_in_its_order(inscope: ModuleType) -> None:
    """Hooks, signals, eager resources and callbacks, in one scope."""
    log: Log = []

    def on_push(job: Any) -> None:
        log.append("on_push")
        job.callback(log.append, "callback of on_push")

    jobs = define(
        inscope, on_push=on_push, on_pop=lambda _, error: log.append("on_pop")
    )
    jobs.resource(eager=True)(telling(log, "eager"))
    lazy = jobs.resource(telling(log, "lazy"))
    for name in SIGNALS:
        getattr(jobs, name).connect(
            lambda job, *_, name=name: log.append(f"{name} {job.state}")
        )
    with jobs() as job:
        job.callback(log.append, "callback")
        str(lazy)

    assert [
        "on_push",
        "+eager",
        "pushed active",
        "+lazy",
        "tearing_down closing",
        "-lazy",
        "callback",
        "-eager",
        "on_pop",
        "callback of on_push",
        "popped closed",
    ] == log


def test_hooks_see_the_scope_as_the_active_one(inscope: ModuleType) -> None:
    """Both, and the receivers too but ``popped``, which sees the one around it."""
    seen: list[Any] = []
    jobs: Any = define(
        inscope,
        on_push=lambda _: seen.append(jobs.current()),
        on_pop=lambda _, error: seen.append(jobs.current()),
    )
    outer = jobs()
    with outer:
        for name in SIGNALS:
            getattr(jobs, name).connect(lambda *_: seen.append(jobs.current()))
        inner = jobs()
        with inner:
            pass
        for name in SIGNALS:
            signal = getattr(jobs, name)
            for receiver in list(signal):
                signal.disconnect(receiver)

    assert [outer, *[inner] * 4, outer, outer] == seen


@pytest.mark.parametrize("error", [None, ValueError("inside")])
def test_the_error_of_the_block_is_told(
    inscope: ModuleType, error: Exception | None
) -> None:
    """To ``on_pop`` and to ``tearing_down``; ``pop`` can be given one by hand."""
    seen: list[Any] = []
    jobs = define(inscope, on_pop=lambda _, error: seen.append(error))
    jobs.tearing_down.connect(lambda _, error: seen.append(error))

    jobs().push().pop(error)

    assert [error, error] == seen


def test_on_pop_cannot_hide_the_error(inscope: ModuleType) -> None:
    """Whatever it returns."""
    with (
        pytest.raises(ValueError, match="inside"),
        define(inscope, on_pop=lambda *_: True)(),
    ):
        raise ValueError("inside")


def test_inherited_hooks_run(inscope: ModuleType) -> None:
    """Those of a base class, and those of a plain mixin."""
    log: Log = []

    class Mixin:
        def on_pop(self, exc: BaseException | None) -> None:
            log.append("pop")

    jobs = define(inscope, on_push=lambda _: log.append("push"))
    specials = define(inscope, "Special", bases=(Mixin, jobs))
    with specials():
        pass

    assert ["push", "pop"] == log


# Signals


def test_connect_is_a_decorator(inscope: ModuleType) -> None:
    """It returns the receiver, which still can be called."""
    jobs = define(inscope)
    log: Log = []
    receiver = log.append

    assert receiver is jobs.pushed.connect(receiver)


def test_a_receiver_is_called_until_it_is_disconnected(inscope: ModuleType) -> None:
    """Also by scopes that were opened before it came."""
    jobs = define(inscope)
    log: list[Any] = []
    with jobs() as first:
        jobs.popped.connect(log.append)
    with jobs() as second:
        pass
    jobs.popped.disconnect(log.append)
    with jobs():
        pass

    assert [first, second] == log


def test_receivers_are_called_in_the_order_they_came(inscope: ModuleType) -> None:
    """Those of the base classes first, for each of the signals."""
    log: Log = []
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    for name in SIGNALS:
        for kind in (specials, inscope.Scope, jobs):
            for number in (1, 2):
                text = f"{name} {kind.__name__} {number}"
                getattr(kind, name).connect(lambda *_, text=text: log.append(text))
    try:
        with specials():
            pass
    finally:
        for name in SIGNALS:
            for receiver in list(getattr(inscope.Scope, name)):
                getattr(inscope.Scope, name).disconnect(receiver)

    assert [
        f"{name} {kind} {number}"
        for name in SIGNALS
        for kind in ("Scope", "Job", "Special")
        for number in (1, 2)
    ] == log


def test_a_derived_class_is_not_told_to_the_base_only(inscope: ModuleType) -> None:
    """Receivers of a class hear nothing of its bases and siblings."""
    log: list[Any] = []
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    siblings = define(inscope, "Sibling", bases=(jobs,))
    specials.pushed.connect(log.append)
    with jobs(), siblings():
        pass
    assert [] == log
    with specials() as special:
        assert [special] == log


@pytest.mark.parametrize("name", SIGNALS)
def test_a_base_is_told_of_its_derived_classes(inscope: ModuleType, name: str) -> None:
    """Though they have no receivers of their own, nor anything else to do."""
    log: list[Any] = []
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    more = define(inscope, "More", bases=(specials,))
    getattr(jobs, name).connect(lambda job, *_: log.append(job))
    with specials() as special:
        pass
    with more() as one_more:
        pass

    assert [special, one_more] == log


def test_a_receiver_of_a_common_base_is_called_once(inscope: ModuleType) -> None:
    """However many ways there are from the class to it."""
    log: list[Any] = []
    jobs = define(inscope)
    left = define(inscope, "Left", bases=(jobs,))
    right = define(inscope, "Right", bases=(jobs,))
    both = define(inscope, "Both", bases=(left, right))
    jobs.pushed.connect(log.append)
    with both() as one:
        pass

    assert [one] == log


def test_what_is_not_connected_is_not_disconnected(inscope: ModuleType) -> None:
    """Nor is what cannot be called connected; both errors name the signal."""
    jobs = define(inscope)
    with pytest.raises(ValueError, match=r"is not connected to Job\.pushed"):
        jobs.pushed.disconnect(print)
    with pytest.raises(TypeError, match=r"Job\.pushed\.connect\(\) takes a function"):
        jobs.pushed.connect("print")
    inherited = define(inscope, "Special", bases=(jobs,))
    jobs.pushed.connect(print)
    try:
        with pytest.raises(ValueError, match=r"is not connected to Special\.pushed"):
            inherited.pushed.disconnect(print)
    finally:
        jobs.pushed.disconnect(print)


def test_a_receiver_may_disconnect_itself(inscope: ModuleType) -> None:
    """Those after it are called all the same."""
    log: Log = []
    jobs = define(inscope)

    def once(_: Any) -> None:
        jobs.pushed.disconnect(once)
        log.append("once")

    jobs.pushed.connect(once)
    jobs.pushed.connect(lambda _: log.append("always"))
    for _ in range(2):
        with jobs():
            pass

    assert ["once", "always", "always"] == log


def test_all_receivers_hear_of_the_end_though_one_fails(inscope: ModuleType) -> None:
    """And the scope is closed all the same; the errors come out together."""
    log: Log = []
    jobs = define(inscope)
    for name in ("tearing_down", "popped"):
        getattr(jobs, name).connect(raising(ValueError(name)))
        getattr(jobs, name).connect(lambda *_, name=name: log.append(name))
    job = jobs().push()
    with pytest.raises(ExceptionGroup) as caught:
        job.pop()

    assert ["tearing_down", "popped"] == log
    assert ["tearing_down", "popped"] == [str(e) for e in caught.value.exceptions]
    assert "closed" == job.state


def test_what_the_pushed_signal_raises_closes_the_scope(inscope: ModuleType) -> None:
    """Everything that was opened by then is closed."""
    log: Log = []
    jobs = define(inscope, on_pop=lambda _, error: log.append(str(error)))
    jobs.resource(eager=True)(telling(log, "eager"))
    jobs.pushed.connect(raising(ValueError("no")))
    job = jobs()
    with pytest.raises(ValueError, match="no"):
        job.push()

    assert ["+eager", "-eager", "no"] == log
    assert "closed" == job.state
    assert not jobs.is_active()


def test_signals_are_sent_on_the_thread_of_the_scope(inscope: ModuleType) -> None:
    """Wherever they were connected."""
    import threading

    log: list[int] = []
    jobs = define(inscope)
    in_thread(jobs.pushed.connect, lambda _: log.append(threading.get_ident()))
    with jobs():
        pass

    assert [threading.get_ident()] == log


def test_async_receivers_are_refused_before_the_block(inscope: ModuleType) -> None:
    """A sync ``with`` would find out at the end, when it is too late to await."""

    async def receiver(*_: Any) -> None:
        """Wait for something."""

    for name in SIGNALS:
        jobs = define(inscope)
        getattr(jobs, name).connect(receiver)
        job = jobs()
        entered = False
        with pytest.raises(inscope.AsyncInSyncScopeError, match="async with"), job:
            entered = True
        assert not entered, name
        assert not jobs.is_active()
