"""A Local is a dict of its context, a LocalStack a list; copies are snapshots.

Whatever is done, in whatever order, a fork of the context goes on seeing what it
saw when it was made, until it writes itself.
"""

from __future__ import annotations

import copy
from contextvars import Context, ContextVar
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

SETTINGS = settings(deadline=None, max_examples=40, stateful_step_count=40)

M = TypeVar("M", dict[str, Any], list[Any])

few = st.integers(0, 8).map("name{}".format)
many = st.integers(0, 400).map("name{}".format)
odd = st.sampled_from(["", "a.b", "__class_getitem__", "naïve", "x" * 300, "0"])
names = few | few | many | odd
values = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
forks = st.integers(0, 7)


class Forks(RuleBasedStateMachine, Generic[M]):
    """A context, forked at any moment, and beside each fork its own model.

    One of the forks is *here*: what the rules do is done there.
    """

    def __init__(self, model: M) -> None:
        super().__init__()
        self.forks: list[tuple[Context, M]] = [(Context(), model)]
        self.here: Context
        self.model: M
        self.here, self.model = self.forks[0]

    @precondition(lambda self: len(self.forks) < 8)
    @rule()
    def fork(self) -> None:
        """Copy the context."""
        self.forks.append((self.here.copy(), self.model.copy()))

    @rule(number=forks)
    def go_to(self, number: int) -> None:
        """Go on in another fork."""
        self.here, self.model = self.forks[number % len(self.forks)]

    @invariant()
    def each_fork_sees_its_own(self) -> None:
        """All of them are looked at, not only the one that has changed."""
        for context, model in self.forks:
            context.run(self.compare, model)

    def compare(self, model: M) -> None:
        """Compare the real thing with *model*, in the running context."""
        raise NotImplementedError


class LocalAndDict(Forks[dict[str, Any]]):
    """A Local, of any number of names, and a dict."""

    def __init__(self, inscope: ModuleType, local: Any) -> None:
        super().__init__({})
        self.inscope, self.local = inscope, local

    @rule(name=names, value=values)
    def assign(self, name: str, value: Any) -> None:
        """Set one name."""
        self.here.run(setattr, self.local, name, value)
        self.model[name] = value

    @rule(first=st.integers(0, 300), number=st.integers(1, 100), value=values)
    def assign_many(self, first: int, number: int, value: Any) -> None:
        """Set so many names that the Local keeps them in pieces."""
        for index in range(first, first + number):
            self.assign(f"name{index}", value)

    @rule(first=st.integers(0, 300), number=st.integers(1, 100))
    def delete_many(self, first: int, number: int) -> None:
        """Delete so many that the pieces become one again."""
        for index in range(first, first + number):
            if f"name{index}" in self.model:
                self.delete(f"name{index}")

    @rule(name=names)
    def delete(self, name: str) -> None:
        """Delete a name that is there, or be told that it is not."""
        if name in self.model:
            self.here.run(delattr, self.local, name)
            del self.model[name]
            return
        with pytest.raises(self.inscope.UnboundNameError) as caught:
            self.here.run(delattr, self.local, name)
        assert (name, self.local) == (caught.value.name, caught.value.obj)

    @rule(chosen=st.dictionaries(names, values, max_size=3), name=names, value=values)
    def bind(self, chosen: dict[str, Any], name: str, value: Any) -> None:
        """Bind names for a moment, set one meanwhile: the rest is as before."""

        def inside() -> dict[str, Any]:
            with self.inscope.bound(self.local, **chosen):
                setattr(self.local, name, value)
                return dict(self.local)

        assert self.model | chosen | {name: value} == self.here.run(inside)
        if name not in chosen:
            self.model[name] = value

    @rule()
    def release(self) -> None:
        """Release the Local."""
        self.here.run(self.inscope.release_local, self.local)
        self.model.clear()

    @rule()
    def copy_it(self) -> None:
        """A copy of the Local has the names of this context, and nothing else."""
        other = self.here.run(copy.copy, self.local)
        self.here.run(setattr, other, "of the copy", 1)
        assert self.model | {"of the copy": 1} == self.here.run(dict, other)
        assert {} == Context().run(dict, other)

    def compare(self, model: dict[str, Any]) -> None:
        """By names, by pairs, by ``in``, ``len`` and ``dir``."""
        local = self.local
        assert model == dict(local)
        assert len(model) == len(local) == len(list(local))
        for name in ("name0", "name1", "name399", "", "never set"):
            assert (name in model) == (name in local)
            assert model.get(name, "none") == getattr(local, name, "none")
        assert {*model} <= {*dir(local)}
        assert bool(local)


class StackAndList(Forks[list[Any]]):
    """A LocalStack and a list."""

    def __init__(self, inscope: ModuleType, stack: Any) -> None:
        super().__init__([])
        self.inscope, self.stack = inscope, stack
        self.top = stack()
        self.views: list[tuple[Any, list[Any]]] = []

    @rule(value=values)
    def push(self, value: Any) -> None:
        """Push, and keep the view that is returned."""
        self.model.append(value)
        view = self.here.run(self.stack.push, value)
        self.views = [*self.views[-5:], (view, self.model.copy())]

    @rule()
    def pop(self) -> None:
        """Pop; of an empty stack, nothing."""
        expected = self.model.pop() if self.model else None
        assert expected == self.here.run(self.stack.pop)

    @rule(bound=values, pushed=values)
    def bind(self, bound: Any, pushed: Any) -> None:
        """Push for a moment: afterwards the stack is as it was."""

        def inside() -> str:
            with self.inscope.pushed(self.stack, bound):
                self.stack.push(pushed)
                return repr(self.stack)

        inside_model = [*self.model, bound, pushed]
        assert f"<LocalStack {inside_model!r}>" == self.here.run(inside)

    @rule()
    def release(self) -> None:
        """Release the stack."""
        self.here.run(self.inscope.release_local, self.stack)
        self.model.clear()

    @invariant()
    def views_stay_as_they_were(self) -> None:
        """A view shows the stack after its push, whatever has happened since."""
        for view, model in self.views:
            assert model == list(view)
            assert model[::-1] == [*reversed(view)]
            assert (len(model), model[-1]) == (len(view), view[-1])
            assert view == model

    def compare(self, model: list[Any]) -> None:
        """By ``repr``, ``top``, and a proxy to the top."""
        assert f"<LocalStack {model!r}>" == repr(self.stack)
        assert (model[-1] if model else None) == self.stack.top
        assert bool(model) == self.inscope.is_bound(self.top)
        if model:
            assert model[-1] == self.inscope.unwrap(self.top)


@pytest.mark.parametrize("supplied", [False, True], ids=["own", "supplied"])
def test_a_local_is_a_dict_of_its_context(inscope: ModuleType, supplied: bool) -> None:
    """Forked at random; also over a ``ContextVar[dict]`` of the caller's."""

    def machine() -> LocalAndDict:
        storage = (ContextVar("names"),) if supplied else ()
        return LocalAndDict(inscope, inscope.Local(*storage))

    run_state_machine_as_test(machine, settings=SETTINGS)


@pytest.mark.parametrize("supplied", [False, True], ids=["own", "supplied"])
def test_a_stack_is_a_list_of_its_context(inscope: ModuleType, supplied: bool) -> None:
    """Forked at random; also over a ``ContextVar[list]`` of the caller's."""

    def machine() -> StackAndList:
        storage = (ContextVar("objects"),) if supplied else ()
        return StackAndList(inscope, inscope.LocalStack(*storage))

    run_state_machine_as_test(machine, settings=SETTINGS)
