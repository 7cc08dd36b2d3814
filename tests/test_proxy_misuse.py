"""Proxies half made, made twice, in long chains, and with the wrong arguments."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from operations import OPERATIONS, outcome


def test_a_proxy_that_was_not_initialised_says_so(inscope: ModuleType) -> None:
    """``__new__`` without ``__init__``: each operation names what is missing."""

    class Subclass(inscope.LocalProxy):  # type: ignore[misc]
        def __init__(self) -> None: ...

    bare = inscope.LocalProxy.__new__(inscope.LocalProxy)
    for proxy, name in ((bare, "LocalProxy"), (Subclass(), "Subclass")):
        for act in (
            *(operations[0] for operations in OPERATIONS.values()),
            *(lambda p, n=n: getattr(p, n) for n in ("name", "__class__", "__doc__")),
            *(copy.copy, copy.deepcopy, pickle.dumps, inscope.unwrap, inscope.is_bound),
            lambda p: p._get_current_object(),
            lambda p: len(inscope.LocalProxy(p)),
        ):
            if act is OPERATIONS["__buffer__"][0]:
                continue  # asked of a Python class from 3.12 on
            with pytest.raises(inscope.ProxyNotInitializedError) as caught:
                act(proxy)
            assert f"{name}.__init__ has not been called" in str(caught.value)
        assert inscope.is_proxy(proxy)


def test_a_proxy_may_be_initialised_again(inscope: ModuleType) -> None:
    """It then looks where it was last told to."""
    proxy = inscope.LocalProxy(lambda: 1)

    inscope.LocalProxy.__init__(proxy, lambda: 2)

    assert 2 == proxy


def test_a_failed_second_init_changes_nothing(inscope: ModuleType) -> None:
    """An argument that is refused leaves the proxy as it was."""
    proxy = inscope.LocalProxy(lambda: 1, unbound_message="first")

    with pytest.raises(TypeError):
        inscope.LocalProxy.__init__(proxy, 42)

    assert 1 == proxy


def test_a_short_chain_of_proxies_works(inscope: ModuleType) -> None:
    """A hundred proxies over each other still resolve to the object."""
    chain = inscope.LocalProxy(lambda: 5)
    for _ in range(100):
        chain = inscope.LocalProxy(chain)

    assert 6 == chain + 1


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_a_long_chain_of_proxies_works_or_says_why_not(
    inscope: ModuleType, length: int
) -> None:
    """It is a RecursionError at worst, and letting go of the chain crashes nothing."""
    chain = inscope.LocalProxy(lambda: 5)
    for _ in range(length):
        chain = inscope.LocalProxy(chain)

    for act in (bool, repr, lambda p: p + 1, lambda p: p.real, inscope.unwrap):
        result = outcome(act, chain)
        assert "RecursionError" == result[1] or "value" == result[0]
    del chain
    gc.collect()


def test_a_deep_stack_is_no_reason_to_be_unbound(inscope: ModuleType) -> None:
    """At the recursion limit a proxy raises RecursionError or works, nothing else."""
    proxy = inscope.LocalProxy(inscope.LocalProxy(lambda: [1]))
    seen = set()

    def descend() -> None:
        seen.add(outcome(bool, proxy)[1:])
        descend()

    with pytest.raises(RecursionError):
        descend()

    assert {"bool", "RecursionError"} >= {kind for kind, _ in seen}
    assert ("bool", "False") not in seen


# Names


@pytest.mark.parametrize("name", ["\udc80", "", "a b", "ä", "a\0b", "__\udc80__"])
def test_any_attribute_name_is_forwarded(inscope: ModuleType, name: str) -> None:
    """Also one that no source file could write."""

    class Anything:
        pass

    anything = Anything()
    proxy = inscope.LocalProxy(lambda: anything)

    setattr(proxy, name, 1)
    assert 1 == getattr(proxy, name) == vars(anything)[name]
    delattr(proxy, name)
    assert not hasattr(proxy, name)
    with pytest.raises(inscope.UnboundError):
        delattr(inscope.LocalProxy(ContextVar("var")), name)


def test_a_local_takes_any_name(inscope: ModuleType) -> None:
    """A proxy to a name with a surrogate works and can be shown."""
    local = inscope.Local()
    proxy = local("\udc80")

    assert "<LocalProxy unbound>" == repr(proxy)
    with pytest.raises(inscope.UnboundError) as caught:
        len(proxy)
    assert "'\\udc80'" in caught.value.__notes__[0]
    setattr(local, "\udc80", [1])
    assert 1 == len(proxy)


# Arguments


BAD_ARGUMENTS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda m: m.LocalProxy(42), TypeError, "'int'"),
    (lambda m: m.LocalProxy("name"), TypeError, "'str'"),
    (lambda m: m.LocalProxy(None), TypeError, "'NoneType'"),
    (lambda m: m.LocalProxy(), TypeError, "LocalProxy.__init__.*'local'"),
    (lambda m: m.LocalProxy(m.Local()), TypeError, "'name' is required"),
    (lambda m: m.LocalProxy(m.Local(), ""), ValueError, "'name' must be.* not ''"),
    (lambda m: m.LocalProxy(int, 42), TypeError, "'name' must be.* 'int'"),
    (lambda m: m.LocalProxy(int, ["a"]), TypeError, "'name' must be.* 'list'"),
    (lambda m: m.LocalProxy(int, ""), ValueError, "'name' must be.* not ''"),
    (lambda m: m.LocalProxy(int, "a..b"), ValueError, "not 'a..b'"),
    (lambda m: m.LocalProxy(int, ".a"), ValueError, "not '.a'"),
    (lambda m: m.LocalProxy(int, "a."), ValueError, "not 'a.'"),
    (
        lambda m: m.LocalProxy(int, unbound_message=42),
        TypeError,
        "'unbound_message' must be a string, not 'int'",
    ),
    (
        lambda m: m.LocalStack()(unbound_message=b"no"),
        TypeError,
        "'unbound_message' must be a string, not 'bytes'",
    ),
    (lambda m: m.Local()(42), TypeError, "'name' "),
    (lambda m: m.Local()(), TypeError, "'name'"),
    (lambda m: m.LocalProxy(int, None, "text"), TypeError, "positional argument"),
    (lambda m: m.LocalProxy(int, wrong=1), TypeError, "'wrong'"),
    (lambda m: m.LocalProxy(int, like=int, wrong=1), TypeError, "'wrong'"),
]


@pytest.mark.parametrize(("make", "error", "pattern"), BAD_ARGUMENTS)
def test_a_bad_argument_is_refused_by_name(
    inscope: ModuleType,
    make: Callable[[Any], Any],
    error: type[Exception],
    pattern: str,
) -> None:
    """The error names the argument, and what was given."""
    with pytest.raises(error, match=pattern) as caught:
        make(inscope)

    assert "BareProxy" not in str(caught.value)
