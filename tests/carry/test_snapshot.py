"""``Snapshot``: captured once, run anywhere, and what was bound otherwise."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from contextvars import Context, ContextVar, copy_context
from threading import Barrier, Thread
from types import ModuleType
from typing import Any, NoReturn

import pytest
from carry_world import captured, define, in_thread, telling, word


def test_it_has_the_bindings_of_the_moment_it_was_captured(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Variables of either kind, Locals, stacks and scopes; what comes later is not."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    jobs = define(inscope)

    def see() -> list[Any]:
        return [user.get(), word.get(), local.name, stack.top, jobs.current()]

    with user.bind("ann"), inscope.bound(local, name="lo"), jobs() as job:
        token = word.set("hello")
        stack.push(1)
        snapshot = carry.Snapshot.capture()
        user.set("bob")
        local.name = "other"
        stack.push(2)
        word.reset(token)
        assert ["ann", "hello", "lo", 1, job] == snapshot.run(see)
        assert ["ann", "hello", "lo", 1, job] == in_thread(snapshot.run, see)
        assert "bob" == user.get()
        stack.pop()
        stack.pop()


def test_what_is_bound_in_a_run_is_gone_afterwards(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Neither the caller nor the next run sees any of it."""
    user, local = inscope.Var("user"), inscope.Local()

    def change() -> tuple[str, bool]:
        before = user.get(), hasattr(local, "name")
        user.set("changed")
        user.bind("left open").__enter__()
        local.name = "changed"
        return before

    with user.bind("ann"):
        snapshot = carry.Snapshot.capture()
        assert ("ann", False) == snapshot.run(change)
        assert ("ann", False) == snapshot.run(change)
        assert "ann" == user.get()
    assert not user.is_bound()
    assert not hasattr(local, "name")


def test_a_run_in_a_run(carry: ModuleType) -> None:
    """Has the bindings as they were captured, not as the outer one left them."""
    snapshot = captured(carry, word, "hello")

    def outer() -> tuple[str, str, str]:
        word.set("changed")
        inner = snapshot.run(word.get)
        return inner, word.get(), snapshot.run(snapshot.run, word.get)

    assert ("hello", "changed", "hello") == snapshot.run(outer)


def test_two_threads_in_it_at_once(carry: ModuleType) -> None:
    """Each changes its copy while the other one is inside."""
    snapshot = captured(carry, word, "hello")
    barrier, found = Barrier(2), set[tuple[str, str]]()

    def work(name: str) -> None:
        before = word.get()
        barrier.wait(10)
        word.set(name)
        barrier.wait(10)
        found.add((before, word.get()))

    threads = [Thread(target=snapshot.run, args=(work, name)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {("hello", "a"), ("hello", "b")} == found


def test_run_hands_on_arguments_results_and_errors(carry: ModuleType) -> None:
    """Whatever they are called."""
    snapshot = carry.Snapshot.capture()

    def function(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    named = {"function": 1, "self": 2, "snapshot": 3}
    assert ((1, 2), named) == snapshot.run(function, 1, 2, **named)
    assert ((), {}) == snapshot.run(function)
    error = KeyboardInterrupt()

    def fail() -> NoReturn:
        word.set("leaked")
        raise error

    with pytest.raises(KeyboardInterrupt) as caught:
        snapshot.run(fail)
    assert error is caught.value
    assert word.get(None) is None


@pytest.mark.parametrize("args", [(), (3,), ("text",), (None,)])
def test_run_refuses_what_cannot_be_called(
    carry: ModuleType, args: tuple[Any, ...]
) -> None:
    """And stays usable; the caller stays where it was."""
    snapshot = captured(carry, word, "hello")
    with pytest.raises(TypeError, match=r"run\(\) missing|not callable"):
        snapshot.run(*args)
    assert word.get(None) is None
    assert "hello" == snapshot.run(word.get)


def test_it_is_made_of_a_context(carry: ModuleType) -> None:
    """Of its bindings at that moment; also while that context is entered."""
    context = copy_context()
    context.run(word.set, "before")
    snapshot = carry.Snapshot(context)
    context.run(word.set, "after")

    assert "before" == snapshot.run(word.get)
    assert "after" == context.run(lambda: carry.Snapshot(context).run(word.get))


@pytest.mark.parametrize("context", [None, {}, "text", Context, 3])
def test_it_is_made_of_nothing_else(carry: ModuleType, context: Any) -> None:
    """The error names what there is instead."""
    expected = rf"Snapshot\(\) takes a contextvars.Context.*{type(context).__name__}"
    with pytest.raises(TypeError, match=expected) as caught:
        carry.Snapshot(context)
    assert "Snapshot.capture()" in str(caught.value)


def test_it_cannot_be_made_of_nothing(carry: ModuleType) -> None:
    """As any class that lacks its argument."""
    with pytest.raises(TypeError, match="context"):
        carry.Snapshot()


def test_its_context_is_a_new_one_each_time(carry: ModuleType) -> None:
    """What is done in it stays in it."""
    snapshot = captured(carry, word, "hello")
    context = snapshot.context()
    context.run(word.set, "changed")

    assert type(context) is Context
    assert "hello" == snapshot.run(word.get)
    assert "hello" == snapshot.context()[word]


def test_a_subclass_of_it(carry: ModuleType) -> None:
    """Captures itself."""

    class Mine(carry.Snapshot):  # type: ignore[misc, name-defined]
        """One with a name."""

    snapshot = Mine.capture()
    assert type(snapshot) is Mine
    assert type(Mine(Context())) is Mine
    assert {} == snapshot.diff()


def test_it_cannot_be_copied_or_changed(carry: ModuleType) -> None:
    """Nor pickled; a weak reference to it is fine."""
    snapshot = carry.Snapshot.capture()
    for function in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot copy or pickle a Snapshot"):
            function(snapshot)
    with pytest.raises(AttributeError):
        snapshot.user = "ann"
    assert snapshot is weakref.ref(snapshot)()
    assert repr(snapshot).startswith("<Snapshot of ")


def test_it_keeps_the_values_and_then_lets_go(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """They live as long as the snapshot does."""

    class User:
        """Can be referred to weakly."""

    user = inscope.Var("user")
    with user.bind(User()):
        snapshot = carry.Snapshot.capture()
        kept = weakref.ref(user.get())
    gc.collect()
    assert kept() is snapshot.run(user.get)
    del snapshot
    gc.collect()
    assert kept() is None


def test_a_scope_that_closed_meanwhile_is_closed_in_it(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """What reads it through a proxy is refused; other values are there."""
    jobs, user = define(inscope), inscope.Var("user")
    lent: list[str] = []
    resource = jobs.resource(telling(lent, "db"))
    name = jobs.proxy("name")
    with user.bind("ann"), jobs() as job:
        job.name = "work"
        snapshot = carry.Snapshot.capture()
        assert ("work", "db") == snapshot.run(lambda: (str(name), str(resource)))

    assert ["+db", "-db"] == lent
    for proxy in (jobs.proxy(), name, resource):
        with pytest.raises(inscope.ScopeClosedError, match="this Job is closed"):
            snapshot.run(str, proxy)
        assert not snapshot.run(inscope.is_bound, proxy)
    with pytest.raises(inscope.ScopeClosedError):
        in_thread(snapshot.run, jobs.current)
    assert "ann" == snapshot.run(user.get)
    with pytest.raises(inscope.UnboundError):
        jobs.current()


def test_a_value_that_was_revoked_meanwhile(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Is not in the snapshot any more."""
    user = inscope.Var("user", after_exit="revoke")
    with user.bind("ann"):
        snapshot = carry.Snapshot.capture()
        assert "ann" == snapshot.run(user.get)
    assert not snapshot.run(user.is_bound)


# diff


def test_diff_tells_what_was_bound_otherwise(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """By what the user knows: a variable, a Local, a stack, a class of scopes."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    same, jobs = inscope.Var("same"), define(inscope)
    before = carry.Snapshot.capture()
    with (
        user.bind("ann"),
        inscope.bound(local, name="lo"),
        inscope.pushed(stack, 1),
        jobs() as job,
    ):
        token = word.set("hello")
        changes = before.diff()
        back = carry.Snapshot.capture().diff(before)
        word.reset(token)

    gone: Any = next(iter(back.values())).after
    assert (gone, "ann") == changes[user]
    assert "ann" == changes[user].after
    assert (gone, "hello") == changes[word]
    assert {"name": "lo"} == changes[local].after
    assert [1] == changes[stack].after
    assert job is changes[jobs].after
    assert ("hello", gone) == back[word]
    assert 5 == len(changes) == len(list(changes)) == len(back)
    assert all(type(var) is ContextVar for var in changes)
    assert user in changes
    assert same not in changes
    assert "user: <Token.MISSING> -> 'ann'" in repr(changes)


def test_diff_of_what_is_the_same(inscope: ModuleType, carry: ModuleType) -> None:
    """Is empty: also of what was bound to the same object again, and put back."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    value = [1]
    with user.bind(value), inscope.bound(local, a=value), inscope.pushed(stack, value):
        before = carry.Snapshot.capture()
        with user.bind(value), inscope.bound(local, a=value), user.bind([2]):
            assert [user._cells] == list(before.diff())
        with user.bind(value):
            local.b = 1
            del local.b
            stack.push(2)
            stack.pop()
            assert {} == before.diff()
        assert {} == before.diff(before)
        assert "<Changes {}>" == repr(before.diff())


def test_diff_of_what_has_come_and_gone(inscope: ModuleType, carry: ModuleType) -> None:
    """Nothing is left of it: a Local without names is as one never used."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    before = carry.Snapshot.capture()
    with user.bind("ann"), inscope.bound(local, a=1), inscope.pushed(stack, 1):
        pass
    local.b = 1
    del local.b
    stack.push(1)
    stack.pop()
    assert {} == before.diff()
    assert {} == carry.Snapshot.capture().diff(before)


def test_diff_does_not_compare_values(inscope: ModuleType, carry: ModuleType) -> None:
    """Whatever their ``==`` says, or raises: another object is another value."""

    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        def __bool__(self) -> bool:
            raise RuntimeError

    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    one, other = Hostile(), Hostile()
    strange: ContextVar[Any] = ContextVar("strange")
    with user.bind(one), inscope.bound(local, a=one), inscope.pushed(stack, one):
        before = carry.Snapshot.capture()
        assert 0 == len(before.diff())
        token = strange.set(other)
        with user.bind(other), inscope.bound(local, a=other):
            changes = before.diff()
        strange.reset(token)
        assert 3 == len(changes)
        assert one is changes[user].before
        assert other is changes[local].after["a"]
        assert other is changes[strange].after


def test_diff_between_two(carry: ModuleType) -> None:
    """Whatever is bound here."""
    one, other = captured(carry, word, "one"), captured(carry, word, "other")
    assert {word: ("one", "other")} == one.diff(other)
    assert {word: ("other", "one")} == other.diff(one)
    assert ("one", "other") == Context().run(one.diff, other)[word]


@pytest.mark.parametrize("other", [3, {}, Context(), "text"])
def test_diff_refuses_what_is_no_snapshot(carry: ModuleType, other: Any) -> None:
    """And says what it takes."""
    with pytest.raises(TypeError, match=r"diff\(\) takes a Snapshot, not "):
        carry.Snapshot.capture().diff(other)


def test_changes_know_nothing_of_anything_else(carry: ModuleType) -> None:
    """As a mapping does."""
    changes = captured(carry, word, "one").diff(captured(carry, word, "other"))
    keys: list[Any] = ["word", None, 3, [], ContextVar("strange", default=1)]
    for key in keys:
        assert key not in changes
        with pytest.raises(KeyError):
            changes[key]
    assert changes.get("word") is None
