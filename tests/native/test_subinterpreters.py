"""The native core in sub-interpreters: on their own, several at once, over and over.

From 3.12 on each has a GIL of its own; before, they share one.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from child import run_program

pytest.importorskip("inscope._core.native._native", reason="it is not built")

START = """
import os
try:
    import _interpreters as interpreters  # 3.13
except ImportError:
    import _xxsubinterpreters as interpreters

def make():
    if sys.version_info >= (3, 13):
        return interpreters.create("isolated")
    return interpreters.create(isolated=True)

def run_in(interpreter, code):
    failed = interpreters.run_string(interpreter, code)
    if failed is not None:  # 3.13: told, not raised
        raise RuntimeError(getattr(failed, "formatted", failed))

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

WORK = '''
import gc, sys
from contextvars import Context, ContextVar
import inscope
from inscope import *
from inscope._core import iterate_in_scope
assert inscope.CORE == "native"

class Plain(Scope): pass

class Hooked(Scope):
    number = 0
    def on_pop(self, error):
        self.number += 1

plain, of_hooked = Plain.proxy(), Hooked.proxy("number")

async def wait():
    async with Plain() as scope:
        return plain == scope

def use_scopes(number):
    with Plain(), Hooked() as hooked:
        hooked.number = number
        assert plain.state == "active" and of_hooked + 1 == number + 1
    assert hooked.state == "closed" and hooked.number == number + 1
    steps = iterate_in_scope(Plain(), lambda: (plain.state for _ in range(2)))
    assert [*steps] == ["active"] * 2 and not Plain.is_active()
    try:
        wait().send(None)
    except StopIteration as end:
        assert end.value
    Plain().push()  # and is left open
    return hooked, iterate_in_scope(Hooked(), lambda: [number])

def work(number):
    scopes = use_scopes(number)
    var, local, stack = Var("var"), Local(), LocalStack()
    proxy, shaped = var.proxy(), LocalProxy(var, like=list)
    with var.bind([number]), bound(local, user=number), pushed(stack, number):
        assert proxy == [number] == shaped and proxy[0] + 1 == number + 1
        assert local("user") == number == stack() == local.user == stack.top
        token = var.set([number, number])
        assert len(proxy) == 2 == len(shaped)
        var.reset(token)
    assert not proxy and repr(proxy) == "<LocalProxy unbound>"
    for each in range(100):
        setattr(local, f"name{each}", proxy)
    class Own(LocalProxy):
        __slots__ = ()
    var.set(Own(lambda: number))  # and is left to the end of the interpreter
    return var, local, stack, proxy, scopes

for number in range(20):
    kept = Context().run(work, number)
kept_too = work(number)
'''
"""


def _needs_interpreters() -> None:
    """Skip where no module makes sub-interpreters."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            __import__(name)
        except ImportError:
            continue
        return
    pytest.skip("this Python has no module for sub-interpreters")


@pytest.fixture(autouse=True)
def _interpreters() -> None:
    _needs_interpreters()


def _run(code: str) -> Any:
    return run_program("native", START + code, malloc="default")


def test_all_types_work_in_a_sub_interpreter() -> None:
    """Made, used, left behind, and gone with the interpreter."""
    printed = _run(
        """
exec(WORK)
made = make()
run_in(made, WORK)
interpreters.destroy(made)
exec(WORK)
print("worked")
"""
    )

    assert "worked\n" == printed


def test_several_at_once_do_not_disturb_each_other() -> None:
    """Each in a thread of its own; with its own GIL, from 3.12 on."""
    printed = _run(
        """
made = [make() for _ in range(4)]
failed = []
def use(interpreter):
    try:
        for _ in range(3):
            run_in(interpreter, WORK)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=use, args=(one,)) for one in made]
[thread.start() for thread in threads]
exec(WORK)
[thread.join() for thread in threads]
assert not failed, failed
[interpreters.destroy(one) for one in made]
exec(WORK)
print("worked")
"""
    )

    assert "worked\n" == printed


def test_each_has_types_of_its_own() -> None:
    """No class, no function and no value of one is another's."""
    printed = _run(
        """
read, write = os.pipe()
KINDS = "LocalProxy, Local, Var, Scope, _native, _native.BareLocal, _native.BareScope"
TELL = WORK + f'''
import os
from inscope._core.native import _native
os.write({write}, (repr([id(one) for one in ({KINDS})]) + "|").encode())
'''
made = [make() for _ in range(3)]
for one in made:
    run_in(one, TELL)
told = [eval(one) for one in os.read(read, 10_000).decode().split("|")[:-1]]
from inscope._core.native import _native
told.append([id(one) for one in eval(KINDS)])
every = [one for each in told for one in each]
assert len(every) == len(set(every)) == 28, told
[interpreters.destroy(one) for one in made]
print("apart")
"""
    )

    assert "apart\n" == printed


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="AddressSanitizer keeps what is freed",
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_fifty_interpreters_leave_as_much_behind_as_with_the_python_core() -> None:
    """CPython itself keeps some memory for each; the native core adds nothing.

    Each in a process of its own: what has grown once may have room for more.
    """
    python, native = _grown("python"), _grown("native")

    print(f"KiB kept for each: {python} with the Python core, {native} with the native")
    assert native < python + 64


def _grown(core: str) -> int:
    """Return by how many KiB an interpreter more that runs *core* makes it grow."""
    printed = _run(
        f"""
CODE = 'import os; os.environ["INSCOPE_CORE"] = "{core}"' + WORK.replace(
    'CORE == "native"', 'CORE == "{core}"'
)
for number in range(50):
    if number == 25:
        before = resident()
    made = make()
    run_in(made, CODE)
    interpreters.destroy(made)
    gc.collect()
print(round((resident() - before) / 25 / 1024))
"""
    )
    return int(printed)
