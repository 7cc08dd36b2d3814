"""``LocalProxy``: where it looks, how often, and that it does what its object does."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from operations import BINARY, OPERATIONS, TARGETS, Plain, perform

NEEDS_BUFFERS = "a Python class cannot export a buffer before Python 3.12"
NEEDS_RPOW = "three-argument pow asks no Python class on the right before Python 3.14"


class User:
    """A user with a friend."""

    def __init__(self, name: str, friend: User | None = None) -> None:
        self.name = name
        self.friend = friend

    def greet(self, word: str = "hello") -> str:
        """Return a greeting."""
        return f"{word} {self.name}"


def counted(value: Any) -> tuple[Callable[[], Any], list[Any]]:
    """Return a source of *value*, and the list that each call of it grows."""
    calls: list[Any] = []

    def source() -> Any:
        calls.append(value)
        return value

    return source, calls


# Sources


def test_a_context_variable_is_a_source(inscope: ModuleType) -> None:
    """The proxy follows what the variable is set to, at each use."""
    var: ContextVar[str] = ContextVar("var")
    proxy = inscope.LocalProxy(var)

    var.set("ann")
    first = str(proxy)
    var.set("bob")

    assert ("ann", "bob") == (first, str(proxy))


def test_a_default_of_a_context_variable_is_bound(inscope: ModuleType) -> None:
    """A ContextVar's default counts, as it does for ``get``."""
    assert 8 == inscope.LocalProxy(ContextVar("var", default=7)) + 1


def test_a_var_is_a_source(inscope: ModuleType) -> None:
    """The proxy of a Var is its value where the code runs."""
    var = inscope.Var("var")
    proxy = inscope.LocalProxy(var)

    with var.bind([1]):
        proxy.append(2)
        assert [1, 2] == var.get()
    assert not proxy


def test_a_local_and_a_name_are_a_source(inscope: ModuleType) -> None:
    """Both ways to write it give a proxy to that name."""
    local = inscope.Local()
    proxies = [inscope.LocalProxy(local, "user"), local("user")]
    local.user = User("ann")

    assert ["ann", "ann"] == [proxy.name for proxy in proxies]


def test_a_local_stack_is_a_source(inscope: ModuleType) -> None:
    """Both ways to write it give a proxy to the top."""
    stack = inscope.LocalStack()
    proxies = [inscope.LocalProxy(stack), stack()]
    stack.push("a")
    stack.push("b")

    assert ["b", "b"] == proxies
    stack.pop()
    assert ["a", "a"] == proxies


def test_any_callable_is_a_source(inscope: ModuleType) -> None:
    """A function, a bound method, a class or an instance is called for the object."""

    class Source:
        def __call__(self) -> str:
            return "called"

    sources = [lambda: "made", "UP".lower, list, Source()]

    assert ["made", "up", [], "called"] == [*map(inscope.LocalProxy, sources)]


def test_a_proxy_over_a_proxy_is_the_innermost_object(inscope: ModuleType) -> None:
    """A chain resolves to the object; the object is not called."""
    calls: list[str] = []
    var: ContextVar[Any] = ContextVar("var")
    chain = inscope.LocalProxy(inscope.LocalProxy(inscope.LocalProxy(var)))

    var.set(lambda: calls.append("called"))

    assert var.get() is chain._get_current_object()
    assert not calls
    chain()
    assert ["called"] == calls


def test_a_proxy_over_a_proxy_may_have_a_name(inscope: ModuleType) -> None:
    """A chain follows each name on its way."""
    inner = inscope.LocalProxy(lambda: User("ann", User("bob")), "friend")

    assert "bob" == inscope.LocalProxy(inner, "name")


@pytest.mark.parametrize("kind", ["ContextVar", "Var", "LocalStack", "callable"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("name", "ann"),
        ("friend.name", "bob"),
        ("friend.friend.name", "cid"),
        (lambda user: user.greet(), "hello ann"),
    ],
)
def test_a_name_is_followed_from_each_source(
    inscope: ModuleType, kind: str, name: Any, expected: str
) -> None:
    """A name may be dotted, or a function."""
    user = User("ann", User("bob", User("cid")))
    var: ContextVar[User] = ContextVar("var")
    var.set(user)
    stack = inscope.LocalStack()
    stack.push(user)
    sources = {
        "ContextVar": var,
        "Var": inscope.Var("var", default=user),
        "LocalStack": stack,
        "callable": lambda: user,
    }

    assert expected == inscope.LocalProxy(sources[kind], name)
    assert expected == inscope.proxy(sources[kind], name)


def test_a_path_is_followed_in_a_local(inscope: ModuleType) -> None:
    """The first part of the path is the name in the Local."""
    local = inscope.Local()
    friend = local("user.friend.name")

    local.user = User("ann", User("bob"))

    assert "bob" == friend


def test_a_missing_attribute_behind_a_name_is_an_attribute_error(
    inscope: ModuleType,
) -> None:
    """Something is bound, it has no such attribute, and that is what is said."""
    local = inscope.Local()
    local.user = User("ann")

    for proxy in (local("user.age"), inscope.LocalProxy(lambda: local.user, "age")):
        with pytest.raises(
            AttributeError, match="'User' object has no attribute 'age'"
        ):
            bool(proxy)


def test_none_is_a_value(inscope: ModuleType) -> None:
    """A source that holds ``None`` is bound, whatever its kind."""
    var: ContextVar[None] = ContextVar("var")
    var.set(None)
    local = inscope.Local()
    local.nothing = None
    stack = inscope.LocalStack()
    stack.push(None)
    sources = [var, inscope.Var("var", default=None), stack, lambda: None]

    for proxy in (local("nothing"), *map(inscope.LocalProxy, sources)):
        assert "None" == repr(proxy)
        assert inscope.is_bound(proxy)
        assert proxy._get_current_object() is None
        assert None == proxy  # noqa: E711  (what is tested)
        assert isinstance(proxy, type(None))
        assert copy.deepcopy(proxy) is None
        with pytest.raises(TypeError, match="'NoneType' object is not callable"):
            proxy()


def test_get_current_object_returns_the_object_itself(inscope: ModuleType) -> None:
    """So do ``unwrap`` and the innermost of a chain."""
    user = User("ann")
    proxy = inscope.LocalProxy(lambda: user)

    assert user is proxy._get_current_object()
    assert user is inscope.unwrap(proxy)
    assert user is inscope.LocalProxy(proxy)._get_current_object()


def test_a_source_may_return_a_proxy(inscope: ModuleType) -> None:
    """What was returned is the object; ``unwrap`` goes to the innermost."""
    user = User("ann")
    inner = inscope.LocalProxy(lambda: user)
    outer = inscope.LocalProxy(lambda: inner)

    assert inner is outer._get_current_object()
    assert user is inscope.unwrap(outer)
    assert ("ann", User) == (outer.name, outer.__class__)


# One resolution for each operation


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_resolves_once(inscope: ModuleType, core: str, name: str) -> None:
    """The source is asked once for each operation, on every kind of object."""
    if name == "__buffer__" and core == "python" and sys.version_info < (3, 12):
        pytest.skip(NEEDS_BUFFERS)
    for kind, make in TARGETS.items():
        source, calls = counted(make())
        proxy = inscope.LocalProxy(source)
        has = dir(type(make()))
        twice = {
            # Python asks __len__, is told that there is none, and goes on.
            "__length_hint__": "__len__" not in has,
            # Entering is one operation, leaving another.
            **dict.fromkeys(("__enter__", "__exit__"), "__exit__" in has),
            **dict.fromkeys(("__aenter__", "__aexit__"), "__aexit__" in has),
        }

        perform(OPERATIONS[name][0], proxy)

        assert 1 + twice.get(name, False) == len(calls), kind


def _define_subclass(proxy: Any) -> None:
    class Subclass(proxy):  # type: ignore[misc]
        pass


@pytest.mark.parametrize(
    "operate",
    [
        lambda proxy: proxy.real,
        lambda proxy: proxy._get_current_object(),
        lambda proxy: isinstance(proxy, bytes),
        lambda proxy: proxy.__class__,
        lambda proxy: proxy.__doc__,
        lambda proxy: getattr(proxy, "__wrapped__", None),
        lambda proxy: getattr(proxy, "__name__", None),
        lambda proxy: hasattr(proxy, "absent"),
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        _define_subclass,
    ],
)
def test_what_is_not_an_operator_resolves_once_too(
    inscope: ModuleType, operate: Callable[[Any], Any]
) -> None:
    """Attributes, copies, ``isinstance`` and subclassing ask the source once."""
    source, calls = counted(int)

    operate(inscope.LocalProxy(source))

    assert 1 == len(calls)


def test_setting_an_attribute_resolves_once(inscope: ModuleType) -> None:
    """Writing asks the source once, changing in place twice: once to read."""
    plain = Plain()
    source, calls = counted(plain)
    proxy = inscope.LocalProxy(source)

    proxy.mark = 5
    assert 1 == len(calls)
    proxy.mark += 1
    assert 3 == len(calls)
    assert 6 == plain.mark


def test_making_a_proxy_resolves_nothing(inscope: ModuleType) -> None:
    """Nor do ``type``, ``is``, ``is_proxy`` and ``isinstance`` of LocalProxy."""
    source, calls = counted(5)

    proxy = inscope.LocalProxy[int](source, "real", unbound_message="absent", like=int)
    proxy = inscope.LocalProxy(inscope.LocalProxy(proxy))
    told = (
        inscope.is_proxy(proxy),
        isinstance(proxy, inscope.LocalProxy),
        proxy is None,
    )

    assert (True, True, False) == told
    assert not calls


def test_an_unbound_operation_asks_the_source_once(inscope: ModuleType) -> None:
    """Finding nothing is not tried again for the error or the fallback."""
    calls: list[int] = []

    def source() -> Any:
        calls.append(1)
        raise RuntimeError

    proxy = inscope.LocalProxy(inscope.LocalProxy(source), unbound_message="absent")

    names = ["__class__", "__doc__", "__wrapped__", "__name__", "name"]
    attributes = [lambda name=name: getattr(proxy, name, None) for name in names]
    fallbacks = [lambda act=act: act(proxy) for act in (repr, bool, dir, hash)]
    for number, operate in enumerate((*attributes, *fallbacks), 1):
        perform(lambda _, operate=operate: operate(), None)
        assert number == len(calls)


# Operations with an answer of their own


def test_in_place_operators_change_a_mutable_object(inscope: ModuleType) -> None:
    """The name stays the proxy, and the object is changed."""
    target = [1]
    proxy = before = inscope.LocalProxy(lambda: target)

    proxy += [2]
    proxy *= 2

    assert before is proxy
    assert [1, 2, 1, 2] == target


def test_in_place_operators_never_touch_the_variable(inscope: ModuleType) -> None:
    """On an immutable object the name gets the result; the source keeps the object."""
    var = inscope.Var("var", default=5)
    proxy = var.proxy()

    proxy += 1

    assert type(proxy) is int
    assert (6, 5) == (proxy, var.get())


@pytest.mark.parametrize("name", BINARY)
def test_each_in_place_operator_tells_same_from_new(
    inscope: ModuleType, name: str
) -> None:
    """All thirteen: the object given back is the proxy, another is itself."""
    same, new = TARGETS["Recorder"](), object()

    class Renewing:
        pass

    setattr(Renewing, f"__i{name}__", lambda self, other: new)
    act = OPERATIONS[f"__i{name}__"][0]
    proxy = inscope.LocalProxy(lambda: same)

    assert proxy is act(proxy)
    assert [(f"i{name}", 2)] == same.changes
    assert new is act(inscope.LocalProxy(Renewing))


def test_pow_takes_a_modulus(inscope: ModuleType) -> None:
    """Base, exponent and modulus may be proxies when the base is one."""
    two, three, five = (inscope.LocalProxy(lambda n=n: n) for n in (2, 3, 5))

    assert 3 == pow(two, 3, 5) == pow(two, three, 5) == pow(two, three, five)
    assert math.isclose(8.0, two**three)
    with pytest.raises(ValueError, match="pow\\(\\) 3rd argument cannot be 0"):
        pow(two, 3, 0)


def test_pow_with_a_modulus_has_an_answer_from_the_right(
    inscope: ModuleType, core: str
) -> None:
    """``__rpow__`` takes a modulus; Python asks for it where it can."""
    three = inscope.LocalProxy(lambda: 3)

    assert 3 == inscope.LocalProxy.__rpow__(three, 2, 5)
    if core == "python" and sys.version_info < (3, 14):
        pytest.skip(NEEDS_RPOW)
    assert 3 == pow(2, three, 5)


def test_two_proxies_meet_in_one_operator(inscope: ModuleType) -> None:
    """Both sides of an operator may be proxies."""
    two, three = (inscope.LocalProxy(lambda n=n: n) for n in (2, 3))

    assert (5, -1, 6, True, (0, 2)) == (
        *(two + three, two - three, two * three, two < three),
        divmod(two, three),
    )


def test_a_subclass_on_the_right_still_goes_first(inscope: ModuleType) -> None:
    """Python's rule for ``a + b`` with ``b`` of a subclass holds behind a proxy."""

    class Money(int):
        def __radd__(self, other: int) -> str:
            return f"money {other}"

    assert "money 1" == inscope.LocalProxy(lambda: 1) + Money(2)
    assert "money 1" == 1 + inscope.LocalProxy(lambda: Money(2))
