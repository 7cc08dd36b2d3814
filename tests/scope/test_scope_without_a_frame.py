"""Scopes that are opened and closed where no Python runs: from C alone."""

from __future__ import annotations

import _thread
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, telling


def _with_hook(inscope: ModuleType, log: Log) -> Any:
    return define(inscope, on_pop=lambda *_: log.append("closed"))


def _with_signal(inscope: ModuleType, log: Log) -> Any:
    scopes = define(inscope)
    scopes.tearing_down.connect(lambda *_: log.append("closed"))
    return scopes


def _with_eager_resource(inscope: ModuleType, log: Log) -> Any:
    scopes = define(inscope)
    scopes.resource(telling(log, "eager"), eager=True)
    return scopes


def _with_nothing(inscope: ModuleType, log: Log) -> Any:
    return define(inscope)


KINDS = {
    "hook": (_with_hook, ["closed"]),
    "signal": (_with_signal, ["closed"]),
    "eager resource": (_with_eager_resource, ["+eager", "-eager"]),
    "nothing": (_with_nothing, []),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_scope_opens_and_closes_in_greenlets_that_run_nothing_else(
    inscope: ModuleType, log: Log, kind: str
) -> None:
    """Its methods are what each greenlet runs."""
    greenlet: Any = pytest.importorskip("greenlet")
    make, expected = KINDS[kind]
    scopes = make(inscope, log)
    scope, context = scopes(), Context()

    def run(method: Callable[[], object]) -> None:
        runs = greenlet.greenlet(method)
        runs.gr_context = context
        runs.switch()

    run(scope.push)
    assert "active" == scope.state
    assert scope is context.run(scopes.current)
    assert "opened at" in repr(scope)
    run(scope.pop)
    assert "closed" == scope.state
    assert not context.run(scopes.is_active)
    assert expected == log
    with pytest.raises(inscope.ScopeClosedError, match=r"closed \d.* at"):
        scope.push()


def test_a_callback_runs_if_its_scope_is_closed_so(
    inscope: ModuleType, log: Log
) -> None:
    """It makes the way of the scope a long one."""
    greenlet: Any = pytest.importorskip("greenlet")
    scope, context = define(inscope)(), Context()
    context.run(scope.push)
    scope.callback(log.append, "callback")
    runs = greenlet.greenlet(scope.pop)
    runs.gr_context = context
    runs.switch()
    assert ("closed", ["callback"]) == (scope.state, log)


def test_a_thread_may_run_nothing_but_a_scope(inscope: ModuleType) -> None:
    """Its methods, in a context."""
    done = _thread.allocate_lock()
    done.acquire()
    scopes = define(inscope)
    scopes.pushed.connect(lambda _: done.release())
    scopes.popped.connect(lambda _: done.release())
    scope, context = scopes(), Context()
    for method, state in ((scope.push, "active"), (scope.pop, "closed")):
        _thread.start_new_thread(context.run, (method,))
        assert done.acquire(timeout=10)
        assert state == scope.state


def test_a_scope_may_close_at_exit(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing runs any more."""
    monkeypatch.setenv("INSCOPE_CORE", core)
    program = """
        import atexit
        from inscope import Scope
        class Job(Scope):
            def on_pop(self, error):
                print("on_pop")
        job = Job().push()
        atexit.register(lambda: print(job.state))
        atexit.register(job.pop)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("on_pop\nclosed\n", "") == (done.stdout, done.stderr)
