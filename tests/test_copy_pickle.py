"""Copying, pickling and weakly referencing proxies, and what proxies look in."""

from __future__ import annotations

import array
import collections
import copy
import copyreg
import datetime
import decimal
import gc
import json
import math
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from sources import MESSAGE, in_own_context, proxies_raising, unbound_proxies

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

DEEPCOPY = pytest.param(copy.deepcopy, id="deepcopy")
COPY = pytest.param(copy.copy, id="copy")
DUMPS = [
    pytest.param(lambda obj, n=n: pickle.dumps(obj, n), id=f"dump {n}")
    for n in PROTOCOLS
]
AGAIN = [
    pytest.param(lambda obj, n=n: pickle.loads(pickle.dumps(obj, n)), id=f"pickle {n}")
    for n in PROTOCOLS
]


class Node:
    """An object with others in it."""

    def __init__(self, *others: Any) -> None:
        self.others = list(others)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.others == other.others

    __hash__ = None  # type: ignore[assignment]


class Slotted:
    """An object that says itself how it is copied and pickled."""

    __slots__ = ("copies", "value")

    def __init__(self, value: Any, copies: int = 0) -> None:
        self.value = value
        self.copies = copies

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Slotted:
        return Slotted(self.value, self.copies + 1)

    def __reduce__(self) -> Any:
        return Slotted, (self.value,)


TARGETS: dict[str, Any] = {
    "None": None,
    "bool": True,
    "int": 2**70,
    "float": 2.5,
    "complex": 1 + 2j,
    "str": "wörd",
    "bytes": b"word",
    "bytearray": bytearray(b"word"),
    "tuple": (1, (2,)),
    "empty tuple": (),
    "list": [1, [2]],
    "dict": {"a": [1]},
    "set": {1, 2},
    "frozenset": frozenset({1}),
    "range": range(3),
    "slice": slice(1, 2),
    "ellipsis": ...,
    "class": collections.OrderedDict,
    "function": math.gcd,
    "Python function": copy.copy,
    "bound method": [1, 2].index,
    "module member": json.JSONDecoder.decode,
    "OrderedDict": collections.OrderedDict(a=1),
    "deque": collections.deque([1]),
    "Counter": collections.Counter("aab"),
    "date": datetime.date(2000, 1, 2),
    "Decimal": decimal.Decimal("1.5"),
    "path": pathlib.PurePosixPath("/a"),
    "array": array.array("i", [1, 2]),
}
"""Objects that a reader can unpickle with the standard library alone."""

OURS = {"Node": Node(1, Node(2)), "Slotted": Slotted([1])}


def same(one: Any, two: Any) -> bool:
    """Tell whether two objects are alike in class and value, a bound method by name."""
    if one.__class__ is [].index.__class__ and one.__self__.__class__ is list:
        one, two = (one.__self__, one.__name__), (two.__self__, two.__name__)
    return type(one) is type(two) and one == two


# Proxies


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("name", TARGETS | OURS)
def test_a_copy_is_a_copy_of_the_object(
    inscope: ModuleType, name: str, make: Callable[[Any], Any]
) -> None:
    """Shallow or deep, it is what copying the object gives, and no proxy."""
    target = (TARGETS | OURS)[name]
    expected = make(target)

    for options in ({}, {"like": type(target)}):
        copied = make(inscope.LocalProxy(lambda: target, **options))

        assert same(expected, copied)
        assert not inscope.is_proxy(copied)
        assert (expected is target) is (copied is target)


def test_a_shallow_copy_shares_and_a_deep_one_does_not(inscope: ModuleType) -> None:
    """The copy is a new object, its items the same or new."""
    target = [[1]]
    proxy = inscope.LocalProxy(lambda: target)

    shallow, deep = copy.copy(proxy), copy.deepcopy(proxy)

    assert shallow is not target
    assert shallow[0] is target[0]
    assert deep[0] is not target[0]
    assert 1 == copy.copy(inscope.LocalProxy(lambda: Slotted(1))).copies


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", TARGETS | OURS)
def test_a_pickle_is_read_as_the_object(
    inscope: ModuleType, name: str, protocol: int
) -> None:
    """With every protocol, and by the pickler written in Python."""
    target = (TARGETS | OURS)[name]

    for options in ({}, {"like": type(target)}):
        proxy = inscope.LocalProxy(lambda: target, **options)
        for dump in (pickle.dumps, pickle._dumps):  # type: ignore[attr-defined]
            read = pickle.loads(dump(proxy, protocol))

            assert same(target, read)
            assert not inscope.is_proxy(read)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_reader_needs_no_inscope(
    inscope: ModuleType, tmp_path: pathlib.Path, protocol: int
) -> None:
    """A Python without inscope reads the pickle of a proxy."""
    file = tmp_path / "pickle"
    proxies = {
        name: inscope.LocalProxy(lambda target=target: target)
        for name, target in TARGETS.items()
    }
    file.write_bytes(pickle.dumps(proxies, protocol))
    code = """if True:
        import importlib.util, pickle, sys
        with open(sys.argv[1], "rb") as file:
            read = pickle.load(file)
        assert importlib.util.find_spec("inscope") is None
        for name, value in read.items():
            print(f"{name}: {type(value).__name__}")
    """

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, os.fspath(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == done.stderr
    expected = [f"{name}: {type(value).__name__}" for name, value in TARGETS.items()]
    assert expected == done.stdout.splitlines()


@pytest.mark.parametrize("again", [DEEPCOPY, *AGAIN])
def test_one_object_stays_one_object(
    inscope: ModuleType, again: Callable[[Any], Any]
) -> None:
    """What is reached through proxies and without is copied or pickled once."""
    target = Node(1)
    first, second = (inscope.LocalProxy(lambda: target) for _ in range(2))

    read = again([first, target, {"key": second}, (inscope.LocalProxy(first), first)])

    assert isinstance(read[0], Node)
    assert read[0] is read[1] is read[2]["key"] is read[3][0] is read[3][1]


@pytest.mark.parametrize("again", [DEEPCOPY, *AGAIN])
def test_an_object_may_hold_a_proxy_to_itself(
    inscope: ModuleType, again: Callable[[Any], Any]
) -> None:
    """A cycle through a proxy is a cycle in the copy."""
    target = Node()
    proxy = inscope.LocalProxy(lambda: target)
    target.others.append(proxy)

    for start in (target, proxy):
        read = again(start)

        assert read is not target
        assert read.others[0] is read


@pytest.mark.parametrize("again", [COPY, DEEPCOPY, *DUMPS])
def test_an_unbound_proxy_cannot_be_copied_or_pickled(
    inscope: ModuleType, again: Callable[[Any], Any]
) -> None:
    """It is the error of any operation."""
    for proxy in unbound_proxies(inscope, unbound_message=MESSAGE).values():
        with pytest.raises(inscope.UnboundError) as caught:
            again(proxy)
        assert MESSAGE == str(caught.value)


@in_own_context
def test_a_fault_of_the_resolver_comes_out_of_copy_and_pickle(
    inscope: ModuleType,
) -> None:
    """The very error, not one of copying."""
    fault = AttributeError("fault")

    for proxy in proxies_raising(inscope, fault).values():
        for act in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(AttributeError) as caught:
                act(proxy)
            assert fault is caught.value


def test_an_object_that_refuses_refuses_through_a_proxy(inscope: ModuleType) -> None:
    """The error of copying or pickling is that of the object."""
    lock = threading.Lock()
    proxy = inscope.LocalProxy(lambda: lock)

    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError) as direct:
            act(lock)
        with pytest.raises(TypeError) as through:
            act(proxy)
        assert str(direct.value) == str(through.value)


def test_a_subclass_may_say_how_it_is_copied_and_pickled(inscope: ModuleType) -> None:
    """Its own ``__copy__``, ``__deepcopy__`` and ``__reduce__`` are used."""

    class Own(inscope.LocalProxy):  # type: ignore[misc]
        def __copy__(self) -> str:
            return "copied"

        def __deepcopy__(self, memo: Any) -> str:
            return "deeply"

        def __reduce__(self) -> Any:
            return str, ("pickled",)

    proxy = Own(lambda: 5)

    assert ("copied", "deeply") == (copy.copy(proxy), copy.deepcopy(proxy))
    assert {"pickled"} == {pickle.loads(pickle.dumps(proxy, n)) for n in PROTOCOLS}


def test_a_plain_subclass_is_pickled_as_the_object(inscope: ModuleType) -> None:
    """A subclass defined inside of a function is no hindrance."""

    class Plain(inscope.LocalProxy):  # type: ignore[misc]
        pass

    proxy = Plain(lambda: [1])
    object.__setattr__(proxy, "tag", "own")

    assert [1] == pickle.loads(pickle.dumps(proxy)) == copy.copy(proxy)


def test_a_reducer_for_the_object_is_used(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``copyreg`` entries of the object's class hold behind a proxy."""

    class Registered:
        pass

    monkeypatch.setitem(copyreg.dispatch_table, Registered, lambda _: (str, ("ok",)))

    assert "ok" == pickle.loads(pickle.dumps(inscope.LocalProxy(Registered)))
    assert "ok" == copy.copy(inscope.LocalProxy(Registered))


# What proxies look in


def makers(inscope: ModuleType) -> dict[str, Callable[[], Any]]:
    """Return what makes each kind of thing that belongs to this process."""
    var = inscope.Var("var", default=1)
    local, stack = inscope.Local(), inscope.LocalStack()
    return {
        "Var": lambda: inscope.Var("var"),
        "Var.over": lambda: inscope.Var.over(ContextVar("var")),
        "LocalStack": inscope.LocalStack,
        "bind": lambda: var.bind(1),
        "bind several": lambda: inscope.bind({var: 1}),
        "bind over": lambda: inscope.Var.over(ContextVar("var")).bind(1),
        "bound": lambda: inscope.bound(local, a=1),
        "pushed": lambda: inscope.pushed(stack, 1),
    }


KINDS = list(makers(__import__("inscope")))


@pytest.mark.parametrize("act", [COPY, DEEPCOPY, *DUMPS])
@pytest.mark.parametrize("kind", KINDS)
def test_what_belongs_to_a_process_cannot_be_copied(
    inscope: ModuleType, kind: str, act: Callable[[Any], Any]
) -> None:
    """A Var, a stack and a bind refuse, and say why."""
    with pytest.raises(TypeError, match=r"^cannot copy or pickle "):
        act(makers(inscope)[kind]())


@pytest.mark.parametrize("act", [DEEPCOPY, *DUMPS])
def test_a_local_cannot_be_pickled(
    inscope: ModuleType, act: Callable[[Any], Any]
) -> None:
    """A Local, and a manager that holds one, say what to do in its place."""
    local = inscope.Local()

    for subject in (local, [local], inscope.LocalManager(local).locals):
        with pytest.raises(TypeError, match=r"^cannot pickle or deep-copy a Local: "):
            act(subject)
    with pytest.raises(TypeError):
        act(inscope.LocalManager(local))


def test_a_copied_local_is_a_new_local(inscope: ModuleType) -> None:
    """It has this context's names, and goes its own way."""
    local = inscope.Local()
    local.user = "ann"

    copied = copy.copy(local)
    copied.user = "bob"
    copied.role = "reader"

    assert type(local) is type(copied)
    assert {"user": "ann"} == dict(local)
    assert {"user": "bob", "role": "reader"} == dict(copied)


def test_a_copied_local_is_of_the_same_subclass(inscope: ModuleType) -> None:
    """Also if its ``__init__`` wants arguments."""

    class Named(inscope.Local):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    copied = copy.copy(Named("first"))

    assert Named is type(copied)
    assert "first" == copied.name


def test_a_copied_manager_cleans_the_same_locals(inscope: ModuleType) -> None:
    """A shallow copy of a manager has its locals."""
    local = inscope.Local()
    local.user = "ann"

    copy.copy(inscope.LocalManager(local)).cleanup()

    assert not hasattr(local, "user")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_token_cannot_be_pickled(inscope: ModuleType, protocol: int) -> None:
    """A token belongs to a context."""
    token = inscope.Var("var").set(1)

    with pytest.raises(TypeError):
        pickle.dumps(token, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(token)


@pytest.mark.parametrize("kind", [*KINDS, "Local", "LocalManager", "LocalProxy"])
def test_a_weak_reference_follows_its_life(inscope: ModuleType, kind: str) -> None:
    """Each can be weakly referenced, and none is kept alive by us."""
    more = {
        "Local": inscope.Local,
        "LocalManager": inscope.LocalManager,
        "LocalProxy": lambda: inscope.LocalProxy(int),
    }
    made = (makers(inscope) | more)[kind]()
    reference = weakref.ref(made)

    assert made is reference()
    del made
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_token_says_why_it_cannot_be_duplicated(
    inscope: ModuleType, duplicate: Callable[[Any], Any]
) -> None:
    """It is for one reset."""
    token = inscope.Var("user").set("ann")

    with pytest.raises(TypeError, match="it is for one reset"):
        duplicate(token)


def test_tokens_can_be_weakly_referenced(inscope: ModuleType) -> None:
    """As every other object of the package."""
    token = inscope.Var("user").set("ann")

    assert token is weakref.ref(token)()
