"""Objects that use, rebind, empty or drop what they are just being used by.

The same programs run on both cores; freed memory is filled, so that a use after
that is seen. What is checked is that they end, and that everything works after.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from child import Run

TESTS = str(Path(__file__).parents[1])

SOURCES = {
    "Var": ("Var('var')", "source.set(thing)", "LocalProxy(source)"),
    "ContextVar": ("ContextVar('var')", "source.set(thing)", "LocalProxy(source)"),
    "Local": ("Local()", "source.user = thing", "source('user')"),
    "LocalStack": (
        "LocalStack()",
        "release_local(source); source.push(thing)",
        "source()",
    ),
    "callable": ("[None]", "source[0] = thing", "LocalProxy(lambda: source[0])"),
    "chain": ("Var('var')", "source.set(thing)", "LocalProxy(LocalProxy(source))"),
    "shaped": ("Var('var')", "source.set(thing)", "LocalProxy(source, like=Kind)"),
}

ACTIONS = [
    "bind_again('other')",
    "bind_again(None)",
    "str(proxy) if len(deep) < 3 else 0",
    "LocalProxy.__init__(proxy, list)",
    "release_local(source) if kind in ('Local', 'LocalStack') else 0",
    "source.pop() if kind == 'LocalStack' else bind_again(None)",
    "1 / 0",
]
"""What the object does in the special method that is called."""

PROGRAM = """
sys.path.insert(0, {tests!r})
from operations import OPERATIONS

kind = {kind!r}

def bind_again(thing):
    global source
    {bind}

def method(self, *args, **kwargs):
    deep.append(1)
    try:
        exec(action, globals())
    finally:
        gc.collect(0)
        [object() for _ in range(100)]
        self.mark  # still there
    return 1 if name == "__hash__" else self  # of anything else, CPython leaks one

for action, name in ((action, name) for action in {actions!r} for name in OPERATIONS):
    print(action, name, file=sys.stderr)  # the last line, should it crash
    body = {{name: method, "mark": 1}}
    for other in ("__enter__", "__exit__", "__aenter__", "__aexit__", "__iter__"):
        body.setdefault(other, method)
    if name != "__hash__":
        body["__hash__"] = object.__hash__
    Kind = type("Kind", (), body)
    for operation in OPERATIONS[name]:
        deep = []
        source = {source}
        proxy = {proxy}
        thing = Kind()
        bind_again(thing)
        watch = weakref.ref(thing)
        del thing
        try:
            operation(proxy)
        except Exception as error:
            assert not isinstance(error, SystemError), (name, error)
        bind_again(None)
        del proxy
        source = None
        deep.clear()
        if watch() is not None:
            gc.collect()
        assert watch() is None, (name, gc.get_referrers(watch()))
print("ended")
"""


@pytest.mark.parametrize("kind", SOURCES)
def test_an_operation_survives_what_the_object_does(run: Run, kind: str) -> None:
    """Every forwarded operation, with an object that acts in its special method."""
    source, bind, proxy = SOURCES[kind]
    program = PROGRAM.format(
        tests=TESTS, kind=kind, source=source, bind=bind, proxy=proxy, actions=ACTIONS
    )

    assert "ended\n" == run(program)


USES = """
local.user = Bomb()
local.user = 1
del local.user
local.user = Bomb(); release_local(local)
[setattr(local, f"name{n}", Bomb()) for n in range(50)]
[delattr(local, f"name{n}") for n in range(50) if f"name{n}" in local]
dict(local); len(local); repr(local)
stack.push(Bomb())
stack.pop()
stack.top
view = stack.push(Bomb()); release_local(stack); list(view); del view
var.set(Bomb())
var.set(1)
token = var.set(Bomb()); var.reset(token); del token
token = var.set(1); var.set(Bomb()); token.old_value; del token
bind = var.bind(Bomb()); bind.__enter__(); bind.__exit__(None, None, None); del bind
bind = var.bind(Bomb()); bind.__enter__(); var.set(Bomb()); bind.end(); del bind
bind = var.bind(Bomb()); copy_context().run(bind.__enter__); bind.end(); del bind
bind = bound(local, a=Bomb(), b=Bomb()); bind.__enter__(); bind.end(); del bind
bind = pushed(stack, Bomb()); bind.__enter__(); stack.push(Bomb()); bind.end(); del bind
bind = pushed(stack, Bomb()); copy_context().run(bind.__enter__); bind.end(); del bind
revoking.bind(Bomb()).__enter__(); gc.collect()
bind = revoking.bind(Bomb()); bind.__enter__(); bind.end(); del bind
a, b = var.bind(Bomb()), var.bind(1); a.__enter__(); b.__enter__(); a.end(); b.end()
proxy = LocalProxy(lambda bomb=Bomb(): bomb); LocalProxy.__init__(proxy, list)
proxy = LocalProxy(var); var.set(Bomb()); proxy == 1; proxy = None
Var("default", default=Bomb()).get()
made = Var("made", factory=Bomb); copy_context().run(made.get); made = None
LocalProxy(Local(), "x", unbound_message="m"); gc.collect()
context = copy_context(); context.run(var.set, Bomb()); context = None
"""

FINALISERS = {
    "read": "local.user; stack.top; var.get(0); str(proxy); list(local)",
    "write": "local.user = 1; stack.push(1); var.set(1)",
    "release": "release_local(local); release_local(stack); stack.pop()",
    "bind": "b = var.bind(2); b.__enter__(); var.set(3); b.__exit__(None, None, None)",
    "bind the Local": "b = bound(local, user=2); b.__enter__(); b.end()",
    "leave": "b = globals().get('bind'); b and b.__exit__(None, None, None)",
    "make again": "LocalProxy.__init__(proxy, lambda: [1]); LocalStack.__init__(stack)",
    "make the Local again": "Local.__init__(local)",
    "collect": "gc.collect()",
    "fail": "1 / 0",
    "another": "local.user = Bomb(); stack.push(Bomb()); var.set(Bomb())",
}


@pytest.mark.parametrize("finaliser", FINALISERS)
def test_a_finaliser_may_use_what_drops_it(run: Run, finaliser: str) -> None:
    """Whatever lets go of a value, its ``__del__`` finds everything usable."""
    printed = run(
        f"""
        import logging
        logging.disable()
        sys.unraisablehook = lambda hooked: None
        local, stack, var = Local(), LocalStack(), Var("var")
        revoking = Var("revoking", after_exit="revoke")
        proxy = LocalProxy(list)
        gone = []
        class Bomb:
            def __del__(self):
                gone.append(1)
                if len(gone) % 3 and len(gone) < 2000:
                    {FINALISERS[finaliser]}
                    gc.collect(0)
        for line in {USES.strip().splitlines()}:
            for _ in range(4):
                try:
                    exec(line)
                except Exception as error:
                    assert not isinstance(error, SystemError), (line, error)
                proxy = LocalProxy(list)
        gone.extend([1] * 2000)  # they do nothing any more
        release_local(local); local.user = 5; assert local.user == 5
        release_local(stack); stack.push(6); assert stack.top == 6
        var.set(7); assert var.get() == 7
        with var.bind(8): assert var.get() == 8
        assert var.get() == 7 and len(gone) > 2050
        print("ended")
        """
    )

    assert "ended\n" == printed


def test_what_is_cleared_by_the_collector_can_still_be_asked(run: Run) -> None:
    """An object without a cycle of its own is finalised after the cycle is broken."""
    code = textwrap.dedent(
        """
        told = []
        def make(first):
            class Late:
                __slots__ = ()  # so the collector does not see it
                def __del__(self):
                    kind = type(self)
                    for act in (lambda: kind.bind.__exit__(None, None, None),
                                lambda: kind.bind.end(), lambda: repr(kind.bind),
                                lambda: kind.bind.__enter__(), lambda: kind.var.get(),
                                lambda: kind.var.set(1), lambda: kind.var.bind(2),
                                lambda: kind.token.old_value, lambda: repr(kind.token),
                                lambda: kind.var.reset(kind.token),
                                lambda: repr(kind.var), lambda: kind.proxy + 1,
                                lambda: repr(kind.proxy),
                                lambda: kind.local.user, lambda: kind.stack.top,
                                lambda: setattr(kind.local, "user", 1),
                                lambda: kind.stack.push(1), lambda: list(kind.view)):
                        try:
                            act()
                        except Exception as error:
                            assert not isinstance(error, SystemError), error
                    told.append(first)
            Late.var = Var("var", default=Late())
            Late.local, Late.stack = Local(), LocalStack()
            Late.proxy = LocalProxy(lambda late=Late(): late)
            Late.bind = Late.var.bind(Late())
            if first % 2:
                Late.bind.__enter__()
            Late.token = Late.var.set(Late())
            Late.view = Late.stack.push(Late())
            Late.local.late = Late()
            if first % 3:
                Late.own = ContextVar("own")
                Late.own.set(Late())
        for first in range(6):
            Context().run(make, first)
            gc.collect()
        print("ended" if len(told) > 10 else told)
        """
    )

    assert "ended\n" == run(code)
