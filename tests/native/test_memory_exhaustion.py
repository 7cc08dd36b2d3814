"""Every allocation may fail: a MemoryError, nothing half done, and it works after.

``_testcapi.set_nomemory(n, n + 1)`` lets the n-th allocation fail. Each operation
is tried with n = 0, 1, 2, … until all of its allocations have had their turn.
"""

from __future__ import annotations

import sys
import textwrap

import pytest
from child import run_program

pytest.importorskip("_testcapi", reason="a build of Python without its test modules")
pytest.importorskip("inscope._core.native._native", reason="it is not built")

OPERATIONS = {
    "attribute of a proxy": ("proxy.real", "2 == proxy.real"),
    "operator of a proxy": ("proxy + 10**30", "proxy + 1 == 3"),
    "reflected operator": ("10**30 - proxy", "1 - proxy == -1"),
    "in-place operator": ("operator.iadd(listed, [1])", "listed == [1] * len(listed)"),
    "comparison": ("proxy < 10**30", "proxy < 3"),
    "power with a modulo": ("pow(proxy, 10**30, 7)", "pow(proxy, 2, 3) == 1"),
    "item": ("listed[0:1]; listed[0]", "listed[0] == 1"),
    "item assignment": ("listed[0] = 1", "listed[0] == 1"),
    "text": ("str(proxy), repr(proxy), format(proxy, '>9')", "str(proxy) == '2'"),
    "call": ("called(1, 2, a=3)", "called(1) == ((1,), {})"),
    "method call": ("listed.index(1)", "listed.index(1) == 0"),
    "iteration": ("list(iter(listed))", "[*listed] == listed"),
    "with": ("with manager: 1", "manager.__enter__() == 'in'"),
    "rounding": ("round(proxy, 1), math.floor(proxy)", "round(proxy) == 2"),
    "buffer": ("memoryview(bytes_)[0:1]", "bytes(memoryview(bytes_)) == b'ab'"),
    "copy": ("copy.copy(listed), copy.deepcopy(listed)", "copy.copy(proxy) == 2"),
    "pickle": ("proxy.__reduce_ex__(4)", "pickle.loads(pickle.dumps(proxy)) == 2"),
    "own attributes": ("proxy.__class__, proxy.__doc__", "proxy.__class__ is int"),
    "unbound": ("nobody + 1", "not nobody"),
    "unbound attribute": ("nobody.name", "not nobody"),
    "unbound probe": ("nobody.__len__", "not nobody"),
    "unbound repr, bool and dir": ("repr(nobody), dir(nobody)", "not nobody"),
    "failing source": ("broken + 1", "not nobody"),
    "making proxies": ("LocalProxy(var), local('user'), stack(), LocalProxy(int)", "1"),
    "making a shaped proxy": ("LocalProxy(var, like=list)", "isinstance(made, list)"),
    "making a proxy again": ("LocalProxy.__init__(again, var)", "again == [1]"),
    "making everything": (
        "Local(), LocalStack(), Var('new'), Var('new', default=1)",
        "1",
    ),
    "names of a Local": (
        "local.user = 5; local.user; del local.user",
        "'user' not in local or local.user == 5",
    ),
    "many names of a Local": (
        "many.name1 = 1; many.new = 2; many.new; del many.new",
        "len(many) in (200, 201) and many.name199 == 199",
    ),
    "a full leaf": (
        "full = Local(); [setattr(full, f'n{n}', n) for n in range(34)]; del full.n33",
        "1",
    ),
    "absent name": ("local.absent", "'absent' not in local"),
    "Local of a caller": ("plain.user = 1; plain.user; del plain.user", "plain.x == 1"),
    "release": ("release_local(local), release_local(stack)", "stack.top is None"),
    "stack": ("stack.push(1); stack.top; stack.pop()", "stack.top in (None, 1)"),
    "views": ("view[0], len(view), list(view), repr(view)", "list(view) == [7]"),
    "stack of a caller": ("listing.push(2); listing.pop()", "listing.top in (1, 2)"),
    "Var": ("token = var.set([1]); var.get(); var.reset(token)", "var.get() == [1]"),
    "Var of a number": (
        "token = var.set(7); var.get(); var.reset(token)",
        "var.get() in ([1], 7)",
    ),
    "refused tokens": ("var.reset(used)", "var.get() == [1]"),
    "factory": ("Context().run(made_var.get)", "made_var.get() == []"),
    "unbound Var": ("unbound.get()", "not unbound.is_bound()"),
    "scope": ("Context().run(work)", "2 == Context().run(work)"),
    "scope in another": ("Context().run(nested)", "2 == Context().run(nested)"),
    "scope around an iterator": ("iterated()", "iterated() == [1, 2]"),
    "scope, async": ("Context().run(awaited)", "2 == Context().run(awaited)"),
    "snapshot": ("Snapshot.capture().run(var.get)", "var.get() == [1]"),
    "snapshot's steps": ("[*shot.iter(steps())]", "[*shot.iter(steps())] == [[1], 2]"),
    "thrown into steps": ("thrown()", "thrown() == 'thrown'"),
    "scoped steps": ("stepped()", "stepped() == [[1], 3, [1]]"),
    "snapshot of one": ("Snapshot._holding(lone, 1)", "lone.get(0) == 0"),
    "what goes": ("going(*out)", "going(*out)._pairs == [('a', 'text'), ('b', 2)]"),
    "what came": (
        "sorted_out(*came)",
        "came_to(sorted_out(*came))",
    ),
}

ABORT_ON_A_DEBUG_BUILD = {
    "unbound",
    "unbound attribute",
    "unbound probe",
    "failing source",
    "a full leaf",
    "thrown into steps",
    "scoped steps",
}
"""CPython's own asserts fail as an error leaves a frame of Python, on either core."""

CORES = ("native", "python")

IS_A_DEBUG_BUILD = hasattr(sys, "gettotalrefcount")

not_on_a_debug_build = pytest.mark.skipif(
    IS_A_DEBUG_BUILD, reason="an assert of CPython's own aborts it: see above"
)

BINDS = {
    "a bind": ("unbound.bind(5)", "unbound.is_bound()"),
    "a bind that revokes": ("revoking.bind(5)", "revoking.is_bound()"),
}

LEDGER = {
    "bind": ("unbound.bind({})", "unbound.get(None) == {}"),
    "bound": ("bound(local, user={})", "getattr(local, 'user', 0) == {}"),
    "bound in a dict": ("bound(plain, user={})", "getattr(plain, 'user', 0) == {}"),
    "pushed": ("pushed(empty, {})", "empty.top == {}"),
    "pushed on a list": ("pushed(listing, {})", "listing.top == {}"),
    "bind of a plain variable": ("Var.over(number).bind({})", "number.get() == {}"),
    "bind of several": (
        "bind({{unbound: {0}, revoking: {0}}})",
        "{} in (unbound.get(None), revoking.get(None))",
    ),
}
"""Blocks that bind a number, and what is seen of it."""

WITHDRAWN = {
    name: LEDGER[name] for name in ("bind", "bound", "pushed", "bind of several")
}
"""Those that can withdraw it from another Context."""

BLOCKS = {
    "scope": ("Job()", "Job.is_active()"),
    "scope with a callback": ("Job() as job, Called(job)", "Job.is_active()"),
    "ensure": ("Job.ensure()", "Job.is_active() or joined.get()"),
    "ensure in a scope": ("Job(), Job.ensure()", "Job.is_active() or joined.get()"),
}

if sys.version_info < (3, 12):  # later, CPython crashes as it makes a generator
    BLOCKS["scope with hooks"] = ("Hooked()", "Hooked.is_active()")

SETUP = """
import copy, itertools, logging, math, pickle
from _testcapi import remove_mem_hooks, set_nomemory
logging.disable()

class Manager:
    def __enter__(self): return "in"
    def __exit__(self, *error): return False

proxy, listed = LocalProxy(lambda: 2), LocalProxy(lambda kept=[1]: kept)
def call(*args, **more): return args, more
called = LocalProxy(lambda: call)
manager, bytes_ = LocalProxy(Manager), LocalProxy(lambda: b"ab")
var, unbound, revoking = Var("var"), Var("unbound"), Var("r", after_exit="revoke")
var.set([1])
used = var.set([1])
var.reset(used)
made_var, made = Var("made", factory=list), LocalProxy(var, like=list)
nobody, again = unbound.proxy(), LocalProxy(list)
broken = LocalProxy(lambda: [][0])
local, many, plain = Local(), Local(), Local(ContextVar("names"))
plain.x = 1
for number in range(200):
    setattr(many, f"name{number}", number)
stack, empty, listing = LocalStack(), LocalStack(), LocalStack(ContextVar("list"))
listing.push(1)
view = LocalStack().push(7)
left = unbound.bind(1)
with left: pass

from inscope._core import iterate_in_scope
class Job(Scope):
    def __init__(self):
        self.user = 2
user, jobs = Job.proxy("user"), []
def work():
    with Job():
        return user + 0
def nested():
    with Job() as around:
        job = Job()
        try:
            with job:
                return user + 0
        finally:
            if job.state == "active":  # it failed as it closed
                job.pop()
            assert Job.current() is around
def iterated():
    jobs[:] = [Job()]
    try:
        iterator = iterate_in_scope(jobs[0], list, [1, 2])
        found = [*iterator]
        iterator.close()
        return found
    finally:
        assert not Job.is_active()

def done(awaitable):  # without a coroutine: from 3.12 on, making one without memory
    try:              # crashes CPython
        next(awaitable.__await__())
    except StopIteration as end:
        return end.value
def awaited():
    job = done(Job().__aenter__())
    try:
        return user + 0
    finally:
        done(job.__aexit__(None, None, None))

from inscope._core.crossing import BarePayload, BareValues
going, sorted_out = BarePayload._going, BareValues._sorted_out
def came_to(values):
    return ({"a": "x", "b": 2}, {"c": 3}) == (values.known, values.unknown)
from inscope._core.declared import declared
from inscope.travel import Boundary
text_var = Var("a", wire=str, travels_to={"http"})
number_var = Var("b", wire=int, travels_to={"http"})
text_var.set("text"), number_var.set(2)
way = Boundary("http"), declared.crossing["http"]
out = *way, lambda boundary, name, entry, value: value
came = *way, [("a", "x"), ["b", 2], ("c", 3)], out[-1], None
lone = ContextVar("lone")

from inscope.carry import Snapshot, scoped
shot = Snapshot.capture()
def steps():
    yield var.get()
    var.set(2)
    yield var.get()
@scoped
def layered():
    yield var.get()
    with var.bind(3):
        yield var.get()
    yield var.get()
[*layered()]  # compiled before memory is short
def stepped():
    try:
        found = [*layered()]
    except SystemError:  # of CPython's Context(), which returns one in spite of it
        raise MemoryError from None
    finally:
        assert var.get() == [1]
    return found
def thrown():
    made = shot.iter(map(str, [1, 2]))
    next(made)
    try:
        made.throw(IndexError)
    except IndexError:
        return "thrown"
    except SystemError:  # of CPython's, as an error passes a frame of Python
        raise MemoryError from None

EXPECTED = (MemoryError, RuntimeError, AttributeError, IndexError)

def exhaust(act, check):
    quiet = 0
    for number in itertools.count():
        set_nomemory(number, number + 1)
        try:
            act()
            quiet += 1
        except MemoryError:
            quiet = 0
        except SystemError:  # CPython's own, as an error passes a frame of Python
            remove_mem_hooks()
            assert text
            quiet = 0
        except EXPECTED as error:
            remove_mem_hooks()
            assert error.__class__.__name__ in text, repr(error)
            quiet += 1
        finally:
            remove_mem_hooks()
        check(number)
        if quiet == 12 or number == 600:
            return number
"""

USE = """
text = {errors!r}
def act():
    {code}
def check(number):
    assert {check}, number
act() if not text else None
print(exhaust(act, check))
"""

ERRORS = {
    "unbound": "UnboundError",
    "unbound attribute": "UnboundError",
    "unbound probe": "UnboundAttributeError",
    "failing source": "IndexError",
    "absent name": "UnboundNameError",
    "refused tokens": "TokenUsedError",
    "unbound Var": "UnboundVarError",
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_survives_a_failed_allocation(name: str) -> None:
    """It raises MemoryError or does what it does; the next time it works."""
    if IS_A_DEBUG_BUILD and name in ABORT_ON_A_DEBUG_BUILD:
        pytest.skip("an assert of CPython's own aborts it: see above")
    code, check = OPERATIONS[name]
    program = SETUP + USE.format(code=code, check=check, errors=ERRORS.get(name, ""))

    printed = run_program("native", textwrap.dedent(program))

    assert 11 <= int(printed) < 600


BIND = """
text = ""
def act():
    global made
    made = {bind}
    made.__enter__()
    made.__exit__(None, None, None)

def check(number):
    if made._state == "entered":  # it failed before it was left
        made.__exit__(None, None, None)
    assert not ({bound}), number
    with {bind}:
        assert {bound}, number
    assert not ({bound}), number

made = {bind}
Context().run(exhaust, act, check)
print(exhaust(act, check))
"""


@pytest.mark.parametrize("name", BINDS)
@pytest.mark.parametrize("core", CORES)
def test_a_bind_survives_a_failed_allocation(core: str, name: str) -> None:
    """Whatever fails as it is made, entered or left, nothing stays bound."""
    bind, bound = BINDS[name]

    printed = run_program(core, SETUP + BIND.format(bind=bind, bound=bound))

    assert 11 <= int(printed) < 600


BLOCK_SETUP = """
from inscope import bind, bound, pushed
from inscope.scope.ensure import _entered as joined
text = "SystemError"  # of CPython's, as an error passes a frame of Python
number, new = ContextVar("number"), ContextVar("new")
number.set(0)
class Called:
    def __init__(self, job): job.callback(len, ())
    __enter__ = __exit__ = lambda *_: None
class Hooked(Scope):
    def on_push(self): 1
    def on_tearing_down(self, error): 1
    def on_pop(self, error): 1
"""

BLOCK = """
def act():
    with {block}:
        pass
def check(number_):
    assert not ({bound}), number_
    with {block}:
        assert {bound}, number_
    assert not ({bound}), number_
act()
print(exhaust(act, check))
"""


@not_on_a_debug_build
@pytest.mark.parametrize("name", [*LEDGER, *BLOCKS])
@pytest.mark.parametrize("core", CORES)
def test_a_block_survives_a_failed_allocation(core: str, name: str) -> None:
    """If it raises on entering it is not entered; once it is left it is left."""
    block, bound = (LEDGER | BLOCKS)[name]
    program = BLOCK.format(block=block.format(5), bound=bound.format(5))

    printed = run_program(core, SETUP + BLOCK_SETUP + program)

    assert 11 <= int(printed) < 600


UNSET = """
def act():
    with Var.over(new).bind(5):
        pass
def check(number_):
    global new
    assert new.get(None) is None, number_
    new = ContextVar("new")
act()
print(exhaust(act, check))
"""


@not_on_a_debug_build
@pytest.mark.parametrize("core", CORES)
def test_the_value_of_a_plain_variable_goes_without_memory(core: str) -> None:
    """Where nothing was before it may be ``None`` that stays, never the value."""
    printed = run_program(core, SETUP + BLOCK_SETUP + UNSET)

    assert 11 <= int(printed) < 600


ELSEWHERE = """
def begin():
    global here, leave
    here = Context()
    made = here.run(lambda: {block})
    here.run(made.__enter__)
    leave = made.__exit__
def act():
    leave(None, None, None)
def check(number_):
    assert not here.run(lambda: {bound}), number_
    begin()
begin()
act()
begin()
print(exhaust(act, check))
"""


@pytest.mark.parametrize("name", WITHDRAWN)
@pytest.mark.parametrize("core", CORES)
def test_a_block_left_elsewhere_survives_a_failed_allocation(
    core: str, name: str
) -> None:
    """Its value is withdrawn where it was entered, whatever fails as it is left."""
    block, bound = WITHDRAWN[name]
    program = ELSEWHERE.format(block=block.format(5), bound=bound.format(5))

    printed = run_program(core, SETUP + BLOCK_SETUP + program)

    assert 11 <= int(printed) < 600


OUT_OF_ORDER = """
def begin():
    global later, leave
    earlier, later = {block}, {later}
    earlier.__enter__(), later.__enter__()
    leave = earlier.__exit__
def act():
    leave(None, None, None)
def check(number_):
    assert {seen}, number_
    later.__exit__(None, None, None)
    assert not ({bound}) and not ({seen}), number_
    begin()
begin()
act()
check(-1)
print(exhaust(act, check))
"""


@not_on_a_debug_build
@pytest.mark.parametrize("name", LEDGER)
@pytest.mark.parametrize("core", CORES)
def test_a_block_left_early_survives_a_failed_allocation(core: str, name: str) -> None:
    """The one that was entered later stays as it is, and is the last to go."""
    block, bound = LEDGER[name]
    program = OUT_OF_ORDER.format(
        block=block.format(5),
        later=block.format(6),
        bound=bound.format(5),
        seen=bound.format(6),
    )

    printed = run_program(core, SETUP + BLOCK_SETUP + program)

    assert 11 <= int(printed) < 600
