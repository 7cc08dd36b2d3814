"""``LocalManager(locals, ident_func=f)``: data under the key that ``f`` returns."""

from __future__ import annotations

import copy
import gc
import logging
import weakref
from collections.abc import Hashable
from contextvars import Context, ContextVar
from types import ModuleType
from typing import Any

import pytest
from places import Place, anywhere, in_copied_context, in_thread


class Switched:
    """A Local and a stack, and the key that their data lies under."""

    def __init__(self, inscope: ModuleType, key: Hashable = "one") -> None:
        self.key = key
        self.local, self.stack = inscope.Local(), inscope.LocalStack()
        self.manager = inscope.LocalManager(
            [self.local, self.stack], ident_func=lambda: self.key
        )

    def fill(self, key: Hashable) -> None:
        """Switch to *key*, and set and push it."""
        self.key = key
        self.local.user = key
        self.stack.push(key)

    def seen(self, key: Hashable) -> tuple[dict[str, Any], Any]:
        """Switch to *key*, and return what is there."""
        self.key = key
        return dict(self.local), self.stack.top


class Key:
    """A key that can be weakly referenced."""


def test_each_key_has_data_of_its_own(inscope: ModuleType) -> None:
    """Names and stacks follow the key, back and forth."""
    switched = Switched(inscope)
    switched.fill("one")
    switched.fill("two")

    assert ({"user": "one"}, "one") == switched.seen("one")
    assert ({"user": "two"}, "two") == switched.seen("two")
    assert ({}, None) == switched.seen("three")

    switched.key = "one"
    del switched.local.user
    assert "one" == switched.stack.pop()

    assert ({}, None) == switched.seen("one")
    assert ({"user": "two"}, "two") == switched.seen("two")


def test_cleanup_releases_the_data_of_the_running_key_alone(
    inscope: ModuleType,
) -> None:
    """The other keys clean up after themselves."""
    switched = Switched(inscope)
    switched.fill("one")
    switched.fill("two")

    switched.key = "one"
    switched.manager.cleanup()

    assert ({}, None) == switched.seen("one")
    assert ({"user": "two"}, "two") == switched.seen("two")


@anywhere
def test_one_key_is_one_place_wherever_it_is_used(
    inscope: ModuleType, place: Place
) -> None:
    """Contexts no longer count: what is done elsewhere under the key is seen here."""
    switched = Switched(inscope)
    switched.fill("one")

    def change() -> tuple[dict[str, Any], Any]:
        before = switched.seen("one")
        switched.fill("one")
        switched.local.extra = 1
        return before

    assert ({"user": "one"}, "one") == place(change)
    assert {"user": "one", "extra": 1} == dict(switched.local)
    assert ["one", "one", None] == [switched.stack.pop() for _ in range(3)]


def test_with_get_ident_a_task_starts_with_nothing(inscope: ModuleType) -> None:
    """As in the versions whose idents these are: nothing is inherited."""
    local = inscope.Local()
    inscope.LocalManager(local, ident_func=inscope.get_ident)
    local.user = "ann"

    assert "ann" == in_copied_context(lambda: local.user)
    assert {} == in_thread(lambda: dict(local))
    assert {"user": "ann"} == dict(local)


def test_data_set_before_is_not_seen_after(inscope: ModuleType) -> None:
    """The storage is another one from then on."""
    local = inscope.Local()
    local.user = "ann"

    inscope.LocalManager(local, ident_func=lambda: "one")

    assert {} == dict(local)


def test_locals_that_are_appended_later_are_not_switched(inscope: ModuleType) -> None:
    """Only those that the manager was made with are."""
    switched = Switched(inscope)
    late = inscope.Local()
    switched.manager.locals.append(late)

    late.user = "ann"
    switched.key = "two"

    assert "ann" == late.user
    assert not in_thread(lambda: hasattr(late, "user"))


def test_proxies_follow_the_key(inscope: ModuleType) -> None:
    """Made before the switch or after it."""
    local, stack = inscope.Local(), inscope.LocalStack()
    user, top = local("user"), stack()
    key = "one"
    inscope.LocalManager([local, stack], ident_func=lambda: key)

    local.user = "ann"
    stack.push("a")
    assert ("ANN", "A") == (user.upper(), top.upper())

    key = "two"
    assert (False, False) == (inscope.is_bound(user), inscope.is_bound(top))
    with pytest.raises(inscope.UnboundError):
        user.upper()


def test_a_switched_local_does_all_that_a_local_does(inscope: ModuleType) -> None:
    """With thousands of names too."""
    switched = Switched(inscope)
    local = switched.local
    expected = {f"n{number}": number for number in range(2_000)}
    for name, value in expected.items():
        setattr(local, name, value)
    for number in range(1_000):
        delattr(local, f"n{number}")
        del expected[f"n{number}"]

    assert expected == dict(local)
    assert (1_000, True, False) == (len(local), "n1000" in local, "n1" in local)
    assert "n1000" in dir(local)
    with pytest.raises(inscope.UnboundNameError):
        del local.n1
    copied = copy.copy(local)
    assert expected == dict(copied)

    switched.key = "two"

    assert expected == dict(copied)
    assert "<Local>" == repr(local)
    assert "<LocalStack []>" == repr(switched.stack)


def test_a_supplied_variable_is_left_alone(inscope: ModuleType) -> None:
    """The table takes its place; lists and dicts stay lists and dicts."""
    names: ContextVar[dict[str, Any]] = ContextVar("names")
    items: ContextVar[list[Any]] = ContextVar("items")
    local, stack = inscope.Local(names), inscope.LocalStack(items)
    manager = inscope.LocalManager([local, stack], ident_func=lambda: "one")

    local.user = "ann"
    view = stack.push("a")

    assert ["a"] == view
    assert ({"user": "ann"}, "a") == (dict(local), stack.top)
    assert (None, None) == (names.get(None), items.get(None))

    manager.cleanup()
    assert ({}, None) == (dict(local), stack.pop())


def test_binds_work_under_a_key(inscope: ModuleType) -> None:
    """They put back what was there."""
    switched = Switched(inscope)
    switched.fill("one")

    with (
        inscope.bound(switched.local, user="bob", extra=1),
        inscope.pushed(switched.stack, "b"),
    ):
        inside = switched.seen("one")
        other = switched.seen("two")
        switched.key = "one"

    assert ({"user": "bob", "extra": 1}, "b") == inside
    assert ({}, None) == other
    assert ({"user": "one"}, "one") == switched.seen("one")


def test_a_bind_that_is_left_under_another_key_is_withdrawn_and_told(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that is left in another Context."""
    switched = Switched(inscope)
    switched.fill("one")

    with inscope.bound(switched.local, user="bob"):
        switched.key = "two"
    with inscope.pushed(switched.stack, "b"):
        switched.key = "one"

    assert ({"user": "one"}, "one") == switched.seen("one")
    assert ({}, None) == switched.seen("two")
    told = [(record.name, record.levelno) for record in caplog.records]
    assert [("inscope", logging.WARNING)] * 2 == told


# Keys


def test_a_key_that_has_no_more_data_is_not_kept(inscope: ModuleType) -> None:
    """After a clean-up, the last ``del`` and the last pop."""
    switched = Switched(inscope)

    def empty_by_hand() -> None:
        del switched.local.user
        switched.stack.pop()

    for empty in (switched.manager.cleanup, empty_by_hand):
        key = Key()
        reference = weakref.ref(key)
        switched.fill(key)
        del key
        gc.collect()
        assert switched.key is reference()

        empty()
        switched.key = "another"
        gc.collect()
        assert reference() is None


def test_reading_keeps_no_key(inscope: ModuleType) -> None:
    """A key that never had data leaves nothing."""
    switched = Switched(inscope)
    key = Key()
    reference = weakref.ref(key)

    assert ({}, None) == switched.seen(key)
    assert switched.stack.pop() is None
    switched.key = "another"
    del key
    gc.collect()

    assert reference() is None


def test_what_a_stack_keeps_is_not_there_before_something_is(
    inscope: ModuleType,
) -> None:
    """Read by hand, as werkzeug's own tests do, it is like an unset variable."""
    switched = Switched(inscope)

    with pytest.raises(LookupError):
        switched.stack._storage.get()

    switched.stack.push("a")

    assert 1 == len(switched.stack._storage.get())


@pytest.mark.parametrize("key", [None, 0, "", (), frozenset()])
def test_any_hashable_key_will_do(inscope: ModuleType, key: Hashable) -> None:
    """A false one, too."""
    switched = Switched(inscope)

    switched.fill(key)

    assert ({}, None) == switched.seen("another")
    assert ({"user": key}, key) == switched.seen(key)


def test_an_unhashable_key_is_refused_where_it_is_used(inscope: ModuleType) -> None:
    """The error says what returned it, at a read as at a write."""
    switched = Switched(inscope, [1])  # type: ignore[arg-type]
    local, stack = switched.local, switched.stack

    for use in (
        lambda: local.user,
        lambda: setattr(local, "user", 1),
        lambda: delattr(local, "user"),
        lambda: "user" in local,
        lambda: list(local),
        lambda: stack.top,
        lambda: stack.push(1),
        stack.pop,
        lambda: inscope.release_local(local),
    ):
        with pytest.raises(TypeError, match=r"ident_func must return a hashable key"):
            use()


def test_an_error_of_the_ident_func_comes_out_as_it_is(inscope: ModuleType) -> None:
    """Through a proxy as well: it does not count as unbound."""
    local = inscope.Local()
    manager = inscope.LocalManager(local, ident_func=lambda: 1 // 0)

    for use in (
        lambda: local.user,
        lambda: setattr(local, "user", 1),
        lambda: str(local("user")),
        manager.get_ident,
        manager.cleanup,
    ):
        with pytest.raises(ZeroDivisionError):
            use()


def test_the_key_is_asked_for_at_each_use(inscope: ModuleType) -> None:
    """Nothing is remembered from one use to the next."""
    keys = []
    local = inscope.Local()

    def next_key() -> int:
        keys.append(len(keys))
        return len(keys)

    inscope.LocalManager(local, ident_func=next_key)
    assert [] == keys

    hasattr(local, "user")
    hasattr(local, "user")

    assert 2 == len(keys)


def test_two_managers_switch_to_the_last_ident_func(inscope: ModuleType) -> None:
    """Each switches the locals that it is made with."""
    local = inscope.Local()
    inscope.LocalManager(local, ident_func=lambda: 1)
    local.user = "ann"

    inscope.LocalManager(local, ident_func=lambda: 1)

    assert {} == Context().run(dict, local)


def test_a_bind_that_cannot_be_entered_leaves_nothing_behind(
    inscope: ModuleType,
) -> None:
    """Where the ident function fails, and binds around and after it go on."""
    failing = False

    def ident() -> int:
        if failing:
            raise OSError("who is it?")
        return 1

    local, other = inscope.Local(), inscope.Local()
    inscope.LocalManager([local], ident_func=ident)
    with inscope.bound(other, user="outer"):
        failing = True
        bind = inscope.bound(local, user="ann")
        with pytest.raises(OSError, match="who is it"):
            bind.__enter__()
        failing = False
        with pytest.raises(inscope.BindStateError, match="cannot be left"):
            bind.__exit__(None, None, None)
        assert [] == list(local)
        with inscope.bound(local, user="bob"):
            assert [("user", "bob")] == list(local)

    assert [] == list(local)
    assert [] == list(other)
