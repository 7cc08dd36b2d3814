"""``@scoped`` beside a plain model: the caller's bindings, overlaid by the own ones.

A generator and its callers bind and unbind in any order, step by step; the model is
a list of what is open for each of them.
"""

from __future__ import annotations

import logging
import types
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest
from carry_world import define, reports
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ("a", "b")
CALLERS = 2
KINDS = ("var", "revoke", "token", "plain", "over", "local", "stack", "push", "scope")

Op = tuple[str, str, int]
"""To bind or to unbind; which name; which of the open ones to unbind."""

Round = tuple[list[tuple[int, Op]], int, list[Op]]
"""What the callers do; who takes the step; what the generator does in it."""

View = dict[str, Any]

ops = st.tuples(
    st.sampled_from(["bind", "bind", "unbind"]),
    st.sampled_from(NAMES),
    st.integers(0, 3),
)
callers = st.integers(0, CALLERS - 1)
rounds = st.tuples(
    st.lists(st.tuples(callers, ops), max_size=3), callers, st.lists(ops, max_size=3)
)

SETTINGS = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Kind:
    """How values are bound and read; *exact*: an end is seen in the middle of a step.

    Args:
        inscope: The package.
        name: One of ``KINDS``.
    """

    def __init__(self, inscope: ModuleType, name: str) -> None:
        self.exact = name in ("var", "revoke")
        self.in_order = name in ("token", "plain", "push", "scope")
        self.local, self.inscope, self.name = inscope.Local(), inscope, name
        self.things: dict[str, Any] = {one: self._thing(one) for one in NAMES}

    def _thing(self, name: str) -> Any:
        inscope = self.inscope
        if self.name in ("plain", "over"):
            plain: ContextVar[Any] = ContextVar(name)
            return plain if self.name == "plain" else inscope.Var.over(plain)
        if self.name in ("stack", "push"):
            return inscope.LocalStack()
        if self.name == "scope":
            return define(inscope, name)
        after_exit = "revoke" if self.name == "revoke" else "keep"
        return inscope.Var(name, after_exit=after_exit)

    def bind(self, name: str, value: Any) -> AbstractContextManager[Any]:
        """Return a block in which *name* is *value*."""
        thing: Any = self.things[name]
        block: AbstractContextManager[Any]
        if self.name == "scope":
            block = thing()
            vars(block)["value"] = value
        elif self.in_order:
            block = (_by_hand if self.name == "push" else _by_token)(thing, value)
        elif self.name == "local":
            block = self.inscope.bound(self.local, **{name: value})
        elif self.name == "stack":
            block = self.inscope.pushed(thing, value)
        else:
            block = thing.bind(value)
        return block

    def view(self) -> View:
        """Return what each name is here and now; ``None`` for nothing."""
        if self.name == "local":
            return {name: getattr(self.local, name, None) for name in NAMES}
        things = self.things
        if self.name in ("stack", "push"):
            return {name: things[name].top for name in NAMES}
        if self.name == "scope":
            active = [name for name in NAMES if things[name].is_active()]
            values: View = {name: things[name].current().value for name in active}
            return dict.fromkeys(NAMES) | values
        return {name: things[name].get(None) for name in NAMES}


@contextmanager
def _by_token(var: Any, value: Any) -> Generator[None, None, None]:
    token = var.set(value)
    yield
    var.reset(token)


@contextmanager
def _by_hand(stack: Any, value: Any) -> Generator[None, None, None]:
    stack.push(value)
    yield
    assert value == stack.pop()


class Open:
    """The blocks that are open in one place, the last one at the end."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.blocks: list[tuple[str, Any, Any]] = []

    def do(self, op: Op, value: Any) -> None:
        """Do *op*, and note it."""
        what, name, which = op
        if what == "bind":
            block = self._kind.bind(name, value)
            block.__enter__()
            self.blocks.append((name, value, block))
        elif self.blocks:
            which = -1 if self._kind.in_order else which % len(self.blocks)
            self.blocks.pop(which)[2].__exit__(None, None, None)

    def end(self) -> None:
        """Leave all of them."""
        while self.blocks:
            self.do(("unbind", "", -1), None)

    def view(self) -> View:
        """Return what each name is by the notes; ``None`` for nothing."""
        found: View = dict.fromkeys(NAMES)
        return found | {name: value for name, value, _ in self.blocks}


Work = list[tuple[Op, Any]]


def _step(kind: Kind, own: Open, work: Work | None) -> list[tuple[View, View]]:
    """Do *work*; return what is seen before and after each part, and what is own."""
    found = [(kind.view(), own.view())]
    for op, value in work or ():
        own.do(op, value)
        found.append((kind.view(), own.view()))
    return found


def generator(kind: Kind) -> Generator[Any, Work, None]:
    """Do what is sent, and end what it has bound."""
    own, work = Open(kind), None
    try:
        while True:
            work = yield _step(kind, own, work)
    finally:
        own.end()


@types.coroutine
def _suspend(result: Any) -> Generator[Any, Any, Any]:
    return (yield result)


async def coroutine(kind: Kind) -> None:
    """Do the same."""
    own, work = Open(kind), None
    try:
        while True:
            work = await _suspend(_step(kind, own, work))
    finally:
        own.end()


async def async_generator(kind: Kind) -> AsyncGenerator[Any, Work]:
    """Do the same."""
    own, work = Open(kind), None
    try:
        while True:
            work = yield _step(kind, own, work)
    finally:
        own.end()


class Stepped:
    """A coroutine, or a generator of either kind, taken step by step without a loop."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def send(self, work: Work | None) -> Any:
        """Take a step."""
        if not hasattr(self._made, "asend"):
            return self._made.send(work)
        with pytest.raises(StopIteration) as stopped:
            self._made.asend(work).send(None)
        return stopped.value.value

    def close(self) -> None:
        """Take the last one."""
        if not hasattr(self._made, "aclose"):
            self._made.close()
            return
        with pytest.raises(StopIteration):
            self._made.aclose().send(None)


def _expected(
    kind: Kind, outside: View, before: View, found: list[tuple[View, View]]
) -> list[View]:
    """Return what should have been *found* in one step.

    Args:
        kind: How it was bound.
        outside: What the caller has.
        before: What the generator had bound as the step began.
        found: What was seen, and what was bound by the generator then.
    """
    expected: list[View] = []
    for seen, own in found:
        view = {name: own[name] or outside[name] for name in NAMES}
        if not kind.exact:
            for name in NAMES:
                if own[name] is None and before[name] is not None:
                    view[name] = seen[name]  # as of when it was bound, or as of now
        expected.append(view)
        before = {name: own[name] or before[name] for name in NAMES}
    return expected


def _play(carry: ModuleType, kind: Kind, function: Any, script: list[Round]) -> None:
    contexts = [copy_context() for _ in range(CALLERS)]
    places = [Open(kind) for _ in contexts]
    steps = Stepped(carry.scoped(function)(kind))
    numbers = iter(range(1, 10_000))
    own: View = dict.fromkeys(NAMES)
    is_new = True
    for changes, caller, works in script:
        for where, op in changes:
            contexts[where].run(places[where].do, op, ("outside", next(numbers)))
        work = [(op, ("own", next(numbers))) for op in works]
        found = contexts[caller].run(steps.send, None if is_new else work)
        is_new = False
        outside = places[caller].view()
        expected = _expected(kind, outside, own, found)
        assert expected == [seen for seen, _ in found]
        own = found[-1][1]
        for context, place in zip(contexts, places, strict=True):
            assert place.view() == context.run(kind.view)
    Context().run(steps.close)
    for context, place in zip(contexts, places, strict=True):
        assert place.view() == context.run(kind.view)
        context.run(place.end)
        assert dict.fromkeys(NAMES) == context.run(kind.view)


@pytest.mark.parametrize("name", KINDS)
@SETTINGS
@given(
    function=st.sampled_from([generator, coroutine, async_generator]),
    script=st.lists(rounds, min_size=2, max_size=12),
)
def test_the_caller_is_overlaid_by_what_is_bound_inside(
    inscope: ModuleType,
    carry: ModuleType,
    name: str,
    caplog: pytest.LogCaptureFixture,
    function: Any,
    script: list[Round],
) -> None:
    """Whoever takes a step; nothing comes out, and no bind is reported as lost."""
    caplog.set_level(logging.WARNING, "inscope")
    caplog.clear()
    Context().run(_play, carry, Kind(inscope, name), function, script)
    assert [] == reports(caplog)
