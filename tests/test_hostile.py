"""Objects and sources that raise, lie, re-enter and drop what they are asked for."""

from __future__ import annotations

import gc
import sys
import sysconfig
import weakref
from types import ModuleType
from typing import Any

import pytest
from operations import OPERATIONS, outcome, perform

# Objects that raise


def _enter(self: object) -> object:
    return self


async def _async_enter(self: object) -> object:
    return self


class HostileError(Exception):
    """What a hostile object raises."""


def raising(name: str, error: BaseException) -> Any:
    """Return an object whose special method *name* raises *error*."""

    def method(self: object, *arguments: Any, **more: Any) -> Any:
        raise error

    extra = {"__exit__": {"__enter__": lambda self: self}}
    extra["__enter__"] = {"__exit__": lambda self, *error: None}
    extra["__aenter__"] = {"__aexit__": lambda self, *error: None}

    extra["__aexit__"] = {"__aenter__": _async_enter}
    return type("Hostile", (), {name: method, **extra.get(name, {})})()


CLASSES_STAY = sys.version_info < (3, 14) and bool(
    sysconfig.get_config_var("Py_GIL_DISABLED")
)
"""The first free-threaded Python frees no class any more once a thread was begun."""

ERRORS: list[type[BaseException]] = [
    HostileError,
    RuntimeError,
    LookupError,
    AttributeError,
    KeyboardInterrupt,
]
"""Among them those that would mean "unbound", came they out of the source."""

SKIPPED = {
    "__instancecheck__",  # asked of the class of the object
    "__subclasscheck__",
    "__buffer__",  # asked of a Python class from 3.12 on
}


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - SKIPPED))
def test_an_error_of_the_object_is_raised_as_it_is(
    inscope: ModuleType, name: str
) -> None:
    """Even an unbound-looking error is not swallowed when it is the object's."""
    for kind in ERRORS:
        error = kind("hostile")
        target = raising(name, error)
        proxy = inscope.LocalProxy(lambda target=target: target)
        with pytest.raises(BaseException) as caught:  # noqa: PT011  (compared)
            OPERATIONS[name][0](proxy)
        if error.args == caught.value.args:
            assert error is caught.value
        else:  # Python words it anew, for the object itself as well
            expected = outcome(OPERATIONS[name][0], target)
            assert expected == outcome(OPERATIONS[name][0], proxy)


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("name", ["__class__", "__doc__", "__wrapped__", "mark"])
def test_an_error_of_a_property_is_raised_as_it_is(
    inscope: ModuleType, name: str, kind: type[BaseException]
) -> None:
    """A property that raises is no unbound proxy, whatever its name."""
    error = kind("hostile")

    def get(self: object) -> Any:
        raise error

    target = type("Hostile", (), {name: property(get)})()
    proxy = inscope.LocalProxy(lambda: target)

    with pytest.raises(kind) as caught:
        getattr(proxy, name)
    assert error is caught.value
    if name == "__class__" and kind is not AttributeError:
        with pytest.raises(kind):
            isinstance(proxy, int)


def test_an_object_that_refuses_every_attribute_can_be_used(
    inscope: ModuleType,
) -> None:
    """Special methods are found on its class, so operators go on."""

    class Closed:
        def __getattribute__(self, name: str) -> Any:
            raise HostileError(name)

        def __len__(self) -> int:
            return 3

        def __enter__(self) -> str:
            return "in"

        def __exit__(self, *error: object) -> None: ...

        def __await__(self) -> Any:
            return iter(())

    closed = Closed()
    proxy = inscope.LocalProxy(lambda: closed)

    with proxy as entered:
        assert ("in", 3, True) == (entered, len(proxy), bool(proxy))
    assert closed is inscope.unwrap(proxy)
    with pytest.raises(HostileError, match="name"):
        proxy.name  # noqa: B018  (raises)
    assert isinstance(proxy, inscope.LocalProxy)
    assert ("value", "NoneType", "None") == outcome(OPERATIONS["__await__"][0], closed)
    assert ("value", "NoneType", "None") == outcome(OPERATIONS["__await__"][0], proxy)


# Objects that lie


LIES: dict[str, list[Any]] = {
    "__eq__": ["maybe", NotImplemented],
    "__lt__": [[], NotImplemented],
    "__hash__": ["hash", 1.5, -1, 2**100],
    "__bool__": [2, None],
    "__len__": [-1, "1", 2**100],
    "__length_hint__": [-1, NotImplemented],  # a TypeError Python drops
    "__iter__": [5, None],
    "__next__": [NotImplemented],
    "__reversed__": ["reversed", 5],
    "__contains__": ["contains", []],
    "__index__": ["1", True],
    "__int__": [1.5, True],
    "__float__": ["1", 1],
    "__complex__": [1],
    "__str__": [5, None],
    "__repr__": [5, None],
    "__bytes__": ["bytes"],
    "__format__": [5],
    "__dir__": [["b", "a"], 5, [2, "a"]],
    "__fspath__": [5, b"path"],
    "__await__": [5, "word"],
    "__aiter__": [5],
    "__anext__": [5],
    "__enter__": [5],
    "__exit__": ["suppress", []],
    "__aenter__": [5],
    "__aexit__": [5],
    "__call__": [NotImplemented],
    "__add__": [NotImplemented, None],
    "__radd__": [NotImplemented, None],
    "__iadd__": [NotImplemented, None],
    "__pow__": [NotImplemented],
    "__neg__": [NotImplemented],
    "__round__": ["rounded"],
    "__sizeof__": [-1, "big"],
    "__delattr__": [5],
    "__setitem__": [5],
    "__instancecheck__": ["yes", []],
}
"""What methods return that they must not, or hardly ever do."""


def _liar(name: str, lie: Any) -> Any:
    """Return an object whose method *name* returns *lie*."""
    partners = {
        "__enter__": {"__exit__": lambda self, *error: None},
        "__exit__": {"__enter__": lambda self: self},
        "__aenter__": {"__aexit__": lambda self, *error: None},
        "__aexit__": {"__aenter__": _async_enter},
    }
    body = {name: lambda self, *arguments, **more: lie}
    if name != "__hash__":
        body["__hash__"] = lambda self: 42
    kind = type("Liar", (), body | partners.get(name, {}))
    if name == "__instancecheck__":
        return type("Meta", (type,), body)("Kind", (), {})
    return kind()


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("asked", ["itself", "all"])
def test_a_lie_is_caught_as_it_is_for_the_object(
    inscope: ModuleType, name: str, asked: str
) -> None:
    """The value or the error is Python's for the object, whatever it is asked."""
    names = {name} if asked == "itself" else OPERATIONS.keys() - {"__buffer__"}
    for lie in LIES[name]:
        liar = _liar(name, lie)
        proxy = inscope.LocalProxy(lambda liar=liar: liar)
        for other in names:
            for operation in OPERATIONS[other]:
                result = outcome(operation, proxy)

                assert outcome(operation, liar) == result, (other, lie)


def test_an_object_may_lie_about_its_class(inscope: ModuleType) -> None:
    """A proxy repeats what its object says; what it is itself stays known."""

    class Pretender:
        __class__ = int  # type: ignore[assignment]

    proxy = inscope.LocalProxy(Pretender)

    assert isinstance(proxy, int)
    assert proxy.__class__ is int
    assert inscope.is_proxy(proxy)


def test_an_object_that_pretends_to_be_a_proxy_is_none(inscope: ModuleType) -> None:
    """``is_proxy`` and ``unwrap`` look at the type, not at what is said."""

    class Pretender:
        __class__ = inscope.LocalProxy

    pretender = Pretender()

    assert not inscope.is_proxy(pretender)
    assert pretender is inscope.unwrap(pretender)
    assert inscope.is_bound(pretender)


# Re-entrancy


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"__buffer__"}))
def test_a_method_may_rebind_and_drop_its_own_object(
    inscope: ModuleType, name: str
) -> None:
    """The operation in hand goes on with the object that it was begun on."""
    local = inscope.Local()
    proxy = local("target")
    ended: list[str] = []

    def method(self: Any, *arguments: Any, **more: Any) -> Any:
        inscope.release_local(local)
        gc.collect()
        ended.append(f"still {self.name}")
        raise HostileError

    body: dict[str, Any] = {name: method, "name": "here"}
    body["__hash__"] = method if name == "__hash__" else object.__hash__
    if name in {"__exit__", "__aexit__"}:
        return_self = "__enter__" if name == "__exit__" else "__aenter__"
        body[return_self] = _enter if name == "__exit__" else _async_enter
    elif name in {"__enter__", "__aenter__"}:
        body[name.replace("enter", "exit")] = method
    kind = type("Kind", (), body)
    if name in {"__instancecheck__", "__subclasscheck__"}:
        kind = type("Meta", (type,), body)("Kind", (), {})  # type: ignore[misc]
        local.target = kind
    else:
        local.target = kind()
    watch = weakref.ref(local.target)
    del kind

    perform(OPERATIONS[name][0], proxy)

    assert ["still here"] == ended[:1]
    assert not inscope.is_bound(proxy)
    gc.collect()
    if not (CLASSES_STAY and isinstance(watch(), type)):
        assert watch() is None


def test_a_method_may_bind_another_object(inscope: ModuleType) -> None:
    """The next operation sees what was bound in the last."""
    var = inscope.Var("var")
    proxy = var.proxy()

    class Turning:
        def __init__(self, turn: int) -> None:
            self.turn = turn

        def __len__(self) -> int:
            var.set(Turning(self.turn + 1))
            return self.turn

    var.set(Turning(0))

    assert [0, 1, 2] == [len(proxy) for _ in range(3)]


def test_an_in_place_operator_may_rebind(inscope: ModuleType) -> None:
    """The object that was changed is compared, not the one bound since."""
    var = inscope.Var("var")
    proxy = before = var.proxy()

    class Turning:
        def __iadd__(self, other: object) -> Any:
            var.set("another")
            return self

    var.set(Turning())
    proxy += 1

    assert before is proxy
    assert "another" == proxy


def test_a_resolver_may_use_its_own_proxy(inscope: ModuleType) -> None:
    """Endless recursion is a RecursionError from every operation, never unbound."""
    proxy = inscope.LocalProxy(lambda: len(proxy))

    for act in (repr, bool, dir, len, lambda p: p.__class__, lambda p: p.name):
        with pytest.raises(RecursionError):
            act(proxy)


def test_a_resolver_may_re_enter_once(inscope: ModuleType) -> None:
    """A source that asks its own proxy first gets an answer if it ends."""
    depth = []

    def source() -> Any:
        depth.append(1)
        return len(depth) if len(depth) >= 3 else proxy + 10

    proxy = inscope.LocalProxy(source)

    assert 24 == proxy + 1
    assert 3 == len(depth)


def test_a_source_may_drop_the_last_reference_to_its_proxy(
    inscope: ModuleType,
) -> None:
    """The operation goes on, and the proxy dies after it."""
    held: list[Any] = []

    def source() -> str:
        held.clear()
        gc.collect()
        return "word"

    held.append(inscope.LocalProxy(source))
    watch = weakref.ref(held[0])

    assert "word" == str(held[0])
    assert watch() is None


def test_a_cycle_through_a_proxy_is_collected(inscope: ModuleType) -> None:
    """A proxy whose source holds the proxy is garbage like any cycle."""
    made: list[Any] = []
    made.append(inscope.LocalProxy(made.copy))
    watch = weakref.ref(made[0])

    del made
    gc.collect()

    assert watch() is None
