"""Random programs: what they are made of, and the machine that runs them.

A program is a list of steps, a step the name of a method below and three
numbers, which pick what it is done with. The same program does the same on each
core, if the cores agree. Used by ``test_programs.py``.
"""

from __future__ import annotations

import copy
import importlib
import pickle
from collections.abc import Callable, Generator
from contextvars import Context, ContextVar
from functools import partial
from types import ModuleType
from typing import Any

from operations import BINARY, OPERATIONS, TARGETS, Example
from recorded import Record, outcome, plain

Step = tuple[str, int, int, int]

NAMES = ("user", "a", "b", "real", "", "_user", "__doc__", "ü", "__class_getitem__")
ATTRIBUTES = (
    "real",
    "mark",
    "absent",
    "append",
    "__class__",
    "__doc__",
    "__wrapped__",
    "__module__",
    "__dict__",
    "__len__",
    "__mro_entries__",
    "__orig_class__",
    "_get_current_object",
    "_repr_html_",
    "_is_coroutine_marker",
    "__reduce_ex__",
    "ü",
)
LIKES = (None, None, int, str, list, dict, Callable, Generator)


class Faulty(Example):
    """An object whose operations raise what would mean "unbound" elsewhere."""

    def __repr__(self) -> str:
        raise LookupError("faulty")

    def __len__(self) -> int:
        raise RuntimeError("faulty")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no {name}")

    @property
    def real(self) -> Any:
        """A property that raises."""
        raise KeyError("faulty")


class Called(Example):
    """In place of a function, all of which hash as they lie in memory."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs


MAKERS = (*(TARGETS | {"function": Called}).values(), Faulty)
METHODS = sorted(OPERATIONS.keys() - {"__buffer__"})  # no Python class before 3.12


def pick(things: Any, number: int) -> Any:
    """Return the thing that *number* stands for."""
    things = list(things)
    return things[number % len(things)]


def _same(target: Any) -> Any:
    return target


def _kinds_of_scopes(inscope: ModuleType, told: list[Any]) -> list[Any]:
    """Return a class without a hook, two with one, and one that shares a place."""

    class Plain(inscope.Scope):  # type: ignore[misc, name-defined]
        number = 0

    class Hooked(Plain, own_slot=True):  # type: ignore[call-arg]
        def on_push(self) -> None:
            told.append(("push", self.number))

        def on_pop(self, error: BaseException | None) -> None:
            told.append(("pop", self.number, repr(error)))
            if self.number % 3 == 0:
                raise KeyError(self.number)

    class Lasting(Hooked, own_slot=True):  # type: ignore[call-arg]
        after_close = "allow"
        reopen = True

    class Inner(Plain):
        pass

    return [Plain, Hooked, Lasting, Inner]


class Machine:
    """The things that a program uses, on one core."""

    def __init__(self, inscope: ModuleType) -> None:
        self.inscope = inscope
        self.errors = [ValueError("of the work")]
        self.plain = ContextVar("plain")
        self.vars = [
            inscope.Var("var"),
            inscope.Var("default", default=[1]),
            inscope.Var("made", factory=list),
            inscope.Var("broken", factory=lambda: 1 / 0),
            inscope.Var("revoking", after_exit="revoke"),
            inscope.Var.over(ContextVar("over")),
        ]
        self.locals = [inscope.Local(), inscope.Local(ContextVar("names"))]
        self.stacks = [inscope.LocalStack(), inscope.LocalStack(ContextVar("list"))]
        self.contexts = [Context()]
        self.tokens: list[Any] = [None]
        self.binds: list[Any] = [self.vars[0].bind(0)]
        self.generators: list[Any] = [self._bound_here(0, 0)]
        self.views: list[Any] = [()]
        self.told: list[Any] = []  # by the hooks of scopes
        self.kinds = _kinds_of_scopes(inscope, self.told)
        self.scopes = [kind() for kind in self.kinds]
        self.holds: list[Any] = []
        self.proxies: list[Any] = []
        for kind in self.kinds:
            self.proxies += [kind.proxy(), kind.proxy("number")]
        for source in self._sources():
            self.proxies.append(inscope.LocalProxy(source))
        self.proxies.append(self.locals[0]("user"))
        self.proxies.append(self.locals[1]("user.real"))
        for make in MAKERS:
            target = make()
            self.proxies.append(inscope.LocalProxy(partial(_same, target)))
        self.contexts[0].run(self._begin)

    def _begin(self) -> None:
        """Bind most of what there is, in the first context."""
        for number, var in enumerate(self.vars):
            var.set(self.value(number * 5 + 2))
        for local in self.locals:
            local.user = self.value(2)
        for stack in self.stacks:
            stack.push(self.value(13))

    def _sources(self) -> list[Any]:
        def refuse() -> Any:
            raise RuntimeError("nobody")

        return [*self.vars, *self.stacks, self.plain, list, refuse, lambda: 1 / 0]

    def run(self, step: Step) -> Record:
        """Do one step in the context that it picks; return what comes of it."""
        name, first, second, third = step
        act = getattr(self, f"do_{name}")
        context = pick(self.contexts, third)
        return outcome(context.run, act, first, second, third)

    def seen(self) -> Record:
        """Return what each context reads; nothing is made by looking at these."""
        read = tuple(context.run(self._read) for context in self.contexts)
        return (*read, [plain(str(one)) for one in self.told])

    def _read(self) -> Record:
        return (
            outcome(self.vars[0].get, None),
            outcome(self.vars[4].get, None),
            outcome(getattr, self.locals[0], "user"),
            outcome(list, self.locals[0]) if len(self.locals[0]) < 9 else (),
            outcome(repr, self.stacks[0]),
            *(outcome(kind.current) for kind in self.kinds[:2]),
        )

    def end(self) -> Record:
        """Close the generators, each of which may be in a bind."""
        return tuple(
            outcome(pick(self.contexts, index).run, made.close)
            for index, made in enumerate(self.generators)
        )

    def value(self, number: int) -> Any:
        """Return a new object."""
        return pick(MAKERS, number)()

    def operand(self, number: int) -> Any:
        """Return a new object, or now and then a proxy."""
        if number % 7 == 0:
            return pick(self.proxies, number // 7)
        return self.value(number)

    # Vars

    def do_set(self, first: int, second: int, _: int) -> Any:
        self.tokens.append(pick(self.vars, first).set(self.value(second)))
        return self.tokens[-1].old_value

    def do_reset(self, first: int, second: int, _: int) -> Any:
        token = pick(self.tokens, first)
        var = pick(self.vars, second) if token is None or second % 9 == 0 else token.var
        return var.reset(token)

    def do_get(self, first: int, second: int, _: int) -> Any:
        var = pick(self.vars, first)
        return var.get() if second % 2 else (var.get(second), var.is_bound())

    def do_update(self, first: int, *_: int) -> Any:
        return pick(self.vars, first).update(lambda old: [old])

    # Binds

    def do_bind(self, first: int, second: int, third: int) -> Any:
        self.binds.append(self._made_bind(first, second, third))
        return self.binds[-1].__enter__()

    def _made_bind(self, first: int, second: int, third: int) -> Any:
        value, kind = self.value(second), third % 5
        if kind == 0:
            return self.inscope.bound(pick(self.locals, first), user=value, a=third)
        if kind == 1:
            return self.inscope.pushed(pick(self.stacks, first), value)
        if kind == 2:
            two = {pick(self.vars, first): value, pick(self.vars, third): third}
            return self.inscope.bind(two)
        return pick(self.vars, first).bind(value)

    def do_enter(self, first: int, *_: int) -> Any:
        return pick(self.binds, first).__enter__()

    def do_leave(self, first: int, *_: int) -> Any:
        return pick(self.binds, first).__exit__(None, None, None)

    def do_bind_var(self, first: int, second: int, _: int) -> Any:
        self.binds.append(self.vars[first % 2 * 4].bind(self.value(second)))
        return self.binds[-1].__enter__()

    def do_set_var(self, first: int, second: int, _: int) -> Any:
        self.tokens.append(self.vars[first % 2 * 4].set(self.value(second)))

    def do_leave_late(self, first: int, *_: int) -> Any:
        return self.binds[-1 - first % len(self.binds)].__exit__(None, None, None)

    def do_show_bind(self, first: int, *_: int) -> Any:
        return pick(self.binds, first)

    def _bound_here(self, first: int, second: int) -> Generator[Any, None, None]:
        with self._made_bind(first, second, first) as value:
            yield value
            yield "again"

    def do_start(self, first: int, second: int, _: int) -> Any:
        self.generators.append(self._bound_here(first, second))
        return next(self.generators[-1])

    def do_step(self, first: int, *_: int) -> Any:
        return next(pick(self.generators, first))

    def do_close(self, first: int, *_: int) -> Any:
        return pick(self.generators, first).close()

    # Locals

    def do_assign(self, first: int, second: int, third: int) -> Any:
        setattr(pick(self.locals, first), pick(NAMES, second), self.value(third))

    def do_assign_many(self, first: int, *_: int) -> Any:
        for number in range(50):
            setattr(pick(self.locals, first), f"name{number}", number)

    def do_read(self, first: int, second: int, _: int) -> Any:
        return getattr(pick(self.locals, first), pick(NAMES, second))

    def do_delete(self, first: int, second: int, _: int) -> Any:
        delattr(pick(self.locals, first), pick(NAMES, second))

    def do_ask(self, first: int, second: int, _: int) -> Any:
        local = pick(self.locals, first)
        return pick(NAMES, second) in local, len(local), bool(local)

    def do_list(self, first: int, *_: int) -> Any:
        local = pick(self.locals, first)
        return sorted(dict(local)), [name for name in dir(local) if name[:1] != "_"]

    def do_show(self, first: int, *_: int) -> Any:
        return pick([*self.locals, *self.stacks, *self.vars], first)

    def do_copy_local(self, first: int, *_: int) -> Any:
        return copy.copy(pick(self.locals, first))

    # Stacks

    def do_push(self, first: int, second: int, _: int) -> Any:
        self.views.append(pick(self.stacks, first).push(self.value(second)))
        return self.views[-1]

    def do_pop(self, first: int, *_: int) -> Any:
        return pick(self.stacks, first).pop()

    def do_top(self, first: int, *_: int) -> Any:
        return pick(self.stacks, first).top

    def do_look(self, first: int, second: int, third: int) -> Any:
        view = pick(self.views, first)
        asked = [
            lambda: len(view),
            lambda: view[third % 3],
            lambda: view[1:],
            lambda: list(reversed(view)),
            lambda: view == pick(self.views, third),
            lambda: third in view,
            lambda: view.index(self.value(third)),
            lambda: hash(view),
            lambda: pickle.loads(pickle.dumps(view)),
        ]
        return pick(asked, second)()

    def do_release(self, first: int, *_: int) -> Any:
        self.inscope.release_local(pick([*self.locals, *self.stacks], first))

    # Scopes

    def do_make_scope(self, first: int, second: int, _: int) -> Any:
        self.scopes.append(pick(self.kinds, first)())
        self.scopes[-1].number = second

    def do_push_scope(self, first: int, *_: int) -> Any:
        return pick(self.scopes, first).push()

    def do_pop_scope(self, first: int, second: int, _: int) -> Any:
        return pick(self.scopes, first).pop(pick((None, None, self.errors[0]), second))

    def do_new_in_scope(self, first: int, second: int, third: int) -> Any:
        self.do_make_scope(first, second, third)
        return self.scopes[-1].__enter__()

    def do_leave_scope(self, first: int, second: int, _: int) -> Any:
        error = pick((None, None, self.errors[0]), second)
        scope = self.scopes[-1 - first % len(self.scopes)]
        return scope.__exit__(error and type(error), error, None)

    def do_await_scope(self, first: int, second: int, _: int) -> Any:
        async def wait() -> Any:
            scope = pick(self.scopes, first)
            if second % 2:
                return await scope.__aenter__()
            return await scope.__aexit__(None, None, None)

        try:
            wait().send(None)
        except StopIteration as end:
            return end.value

    def do_call_back(self, first: int, second: int, _: int) -> Any:
        function = pick((self.told.append, int), second)
        return pick(self.scopes, first).callback(function, second) is function

    def do_hold(self, first: int, *_: int) -> Any:
        self.holds.append(pick(self.scopes, first).hold())
        return self.holds[-1].__enter__()

    def do_give_back(self, first: int, *_: int) -> Any:
        if self.holds:
            pick(self.holds, first).__exit__(None, None, None)

    def do_fork(self, first: int, *_: int) -> Any:
        self.scopes.append(pick(self.scopes, first).fork())
        return self.scopes[-1].is_fork

    def do_ask_scope(self, first: int, second: int, _: int) -> Any:
        scope, kind = pick(self.scopes, first), pick(self.kinds, second)
        asked = (scope.state, kind.is_active(), repr(scope))
        return asked, kind.current().number

    def do_look_through(self, first: int, second: int, _: int) -> Any:
        proxy = pick(self.proxies[: 2 * len(self.kinds)], first)
        return pick((repr, self.inscope.unwrap, self.inscope.is_bound), second)(proxy)

    def do_iterate(self, first: int, second: int, third: int) -> Any:
        iterate = importlib.import_module("inscope._core").iterate_in_scope
        scope = pick(self.scopes, first)
        functions = (lambda: [third, 2], partial(self._bound_here, first, second), int)
        self.generators.append(iterate(scope, pick(functions, third)))
        return next(self.generators[-1])

    # Contexts

    def do_copy_context(self, first: int, *_: int) -> Any:
        self.contexts.append(pick(self.contexts, first).copy())

    def do_new_context(self, *_: int) -> Any:
        self.contexts.append(Context())

    def do_forget_context(self, first: int, *_: int) -> Any:
        if len(self.contexts) > 1:
            self.contexts.pop(first % len(self.contexts))

    # Proxies

    def do_make_proxy(self, first: int, second: int, third: int) -> Any:
        sources = [*self._sources(), *self.locals, *self.proxies, None, 5]
        name = pick((None, None, "real", "user.real", len, "a..b", 5), second)
        message = pick((None, None, "nobody", 5), third)
        like = pick(LIKES, second // 7)
        self.proxies.append(
            self.inscope.LocalProxy(
                pick(sources, first), name, unbound_message=message, like=like
            )
        )
        return type(self.proxies[-1]).__name__

    def do_operate(self, first: int, second: int, third: int) -> Any:
        return pick(OPERATIONS[pick(METHODS, second)], third)(pick(self.proxies, first))

    def do_combine(self, first: int, second: int, third: int) -> Any:
        left, right = pick(self.proxies, first), self.operand(third)
        if third % 2:
            left, right = right, left
        return pick(BINARY.values(), second)(left, right)

    def do_attribute(self, first: int, second: int, _: int) -> Any:
        return getattr(pick(self.proxies, first), pick(ATTRIBUTES, second))

    def do_set_attribute(self, first: int, second: int, third: int) -> Any:
        setattr(pick(self.proxies, first), pick(ATTRIBUTES, second), third)

    def do_delete_attribute(self, first: int, second: int, _: int) -> Any:
        delattr(pick(self.proxies, first), pick(ATTRIBUTES, second))

    def do_ask_proxy(self, first: int, second: int, _: int) -> Any:
        proxy = pick(self.proxies, first)
        asked: list[Callable[[], Any]] = [
            lambda: self.inscope.unwrap(proxy),
            lambda: self.inscope.is_bound(proxy),
            lambda: self.inscope.is_proxy(proxy),
            proxy._get_current_object,
            lambda: isinstance(proxy, (int, list)),
            lambda: isinstance(proxy, self.inscope.LocalProxy),
            lambda: copy.copy(proxy),
            lambda: copy.deepcopy(proxy),
            lambda: pickle.loads(pickle.dumps(proxy)),
            lambda: callable(proxy),
        ]
        return pick(asked, second)()

    def do_make_again(self, first: int, second: int, _: int) -> Any:
        sources = [*self.vars, *self.stacks, list]
        proxy = pick(self.proxies, first)
        return type(proxy).__init__(proxy, pick(sources, second))


STEPS = sorted(name[3:] for name in vars(Machine) if name.startswith("do_"))
SCOPES = ["make_scope", "push_scope", "pop_scope", "new_in_scope", "leave_scope"]
SCOPES += ["await_scope", "call_back", "hold", "give_back", "fork", "ask_scope"]
SCOPES += ["look_through"]
BINDS = ["bind", "leave", "leave_late", "start", "step", "close", "copy_context"]
GROUPS = {
    "everything": STEPS,
    "two Vars": ["bind_var", "set_var", "leave_late", "copy_context", "reset"],
    "Vars": [*BINDS, "set", "set", "reset", "get", "get", "update", "ask_proxy"],
    "Locals": [*BINDS, "assign", "assign_many", "read", "delete", "list", "copy_local"],
    "stacks": [*BINDS, "push", "push", "pop", "top", "look", "release"],
    "scopes": [*SCOPES, "copy_context"],
    "scopes and iterators": [*SCOPES, "iterate", "iterate", "step", "step", "close"],
    "proxies": ["operate", "combine", "attribute", "set_attribute", "make_proxy"],
}
"""Steps that have to do with each other: the fewer, the more often they meet."""
