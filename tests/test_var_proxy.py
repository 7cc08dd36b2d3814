"""What is made of a ``Var`` or over one: proxies, ``Var.over``, the questions
``unwrap``, ``is_bound`` and ``is_proxy``, and the errors where nothing is bound.
"""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterable
from contextvars import Context, ContextVar, copy_context
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def user(inscope: ModuleType) -> Any:
    """An unbound Var called ``user``."""
    return inscope.Var("user")


# proxy


def test_a_proxy_stands_for_the_value_of_the_running_context(
    inscope: ModuleType, user: Any
) -> None:
    """One proxy, made once; each context meets its own value behind it."""
    current_user = user.proxy()
    user.set(["ann"])
    copy = copy_context()
    copy.run(user.set, ["bob"])

    assert ["ann"] == current_user
    assert ["bob"] == copy.run(inscope.unwrap, current_user)
    assert not Context().run(bool, current_user)
    assert current_user._get_current_object() is user.get()


@pytest.mark.parametrize(
    "make",
    [
        lambda inscope, var, **options: var.proxy(**options),
        lambda inscope, var, **options: inscope.proxy(var, **options),
        lambda inscope, var, **options: inscope.proxy(var, "name", **options),
        lambda inscope, var, **options: inscope.proxy(var, len, **options),
    ],
    ids=["method", "function", "name", "follow"],
)
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "user is not bound"),
        ({"unbound_message": "nobody is logged in"}, "nobody is logged in"),
        ({"unbound_message": ""}, ""),
    ],
)
def test_an_unbound_proxy_of_a_var_raises_with_its_message(
    inscope: ModuleType,
    user: Any,
    make: Callable[..., Any],
    options: dict[str, str],
    text: str,
) -> None:
    """By default the message names the Var; one that is given is the whole text."""
    current_user = make(inscope, user, **options)

    with pytest.raises(inscope.UnboundError) as caught:
        current_user.title()

    assert text == str(caught.value)
    assert "<LocalProxy unbound>" == repr(current_user)


def test_a_proxy_follows_a_function_or_a_name(inscope: ModuleType, user: Any) -> None:
    """Both are followed at each use, from whatever is bound then."""
    tenant = inscope.proxy(user, lambda found: found.tenant)
    city = inscope.proxy(user, "tenant.city")

    for name in ("Rome", "Oslo"):
        with user.bind(SimpleNamespace(tenant=SimpleNamespace(city=name))):
            assert name == city
            assert tenant.city == name
    assert not inscope.is_bound(city)


def test_what_a_followed_function_raises_is_not_unboundness(
    inscope: ModuleType, user: Any
) -> None:
    """With a value bound, its errors are faults that the caller has to see."""
    tenant = inscope.proxy(user, lambda found: found["tenant"])
    user.set({})

    with pytest.raises(KeyError, match="tenant"):
        bool(tenant)


@pytest.mark.parametrize("kind", ["contextvar", "local", "stack", "callable", "proxy"])
def test_proxy_takes_every_kind_of_source(inscope: ModuleType, kind: str) -> None:
    """What ``LocalProxy`` takes, ``proxy`` takes."""
    plain = ContextVar[str]("plain")
    plain.set("ann")
    local = inscope.Local()
    local.user = "ann"
    stack = inscope.LocalStack()
    stack.push("ann")
    sources: dict[str, tuple[Any, ...]] = {
        "contextvar": (plain,),
        "local": (local, "user"),
        "stack": (stack,),
        "callable": (lambda: "ann",),
        "proxy": (inscope.LocalProxy(plain),),
    }

    made = inscope.proxy(*sources[kind])

    assert inscope.is_proxy(made)
    assert "Ann" == made.title()


@pytest.mark.parametrize("source", [7, None, "user"])
def test_proxy_refuses_what_is_no_source(inscope: ModuleType, source: object) -> None:
    """The error names the type of what was given."""
    with pytest.raises(TypeError, match=type(source).__name__):
        inscope.proxy(source)
    with pytest.raises(TypeError, match="unbound_message"):
        inscope.Var("user").proxy(
            unbound_message=source or 1 if source != "user" else 1
        )


def test_an_unbound_message_is_a_string(inscope: ModuleType, user: Any) -> None:
    """The error names the parameter."""
    with pytest.raises(TypeError, match="'unbound_message' must be a string"):
        user.proxy(unbound_message=7)
    with pytest.raises(TypeError, match="'unbound_message' must be a string"):
        inscope.proxy(user, unbound_message=b"nobody")


def test_like_gives_a_proxy_the_shape_of_a_class(inscope: ModuleType) -> None:
    """Bound or not, it has the special methods that the class has."""
    words = inscope.Var("words").proxy(like=list)
    number = inscope.proxy(inscope.Var("number"), like=int)

    assert isinstance(words, Iterable)
    assert not isinstance(number, Iterable)
    assert not callable(words)


# Var.over


def test_a_var_over_a_plain_one_reads_and_writes_it(inscope: ModuleType) -> None:
    """Its owner goes on with plain values, and either sees what the other sets."""
    theirs: ContextVar[Any] = ContextVar("theirs")
    ours = inscope.Var.over(theirs)

    theirs.set("ann")
    assert "ann" == ours.get() == ours.proxy()
    ours.set("bob")
    assert "bob" == theirs.get()
    with ours.bind("eve"):
        assert "eve" == theirs.get()
    assert "bob" == theirs.get()
    assert ours.name == "theirs"


def test_two_vars_over_one_plain_variable_agree(inscope: ModuleType) -> None:
    """Nothing is kept beside the variable."""
    theirs: ContextVar[Any] = ContextVar("theirs")
    one, two = inscope.Var.over(theirs), inscope.Var.over(theirs)

    with inscope.bind({one: "ann"}):
        assert "ann" == two.get()
    assert not two.is_bound()


def test_the_default_of_a_plain_variable_counts_as_bound(inscope: ModuleType) -> None:
    """``get``, ``is_bound``, ``update`` and proxies all see it."""
    theirs: ContextVar[int] = ContextVar("theirs", default=0)
    ours = inscope.Var.over(theirs)

    assert 0 == ours.get()
    assert 7 == ours.get(7)
    assert ours.is_bound()
    assert inscope.is_bound(ours.proxy())
    assert 1 == ours.proxy() + 1
    assert 5 == ours.update(lambda value: value + 5)


def test_a_default_of_a_plain_variable_is_no_old_value(inscope: ModuleType) -> None:
    """A token tells what had been set, as ``ContextVar``'s own does."""
    token = inscope.Var.over(ContextVar("theirs", default=0)).set(1)

    assert inscope.Token.MISSING is token.old_value


@pytest.mark.parametrize("wrong", [None, "theirs", 7, ContextVar])
def test_over_takes_nothing_but_a_context_variable(
    inscope: ModuleType, wrong: object
) -> None:
    """Not a Var either, which needs none."""
    for given in (wrong, inscope.Var("user")):
        with pytest.raises(TypeError, match=r"Var\.over\(\) takes a ContextVar, not"):
            inscope.Var.over(given)


# unwrap, is_bound, is_proxy


def test_unwrap_returns_the_object_itself(inscope: ModuleType, user: Any) -> None:
    """Through any number of proxies; anything else comes back as it is."""
    value = ["ann"]
    user.set(value)
    behind = inscope.LocalProxy(lambda: user.proxy())

    assert value is inscope.unwrap(value)
    assert value is inscope.unwrap(user.proxy())
    assert value is inscope.unwrap(inscope.proxy(behind))
    assert user is inscope.unwrap(user)
    assert inscope.unwrap(None) is None


def test_unwrap_of_an_unbound_proxy_raises(inscope: ModuleType, user: Any) -> None:
    """There is no object to return."""
    with pytest.raises(inscope.UnboundError, match="user is not bound"):
        inscope.unwrap(user.proxy())


@pytest.mark.parametrize("value", [None, 0, "", "ann"])
def test_is_bound_tells_whether_there_is_an_object(
    inscope: ModuleType, user: Any, value: object
) -> None:
    """Of a Var and of its proxy; the object may be ``None`` or false."""
    assert not inscope.is_bound(user)
    assert not inscope.is_bound(user.proxy())

    with user.bind(value):
        assert inscope.is_bound(user)
        assert inscope.is_bound(user.proxy())
        assert inscope.is_bound(inscope.proxy(user, str))


@pytest.mark.parametrize("plain", [None, 0, "ann", ContextVar("unset"), list])
def test_a_plain_object_is_always_bound(inscope: ModuleType, plain: object) -> None:
    """It is there."""
    assert inscope.is_bound(plain)


@pytest.mark.parametrize("error", [RuntimeError, LookupError])
def test_is_bound_calls_the_callable_behind_a_proxy(
    inscope: ModuleType, error: type[Exception]
) -> None:
    """An exact ``RuntimeError`` or ``LookupError`` out of it means unbound."""
    calls: list[int] = []

    def find() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise error("none here")
        return "ann"

    found = inscope.LocalProxy(find)

    assert [False, True] == [inscope.is_bound(found), inscope.is_bound(found)]
    assert 2 == len(calls)


@pytest.mark.parametrize("error", [KeyError, RecursionError, ValueError])
def test_is_bound_hides_no_other_error(
    inscope: ModuleType, error: type[Exception]
) -> None:
    """A fault of the callable is not an answer."""

    def find() -> None:
        raise error("a fault")

    with pytest.raises(error, match="a fault"):
        inscope.is_bound(inscope.LocalProxy(find))


def test_is_proxy_resolves_nothing(inscope: ModuleType, user: Any) -> None:
    """Bound or not, shaped or not, and whatever is behind it."""
    for proxy in (
        user.proxy(),
        user.proxy(like=list),
        inscope.LocalProxy(pytest.fail),
        inscope.LocalProxy(pytest.fail, like=dict),
    ):
        assert inscope.is_proxy(proxy)


def test_is_proxy_is_not_taken_in(inscope: ModuleType, user: Any) -> None:
    """Not by a class, by what is behind, or by an object that lies of its class."""

    class Liar:
        __class__ = inscope.LocalProxy

    class Own(inscope.LocalProxy):  # type: ignore[misc, name-defined]
        pass

    assert not inscope.is_proxy(Liar())
    assert not inscope.is_proxy(inscope.LocalProxy)
    assert not inscope.is_proxy(user)
    assert inscope.is_proxy(Own(user))


# Proxied


def test_a_proxied_class_is_a_type_for_a_proxy(inscope: ModuleType, user: Any) -> None:
    """At run time the proxy has the methods of the object's class, and its own."""

    class Request:
        def __init__(self) -> None:
            self.path = "/"

    class RequestProxy(inscope.Proxied[Request], Request):  # type: ignore[misc, name-defined]
        pass

    request = user.proxy(like=RequestProxy)

    assert not request
    assert not callable(request)
    with user.bind(Request()):
        assert request
        assert "/" == request.path
        assert user.get() is request._get_current_object()


def test_a_proxied_class_is_never_instantiated(inscope: ModuleType) -> None:
    """The error says how a proxy is made."""

    class StrProxy(inscope.Proxied[str]):  # type: ignore[misc, name-defined]
        pass

    for kind in (StrProxy, inscope.Proxied, inscope.Proxied[str]):
        with pytest.raises(
            TypeError, match=r"is for annotations; make.* with proxy\(\)"
        ):
            kind("ann")


# Where an error came from


def test_an_unbound_error_tells_the_var_and_the_thread(
    inscope: ModuleType, user: Any
) -> None:
    """In attributes, and in notes that a traceback shows; not in its text."""
    with pytest.raises(inscope.UnboundVarError) as caught:
        user.get()
    error = caught.value

    assert user is error.proxy
    assert threading.current_thread().name == error.thread
    assert error.task is None
    assert "var.bind" in error.remedy
    notes = "\n".join(error.__notes__)
    assert "'user'" in notes
    assert repr(error.thread) in notes
    assert error.remedy in notes


def test_an_unbound_error_tells_the_task(inscope: ModuleType, user: Any) -> None:
    """Inside one, its name is there beside the thread's."""

    async def read() -> None:
        user.get()

    async def main() -> None:
        await asyncio.create_task(read(), name="reader")

    with pytest.raises(inscope.UnboundVarError) as caught:
        asyncio.run(main())

    assert "task 'reader'" == caught.value.task
    assert "task 'reader'" in caught.value.__notes__[0]


def test_an_unbound_error_tells_the_greenlet(inscope: ModuleType, user: Any) -> None:
    """Where there is no task, but a greenlet that is not the thread's main one."""
    greenlet = pytest.importorskip("greenlet")

    with pytest.raises(inscope.UnboundVarError) as caught:
        greenlet.greenlet(user.get).switch()

    assert str(caught.value.task).startswith("greenlet ")
    assert caught.value.task in caught.value.__notes__[0]


def test_an_unbound_error_can_be_pickled(inscope: ModuleType, user: Any) -> None:
    """All but the Var, which would mean nothing to the reader."""
    with pytest.raises(inscope.UnboundVarError) as caught:
        user.get()

    error = pickle.loads(pickle.dumps(caught.value))

    assert isinstance(error, inscope.UnboundVarError)
    assert "user is not bound" == str(error)
    assert caught.value.__notes__ == error.__notes__
    assert (error.proxy, caught.value.thread) == (None, error.thread)


def test_a_proxy_of_a_local_may_follow_a_function(inscope: ModuleType) -> None:
    """The function is given the Local; a name that is missing there is unbound."""
    local = inscope.Local()
    full = inscope.LocalProxy(local, lambda names: f"{names.first} {names.last}")
    local.first = "ann"

    assert "<LocalProxy unbound>" == repr(full)
    with pytest.raises(inscope.UnboundNameError, match="last"):
        str(full)

    local.last = "lee"

    assert "ann lee" == full
