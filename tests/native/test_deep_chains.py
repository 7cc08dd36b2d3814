"""Long chains are used and dropped without recursion in C, on a small stack.

Each program runs in a thread with a stack of STACK KiB: a recursion of LONG calls does
not fit there, however few bytes each takes. The deepest run in the main thread, too.
"""

from __future__ import annotations

import sys
import textwrap

import pytest
from child import run_program

pytest.importorskip("inscope._core.native._native", reason="it is not built")

# From 3.12 on CPython's own objects, too, are freed by thousands of nested calls.
STACK, LONG = (512, 20_000) if sys.version_info < (3, 12) else (4096, 100_000)

CHAINS = {
    "proxies": """
        p = LocalProxy(lambda: 1)
        for _ in range(500_000):
            p = LocalProxy(p)
        try:
            p + 1
        except RecursionError:
            print("too deep")
        del p
    """,
    "shaped proxies": """
        p = LocalProxy(lambda: 1, like=int)
        for _ in range(LONG):
            p = LocalProxy(p, like=int)
        try:
            p + 1
        except RecursionError:
            print("too deep")
        del p
    """,
    "a stack": """
        def fill():
            stack = LocalStack()
            for number in range(1_000_000):
                stack.push(number)
        Context().run(fill)
    """,
    "a stack, dropped by a release": """
        stack = LocalStack()
        for number in range(1_000_000):
            stack.push(number)
        release_local(stack)
        assert stack.top is None
    """,
    "views that hold views": """
        stack, view = LocalStack(), None
        for _ in range(LONG):
            view = stack.push(view)
            stack.pop()
        del view
    """,
    "tokens that hold tokens": """
        def fill():
            var, token = Var("var"), None
            for _ in range(100_000):
                token = var.set(token)
        Context().run(fill)
    """,
    "binds that bind binds": """
        var, bind = Var("var"), None
        for _ in range(LONG):
            bind = var.bind(bind)
        del bind
    """,
    "Vars by default": """
        var = None
        for _ in range(LONG):
            var = Var("var", default=var)
        del var
    """,
    "Vars by factory": """
        var = Var("var", default=1)
        for _ in range(LONG):
            var = Var("var", factory=var.get)
        del var
    """,
    "Locals in Locals": """
        local = Local()
        for _ in range(LONG):
            local, below = Local(), local
            local.below = below
        del local, below
        gc.collect()
    """,
    "nested binds": """
        def fill():
            var = Var("var")
            for number in range(LONG):
                var.bind(number).__enter__()
        Context().run(fill)
        gc.collect()
    """,
    "nested binds, left in order": """
        from contextlib import ExitStack
        var = Var("var")
        with ExitStack() as stack:
            for number in range(LONG):
                stack.enter_context(var.bind(number))
            assert var.get() == LONG - 1
        assert not var.is_bound()
    """,
    "nested binds, left elsewhere": """
        import logging
        logging.disable()
        var, binds = Var("var"), []
        def fill():
            for number in range(LONG // 2):
                binds.append(var.bind(number))
                binds[-1].__enter__()
        context = Context()
        context.run(fill)
        for bind in binds:
            bind.__exit__(None, None, None)
        assert not context.run(var.is_bound)
        del context, binds, bind
        gc.collect()
    """,
    "nested binds of a Local": """
        def fill():
            local = Local()
            for number in range(LONG // 2):
                bound(local, a=number).__enter__()
        Context().run(fill)
        gc.collect()
    """,
    "nested binds of a stack": """
        def fill():
            stack = LocalStack()
            for number in range(LONG // 2):
                pushed(stack, number).__enter__()
        Context().run(fill)
        gc.collect()
    """,
    "abandoned generators": """
        import logging
        logging.disable()
        var = Var("var")
        def bind(inner):
            with var.bind(inner):
                yield
        def fill():
            made = None
            for _ in range(LONG // 2):
                made = bind(made)
                next(made)
        Context().run(fill)
        gc.collect()
    """,
}

IN_A_THREAD = """
threading.stack_size(STACK * 1024)
failed = []
threading.excepthook = failed.append
thread = threading.Thread(target=program)
thread.start()
thread.join()
assert not failed, failed
"""

IN_MAIN = ("proxies", "a stack")
CASES = [(chain, "thread") for chain in CHAINS] + [(chain, "main") for chain in IN_MAIN]


@pytest.mark.parametrize(("chain", "where"), CASES)
def test_a_long_chain_is_freed(chain: str, where: str) -> None:
    """Whatever it is a chain of, and whoever drops it."""
    body = textwrap.indent(textwrap.dedent(CHAINS[chain]), "    ")
    start = IN_A_THREAD if where == "thread" else "program()\n"
    program = (
        f"LONG, STACK = {LONG}, {STACK}\ndef program():{body}\n{start}print('freed')"
    )

    printed = run_program("native", program, malloc="default")

    expected = ["too deep", "freed"] if "proxies" in chain else ["freed"]
    assert expected == printed.splitlines()
