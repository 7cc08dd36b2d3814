"""No context ever reads a value of another: random programs against a plain model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from world import KEYS, View, World

SETTINGS = settings(deadline=None, max_examples=80, stateful_step_count=50)

Here = tuple[Context, View]

keys = st.sampled_from(KEYS)
numbers = st.integers(0, 5)


class Contexts(RuleBasedStateMachine):
    """Contexts, copied at any moment and entered in each other, and what runs there."""

    contexts = Bundle("contexts")

    def __init__(self, inscope: ModuleType) -> None:
        super().__init__()
        self.world = World(inscope)
        self.all: list[Here] = []

    def _add(self, context: Context, view: View) -> Here:
        self.all.append((context, view))
        return self.all[-1]

    @initialize(target=contexts)
    def start(self) -> Here:
        """Begin in an empty context."""
        return self._add(Context(), self.world.view())

    @precondition(lambda self: len(self.all) < 6)
    @rule(target=contexts, here=contexts)
    def copy(self, here: Here) -> Here:
        """Copy a context; the copy starts with what it has."""
        context, view = here
        return self._add(context.copy(), self.world.view(view))

    @precondition(lambda self: len(self.all) < 6)
    @rule(target=contexts)
    def begin_empty(self) -> Here:
        """Make a context that starts with nothing."""
        return self._add(Context(), self.world.view())

    @rule(here=contexts, key=keys)
    def write(self, here: Here, key: str) -> None:
        """Set, assign or push."""
        self.world.write(here[0].run, here[1], key)

    @rule(here=contexts, key=keys)
    def remove(self, here: Here, key: str) -> None:
        """Reset, delete or pop."""
        self.world.remove(here[0].run, here[1], key)

    @rule(here=contexts, key=keys)
    def release(self, here: Here, key: str) -> None:
        """Release a Local or a stack."""
        self.world.release(here[0].run, here[1], key)

    @rule(here=contexts, key=keys)
    def enter(self, here: Here, key: str) -> None:
        """Enter a bind."""
        self.world.enter(here[0].run, here[1], key)

    @rule(here=contexts, number=numbers)
    def leave(self, here: Here, number: int) -> None:
        """Leave one of the binds of this context, in any order."""
        self.world.leave(here[0].run, here[1], number, abroad=False)

    @rule(here=contexts, number=numbers)
    def leave_abroad(self, here: Here, number: int) -> None:
        """Leave a bind of another context."""
        self.world.leave(here[0].run, here[1], number, abroad=True)

    @rule(outer=contexts, inner=contexts, key=keys)
    def write_within(self, outer: Here, inner: Here, key: str) -> None:
        """Do it in one context that runs in another: only the inner one changes."""
        if outer is not inner:
            self.world.write(_within(outer, inner), inner[1], key)

    @rule(outer=contexts, inner=contexts, number=numbers)
    def leave_within(self, outer: Here, inner: Here, number: int) -> None:
        """The Context that counts is the innermost one."""
        if outer is not inner:
            self.world.leave(_within(outer, inner), inner[1], number, abroad=False)

    @invariant()
    def every_context_reads_its_own(self) -> None:
        """By every way of reading, from the outside and from another context."""
        for context, view in self.all:
            self.world.check(context.run, view)
        if len(self.all) > 1:
            self.world.check(_within(*self.all[-2:]), self.all[-1][1])

    def teardown(self) -> None:
        """Leave all that is open, in the order of entering: nothing stays bound."""
        for context, view in self.all:
            while any(b.open and b.view is view for b in self.world.bindings):
                self.world.leave(context.run, view, 0, abroad=False)
        self.every_context_reads_its_own()


def _within(outer: Here, inner: Here) -> Callable[..., Any]:
    return lambda function, *args: outer[0].run(inner[0].run, function, *args)


def test_no_context_reads_a_value_of_another(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is set, bound, left out of order or elsewhere, deleted and released."""
    monkeypatch.setattr(logging.getLogger("inscope"), "disabled", True)

    run_state_machine_as_test(lambda: Contexts(inscope), settings=SETTINGS)
