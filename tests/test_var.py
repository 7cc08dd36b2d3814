"""``Var``: what it gives back in each context, its tokens, default and factory.

Its proxies and errors are in ``test_var_proxy.py``, binds in ``test_bind.py``.
"""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest

CLASHES: dict[str, Any] = {"default": [], "factory": list}


def _over_a_plain_one(inscope: ModuleType) -> Any:
    return inscope.Var.over(ContextVar("user"))


def _of_its_own(inscope: ModuleType) -> Any:
    return inscope.Var("user")


@pytest.fixture(params=[_of_its_own, _over_a_plain_one])
def user(request: pytest.FixtureRequest, inscope: ModuleType) -> Any:
    """An unbound Var called ``user``: one of its own, and one over a ContextVar."""
    return request.param(inscope)


# get


def test_get_returns_what_was_set(user: Any) -> None:
    """The object itself comes back, not a copy."""
    value = ["ann"]
    user.set(value)

    assert value is user.get()


def test_get_of_an_unbound_var_raises(inscope: ModuleType, user: Any) -> None:
    """The error is inscope's own, and what ``ContextVar.get`` would raise."""
    with pytest.raises(inscope.UnboundVarError) as caught:
        user.get()

    assert "user is not bound" == str(caught.value)
    assert isinstance(caught.value, inscope.UnboundError)
    assert isinstance(caught.value, LookupError)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("default", ["nobody", None, 0, Ellipsis, LookupError])
def test_get_returns_its_argument_where_nothing_is_bound(
    user: Any, default: object
) -> None:
    """As ``ContextVar.get`` does, whatever the argument is; it is not kept."""
    assert default is user.get(default)
    assert not user.is_bound()


def test_get_prefers_the_value_to_its_argument(user: Any) -> None:
    """A bound ``None`` is a value, too."""
    user.set(None)

    assert user.get("nobody") is None


def test_the_argument_of_get_comes_before_the_vars_own_default(
    inscope: ModuleType,
) -> None:
    """As with ``ContextVar``: the nearer default wins, and no factory is run."""
    made: list[int] = []
    by_factory = inscope.Var("made", factory=lambda: made.append(1))

    assert 2 == inscope.Var("defaulted", default=1).get(2)
    assert 2 == by_factory.get(2)
    assert [] == made


def test_the_argument_of_get_is_positional_as_in_contextvars(user: Any) -> None:
    """What ``ContextVar.get`` refuses, so that one can replace the other."""
    with pytest.raises(TypeError):
        user.get(default=1)
    with pytest.raises(TypeError):
        user.get(1, 2)


# set and reset


def test_reset_brings_back_the_value_before(user: Any) -> None:
    """Tokens undo their ``set`` in reverse order, down to nothing."""
    first = user.set("ann")
    second = user.set("bob")

    user.reset(second)
    assert "ann" == user.get()
    user.reset(first)
    assert not user.is_bound()


def test_reset_undoes_every_later_set(user: Any) -> None:
    """A token stands for the state before its ``set``, as in contextvars."""
    first = user.set("ann")
    user.set("bob")

    user.reset(first)

    assert not user.is_bound()


def test_a_token_knows_its_var_and_the_old_value(
    inscope: ModuleType, user: Any
) -> None:
    """``old_value`` is ``Token.MISSING`` if there was none, and may be ``None``."""
    first = user.set(None)
    second = user.set("bob")

    assert user is first.var
    assert inscope.Token.MISSING is first.old_value
    assert second.old_value is None
    assert isinstance(first, inscope.Token)


def test_the_old_value_is_missing_where_only_a_default_was(
    inscope: ModuleType,
) -> None:
    """A default is not a value that was set, as in contextvars."""
    token = inscope.Var("n", default=1).set(2)

    assert inscope.Token.MISSING is token.old_value


def test_a_token_is_used_once(inscope: ModuleType, user: Any) -> None:
    """The second ``reset`` raises and changes nothing."""
    token = user.set("ann")
    user.reset(token)
    user.set("bob")

    with pytest.raises(inscope.TokenUsedError, match=r"'user'.*has been used"):
        user.reset(token)

    assert "bob" == user.get()


def test_the_token_of_another_var_is_refused(inscope: ModuleType, user: Any) -> None:
    """The error names both, and the token remains good."""
    other = inscope.Var("other")
    token = other.set("ann")

    with pytest.raises(inscope.ForeignTokenError, match=r"'other'.*not by.*'user'"):
        user.reset(token)

    other.reset(token)
    assert not other.is_bound()


def test_a_token_is_refused_in_another_context(inscope: ModuleType, user: Any) -> None:
    """The error points to ``bind``; where it was made, the token remains good."""
    token = user.set("ann")

    with pytest.raises(inscope.ForeignContextError, match=r"user.*var\.bind"):
        copy_context().run(user.reset, token)

    assert "ann" == user.get()
    user.reset(token)
    assert not user.is_bound()


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        ("TokenUsedError", RuntimeError),
        ("ForeignTokenError", ValueError),
        ("ForeignContextError", ValueError),
    ],
)
def test_token_errors_are_those_of_contextvars(
    inscope: ModuleType, error: str, builtin: type[Exception]
) -> None:
    """Code written for ``ContextVar`` catches what it caught."""
    assert issubclass(getattr(inscope, error), builtin)


@pytest.mark.parametrize("junk", [None, "ann", ContextVar("plain").set(1)])
def test_reset_refuses_what_is_no_token(user: Any, junk: object) -> None:
    """A token of ``ContextVar`` is none of ours."""
    with pytest.raises(TypeError, match=r"reset\(\) takes the token that set\(\)"):
        user.reset(junk)


# update


def test_update_sets_what_the_function_returns(user: Any) -> None:
    """It is called with the value, and its result is returned, too."""
    user.set(1)

    assert 11 == user.update(lambda value: value + 10)
    assert 11 == user.get()


def test_update_starts_from_the_default_or_the_factory(inscope: ModuleType) -> None:
    """Both count as bound; the default itself stays as it was."""
    defaulted = inscope.Var("n", default=1)
    made = inscope.Var("n", factory=lambda: 5)

    assert (2, 6) == (defaulted.update(lambda n: n + 1), made.update(lambda n: n + 1))
    assert 1 == Context().run(defaulted.get)


def test_update_of_an_unbound_var_raises(inscope: ModuleType, user: Any) -> None:
    """The function is not called with a value that is not there."""
    with pytest.raises(inscope.UnboundVarError):
        user.update(pytest.fail)


def test_an_update_that_raises_changes_nothing(user: Any) -> None:
    """The function's error reaches the caller as it is."""
    user.set(0)

    with pytest.raises(ZeroDivisionError):
        user.update(lambda value: 1 // value)

    assert 0 == user.get()


def test_update_stays_in_its_context(user: Any) -> None:
    """A copy that updates leaves the original alone."""
    user.set(1)

    copy_context().run(user.update, lambda value: value + 1)

    assert 1 == user.get()


# Defaults and factories


@pytest.mark.parametrize("default", [0, None, [], ""])
def test_a_default_counts_as_bound(inscope: ModuleType, default: object) -> None:
    """Every context sees the same object, and a proxy does, too."""
    var = inscope.Var("setting", default=default)

    assert default is var.get()
    assert default is Context().run(var.get)
    assert default is inscope.unwrap(var.proxy())
    assert var.is_bound()


def test_a_factory_runs_once_in_a_context(inscope: ModuleType) -> None:
    """At the first read; every later one gives the same object."""
    made: list[list[str]] = []

    def make() -> list[str]:
        made.append([])
        return made[-1]

    var = inscope.Var("cart", factory=make)
    assert [] == made
    assert var.get() is var.get() is inscope.unwrap(var.proxy())
    assert 1 == len(made)


def test_a_read_through_a_proxy_runs_the_factory_too(inscope: ModuleType) -> None:
    """What the proxy made is what ``get`` returns."""
    var = inscope.Var("cart", factory=list)
    cart = var.proxy()

    cart.append("tea")

    assert ["tea"] == var.get()


def test_copies_made_after_the_first_read_see_what_the_factory_made(
    inscope: ModuleType,
) -> None:
    """Copies made before it make their own, and the parent never sees theirs."""
    var = inscope.Var("cart", factory=list)
    before = copy_context()
    child: list[str] = before.run(var.get)
    parent: list[str] = var.get()

    assert parent is not child
    assert parent is copy_context().run(var.get)
    assert child is before.run(var.get)
    assert child is before.run(copy_context).run(var.get)


def test_each_thread_has_what_its_own_factory_call_made(inscope: ModuleType) -> None:
    """Fresh contexts make fresh objects."""
    var = inscope.Var("cart", factory=list)
    seen: list[list[str]] = []
    threads = [
        threading.Thread(target=Context().run, args=(lambda: seen.append(var.get()),))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 5 == len({id(cart) for cart in seen})


@pytest.mark.parametrize("error", [ValueError, KeyError, LookupError, RuntimeError])
def test_a_factory_that_raises_binds_nothing(
    inscope: ModuleType, error: type[Exception]
) -> None:
    """Its error reaches the reader as it is, and the next read tries again."""
    raised = error("no database")
    outcomes: list[Exception | str] = [raised, "connected"]

    def make() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    var = inscope.Var("db", factory=make)
    with pytest.raises(error) as caught:
        var.get()

    assert raised is caught.value
    assert var.get("nothing set") == "nothing set"
    assert "connected" == var.get()


def test_a_factory_may_read_other_vars(inscope: ModuleType) -> None:
    """It runs in the context of the read; what it found there may be bound."""
    name = inscope.Var("name")
    greeting = inscope.Var("greeting", factory=lambda: f"hello {name.get()}")

    with pytest.raises(inscope.UnboundVarError, match="name is not bound"):
        greeting.get()
    with name.bind("ann"):
        assert "hello ann" == greeting.get()


def test_a_bound_value_comes_before_the_factory(inscope: ModuleType) -> None:
    """Where something is bound, the factory does not run; afterwards it does."""
    made: list[int] = []
    var = inscope.Var("n", factory=lambda: made.append(1) or "made")

    with var.bind("bound"):
        assert "bound" == var.get()
    assert [] == made
    assert "made" == var.get()
    var.reset(var.set("set"))
    assert "made" == var.get()
    assert [1] == made


def test_is_bound_of_a_var_runs_no_factory(inscope: ModuleType) -> None:
    """Where one is given, the answer is known."""
    assert inscope.Var("n", factory=pytest.fail).is_bound()


# is_bound, name, repr


def test_is_bound_follows_the_context(user: Any) -> None:
    """True where something was set, even ``None``; false elsewhere."""
    assert not user.is_bound()
    user.set(None)

    assert user.is_bound()
    assert copy_context().run(user.is_bound)
    assert not Context().run(user.is_bound)


def test_a_var_has_a_name_and_a_repr(user: Any) -> None:
    """The repr tells no value: it would be another one elsewhere."""
    token = user.set("ann")

    assert "user" == user.name
    assert "<Var 'user'>" == repr(user)
    assert "<Token of <Var 'user'>>" == repr(token)
    with pytest.raises(AttributeError):
        user.name = "other"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_var_is_not_copied_or_pickled(
    user: Any, duplicate: Callable[[Any], Any]
) -> None:
    """A second one would be another variable; the error says what to do instead."""
    with pytest.raises(TypeError, match="<Var 'user'>: import it where it is needed"):
        duplicate(user)


def test_a_var_that_nobody_uses_is_freed(inscope: ModuleType) -> None:
    """A Var can be weakly referenced, and goes with its factory and proxies."""
    made = [inscope.Var("n", factory=list), inscope.Var("m", default=1)]
    proxies = [var.proxy() for var in made]
    references = [weakref.ref(var) for var in made]
    gc.collect()
    assert made == [reference() for reference in references]

    made.clear()
    proxies.clear()
    gc.collect()

    assert [None, None] == [reference() for reference in references]


# Bad input


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((7,), {}, TypeError, "name must be a string, not 7"),
        ((None,), {"default": 1}, TypeError, "name must be a string, not None"),
        (("n",), {"factory": 1}, TypeError, "'factory' must be callable, not 1"),
        (("n",), CLASHES, TypeError, "a default or a factory, not both"),
        (("n",), {"after_exit": "drop"}, ValueError, "'keep' or 'revoke', not 'drop'"),
        (("n",), {"after_exit": None}, ValueError, "'keep' or 'revoke', not None"),
        ((), {}, TypeError, "name"),
        (("n", 1), {}, TypeError, "positional"),
    ],
)
def test_a_var_made_from_bad_arguments_says_which(
    inscope: ModuleType,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    """The error names the parameter and what was given for it."""
    with pytest.raises(error, match=text):
        inscope.Var(*arguments, **options)


@pytest.mark.parametrize("after_exit", ["keep", "revoke"])
def test_after_exit_takes_both_its_values(inscope: ModuleType, after_exit: str) -> None:
    """Outside of binds, both kinds of Var are alike."""
    var = inscope.Var("n", after_exit=after_exit)
    token = var.set(1)

    assert 1 == copy_context().run(var.get)
    var.reset(token)
    assert not var.is_bound()


def test_a_var_can_be_subscripted_as_a_type(inscope: ModuleType) -> None:
    """``Var[int]("n")`` is a Var like any other."""
    assert 3 == inscope.Var[int]("n", default=3).get()
