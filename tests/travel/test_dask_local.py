"""``travelling`` without a cluster: what it makes, and Dask's own schedulers."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextvars import ContextVar
from functools import partial
from multiprocessing import get_context
from operator import methodcaller
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("distributed")

import dask
import dask.bag
import numpy
from dask.base import tokenize
from dask.utils import funcname

FOREIGN: ContextVar[str] = ContextVar("foreign", default="unset")
SEEN_BY_ANN = ("acme", "ann", "no cart")

Travelling = Callable[..., Any]


@pytest.fixture
def module(inscope: ModuleType) -> ModuleType:
    """``inscope.travel.dask``, of the copy of the package under test."""
    return importlib.import_module("inscope.travel.dask")


@pytest.fixture
def travelling(module: ModuleType) -> Travelling:
    """The function itself."""
    function: Travelling = module.travelling
    return function


@pytest.fixture
def work(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What is called, and looks at Vars of the same copy."""
    monkeypatch.delitem(sys.modules, "dask_work", raising=False)
    return importlib.import_module("dask_work")


@pytest.fixture
def ann(inscope: ModuleType, work: ModuleType) -> Callable[[], Any]:
    """Binds what Ann has."""
    return lambda: inscope.bind(
        {work.tenant: "acme", work.user: "ann", work.cart: "full", work.elsewhere: "x"}
    )


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_each_scheduler_shows_what_was_bound_as_the_function_was_wrapped(
    travelling: Travelling,
    inscope: ModuleType,
    work: ModuleType,
    ann: Callable[[], Any],
    scheduler: str,
) -> None:
    """And nothing that is bound where it is computed; a plain one is Dask's affair."""
    with ann():
        tasks = [dask.delayed(travelling(work.seen_of_all))() for _ in range(3)]
        bag = dask.bag.from_sequence(range(4), npartitions=2)
        bag = bag.map_partitions(travelling(work.with_each)).map(list)
    tasks.append(dask.delayed(travelling(work.seen_of_all))())

    with ProcessPoolExecutor(1, get_context("spawn")) as pool, work.Job():
        options = {"pool": pool} if scheduler == "processes" else {}
        with inscope.bind({work.user: "bob", work.cart: "bob's", work.elsewhere: "y"}):
            work.box.held = "held by bob"
            found = dask.compute(*tasks, scheduler=scheduler, **options)
            items = bag.compute(scheduler=scheduler, **options)

    expected = (*SEEN_BY_ANN, *work.NOTHING_OF_ALL[3:])
    assert (expected, expected, expected, work.NOTHING_OF_ALL) == found
    assert [["ann", number] for number in range(4)] == items


def test_what_is_nobodys_of_inscope_stays_as_it_is(
    travelling: Travelling, work: ModuleType
) -> None:
    """Engines have their own variables in the context, and need them."""
    function = travelling(FOREIGN.get)
    token = FOREIGN.set("the engine's")
    try:
        assert "the engine's" == function()
    finally:
        FOREIGN.reset(token)
    assert "unset" == function()


def test_a_call_leaves_nothing_behind(
    travelling: Travelling, work: ModuleType, ann: Callable[[], Any]
) -> None:
    """Nor does it take away what its caller has."""
    with ann():
        function = travelling(work.left_behind)
        assert "left" == function("left")
        assert ("acme", "ann", "full") == work.seen()
    assert "left" == function("left")
    assert work.NOTHING == work.seen()


def test_the_values_are_those_of_the_innermost_one(
    travelling: Travelling, work: ModuleType
) -> None:
    """Whoever wraps a function twice means what was wrapped first."""
    with work.user.bind("ann"):
        function = travelling(work.seen)
    with work.user.bind("bob"):
        function = travelling(function)

    assert ("-", "ann", "no cart") == function()


def test_generators_and_coroutines_have_the_values_at_each_step(
    travelling: Travelling, work: ModuleType, ann: Callable[[], Any]
) -> None:
    """Wherever they are advanced."""
    with ann():
        steps = travelling(work.seen_by_steps)()
        coroutine = travelling(partial(asyncio.to_thread, work.seen))()

    with work.user.bind("bob"):
        assert [SEEN_BY_ANN, ("inside", "ann", "no cart")] == list(steps)
        assert SEEN_BY_ANN == asyncio.run(coroutine)


def test_any_callable_travels(
    travelling: Travelling, work: ModuleType, ann: Callable[[], Any]
) -> None:
    """Classes, methods, partials, what is written in C."""
    with ann():
        made = travelling(work.Counter)()
        assert SEEN_BY_ANN == made.makers()
        assert SEEN_BY_ANN == travelling(made.now)()
        assert (*SEEN_BY_ANN, 1, 2) == travelling(partial(work.seen, 1))(2)
        assert SEEN_BY_ANN == travelling(methodcaller("now"))(made)
        assert 1.0 == travelling(numpy.cos)(0.0)
        assert "acme" == travelling(work.tenant.get)()


@pytest.mark.parametrize("wrong", [None, 5, "work"])
def test_what_cannot_be_called_is_refused(travelling: Travelling, wrong: Any) -> None:
    """Where it is given."""
    with pytest.raises(TypeError, match=f"can be called, not {wrong!r}"):
        travelling(wrong)


def test_its_kind_is_that_of_the_function(
    travelling: Travelling, work: ModuleType
) -> None:
    """By which distributed decides what is awaited."""
    for function in (work.seen_later, partial(work.seen_later, 1)):
        assert inspect.iscoroutinefunction(travelling(function))
    for function in (work.seen, partial(work.seen), work.Counter, len, work.failing):
        assert not inspect.iscoroutinefunction(travelling(function))


def test_its_name_and_parameters_are_those_of_the_function(
    travelling: Travelling, work: ModuleType
) -> None:
    """For keys, dashboards, and what asks for a ``block_id``."""
    for function in (
        work.seen_in_block,
        partial(work.seen_in_block, 1),
        work.Counter,
        work.Counter().now,
        methodcaller("now"),
        lambda block: block,
        numpy.cos,
    ):
        assert funcname(function) == funcname(travelling(function))
    for name in ("failing", "seen_in_block", "Counter", "nested"):
        function = getattr(work, name)
        assert inspect.signature(function) == inspect.signature(travelling(function))


def test_it_has_no_attribute_of_its_own_to_confuse_dask(
    travelling: Travelling, work: ModuleType
) -> None:
    """Such as ``dask_graph``, or those of the function."""
    function = travelling(work.seen)

    assert not dask.is_dask_collection(function)
    with pytest.raises(AttributeError, match=r"'DaskTravelling' .* 'anything'"):
        _ = function.anything
    with pytest.raises(AttributeError, match="__code__"):
        _ = travelling(len).__code__


def test_no_value_is_shown(
    travelling: Travelling, work: ModuleType, ann: Callable[[], Any]
) -> None:
    """Neither where it is shown itself, nor as a part of a task or of its key."""
    with ann():
        function = travelling(work.seen)
        task = dask.delayed(function, pure=True)(5)

    graph = dict(task.__dask_graph__())
    for text in (repr(function), str(function), repr(task), repr(graph), str([*graph])):
        assert "seen" in text
        assert "ann" not in text
        assert "acme" not in text


def test_it_is_pickled_as_the_function_and_a_text(
    travelling: Travelling, module: ModuleType, work: ModuleType, ann: Callable[[], Any]
) -> None:
    """By reference, which is what makes it cheap."""
    with ann():
        function = travelling(work.seen)
    data = pickle.dumps(function)

    assert SEEN_BY_ANN == pickle.loads(data)()
    kind, arguments = function.__reduce__()
    assert (module.DaskTravelling, work.seen) == (kind, arguments[0])
    assert len(data) < 300
    assert "" == travelling(work.seen).payload


def test_the_values_are_a_part_of_the_key(
    travelling: Travelling, inscope: ModuleType, work: ModuleType
) -> None:
    """Their names, too; what does not travel is none."""
    keys = [tokenize(work.seen), tokenize(travelling(work.seen))]
    for bound in (
        {work.user: "ann"},
        {work.user: "bob"},
        {work.tenant: "ann"},
        {work.user: "ann", work.tenant: "ann"},
    ):
        with inscope.bind(bound):
            keys.append(tokenize(travelling(work.seen)))
            with work.cart.bind("another cart"):
                assert keys[-1] == tokenize(travelling(work.seen))
            assert keys[-1] != tokenize(travelling(work.once))
    assert len(keys) == len(set(keys))


def test_the_time_is_no_part_of_the_key(
    travelling: Travelling,
    module: ModuleType,
    work: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or no result would be used again a second later."""
    functions = []
    for now in (1_700_000_000, 1_800_000_000):
        monkeypatch.setattr("inscope.travel.payload.time", lambda now=now: now)
        with work.user.bind("ann"):
            functions.append(travelling(work.seen))

    first, second = functions
    assert first.payload != second.payload
    assert tokenize(first) == tokenize(second)
    assert tokenize(first) == tokenize(pickle.loads(pickle.dumps(second)))
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        assert tokenize(first) == tokenize(second)


@pytest.mark.parametrize(
    "text",
    ["{}", "[", "[1]", "5", '[1,"dask",1,5]', '[1,"dask",1,[[1],["a"]]]', "[" * 99999],
)
def test_what_is_no_payload_has_a_key_of_its_own(
    module: ModuleType, work: ModuleType, text: str
) -> None:
    """Nobody gets the result of a task that was refused."""
    keys = {
        tokenize(module.DaskTravelling(work.seen, one)) for one in (text, "", "[[", "{")
    }

    assert 4 == len(keys)


def test_the_order_of_values_is_no_part_of_the_key(
    module: ModuleType, work: ModuleType
) -> None:
    """It is that in which each process came to declare its Vars."""
    texts = ('[1,"dask",5,[["a",1],["b",2]]]', '[1,"dask",5,[["b",2],["a",1]]]')

    assert 1 == len({tokenize(module.DaskTravelling(work.seen, one)) for one in texts})


def test_other_versions_and_audiences_have_other_keys(
    travelling: Travelling, module: ModuleType, work: ModuleType
) -> None:
    """One is refused, and the other is not."""
    with work.user.bind("ann"):
        text = travelling(work.seen).payload
    texts = (text, text.replace("[1,", "[2,"), text.replace('"dask"', '"process"'))

    assert 3 == len({tokenize(module.DaskTravelling(work.seen, one)) for one in texts})


def test_a_refusal_is_logged_and_raised_where_something_is_read(
    module: ModuleType,
    inscope: ModuleType,
    work: ModuleType,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, by the logger of all that travels."""
    function = module.DaskTravelling(work.seen, "[1]")
    caplog.set_level(logging.INFO, "inscope.travel")
    with work.user.bind("bob"), pytest.raises(inscope.ContextRefused) as caught:
        function()

    assert [("inscope.travel", logging.WARNING, str(caught.value))] == (
        caplog.record_tuples
    )
    assert "[1]" not in str(caught.value)


def test_what_was_refused_is_not_passed_on(
    travelling: Travelling, module: ModuleType, inscope: ModuleType, work: ModuleType
) -> None:
    """As if nobody had been there."""
    wrap = module.DaskTravelling(partial(travelling, work.seen), "[1]")

    with pytest.raises(inscope.ContextRefused):
        wrap()


def test_what_cannot_be_sent_is_an_error_of_who_wraps(
    travelling: Travelling, inscope: ModuleType, work: ModuleType
) -> None:
    """It names the Var."""
    error = inscope.NotPortableError
    with work.tenant.bind(5), pytest.raises(error, match="dask_tenant") as caught:
        travelling(work.seen)
    assert "dask_tenant" == caught.value.var


@pytest.mark.parametrize("missing", ["dask", "yaml"])
def test_without_dask_it_says_what_to_install(
    inscope: ModuleType, missing: str
) -> None:
    """As it is imported; where Dask lacks something itself, that is another matter."""
    is_ours = missing == "dask"
    expected = inscope.MissingExtraError if is_ours else ModuleNotFoundError
    really = importlib.import_module

    def import_module(name: str) -> ModuleType:
        if name == "dask":
            raise ModuleNotFoundError(name=missing)
        return really(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "inscope.travel.dask", raising=False)
        patch.setattr(importlib, "import_module", import_module)
        with pytest.raises(expected) as caught:
            really("inscope.travel.dask")
    assert is_ours is ("inscope[dask]" in str(caught.value))
