"""The end of the interpreter, with work under way: silent, whatever hangs about."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAD = """
import asyncio, gc, sys, threading
from concurrent.futures import ThreadPoolExecutor
from inscope import Local, Scope, Var
from inscope.carry import *
user, started, never = Var("user"), threading.Event(), threading.Event()
class Job(Scope): ...
def binding():
    with user.bind("bob"), Job():
        while True:
            yield user.get()
async def abinding():
    with user.bind("bob"):
        while True:
            yield user.get()
block = user.bind("ann"); block.__enter__()
"""

PROGRAMS = {
    "generators": """
        snapshot = Snapshot.capture()
        kept = [snapshot.iter(binding()), snapshot.wrap(binding)(), carry(binding)(),
                scoped(binding)(), detached().iter(binding())]
        for one in kept: assert "bob" == next(one)
        print("done")
    """,
    "generators in a cycle": """
        kept = [scoped(binding)(), carry(binding)()]
        for one in kept: next(one)
        kept.append(kept)
        gc.disable()
        print("done")
    """,
    "async generators": """
        kept = []
        async def main():
            for one in (Snapshot.capture().aiter(abinding()), scoped(abinding)()):
                kept.append(one)
                await anext(one)
        asyncio.run(main())
        print("done")
    """,
    "async generators without a loop": """
        kept = [scoped(abinding)(), Snapshot.capture().aiter(abinding())]
        for one in kept:
            try: one.asend(None).send(None)
            except StopIteration: pass
        print("done")
    """,
    "coroutines": """
        class Turn:
            def __await__(self): yield
        async def work():
            with user.bind("bob"):
                await Turn()
        kept = [Snapshot.capture().drive(work()), scoped(work)(), carry(work)()]
        for one in kept: one.send(None)
        print("done")
    """,
    "daemon threads": """
        def work():
            with user.bind("bob"), Job():
                started.set()
                never.wait()
        Thread(target=work, daemon=True).start()
        started.wait()
        print("done")
    """,
    "timers": """
        timer = Timer(600, print, ["never"])
        timer.daemon = True
        timer.start()
        Timer(0, print, ["done"]).start()
    """,
    "threads": """
        def work():
            threading.main_thread().join()
            print("done" if "ann" == user.get() else user.get())
        Thread(target=work).start()
    """,
    "executors": """
        def work():
            never.wait()
            print("done" if "ann" == user.get() else user.get())
        threading._register_atexit(never.set)
        pool = carrying(ThreadPoolExecutor(1))
        future = pool.submit(work)
        future.add_done_callback(lambda _: user.get())
        rest = [pool.submit(user.get) for _ in range(5)]
    """,
    "queues": """
        jobs = ContextQueue()
        def work():
            while True:
                jobs.get().run(lambda _: started.set())
        Thread(target=work, daemon=True).start()
        jobs.put(1)
        started.wait()
        for number in range(3): jobs.put(number)
        print("done")
    """,
    "install": """
        async def main():
            install()
            loop = asyncio.get_running_loop()
            assert "ann" == await loop.run_in_executor(None, user.get)
        asyncio.run(main())
        print("done")
    """,
    "install on a loop that is left": """
        async def main():
            with install():
                loop = asyncio.get_running_loop()
                assert "ann" == await loop.run_in_executor(None, user.get)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
        print("done")
    """,
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_end_is_silent(
    core: str, name: str, request: pytest.FixtureRequest
) -> None:
    """Exit code 0, and nothing on the standard error."""
    if name.startswith("generators"):
        request.getfixturevalue("collected_in_order")
    lines = PROGRAMS[name].splitlines()
    program = HEAD + "\n".join(line[8:] for line in lines)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "INSCOPE_CORE": core, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (0, "done\n", "") == (done.returncode, done.stdout, done.stderr)
