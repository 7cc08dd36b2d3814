"""Cycles through every type are garbage like any others, and are collected."""

from __future__ import annotations

import pytest
from child import Run, run_program

pytest.importorskip("inscope._core.native._native", reason="it is not built")

CYCLES = {
    "a proxy and its callable": """
        thing.proxy = LocalProxy(partial(getattr, thing, "x"))
    """,
    "a shaped proxy": "thing.proxy = LocalProxy(lambda thing=thing: thing, like=list)",
    "a proxy and an object that is its name's owner": """
        thing.proxy = LocalProxy(partial(list, thing), "x", unbound_message="m")
    """,
    "a subclass of a proxy": """
        class Own(LocalProxy):
            held = thing
        thing.proxy = Own(list)
    """,
    "a chain of proxies": "thing.proxy = LocalProxy(LocalProxy(lambda thing=thing: 1))",
    "a Local and its value": "local = Local(); local.it = thing; thing.local = local",
    "a plain Local": """
        local = Local(ContextVar("var")); local.it = thing; thing.local = local
    """,
    "a Local of a subclass": """
        class Own(Local):
            held = thing
        thing.local = Own()
    """,
    "a Local of many names": """
        local = Local()
        for number in range(100):
            setattr(local, f"name{number}", thing)
        thing.local = local
    """,
    "a Local by idents": """
        local = Local()
        thing.manager = LocalManager([local], ident_func=lambda: 1)
        local.it, thing.local = thing, local
    """,
    "a stack and its object": """
        stack = LocalStack(); stack.push(thing); thing.stack = stack
    """,
    "a view and its object": """
        stack = LocalStack(); thing.view = stack.push(thing); stack.pop()
    """,
    "a stack by idents": """
        stack = LocalStack()
        thing.manager = LocalManager([stack], ident_func=lambda: 1)
        stack.push(thing); thing.stack = stack
    """,
    "a Var and its default": "thing.var = Var('var', default=thing)",
    "a Var and its factory": "thing.var = Var('var', factory=partial(list, thing))",
    "a Var and its value": "thing.var = Var('var'); thing.var.set(thing)",
    "a token and its old value": """
        thing.var = Var("var"); thing.var.set(thing); thing.token = thing.var.set(1)
    """,
    "a bind that was never entered": "thing.bind = Var('var').bind(thing)",
    "a bind that is never left": """
        thing.bind = Var("var").bind(thing); thing.bind.__enter__()
    """,
    "a bind that was left": """
        thing.bind = Var("var").bind(thing); thing.bind.__enter__(); thing.bind.end()
    """,
    "binds left out of order": """
        var = Var("var"); first, second = var.bind(thing), var.bind(thing)
        first.__enter__(); second.__enter__(); first.end()
        thing.binds = first, second
    """,
    "binds in binds": """
        var = Var("var"); thing.outer = var.bind(thing); thing.outer.__enter__()
        thing.inner = var.bind(thing.outer); thing.inner.__enter__(); var.set(thing)
    """,
    "a bind of a Local": """
        local = Local(); thing.bind = bound(local, it=thing); thing.bind.__enter__()
    """,
    "a bind of a stack": """
        stack = LocalStack(); thing.bind = pushed(stack, thing); thing.bind.__enter__()
    """,
    "a bind of several Vars": """
        thing.bind = bind({Var("a"): thing, Var("b"): thing}); thing.bind.__enter__()
    """,
    "an error and the Local it tells of": """
        local = Local(); local.it = thing; thing.local = local
        try:
            local.absent
        except AttributeError as error:
            thing.error = error
    """,
    "an error and the proxy it tells of": """
        thing.proxy = LocalProxy(Var("var"))
        try:
            thing.proxy + 1
        except RuntimeError as error:
            thing.error = error
    """,
}


def test_cycles_are_collected(run: Run) -> None:
    """Each is made in a context that is dropped; a weak reference tells its end."""
    program = "from functools import partial\nclass Thing(list): x = 1\n"
    for title, code in CYCLES.items():
        lines = [line.removeprefix(" " * 8) for line in code.strip("\n").split("\n")]
        body = "\n    ".join(lines)
        program += f"""
def make():
    thing = Thing()
    {body}
    return weakref.ref(thing)
watch = Context().run(make)
gc.collect()
assert watch() is None, ({title!r}, gc.get_referrers(watch()))
"""

    assert "collected\n" == run(program + "print('collected')")


def test_the_collector_sees_what_each_type_holds() -> None:
    """``gc.get_referents`` finds the objects, and the type: that is ``tp_traverse``."""
    printed = run_program(
        "native",
        """
        class Thing: pass
        thing = Thing()
        var, stack, local = Var("var", default=thing), LocalStack(), Local()
        made = Var("made", factory=Thing)
        view = stack.push(thing)
        var.set(thing)
        token = var.set(1)
        bind = var.bind(thing)
        for holder, held in [
            (LocalProxy(Thing), Thing), (LocalProxy(var), var), (local("user"), local),
            (LocalProxy(Thing, like=list), Thing), (LocalProxy(stack), stack),
            (var, thing), (made, Thing), (view, thing), (token, thing), (token, var),
            (bind, var),
        ]:
            found = gc.get_referents(holder)
            assert any(one is held for one in found), type(holder)
            assert any(one is type(holder) for one in found), type(holder)
            assert gc.is_tracked(holder)
        print("seen")
        """,
    )

    assert "seen\n" == printed
