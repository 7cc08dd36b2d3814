"""``Snapshot.iter``: every step of a generator in the captured bindings."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Generator, Iterator
from contextvars import Context
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

import pytest
from carry_world import (
    Log,
    binding,
    by_token,
    captured,
    drop_in_thread,
    in_thread,
    reports,
    word,
)


@pytest.fixture
def snapshot(carry: ModuleType) -> Any:
    """One of a moment at which ``word`` was "hello"."""
    return captured(carry, word, "hello")


def test_each_step_has_the_bindings(snapshot: Any) -> None:
    """What a step sets is there in the next one, and nowhere else."""

    def generator() -> Iterator[str]:
        for name in ("one", "two"):
            yield word.get()
            word.set(name)
        yield word.get()

    steps = snapshot.iter(generator())
    found = [(one, word.get("nothing")) for one in steps]
    expected = [("hello", "nothing"), ("one", "nothing"), ("two", "nothing")]
    assert expected == found
    assert "hello" == snapshot.run(word.get)


@pytest.mark.parametrize("make", [list, tuple, dict.fromkeys, iter, reversed])
def test_whatever_can_be_iterated_over(snapshot: Any, make: Any) -> None:
    """Things that know nothing of ``send`` and ``close``, too."""
    items = [1, 2, 3]
    assert list(make(items)) == list(snapshot.iter(make(items)))
    steps = snapshot.iter(make(items))
    next(steps)
    steps.close()
    assert [] == list(steps)


def test_a_sequence_that_only_has_getitem(snapshot: Any) -> None:
    """The oldest protocol of all; it sees the bindings."""

    class Sequence:
        def __getitem__(self, index: int) -> str:
            if index > 1:
                raise IndexError
            return f"{word.get()} {index}"

    assert ["hello 0", "hello 1"] == list(snapshot.iter(Sequence()))


def test_the_iterator_is_made_in_the_bindings_too(snapshot: Any) -> None:
    """In the same copy as the steps."""

    class Iterable:
        def __iter__(self) -> Iterator[str]:
            found = word.get()
            word.set("made")
            return iter([found, *(word.get() for _ in range(1))])

    assert ["hello", "made"] == list(snapshot.iter(Iterable()))
    assert word.get(None) is None


def test_send_throw_and_the_value_that_is_returned(snapshot: Any) -> None:
    """Go through, as by ``yield from``."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    assert ("set", None) == next(steps)
    assert ("set", 1) == steps.send(1)
    assert ("set", None) == steps.send(None)
    assert ("set", "caught") == steps.throw(ValueError("thrown"))
    with pytest.raises(StopIteration) as stopped:
        steps.send("stop")

    assert "returned hello" == stopped.value.value
    assert ["hello", "caught thrown", "reset to hello"] == log
    assert word.get(None) is None
    with pytest.raises(StopIteration) as again:
        next(steps)
    assert again.value.value is None


@pytest.mark.parametrize("value", [None, (), (1, 2), StopIteration(1), KeyError("a")])
def test_any_value_can_be_returned(snapshot: Any, value: Any) -> None:
    """Tuples and exceptions, too."""

    def generator() -> Generator[int, None, Any]:
        yield 1
        return value

    def outer() -> Generator[int, None, Any]:
        yield (yield from snapshot.iter(generator()))

    assert [1, value] == list(outer())


def test_what_is_thrown_and_not_caught_comes_out(snapshot: Any) -> None:
    """The very error, after the finalisers."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    next(steps)
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught:
        steps.throw(error)
    assert error is caught.value
    assert ["hello", "reset to hello"] == log


def test_throwing_into_what_has_no_throw(snapshot: Any) -> None:
    """Raises it; sending to what has no ``send`` is an error of its own."""
    steps = snapshot.iter([1, 2])
    next(steps)
    with pytest.raises(KeyError, match="thrown"):
        steps.throw(KeyError("thrown"))
    steps = snapshot.iter([1, 2])
    next(steps)
    with pytest.raises(AttributeError, match="send"):
        steps.send(1)


def test_throwing_a_class(snapshot: Any) -> None:
    """Makes one."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    next(steps)
    assert ("set", "caught") == steps.throw(ValueError)
    steps = snapshot.iter([1])
    next(steps)
    with pytest.raises(KeyError):
        steps.throw(KeyError)


def test_errors_come_out_as_they_are(snapshot: Any) -> None:
    """And end it."""
    error = LookupError()

    def generator() -> Iterator[int]:
        yield 1
        raise error

    steps = snapshot.iter(generator())
    next(steps)
    with pytest.raises(LookupError) as caught:
        next(steps)
    assert error is caught.value
    assert [] == list(steps)


def test_stop_iteration_inside_is_an_error(snapshot: Any) -> None:
    """As PEP 479 has it."""

    def generator() -> Iterator[int]:
        yield 1
        raise StopIteration

    steps = snapshot.iter(generator())
    next(steps)
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(steps)


def test_close_runs_the_finalisers_in_the_bindings(snapshot: Any) -> None:
    """Once, and before it returns."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    next(steps)
    steps.close()
    steps.close()
    assert ["hello", "reset to hello"] == log


def test_a_generator_that_will_not_close(snapshot: Any) -> None:
    """The interpreter complains of it as ever."""

    def generator() -> Iterator[int]:
        try:
            yield 1
        finally:
            yield 2

    steps = snapshot.iter(generator())
    next(steps)
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        steps.close()


def test_closing_from_another_thread(snapshot: Any) -> None:
    """And advancing there: tokens are valid, since the Context is the same."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    next(steps)
    assert ("set", 2) == in_thread(steps.send, 2)
    in_thread(steps.close)
    assert ["hello", "reset to hello"] == log


@pytest.mark.usefixtures("collected_in_order")
def test_a_bind_left_in_another_thread(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Is at home there: nothing is reported."""
    user, log = inscope.Var("user"), list[Any]()
    snapshot = captured(carry, user, "ann")
    closed, dropped = (snapshot.iter(binding(user, "bob", log)) for _ in range(2))
    assert ["bob", "bob"] == [next(closed), next(dropped)]
    in_thread(closed.close)
    assert ["ann"] == log
    things = [dropped]
    del dropped
    drop_in_thread(things)
    gc.collect()

    assert ["ann", "ann"] == log
    assert [] == reports(caplog)
    assert not user.is_bound()


def test_two_over_one_snapshot_by_turns(snapshot: Any) -> None:
    """They do not meet."""
    logs: list[Log] = [[], []]
    pair = [
        snapshot.iter(by_token(word, name, log))
        for name, log in zip("ab", logs, strict=True)
    ]
    for count in (None, 1, 2):
        found = [steps.send(count) for steps in pair]
        assert [("a", count), ("b", count)] == found
    pair[0].close()
    assert ("b", 3) == pair[1].send(3)
    pair[1].close()
    assert [["hello", "reset to hello"]] * 2 == logs


def test_one_in_another(carry: ModuleType, snapshot: Any) -> None:
    """Each of the two has its own bindings, whoever takes the step."""
    other = captured(carry, word, "other")

    def inner() -> Iterator[str]:
        while True:
            yield word.get()

    def outer() -> Iterator[tuple[str, str]]:
        for found in snapshot.iter(inner()):
            yield found, word.get()

    steps = other.iter(outer())
    assert [("hello", "other")] * 2 == [next(steps), next(steps)]
    assert ("hello", "other") == Context().run(next, steps)
    steps.close()


def test_a_step_while_a_step_is_taken(snapshot: Any) -> None:
    """Is refused, and breaks nothing: in the generator, and from another thread."""
    barrier = Barrier(2)

    def generator() -> Iterator[Any]:
        with pytest.raises(ValueError, match="already executing"):
            next(steps)
        barrier.wait(10)
        barrier.wait(10)
        yield word.get()

    steps = snapshot.iter(generator())
    found: list[str] = []
    thread = Thread(target=lambda: found.append(next(steps)))
    thread.start()
    barrier.wait(10)
    with pytest.raises(ValueError, match="already executing"):
        next(steps)
    barrier.wait(10)
    thread.join()
    assert ["hello"] == found
    steps.close()


def test_it_is_a_generator_that_begins_when_it_is_asked(snapshot: Any) -> None:
    """Nothing of it runs before."""
    log: Log = []
    steps = snapshot.iter(by_token(word, "set", log))
    assert steps is iter(steps)
    assert inspect.isgenerator(steps)
    assert [] == log
    steps.close()
    assert [] == log


@pytest.mark.parametrize("iterable", [3, None, object(), len])
def test_it_refuses_what_is_no_iterable(snapshot: Any, iterable: Any) -> None:
    """At once, and names it."""
    with pytest.raises(TypeError, match=r"iter\(\) takes an iterable, not "):
        snapshot.iter(iterable)
