"""Shaped proxies: ``like=cls`` gives a proxy just the special methods of a class."""

from __future__ import annotations

import collections
import functools
import inspect
import operator
import os
import subprocess
import sys
import threading
import types
import typing
from collections import abc
from contextvars import ContextVar
from types import ModuleType
from typing import (
    Any,
    SupportsAbs,
    SupportsInt,
    SupportsRound,
    TypeVar,
)

import pytest


class Unsized(typing.Generic[TypeVar("T")]):
    """A class that takes away what its kind has."""

    __hash__ = None  # type: ignore[assignment]
    __iter__ = None
    __reversed__ = None
    __contains__ = None

    def __getitem__(self, index: int) -> int:
        return range(3)[index]


class OldSequence:
    """A class that is iterated by index."""

    def __getitem__(self, index: int) -> int:
        return range(3)[index]


class LenOfClass(type):
    """A metaclass: its methods are those of the class, not of the instances."""

    def __len__(cls) -> int:
        return 1


class MetaSized(metaclass=LenOfClass):
    """A class that has a length; its instances have none."""


async def _work() -> None: ...


_coroutine = _work()
_coroutine.close()

MADE: dict[type, Any] = {
    int: 5,
    str: "word",
    list: [1, 2],
    tuple: (1, 2),
    dict: {"a": 1},
    set: {1},
    frozenset: frozenset({1}),
    bytes: b"word",
    range: range(3),
    collections.deque: collections.deque([1]),
    types.MappingProxyType: types.MappingProxyType({"a": 1}),
    types.FunctionType: lambda: 1,
    type: int,
    type(iter([])): iter([1]),
    type(_coroutine): _coroutine,
    type(None): None,
    object: object(),
    Unsized: Unsized(),
    OldSequence: OldSequence(),
    MetaSized: MetaSized(),
}

ONE_METHOD_ABCS = [
    *(abc.Callable, abc.Iterable, abc.Iterator, abc.Sized, abc.Container),
    *(abc.Collection, abc.Hashable, abc.Awaitable, abc.AsyncIterable),
    *(abc.AsyncIterator, os.PathLike),
]

METHODS = [
    *("__len__", "__iter__", "__next__", "__reversed__", "__contains__"),
    *("__getitem__", "__setitem__", "__delitem__", "__call__", "__await__"),
    *("__aiter__", "__anext__", "__enter__", "__exit__", "__aenter__"),
    *("__add__", "__iadd__", "__matmul__", "__neg__", "__index__"),
    *("__float__", "__fspath__", "__eq__", "__lt__", "__instancecheck__"),
    *("__length_hint__", "__bytes__", "__or__", "__ior__", "__round__"),
]


def unbound(inscope: ModuleType, like: Any) -> Any:
    """Return an unbound proxy that is shaped as *like*."""
    return inscope.LocalProxy(ContextVar("var"), like=like)


def bound(inscope: ModuleType, like: type) -> Any:
    """Return a proxy that is shaped as *like* and has an object of it."""
    return inscope.LocalProxy(lambda: MADE[like], like=like)


@pytest.mark.parametrize("like", MADE)
def test_an_abc_of_one_method_tells_the_truth(inscope: ModuleType, like: type) -> None:
    """Bound and unbound, ``isinstance`` says what it says of the object."""
    expected = {kind: isinstance(MADE[like], kind) for kind in ONE_METHOD_ABCS}

    for proxy in (unbound(inscope, like), bound(inscope, like)):
        assert expected == {kind: isinstance(proxy, kind) for kind in ONE_METHOD_ABCS}


@pytest.mark.parametrize(
    ("like", "expected"),
    [(list, True), (dict, True), (range, True), (set, False), (Unsized, False)],
)
def test_what_can_be_reversed_says_so(
    inscope: ModuleType, like: type, expected: bool
) -> None:
    """``Reversible`` needs ``__reversed__``, which some containers have not."""
    for proxy in (unbound(inscope, like), bound(inscope, like)):
        assert expected is isinstance(proxy, abc.Reversible)


@pytest.mark.parametrize(
    ("like", "expected"), [(int, True), (float, True), (str, False)]
)
def test_a_runtime_protocol_tells_the_truth(
    inscope: ModuleType, like: type, expected: bool
) -> None:
    """``SupportsAbs`` and its like ask for attributes."""
    for kind in (SupportsAbs, SupportsRound, SupportsInt):
        assert expected is isinstance(unbound(inscope, like), kind)


@pytest.mark.parametrize("like", MADE)
def test_questions_to_the_type_tell_the_truth(inscope: ModuleType, like: type) -> None:
    """``callable``, ``isawaitable`` and the like look at the type alone."""
    for proxy in (unbound(inscope, like), bound(inscope, like)):
        assert callable(MADE[like]) == callable(proxy)
        assert inspect.isawaitable(MADE[like]) == inspect.isawaitable(proxy)


@pytest.mark.parametrize("like", [like for like in MADE if like is not type])
def test_hasattr_tells_the_truth(inscope: ModuleType, like: type) -> None:
    """Of a special method, ``hasattr`` says what it says of the object."""
    expected = [name for name in METHODS if hasattr(MADE[like], name)]
    if like is Unsized:
        absent = {"__iter__", "__reversed__", "__contains__"}  # there, but None
        expected = [name for name in expected if name not in absent]
    proxy = unbound(inscope, like)

    found = [name for name in METHODS if getattr(proxy, name, None) is not None]

    assert expected == found


@pytest.mark.parametrize("like", MADE)
def test_a_shaped_proxy_is_a_local_proxy(inscope: ModuleType, like: type) -> None:
    """``isinstance``, ``issubclass`` and ``is_proxy`` know it as one."""
    for proxy in (unbound(inscope, like), bound(inscope, like)):
        assert isinstance(proxy, inscope.LocalProxy)
        assert issubclass(type(proxy), inscope.LocalProxy)
        assert inscope.is_proxy(proxy)
        assert "LocalProxy" == type(proxy).__name__
    assert bound(inscope, like).__class__ is like
    assert isinstance(bound(inscope, like), like)


def test_a_shaped_proxy_is_no_instance_of_a_subclass(inscope: ModuleType) -> None:
    """A subclass of LocalProxy has only its own instances."""

    class Subclass(inscope.LocalProxy):  # type: ignore[misc]
        pass

    proxy = unbound(inscope, int)

    assert not isinstance(proxy, Subclass)
    assert not issubclass(type(proxy), Subclass)
    assert not issubclass(inscope.LocalProxy, Subclass)
    assert isinstance(Subclass(int), inscope.LocalProxy)


def test_unbound_it_raises_and_answers_as_any_proxy(inscope: ModuleType) -> None:
    """The six answer, every method that it has raises, any other is a TypeError."""
    proxy = inscope.LocalProxy(ContextVar("var"), like=list, unbound_message="absent")

    assert ("<LocalProxy unbound>", False, []) == (repr(proxy), bool(proxy), dir(proxy))
    assert proxy.__class__ is type(proxy)
    assert inscope.LocalProxy.__doc__ == proxy.__doc__
    for act in (len, iter, str, lambda p: p == 1, lambda p: 1 in p, lambda p: p[0]):
        with pytest.raises(inscope.UnboundError) as caught:
            act(proxy)
        assert "absent" == str(caught.value)
    with pytest.raises(TypeError, match="'LocalProxy' object is not callable"):
        proxy()
    with pytest.raises(TypeError, match="unhashable type: 'LocalProxy'"):
        hash(proxy)


def test_a_method_asked_of_an_unbound_proxy_is_its_own(inscope: ModuleType) -> None:
    """What ``hasattr`` promised is there, and raises as it is called."""
    method = unbound(inscope, list).__len__

    with pytest.raises(inscope.UnboundError):
        method()


def test_every_shape_has_a_truth_value(inscope: ModuleType) -> None:
    """``bool`` of an unbound proxy is false, whether or not its class has one."""
    for like, target in MADE.items():
        assert bool(unbound(inscope, like)) is False
        assert bool(target) is bool(bound(inscope, like))


def test_one_type_serves_all_of_the_same_shape(inscope: ModuleType) -> None:
    """Types are kept by the set of methods, not by the class."""

    class One:
        def __len__(self) -> int:
            return 1

    class Two(One):
        name = "two"

        def __len__(self) -> int:
            return 2

    kinds = [One, Two, One, Two]

    assert 1 == len({type(unbound(inscope, kind)) for kind in kinds})
    assert type(unbound(inscope, One)) is not type(unbound(inscope, object))
    assert 2 == inscope.LocalProxy(Two, like=One).__len__()


def test_threads_that_ask_at_once_get_one_type(inscope: ModuleType) -> None:
    """The first of them to make a shape makes it for all."""
    names = ("__len__", "__matmul__", "__aiter__", "__fspath__")
    like = type("Odd", (), dict.fromkeys(names, lambda self: 1))
    ready, found = threading.Barrier(8), set()

    def make() -> None:
        ready.wait()
        found.add(type(unbound(inscope, like)))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(found)


def test_making_a_type_may_make_another(core: str) -> None:
    """Registering runs foreign code, which may ask for a shape in turn."""
    code = """
from collections.abc import MutableMapping
from inscope import LocalProxy
asked = []
class Meta(type(MutableMapping)):
    def __subclasscheck__(cls, subclass):
        asked.append(LocalProxy(dict, like=complex))
        return super().__subclasscheck__(subclass)
class Mine(MutableMapping, metaclass=Meta): ...
print(LocalProxy(dict, like=dict), bool(asked))
"""
    environment = os.environ | {"INSCOPE_CORE": core}

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "{} True\n" == done.stdout, done.stderr


# Patterns


def taken_apart(subject: Any) -> Any:
    """Return what the patterns of ``match`` see in *subject*."""
    match subject:
        case {"a": first, **rest}:
            return "mapping", first, rest
        case [first, *rest]:
            return "sequence", first, rest
        case str(text):
            return "text", text
        case _:
            return "nothing"


@pytest.mark.parametrize(
    "like", [list, tuple, dict, range, collections.deque, str, bytes]
)
def test_match_takes_a_shaped_proxy_apart(inscope: ModuleType, like: type) -> None:
    """A mapping is a mapping, a sequence a sequence, and text is neither."""
    assert taken_apart(MADE[like]) == taken_apart(bound(inscope, like))


def test_match_takes_apart_what_an_abc_promises(inscope: ModuleType) -> None:
    """``like=Mapping`` and a class registered as a Sequence make patterns fit."""

    @abc.Sequence.register
    class Pair:
        def __getitem__(self, index: Any) -> Any:
            return [1, 2][index]

        def __len__(self) -> int:
            return 2

    pair = inscope.LocalProxy(Pair, like=Pair)
    mapping = inscope.LocalProxy(lambda: {"a": 1}, like=abc.Mapping[str, int])

    assert ("sequence", 1, [2]) == taken_apart(pair)
    assert ("mapping", 1, {}) == taken_apart(mapping)


def test_match_says_that_nothing_is_bound(inscope: ModuleType) -> None:
    """Taking an unbound mapping or sequence apart raises, rather than not to fit."""
    for like in (list, dict):
        with pytest.raises(inscope.UnboundError):
            taken_apart(unbound(inscope, like))


def test_a_class_pattern_fits_any_proxy(inscope: ModuleType) -> None:
    """``case str()`` asks ``isinstance``, and attributes after that."""
    for options in ({}, {"like": str}):
        proxy = inscope.LocalProxy(lambda: "word", **options)
        match proxy:
            case str(upper=upper):
                assert "WORD" == upper()
            case _:
                pytest.fail("a proxy to a str does not fit str()")


@pytest.mark.parametrize(
    ("like", "kinds"),
    [
        (list, [abc.Sequence, abc.MutableSequence]),
        (tuple, [abc.Sequence]),
        (dict, [abc.Mapping, abc.MutableMapping]),
        (types.MappingProxyType, [abc.Mapping]),
        (int, []),
    ],
)
def test_containers_are_known_by_their_abc(
    inscope: ModuleType, like: type, kinds: list[type]
) -> None:
    """``isinstance`` of Mapping and Sequence holds, unbound too."""
    every = [abc.Sequence, abc.MutableSequence, abc.Mapping, abc.MutableMapping]

    for proxy in (unbound(inscope, like), bound(inscope, like)):
        assert kinds == [kind for kind in every if isinstance(proxy, kind)]


# Operators


@pytest.mark.parametrize("like", MADE)
@pytest.mark.parametrize(
    "act", [operator.add, operator.mul, operator.sub, operator.or_, operator.xor]
)
def test_an_operator_works_from_both_sides(
    inscope: ModuleType, like: type, act: Any
) -> None:
    """What the object can do on either side, the proxy can, a list's ``+`` included."""
    target, proxy = MADE[like], bound(inscope, like)
    for other in (target, 2):
        try:
            left, right = act(target, other), act(other, target)
        except TypeError:
            for operands in ((proxy, other), (other, proxy)):
                with pytest.raises(TypeError):
                    act(*operands)
        else:
            assert (left, right) == (act(proxy, other), act(other, proxy))


def test_a_list_answers_from_the_right(inscope: ModuleType) -> None:
    """``[0] + proxy`` and ``sum`` work, though ``list`` has no ``__radd__``."""
    proxy = bound(inscope, list)

    assert [0, 1, 2] == operator.add([0], proxy)
    assert [1, 2, 1, 2] == sum([proxy, proxy], [])  # noqa: RUF017  (what is tested)
    assert (1, 2, 1, 2) == functools.reduce(operator.add, [bound(inscope, tuple)] * 2)


def test_in_place_operators_of_a_shape(inscope: ModuleType) -> None:
    """An int has none, so the name gets the sum; a list changes in place."""
    numbers = [1]
    number, several = (
        inscope.LocalProxy(lambda: 5, like=int),
        inscope.LocalProxy(lambda: numbers, like=list),
    )
    before = several

    number += 1
    several += [2]

    assert (6, int) == (number, type(number))
    assert before is several
    assert [1, 2] == numbers


# Methods that are None


def test_what_is_none_in_the_class_is_absent(inscope: ModuleType) -> None:
    """``__iter__ = None`` is no method, and hides what would stand in for it."""
    for proxy in (unbound(inscope, Unsized), bound(inscope, Unsized)):
        for act in (hash, iter, reversed, list, lambda p: 1 in p):
            with pytest.raises(TypeError) as caught:
                act(proxy)
            assert not isinstance(caught.value, inscope.UnboundError)


def test_an_old_sequence_is_iterated_by_index(inscope: ModuleType) -> None:
    """A class that has no ``__iter__`` at all falls back on ``__getitem__``."""
    proxy = bound(inscope, OldSequence)

    assert [0, 1, 2] == list(proxy)
    assert 2 in proxy
