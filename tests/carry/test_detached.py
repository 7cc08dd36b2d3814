"""``detached``: a snapshot of nothing, but for what it is told to keep."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from carry_world import (
    define,
    word,
)


def test_detached_sees_nothing_of_here(inscope: ModuleType, carry: ModuleType) -> None:
    """Defaults are there, and what it binds itself."""
    user, lang = inscope.Var("user"), inscope.Var("lang", default="en")
    local, stack, jobs = inscope.Local(), inscope.LocalStack(), define(inscope)

    def see() -> list[Any]:
        found = [user.is_bound(), lang.get(), word.get(None), stack.top]
        return [*found, hasattr(local, "name"), jobs.is_active()]

    with (
        user.bind("ann"),
        lang.bind("de"),
        inscope.bound(local, name=1),
        inscope.pushed(stack, 1),
        jobs(),
    ):
        assert [False, "en", None, None, False, False] == carry.detached().run(see)
        assert "de" == lang.get()
        assert {} == carry.detached().diff(carry.detached(keep=()))


def test_detached_keeps_what_it_is_told(inscope: ModuleType, carry: ModuleType) -> None:
    """Of every kind, and as it is at that moment; it can be bound anew in there."""
    user, other = inscope.Var("user"), inscope.Var("other")
    local, second = inscope.Local(), inscope.Local()
    stack, jobs, rest = inscope.LocalStack(), define(inscope), define(inscope, "Rest")

    def see() -> list[Any]:
        found = [user.get(), other.is_bound(), word.get(), local.name, stack.top]
        with user.bind("bound"), inscope.bound(local, name=2), inscope.pushed(stack, 2):
            assert ("bound", 2, 2) == (user.get(), local.name, stack.top)
        assert found[0] == user.get()
        assert [found[3], found[4]] == [local.name, stack.top]
        return [*found, jobs.current(), rest.is_active(), hasattr(second, "name")]

    token = word.set("hello")
    with (
        user.bind("ann"),
        other.bind("bob"),
        inscope.bound(local, name=1),
        inscope.bound(second, name=1),
        inscope.pushed(stack, 1),
        jobs() as job,
        rest(),
    ):
        kept = carry.detached(keep=[user, word, local, stack, jobs])
        user.set("later")
        one_by_one = carry.detached(keep=iter((user, word)))
    word.reset(token)
    with pytest.raises(inscope.ScopeClosedError):
        kept.run(jobs.current)
    assert 5 == len(kept.context())
    assert ("later", "hello") == one_by_one.run(lambda: (user.get(), word.get()))
    allowed = define(inscope, "Allowed", after_close="allow")
    with allowed() as job:
        kept = carry.detached(keep={allowed})
        assert job is kept.run(allowed.current)
    assert job is kept.run(allowed.current)
    with user.bind("ann"), inscope.bound(local, name=1), inscope.pushed(stack, 1):
        token = word.set("hello")
        with jobs() as job:
            kept = carry.detached(keep=(user, word, local, stack, jobs))
            expected = ["ann", False, "hello", 1, 1, job, False, False]
            assert expected == kept.run(see)
        word.reset(token)


def test_detached_keeps_what_has_no_value(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """As nothing; a default stays one."""
    user, lang = inscope.Var("user"), inscope.Var("lang", default="en")
    kept = carry.detached(keep=[user, lang, word, inscope.Local(), define(inscope)])
    assert 0 == len(kept.context())
    assert (False, "en") == kept.run(lambda: (user.is_bound(), lang.get()))


def test_detached_over_a_plain_variable(inscope: ModuleType, carry: ModuleType) -> None:
    """``Var.over`` one is that one."""
    over = inscope.Var.over(word)
    with over.bind("hello"):
        assert "hello" == carry.detached(keep=[over]).run(word.get)
        assert "hello" == carry.detached(keep=[word]).run(over.get)


@pytest.mark.parametrize("keep", [3, None, "word", b"word", word, object()])
def test_detached_takes_a_list(carry: ModuleType, keep: Any) -> None:
    """Nothing else; the error says so."""
    with pytest.raises(TypeError, match=r"detached\(keep=…\) takes "):
        carry.detached(keep=keep)


@pytest.mark.parametrize("subject", ["word", None, 3, int, object(), len])
def test_detached_refuses_what_has_no_value_in_a_context(
    carry: ModuleType, subject: Any
) -> None:
    """And names it."""
    with pytest.raises(
        TypeError, match=r"detached\(keep=…\) takes var.*, not "
    ) as error:
        carry.detached(keep=[word, subject])
    assert repr(subject) in str(error.value)
