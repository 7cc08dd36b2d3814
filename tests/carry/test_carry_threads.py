"""``Thread`` and ``Timer``: in the context in which they were started."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextvars import Context, copy_context
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from carry_world import define, word


@pytest.fixture(params=["Thread", "Timer"])
def make(request: pytest.FixtureRequest, carry: ModuleType) -> Any:
    """A function that makes a thread of either kind."""

    def make(function: Any, *args: Any, **kwargs: Any) -> Any:
        if request.param == "Thread":
            return carry.Thread(target=function, args=args, kwargs=kwargs)
        return carry.Timer(0, function, args, kwargs)

    return make


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is where threads are made."""
    token = word.set("here")
    yield
    word.reset(token)


def test_it_has_the_context_in_which_it_was_started(
    inscope: ModuleType, make: Any
) -> None:
    """Not that in which it was made; what it sets is its own."""
    user, found = inscope.Var("user"), list[Any]()

    def work(*args: Any, **kwargs: Any) -> None:
        found.append((user.get(), word.get(), args, kwargs))
        user.set("left")
        word.set("left")

    with user.bind("maker"):
        thread = make(work, 1, two=2)
    with user.bind("starter"):
        thread.start()
        user.set("later")
        thread.join()
        assert "later" == user.get()
    assert [("starter", "here", (1,), {"two": 2})] == found
    assert "here" == word.get()


def test_started_in_an_empty_context(make: Any) -> None:
    """It sees nothing; also where threads inherit."""
    found: list[list[Any]] = []
    thread = make(lambda: found.append(list(copy_context())))
    Context().run(thread.start)
    thread.join()
    assert [[]] == found


def test_it_is_a_thread_of_the_library(carry: ModuleType) -> None:
    """With all of its arguments and attributes."""
    thread = carry.Thread(None, print, "name", ("a",), {"end": ""}, daemon=True)
    assert isinstance(thread, threading.Thread)
    assert ("name", True, False) == (thread.name, thread.daemon, thread.is_alive())
    assert thread.ident is None
    timer = carry.Timer(5, print, ["a"])
    assert isinstance(timer, threading.Timer)
    assert isinstance(timer, carry.Thread)
    assert (5, print, ["a"], {}) == (
        timer.interval,
        timer.function,
        timer.args,
        timer.kwargs,
    )
    assert isinstance(carry.Thread(), threading.Thread)
    with pytest.raises(TypeError):
        carry.Thread(nothing=1)


def test_a_subclass_that_overrides_run(carry: ModuleType) -> None:
    """Runs in the context, and may call the one of its base; ``run`` is its own again.

    What its constructor did is there as well.
    """

    base: Any = carry.Thread

    class Worker(base):  # type: ignore[misc]
        def __init__(self, found: list[str]) -> None:
            base.__init__(self, target=found.append, args=("target",))
            self.found = found

        def run(self) -> None:
            self.found.append(word.get())
            assert threading.current_thread() is self
            word.set("left")
            base.run(self)
            self.found.append(word.get())

    found: list[str] = []
    worker = Worker(found)
    worker.start()
    worker.join()
    assert ["here", "target", "left"] == found
    assert "run" not in vars(worker)
    assert "here" == word.get()


def test_run_called_by_hand(make: Any) -> None:
    """As the library's, where it is called."""
    found: list[str] = []
    thread = make(lambda: found.append(word.get()))
    thread.run()
    assert ["here"] == found


def test_started_twice(make: Any) -> None:
    """Refused as ever, while it runs and later; it runs once."""
    found, go = list[str](), Event()

    def work() -> None:
        go.wait(10)
        found.append(word.get())

    thread = make(work)
    thread.start()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    go.set()
    thread.join()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    assert ["here"] == found


def test_that_cannot_be_started(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept of the attempt; it can be started later, in the context then."""
    found: list[str] = []
    thread = make(lambda: found.append(word.get()))

    def refuse(*_: Any, **__: Any) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    names = ("_start_new_thread", "_start_joinable_thread")
    with monkeypatch.context() as patch:
        for name in names:
            if hasattr(threading, name):
                patch.setattr(threading, name, refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.start()
    assert "run" not in vars(thread)
    token = word.set("again")
    thread.start()
    thread.join()
    word.reset(token)
    assert ["again"] == found


def test_before_it_is_set_up(carry: ModuleType) -> None:
    """A subclass that forgot its base's constructor is told so."""

    class Forgot(carry.Thread):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            """Do nothing."""

    with pytest.raises((RuntimeError, AssertionError, AttributeError)):
        Forgot().start()


class User:
    """Can be referred to weakly."""


def test_never_started(inscope: ModuleType, make: Any) -> None:
    """Keeps nothing of any context alive."""
    user = inscope.Var("user")
    with user.bind(User()):
        thread = make(int)
        kept = weakref.ref(user.get())
    gc.collect()
    assert kept() is None
    assert not thread.is_alive()


def test_ended(inscope: ModuleType, make: Any) -> None:
    """Keeps nothing of its context, though it is kept itself."""
    user = inscope.Var("user")
    with user.bind(User()):
        thread = make(user.get)
        thread.start()
        thread.join()
        kept = weakref.ref(user.get())
    gc.collect()
    assert kept() is None
    assert not thread.is_alive()


@pytest.mark.parametrize("kind", [LookupError, KeyboardInterrupt, SystemExit])
def test_an_exception_is_told_in_the_context(
    make: Any, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    """The hook sees what the thread had bound, and gets what it always gets."""
    told: list[Any] = []

    def hook(args: Any) -> None:
        told.append((word.get(), args.exc_type, args.exc_value, args.thread))
        names: list[str] = []
        traceback = args.exc_traceback
        while traceback is not None:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        told.append(names[-1])

    monkeypatch.setattr(threading, "excepthook", hook)
    error = kind("mine")

    def fail() -> None:
        word.set("failing")
        raise error

    thread = make(fail)
    thread.start()
    thread.join()
    assert [("failing", kind, error, thread), "fail"] == told
    told.clear()


@pytest.mark.parametrize("kind", [SystemExit, SystemExit("text"), SystemExit(3)])
def test_system_exit_ends_it_in_silence(
    make: Any,
    kind: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the hook of the library."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)

    def leave() -> None:
        raise kind

    thread = make(leave)
    thread.start()
    thread.join()
    assert ("", "") == capsys.readouterr()


def test_what_the_hook_of_the_library_prints(
    make: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names the thread and the error, for every class of error."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)

    def fail(error: BaseException) -> None:
        raise error

    for error in (LookupError("mine"), KeyboardInterrupt("mine")):
        thread = make(fail, error)
        thread.name = "failing"
        thread.start()
        thread.join()
        printed = capsys.readouterr().err
        assert "Exception in thread failing" in printed
        assert f"{type(error).__name__}" in printed
        assert "mine" in printed


def test_a_hook_that_fails(
    make: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told to ``sys.excepthook``, not to itself, and the thread ends."""
    told: list[Any] = []

    def hook(args: Any) -> None:
        told.append(args.exc_type)
        message = "in the hook"
        raise ValueError(message)

    monkeypatch.setattr(threading, "excepthook", hook)

    def fail() -> None:
        raise LookupError

    thread = make(fail)
    thread.start()
    thread.join()
    assert not thread.is_alive()
    assert [LookupError] == told
    assert "in the hook" in capsys.readouterr().err


def test_a_daemon(carry: ModuleType) -> None:
    """Is one; set before it starts, and not later."""
    go = Event()
    thread = carry.Thread(target=go.wait, args=(10,), daemon=True)
    thread.start()
    assert thread.daemon
    with pytest.raises(RuntimeError, match="daemon"):
        thread.daemon = False
    go.set()
    thread.join()
    inner: list[bool] = []
    thread = carry.Thread(
        target=lambda: inner.append(carry.Thread().daemon), daemon=True
    )
    thread.start()
    thread.join()
    assert [True] == inner


def test_a_timer_that_is_cancelled(carry: ModuleType) -> None:
    """Before it starts, and while it waits: it never calls."""
    found: list[str] = []
    for before in (True, False):
        timer = carry.Timer(0 if before else 60, found.append, ["called"])
        if before:
            timer.cancel()
        timer.start()
        timer.cancel()
        timer.join(10)
        assert not timer.is_alive()
    assert [] == found


def test_threads_that_start_threads(carry: ModuleType) -> None:
    """Each has a copy of what the one before it had."""
    found: list[list[str]] = []

    def work(depth: int, seen: list[str]) -> None:
        seen = [*seen, word.get()]
        word.set(str(depth))
        if not depth:
            found.append(seen)
            return
        thread = carry.Thread(target=work, args=(depth - 1, seen))
        thread.start()
        thread.join()
        assert str(depth) == word.get()

    work_in = copy_context()
    work_in.run(work, 3, [])
    assert [["here", "3", "2", "1"]] == found


def test_a_scope_is_shared(inscope: ModuleType, carry: ModuleType) -> None:
    """With the thread; ``carry`` gives it one of its own."""
    jobs, found = define(inscope), list[Any]()

    def work(function: Any) -> None:
        found.append(function())

    with jobs() as job:
        for function in (jobs.current, carry.carry(jobs.current)):
            thread = carry.Thread(target=work, args=(function,))
            thread.start()
            thread.join()
    assert job is found[0]
    assert job is not found[1]
    assert type(job) is type(found[1])
