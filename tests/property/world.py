"""Vars, Locals and stacks beside a plain model of what each context must read.

A :class:`World` has the real things. A :class:`View` is the model of one context:
for each name a list of layers, the lowest for what was there before any bind, one
above it for each open bind, entered last on top. Only the topmost is read, and
only the topmost is written, so the end of a bind is to take its layer away:

=============================  =====================================================
the bind is left               then
=============================  =====================================================
in the context it was entered  its layer goes there, with all that was set upon it;
                               the layer of a Var that revokes goes everywhere
in another                     its layer goes everywhere; but what was assigned or
                               pushed upon it by hand stays, as the layer below
=============================  =====================================================

Every value is unique, so what is read can only come from one write. Used by
``test_isolation.py``, which runs contexts in contexts, and by
``test_interleaving.py``, which runs threads, tasks and greenlets.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import count
from types import ModuleType
from typing import Any

NOTHING = "nothing"
VARS = ("var", "revoking", "over")
NAMES = ("local.a", "local.b", "plain.a", "plain.b")
STACKS = ("stack", "list")
KEYS = (*VARS, *NAMES, *STACKS)
PLAIN = ("over", "plain.a", "plain.b", "list")
"""Kept as plain values in a variable that the caller supplied: never withdrawn."""

Run = Callable[..., Any]
"""``run(function, *args)`` calls it in the context in question."""


@dataclass(frozen=True)
class Layer:
    """What one open bind, or none, has put behind a name, and what was set upon it."""

    bind: int | None
    value: Any
    written: bool = False


Layers = tuple[Layer, ...]


@dataclass(eq=False)
class View:
    """What one context must read."""

    layers: dict[str, Layers] = field(
        default_factory=lambda: {
            key: (Layer(None, () if key in STACKS else NOTHING),) for key in KEYS
        }
    )

    def copy(self) -> View:
        """Return the view of a copy of this context."""
        return View(dict(self.layers))

    def expected(self) -> dict[str, Any]:
        """Return what each name reads, for a stack all of its objects."""
        return {key: self.read(key) for key in KEYS}

    def read(self, key: str) -> Any:
        """Return the value of *key*, of a stack all of its objects."""
        layers = self.layers[key]
        if key in STACKS:
            return [item for layer in layers for item in layer.value]
        return layers[-1].value

    def write(self, key: str, value: Any) -> None:
        """Set the value of *key* upon the innermost bind."""
        *below, top = self.layers[key]
        self.layers[key] = (*below, replace(top, value=value, written=True))

    def enter(self, key: str, bind: int, value: Any) -> None:
        """Put a bind's layer on top."""
        self.layers[key] += (Layer(bind, (value,) if key in STACKS else value),)

    def leave(self, key: str, bind: int) -> None:
        """Take the layer of *bind* away."""
        kept = (layer for layer in self.layers[key] if layer.bind != bind)
        self.layers[key] = tuple(kept)

    def withdraw(self, key: str, bind: int, stays: bool = False) -> None:
        """Take only the bound value away, or, if it *stays*, only the bind."""
        layers = list(self.layers[key])
        for index, layer in enumerate(layers):
            if index and layer.bind == bind:
                layers[index - 1 : index + 1] = [
                    _merged(key, layers[index - 1], layer, stays)
                ]
                break
        self.layers[key] = tuple(layers)


def _merged(key: str, below: Layer, layer: Layer, stays: bool) -> Layer:
    if key in STACKS:
        return replace(below, value=below.value + layer.value[0 if stays else 1 :])
    if stays or (layer.written and key not in VARS):
        return replace(below, value=layer.value, written=True)
    return below


@dataclass
class Binding:
    """A real bind, the names that it binds, and the view of where it was entered."""

    bind: Any
    keys: tuple[str, ...]
    view: View
    number: int
    open: bool = True


@dataclass
class Set:
    """A real token, the view it was made in, and the layers before."""

    token: Any
    key: str
    view: View
    before: Layers


class World:
    """The real things, and every view, bind and token of them."""

    def __init__(self, inscope: ModuleType) -> None:
        self.inscope = inscope
        self.vars: dict[str, Any] = {
            "var": inscope.Var("var"),
            "revoking": inscope.Var("revoking", after_exit="revoke"),
            "over": inscope.Var.over(ContextVar("over")),
        }
        self.locals = {
            "local": inscope.Local(),
            "plain": inscope.Local(ContextVar("plain")),
        }
        self.stacks = {
            "stack": inscope.LocalStack(),
            "list": inscope.LocalStack(ContextVar("list")),
        }
        self.proxies = {key: self._proxy(key) for key in KEYS}
        self.views: list[View] = []
        self.bindings: list[Binding] = []
        self.sets: list[Set] = []
        self._numbers = count(1)

    def beside(self, number: int) -> World:
        """Return a World of the same things, and of values and models of its own."""
        other = copy.copy(self)
        other.views, other.bindings, other.sets = [], [], []
        other._numbers = count(number * 1_000_000)
        return other

    def _proxy(self, key: str) -> Any:
        if key in VARS:
            return self.vars[key].proxy()
        owner, _, name = key.partition(".")
        return self.locals[owner](name) if name else self.stacks[key]()

    def view(self, parent: View | None = None) -> View:
        """Return the view of a new context: a copy of that of *parent*, or empty."""
        self.views.append(View() if parent is None else parent.copy())
        return self.views[-1]

    # What a program does; each does it for real and in the model.

    def write(self, run: Run, view: View, key: str) -> None:
        """Set a Var, assign a name, push on a stack."""
        value, before = next(self._numbers), view.layers[key]
        if key in STACKS:
            pushed = run(self.stacks[key].push, value)
            view.write(key, (*before[-1].value, value))
            assert view.read(key) == list(pushed)
            return
        old, owner, name = view.read(key), *_split(key)
        view.write(key, value)
        if key in VARS:
            token = run(self.vars[key].set, value)
            missing = token.old_value is self.inscope.Token.MISSING
            assert old == (NOTHING if missing else token.old_value)
            self.sets.append(Set(token, key, view, before))
        else:
            run(setattr, self.locals[owner], name, value)

    def remove(self, run: Run, view: View, key: str) -> None:
        """Delete a name, pop from a stack; of a Var, undo the last ``set`` there."""
        if key in VARS:
            self._reset(run, view, key)
            return
        if key in STACKS:
            self._pop(run, view, key)
            return
        owner, name = _split(key)
        if view.read(key) == NOTHING:
            assert not run(hasattr, self.locals[owner], name)
            return
        run(delattr, self.locals[owner], name)
        view.write(key, NOTHING)

    def _pop(self, run: Run, view: View, key: str) -> None:
        """Pop what was pushed by hand upon the innermost bind, if there is any."""
        top = view.layers[key][-1]
        if len(top.value) > (top.bind is not None):
            assert top.value[-1] == run(self.stacks[key].pop)
            view.write(key, top.value[:-1])
        elif not view.read(key):
            assert run(self.stacks[key].pop) is None

    def _reset(self, run: Run, view: View, key: str) -> None:
        """Use a token that was made upon the innermost bind, if there is any."""
        for index, made in reversed(list(enumerate(self.sets))):
            binds = [layer.bind for layer in view.layers[key]]
            if (made.view, made.key) == (view, key) and binds == [
                layer.bind for layer in made.before
            ]:
                run(self.vars[key].reset, made.token)
                view.layers[key] = (*view.layers[key][:-1], made.before[-1])
                del self.sets[index]
                return

    def release(self, run: Run, view: View, key: str) -> None:
        """Release a Local, or a stack upon which nothing is bound."""
        owner, _ = _split(key)
        if key in STACKS and len(view.layers[key]) == 1:
            run(self.inscope.release_local, self.stacks[key])
            view.write(key, ())
        elif owner in self.locals:
            run(self.inscope.release_local, self.locals[owner])
            for name in NAMES:
                if name.startswith(owner):
                    view.write(name, NOTHING)

    def enter(self, run: Run, view: View, key: str) -> None:
        """Bind a name, or, of the second name of a Local or a Var, two at once."""
        value, other = next(self._numbers), next(self._numbers)
        owner, name = _split(key)
        values = {key: value}
        if key in STACKS:
            bind = self.inscope.pushed(self.stacks[key], value)
        elif name == "b":
            values[f"{owner}.a"] = other
            bind = self.inscope.bound(self.locals[owner], b=value, a=other)
        elif name:
            bind = self.inscope.bound(self.locals[owner], **{name: value})
        elif key == "revoking":
            values["var"] = other
            var = self.vars["var"]
            bind = self.inscope.bind({self.vars[key]: value, var: other})
        else:
            bind = self.vars[key].bind(value)
        run(bind.__enter__)
        binding = Binding(bind, tuple(values), view, len(self.bindings))
        self.bindings.append(binding)
        for each, bound in values.items():
            view.enter(each, binding.number, bound)

    def leave(self, run: Run, view: View, number: int, abroad: bool) -> None:
        """Leave the bind that *number* picks: one entered here, or elsewhere."""
        open_here = [
            binding
            for binding in self.bindings
            if binding.open and (binding.view is not view) == abroad
        ]
        if not open_here:
            return
        binding = open_here[number % len(open_here)]
        binding.open = False
        run(binding.bind.__exit__, None, None, None)
        for key in binding.keys:
            if not abroad:
                view.leave(key, binding.number)
            elif key in PLAIN:
                binding.view.withdraw(key, binding.number, stays=True)
            if key not in PLAIN and (abroad or key == "revoking"):
                for each in self.views:
                    each.withdraw(key, binding.number)

    # What is read, by every way there is.

    def check(self, run: Run, view: View) -> None:
        """Compare what is read in a context with its model."""
        assert view.expected() == run(self.read)

    def read(self) -> dict[str, Any]:
        """Return what each name reads here; all ways of reading must agree."""
        found = dict(self._read())
        for key, proxy in self.proxies.items():
            value = found[key]
            if key in STACKS:
                value = value[-1] if value else NOTHING
            assert (value != NOTHING) == self.inscope.is_bound(proxy) == bool(proxy)
            assert value == NOTHING or proxy == value == self.inscope.unwrap(proxy)
        return found

    def _read(self) -> Iterator[tuple[str, Any]]:
        for key, var in self.vars.items():
            assert var.is_bound() == (var.get(NOTHING) != NOTHING)
            yield key, var.get(NOTHING)
        for key in NAMES:
            owner, name = _split(key)
            names = dict(self.locals[owner])
            assert names.get(name, NOTHING) == getattr(
                self.locals[owner], name, NOTHING
            )
            assert (name in names) == (name in self.locals[owner])
            assert len(names) == len(self.locals[owner])
            yield key, names.get(name, NOTHING)
        for key, stack in self.stacks.items():
            items: list[Any] = eval(repr(stack)[len("<LocalStack ") : -1])
            assert (items[-1] if items else None) == stack.top
            yield key, items


def _split(key: str) -> tuple[str, str]:
    owner, _, name = key.partition(".")
    return owner, name
