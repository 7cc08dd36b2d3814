"""Many threads on one proxy, Local, stack, Var, class of scopes: without the GIL, too.

Each thread has a context of its own, or a copy: a ``Context`` is never entered
twice at once, but copies share the cells in it. On a free-threaded build the
programs see to it that the GIL is off; elsewhere they are ordinary stress.
"""

from __future__ import annotations

import pytest
from child import Run, run_program

pytest.importorskip("inscope._core.native._native", reason="it is not built")

START = """
import logging, sysconfig
logging.disable()
sys.setswitchinterval(1e-5)
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    assert not sys._is_gil_enabled(), "importing inscope turned the GIL on"

def together(*works, copies=1, rounds=1):
    failed = []
    barrier = threading.Barrier(len(works) * copies)
    def run(work, context, number):
        try:
            barrier.wait()
            for _ in range(rounds):
                context.run(work, number)
        except BaseException as error:
            failed.append(error)
            barrier.abort()
    threads = [
        threading.Thread(target=run, args=(work, copy_context(), number))
        for number in range(copies) for work in works
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    if failed:
        raise failed[0]
"""

PROGRAMS = {
    "one proxy, each thread its own object": """
        var = Var("var")
        proxy, shaped = var.proxy(), LocalProxy(var, like=list)
        def use(number):
            for turn in range(300):
                var.set([number, turn])
                assert proxy[0] == number == shaped[0] and len(proxy) == 2
                assert proxy == [number, turn] and proxy.index(turn) in (0, 1)
                assert repr(proxy) == repr([number, turn]) and bool(shaped)
        together(use, copies=6)
    """,
    "one proxy, one object": """
        var = Var("var", default={"key": 1})
        proxy = var.proxy()
        def use(number):
            for turn in range(500):
                assert proxy["key"] == 1 and "key" in proxy and len(proxy) == 1
        together(use, copies=6)
    """,
    "one Local": """
        local = Local()
        for number in range(100):
            setattr(local, f"shared{number}", number)
        def use(number):
            for turn in range(300):
                setattr(local, f"own{turn % 50}", number)
                assert getattr(local, f"own{turn % 50}") == number
                assert getattr(local, f"shared{turn % 100}") == turn % 100
                if turn % 7 == 0:
                    delattr(local, f"own{turn % 50}")
            release_local(local)
            assert not len(local)
            for each in range(100):
                setattr(local, f"shared{each}", each)
        together(use, copies=6)
        assert len(local) == 100
    """,
    "one stack": """
        stack = LocalStack()
        for number in range(50):
            stack.push(number)
        def use(number):
            for turn in range(300):
                view = stack.push((number, turn))
                assert stack.top == (number, turn) == view[-1] and len(view) == 51
                assert stack.pop() == (number, turn)
            while stack.pop() is not None:
                pass
            for each in range(50):
                stack.push(each)
        together(use, copies=6)
        assert stack.top == 49
    """,
    "one Var and its binds": """
        var = Var("var", default="default")
        def use(number):
            for turn in range(300):
                with var.bind(number):
                    token = var.set((number, turn))
                    assert var.get() == (number, turn)
                    var.reset(token)
                    assert var.get() == number
                assert var.get() == "default"
        together(use, copies=6)
    """,
    "a factory": """
        var = Var("var", factory=list)
        def use(number):
            Context().run(var.get).append(number)
            var.get().append(number)
            assert var.get() == [number]
        together(use, copies=6)
    """,
    "a bind that is withdrawn as others read": """
        var, revoking = Var("var"), Var("revoking", after_exit="revoke")
        for _ in range(60):
            with var.bind("outer"), revoking.bind("outer"):
                inner, gone = var.bind(["inner"]), revoking.bind(["inner"])
                elsewhere = copy_context()
                elsewhere.run(inner.__enter__)
                gone.__enter__()
                copies = [elsewhere.copy() for _ in range(3)]
                def read(number):
                    for _ in range(100):
                        assert copies[number].run(var.get) in (["inner"], "outer")
                        assert revoking.get() in (["inner"], "outer")
                def withdraw(number):
                    if number == 0:
                        inner.__exit__(None, None, None)
                def set_on_top(number):
                    for _ in range(20):
                        revoking.reset(revoking.set("top"))
                        with revoking.bind("bound"):
                            assert revoking.get() == "bound"
                def revoke():
                    gone.__exit__(None, None, None)
                if _ % 2:
                    together(read, withdraw, set_on_top, copies=3)
                    revoke()
                else:
                    context = copy_context()
                    thread = threading.Thread(
                        target=context.run, args=(together, read, set_on_top),
                        kwargs={"copies": 3})
                    thread.start()
                    revoke()
                    thread.join()
                    inner.__exit__(None, None, None)
                assert elsewhere.run(var.get) == "outer" == revoking.get()
    """,
    "a bind of a stack that is withdrawn as others read": """
        stack = LocalStack()
        stack.push("below")
        for _ in range(60):
            inner = pushed(stack, "inner")
            elsewhere = copy_context()
            elsewhere.run(inner.__enter__)
            copies = [elsewhere.copy() for _ in range(3)]
            def read(number):
                for _ in range(100):
                    assert copies[number].run(lambda: stack.top) in ("inner", "below")
                copies[number].run(stack.pop)
            def withdraw(number):
                if number == 0:
                    inner.__exit__(None, None, None)
            together(read, withdraw, copies=3)
    """,
    "a bind that all try to leave": """
        var = Var("var")
        for _ in range(100):
            bind = var.bind(1)
            context = copy_context()
            context.run(bind.__enter__)
            left = []
            def leave(number):
                try:
                    bind.__exit__(None, None, None)
                except inscope.BindStateError:
                    return
                left.append(number)
            together(leave, copies=4)
            assert len(left) == 1 and not context.run(var.is_bound)
    """,
    "a bind that all try to enter": """
        var = Var("var")
        for _ in range(100):
            bind, entered = var.bind(1), []
            def enter(number):
                try:
                    bind.__enter__()
                except inscope.BindStateError:
                    assert not var.is_bound()
                    return
                entered.append(number)
                bind.__exit__(None, None, None)
                assert not var.is_bound()
            together(enter, copies=4)
            assert len(entered) == 1
    """,
    "a proxy that is made again as others read": """
        var, local, stack = Var("var", default=["a"]), Local(), LocalStack()
        local.user = ["a"]
        stack.push(["a"])
        proxy = LocalProxy(var)
        def read(number):
            for _ in range(500):
                assert proxy[0] == "a" and len(proxy) == 1 and str(proxy)
        def make(number):
            for _ in range(200):
                LocalProxy.__init__(proxy, Var("new", default=["a"]))
                LocalProxy.__init__(proxy, lambda: ["a"], unbound_message="m")
                LocalProxy.__init__(proxy, local, "user")
                LocalProxy.__init__(proxy, stack)
                LocalProxy.__init__(proxy, LocalProxy(var))
                LocalProxy.__init__(proxy, ContextVar("var", default=["a"]))
        together(read, make, copies=3)
    """,
    "proxies that are made and dropped": """
        var = Var("var", default=[1])
        def use(number):
            for _ in range(300):
                proxies = [LocalProxy(var), LocalProxy(var, like=list), var.proxy()]
                assert all(proxy == [1] for proxy in proxies)
                watch = weakref.ref(proxies[0])
                del proxies
        together(use, copies=4)
    """,
    "one snapshot": """
        from inscope.carry import Snapshot, carry, scoped
        var = Var("var")
        var.set("captured")
        snapshot = Snapshot.capture()
        get = carry(var.get)
        @scoped
        def steps(number):
            for turn in range(5):
                with var.bind((number, turn)):
                    yield var.get()
        def use(number):
            var.set(number)
            for turn in range(100):
                assert snapshot.run(var.get) == "captured" == get()
                assert [*snapshot.iter(iter([1, 2]))] == [1, 2]
                assert [*steps(number)] == [(number, turn) for turn in range(5)]
                assert snapshot.diff()[var] == ("captured", number)
                assert var.get() == number
        together(use, copies=6)
    """,
    "what crosses, as Vars are declared": """
        from inscope.travel import dump, load
        both = [Var(name, wire=str, travels_to={"http"}) for name in ("a", "b")]
        with both[0].bind("of all"):
            everybodys = load(dump("http").text, "http")
        def cross(number):
            mine = f"of {number}"
            for _ in range(100):
                with both[0].bind(mine), both[1].bind(mine):
                    arrival = load(dump("http").text, "http")
                assert [mine] * 2 == [arrival.run(var.get) for var in both]
                assert "of all" == everybodys.run(both[0].get)
        def declare(number):
            for turn in range(100):
                Var(f"c{number} {turn}", wire=str, travels_to={"http"}).set("here")
        together(cross, declare, copies=3)
    """,
    "one generator, a step each": """
        from inscope.carry import Snapshot
        var = Var("var")
        var.set("captured")
        def numbers():
            turn = 0
            while True:
                assert var.get() == "captured"
                yield turn
                turn += 1
        made, lock, found = Snapshot.capture().iter(numbers()), threading.Lock(), []
        def use(number):
            var.set(number)
            for _ in range(200):
                with lock:
                    found.append(next(made))
                assert var.get() == number
        together(use, copies=4)
        assert found == [*range(800)]
    """,
    "one class of scopes": """
        class Job(Scope):
            def on_pop(self, error):
                self.closed = (self.number, error)
        class Plain(Scope): pass
        job, of_job, plain = Job.proxy(), Job.proxy("number"), Plain.proxy("number")
        @Job.resource
        def made():
            yield [job.number]
        def use(number):
            for turn in range(100):
                with Plain() as one, Job() as two:
                    one.number, two.number = turn, number
                    assert of_job + 0 == number == made[0] and plain == turn
                    two.callback(setattr, two, "called", number)
                    with one, two.fork() as fork:
                        fork.number = -number
                        assert job == fork and made == [-number]
                    assert job == two and Plain.current() is one
                assert (one.state, two.state) == ("closed", "closed")
                assert two.closed == (number, None) and two.called == number
                assert not Plain.is_active() and not Job.is_active()
        together(use, copies=6)
    """,
    "a scope that closes as others read and add to it": """
        class Job(Scope):
            def on_pop(self, error):
                closed.append(self)
        class Plain(Scope): pass
        for turn in range(60):
            closed, added, run = [], [], []
            kind = (Plain, Job)[turn % 2]
            state, scope, context = kind.proxy("state"), kind(), copy_context()
            context.run(scope.push)
            copies = [context.copy() for _ in range(3)]
            def read(number):
                for _ in range(50):
                    try:
                        found = copies[number].run(lambda: state + "")
                    except inscope.ScopeClosedError:
                        break
                    assert found in ("active", "closing", "closed")
                repr(scope)
            def add(number):
                for _ in range(20):
                    try:
                        scope.callback(run.append, number)
                    except inscope.ScopeNotActiveError:
                        break
                    added.append(number)
            def close(number):
                if number == 0:
                    context.run(scope.pop)
            together(read, add, close, copies=3)
            assert scope.state == "closed" and len(closed) == turn % 2
            assert sorted(added) == sorted(run)
    """,
    "a scope that all try to open": """
        class Plain(Scope): pass
        for _ in range(100):
            scope, opened = Plain(), []
            def open(number):
                context = copy_context()
                try:
                    context.run(scope.push)
                except inscope.ScopeError:
                    assert not context.run(Plain.is_active)
                    return
                opened.append(context)
            together(open, copies=4)
            assert len(opened) == 1 and scope.state == "active"
            own, left = opened[0], []
            others = [Context(), *(own.copy() for _ in range(3))]
            def close(number):
                try:
                    (own if number == 4 else others[number]).run(scope.pop)
                except (inscope.ForeignScopeError, inscope.ScopeNotActiveError):
                    return
                left.append(number)
            together(close, copies=5)
            assert left == [4] and scope.state == "closed"
    """,
    "one iterator in a scope, a step each": """
        from inscope._core import iterate_in_scope
        class Job(Scope):
            def on_pop(self, error):
                closed.append(error)
        var, of_job, closed = Var("var"), Job.proxy("number"), []
        def numbers(job):
            var.set("inside")
            for job.number in range(400):
                assert var.get() == "inside"
                yield of_job + 0
        job, lock, found = Job(), threading.Lock(), []
        made = iterate_in_scope(job, numbers, job)
        def use(number):
            var.set(number)
            for turn in range(100):
                with lock:
                    found.append(next(made))
                own = iterate_in_scope(Job(), lambda: [number, turn])
                assert [*own] == [number, turn]
                assert var.get() == number and not Job.is_active()
        together(use, copies=4)
        assert found == [*range(400)] and job.state == "active"
        def close(number):
            made.close()
        together(close, copies=4)
        assert job.state == "closed" and closed == [None] * 401
    """,
    "scopes that need not wait": """
        class Plain(Scope): pass
        plain = Plain.proxy("number")
        async def work(number):
            async with Plain() as scope:
                scope.number = number
                assert plain + 0 == number
            return scope.state
        opened = Plain().__aenter__()
        def drive(number):
            for _ in range(200):
                try:
                    work(number).send(None)
                except StopIteration as end:
                    assert end.value == "closed"
                assert [*opened.__await__()] == []
        together(drive, copies=6)
    """,
    "the collector meanwhile": """
        var, stack = Var("var"), LocalStack()
        def use(number):
            for turn in range(100):
                thing = type("Thing", (), {})()
                thing.bind = var.bind(thing)
                thing.bind.__enter__()
                thing.view = stack.push(thing)
                thing.proxy = LocalProxy(lambda thing=thing: thing)
                release_local(stack)
        def collect(number):
            for _ in range(20):
                gc.collect()
        together(use, collect, copies=2)
    """,
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_threads_share_one(program: str) -> None:
    """Each thread reads its own, or what it may read of others; nothing is lost."""
    body = "\n".join(
        line.removeprefix(" " * 8) for line in PROGRAMS[program].strip("\n").split("\n")
    )

    printed = run_program("native", f"{START}\n{body}\nprint('done')", "default")

    assert "done\n" == printed


def test_the_gil_stays_off(run: Run) -> None:
    """On a free-threaded build the extension says that it needs none."""
    printed = run(
        "import sysconfig\n"
        "print(bool(sysconfig.get_config_var('Py_GIL_DISABLED'))"
        " != getattr(sys, '_is_gil_enabled', lambda: True)())"
    )

    assert "True\n" == printed
