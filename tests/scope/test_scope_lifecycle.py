"""A scope opens, is found, and closes; entered again, it counts."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from scopes import define, end, raising


def test_a_scope_goes_from_new_to_closed(inscope: ModuleType) -> None:
    """By hand, and each state can be read."""
    states: list[str] = []
    jobs = define(inscope)
    job = jobs()
    job_states = [job.state]
    assert job is job.push()
    job.callback(lambda: states.append(job.state))
    job_states.append(job.state)
    assert job.pop() is None
    job_states.append(job.state)

    assert ["new", "active", "closed"] == job_states
    assert ["closing"] == states


def test_the_active_scope_is_found(inscope: ModuleType) -> None:
    """By ``current`` and by proxies, from push to pop and not before or after."""
    jobs = define(inscope)
    job = jobs()
    proxy = jobs.proxy()
    assert not jobs.is_active()
    with pytest.raises(inscope.UnboundError, match="no Job is active"):
        jobs.current()

    with job as entered:
        assert job is entered
        assert job is jobs.current()
        assert job is inscope.unwrap(proxy)
        assert jobs.is_active()

    assert not jobs.is_active()
    assert "<LocalProxy unbound>" == repr(proxy)
    with pytest.raises(inscope.UnboundError, match="no Job is active"):
        jobs.current()


def test_the_innermost_scope_is_the_active_one(inscope: ModuleType) -> None:
    """Closing one shows the one around it."""
    jobs = define(inscope)
    found = []
    with jobs() as outer:
        with jobs() as inner:
            found.append(jobs.current())
        found.append(jobs.current())

    assert [inner, outer] == found


@pytest.mark.parametrize("hooked", [False, True])
def test_entering_again_counts(inscope: ModuleType, hooked: bool) -> None:
    """Hooks run at the first entry and the last exit alone."""
    log: list[str] = []
    members: dict[str, Any] = {}
    if hooked:
        members["on_push"] = lambda _: log.append("push")
        members["on_pop"] = lambda _, error: log.append("pop")
    job = define(inscope, **members)()
    with job:
        with job as again, job:
            assert job is again
        assert "active" == job.state
        job.push()
        job.pop()
        log.append("inside")
    assert "closed" == job.state

    assert (["push", "inside", "pop"] if hooked else ["inside"]) == log


def test_scopes_in_an_exit_stack(inscope: ModuleType) -> None:
    """They are ordinary context managers, and close in reverse."""
    log: list[int] = []
    jobs = define(inscope)
    with contextlib.ExitStack() as stack:
        for number in range(5):
            stack.enter_context(jobs()).callback(log.append, number)

    assert [4, 3, 2, 1, 0] == log
    assert not jobs.is_active()


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "error", [ValueError(), KeyboardInterrupt(), GeneratorExit(), StopIteration()]
)
def test_the_error_of_the_block_comes_out(
    inscope: ModuleType, error: BaseException, used: bool
) -> None:
    """The very same, whether or not there was anything to close."""
    jobs = define(inscope)
    job = jobs()
    log: list[int] = []
    job.push()
    if used:
        job.callback(log.append, 1)
    with pytest.raises(type(error)) as caught:
        end(job, error)

    assert error is caught.value
    assert error.__context__ is None
    assert "closed" == job.state
    assert [1] * used == log


def test_each_class_has_its_own_place(inscope: ModuleType) -> None:
    """Two direct subclasses do not see each other's scopes, and may interleave."""
    jobs, requests = define(inscope, "Job"), define(inscope, "Request")
    job, request = jobs().push(), requests().push()
    assert (job, request) == (jobs.current(), requests.current())

    job.pop()
    assert request is requests.current()
    request.pop()


def test_a_derived_class_shares_the_place(inscope: ModuleType) -> None:
    """A derived scope is found by the base; another one of the base is not derived."""
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    with specials() as special:
        assert special is jobs.current()
        assert special is specials.current()
        with jobs() as job:
            assert job is jobs.current()
            assert not specials.is_active()
            with pytest.raises(inscope.UnboundError, match="no Special is active"):
                specials.current()


def test_a_proxy_of_a_derived_class_finds_what_current_finds(
    inscope: ModuleType,
) -> None:
    """Never a scope of the base class, which has not got what it is typed to have."""
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,))
    proxy = specials.proxy()
    with specials() as special:
        assert special is inscope.unwrap(proxy)
    with jobs():
        assert not specials.is_active()
        assert "<LocalProxy unbound>" == repr(proxy)


def test_a_derived_class_may_have_its_own_place(inscope: ModuleType) -> None:
    """Then the scopes of both are found at once."""
    jobs = define(inscope)
    specials = define(inscope, "Special", bases=(jobs,), own_slot=True)
    with jobs() as job, specials() as special:
        assert (job, special) == (jobs.current(), specials.current())


def test_a_proxy_follows_a_name_or_a_function(inscope: ModuleType) -> None:
    """And has its own words where no scope is active."""
    jobs = define(inscope, unbound_message="no job here")
    by_name, by_function = jobs.proxy("user.name"), jobs.proxy(lambda job: job.size)
    worded = jobs.proxy("size", unbound_message="no size here")
    for proxy, message in ((by_name, "no job here"), (worded, "no size here")):
        with pytest.raises(inscope.UnboundError) as caught:
            str(proxy)
        assert message == str(caught.value)
        assert "open one (with …:)" == caught.value.remedy

    job = jobs()
    job.size = 3
    job.user = define(inscope)
    job.user.name = "ann"
    with job:
        assert ("ann", 3, 3) == (str(by_name), by_function + 0, worded + 0)


# Opened again


def test_a_closed_scope_is_not_opened_again(inscope: ModuleType) -> None:
    """The error tells, and nothing is active after it."""
    jobs = define(inscope)
    job = jobs()
    with job:
        pass

    with pytest.raises(inscope.ScopeClosedError, match="this Job is closed"):
        job.push()

    assert not jobs.is_active()
    assert "closed" == job.state


def test_a_class_may_let_its_scopes_open_again(inscope: ModuleType) -> None:
    """With callbacks and hooks anew; those of before are not called again."""
    log: list[str] = []
    jobs = define(inscope, reopen=True, on_push=lambda _: log.append("push"))
    job = jobs()
    for number in range(3):
        with job:
            assert job is jobs.current()
            job.callback(log.append, f"pop {number}")
        assert "closed" == job.state

    assert ["push", "pop 0", "push", "pop 1", "push", "pop 2"] == log


def test_a_scope_opened_again_is_read_through_a_proxy(inscope: ModuleType) -> None:
    """It was refused while it was closed."""
    jobs = define(inscope, reopen=True)
    job, proxy = jobs(), jobs.proxy()
    with job:
        pass
    with job:
        assert job is inscope.unwrap(proxy)


def test_what_failed_to_open_can_be_opened_again(inscope: ModuleType) -> None:
    """Also if it was entered again on the way: nothing of that is counted."""
    errors = [ValueError("first")]

    def on_push(job: Any) -> None:
        if errors:
            job.push()
            raise errors.pop()

    jobs = define(inscope, reopen=True, on_push=on_push)
    job = jobs()
    with pytest.raises(ValueError, match="first"):
        job.push()
    assert "closed" == job.state

    with job:
        pass

    assert "closed" == job.state
    assert not jobs.is_active()


# As an object


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_scope_is_not_copied_or_pickled(
    inscope: ModuleType, duplicate: Callable[[Any], Any]
) -> None:
    """The error names what there is instead."""
    with pytest.raises(TypeError, match=r"fork\(\)"):
        duplicate(define(inscope)())


def test_arguments_that_nothing_takes_are_refused(inscope: ModuleType) -> None:
    """As those of any class without ``__init__``."""
    jobs = define(inscope)
    with pytest.raises(TypeError):
        jobs("ann")
    with pytest.raises(TypeError):
        jobs(user="ann")


def test_the_repr_tells_state_and_place(inscope: ModuleType) -> None:
    """File, line and function of the ``with``."""
    job = define(inscope)()
    assert "<Job new>" == repr(job)
    with job:
        inside = repr(job)
    assert inside.startswith(f"<Job active, opened at {__file__}:")
    assert inside.endswith(" in test_the_repr_tells_state_and_place>")
    assert repr(job).startswith("<Job closed, opened at ")


def test_a_closed_scope_is_freed(inscope: ModuleType) -> None:
    """With its callbacks' arguments, and without the collector."""
    jobs = define(inscope)
    job = jobs()
    reference = weakref.ref(job)
    gc.disable()
    try:
        with job:
            job.callback(print, end="")
        del job
        assert reference() is None
    finally:
        gc.enable()


def test_after_close_is_one_of_two_words(inscope: ModuleType) -> None:
    """Another one is refused as the class is made."""
    with pytest.raises(ValueError, match=r"Job.after_close must be .* not 'maybe'"):
        define(inscope, after_close="maybe")


def test_a_scope_that_failed_to_open_shows_the_one_before(inscope: ModuleType) -> None:
    """``on_push`` saw the new one."""
    seen = []

    def on_push(job: Any) -> None:
        seen.append(failing_jobs.current())
        raising(ValueError("no"))()

    jobs = define(inscope)
    failing_jobs = define(inscope, "Failing", bases=(jobs,), on_push=on_push)
    failing = failing_jobs()
    with jobs() as job:
        with pytest.raises(ValueError, match="no"):
            failing.push()
        assert job is jobs.current()

    assert [failing] == seen
    assert "closed" == failing.state
