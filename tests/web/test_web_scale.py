"""Thousands of requests of which many fail somewhere: nothing is left of any.

With a million, as CONTRIBUTING.md has it: ``-s`` shows the time and the memory.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, acting, answer, call, nothing_left

MANY = int(os.environ.get("INSCOPE_TEST_REQUESTS", "3000"))
WARM = 1000
PLACES = ("call", "after", "save", "step", "middle", "close", "teardown")
OTHERS = ("Context", "Request", "coroutine", "generator", "async_generator")
"""Classes of others whose objects are counted, too."""


FEW = 20_000 if sysconfig.get_config_var("Py_GIL_DISABLED") else 200
"""So many blocks of memory are nothing that grows: caches, mostly others'.

A tenth of an object for each of 3,000 requests would be 300. A free-threaded build
frees memory late. There it was up to 12,500 blocks, by turns more and less, as many
after 50,000 requests as after 240,000: so it takes 1,000,000 to see the tenth.
"""


class FailedError(Exception):
    """What one in ten requests comes to."""


def _ours() -> Counter[str]:
    """Count the objects there are of the classes of inscope, by name."""
    gc.collect()
    counts: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        package = str(kind.__module__).partition(".")[0]  # some classes have no text
        if package in ("inscope", __name__) or kind.__qualname__ in OTHERS:
            counts[kind.__qualname__] += 1
    return counts


def _blocks() -> int:
    """Count the blocks of memory that Python has in use, whosever they are."""
    gc.collect()
    return sys.getallocatedblocks()


def _resident() -> str:
    """Return how much of the memory of the process is in RAM; only to be shown."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return "?"
    return f"{pages * os.sysconf('SC_PAGE_SIZE') >> 10:,}"


@contextmanager
def nothing_grows() -> Iterator[None]:
    """See that the block leaves no objects of ours, and no memory in use."""
    ours, resident, begun = _ours(), _resident(), monotonic()
    before = _blocks()
    yield
    after = _blocks()
    print(
        f"{MANY:,} requests in {monotonic() - begun:.0f} s: {before:,} blocks before,"
        f" {after:,} after; {resident} KiB resident before, {_resident()} after"
    )
    assert {} == dict(_ours() - ours)
    assert after <= before + FEW


def _fail(web: ModuleType, place: str) -> None:
    """Raise, if this request is to fail in *place*."""
    if web.g.get("fails") == place:
        raise FailedError(place)


def _application(web: ModuleType, opened: list[int]) -> Any:
    """Return an application that may fail anywhere, and counts what is open."""

    class Sessions(web.CookieSessions):  # type: ignore[misc, name-defined]
        def save(self, app: Any, session: Any, response: Any) -> None:
            _fail(web, "save")
            super().save(app, session, response)

    def steps() -> Iterator[bytes]:
        try:
            _fail(web, "step")
            yield web.request.args["number"].encode()
            _fail(web, "middle")
            yield web.g.number
        finally:
            _fail(web, "close")

    def application(_: dict[str, Any], start_response: Any) -> Any:
        opened[0] += 1
        web.g.fails = web.request.args.get("fails")
        web.g.number = web.request.args["number"].encode()
        _fail(web, "call")
        web.after_this_request(lambda _: _fail(web, "after"))
        web.session["number"] = web.request.args["number"]
        start_response("200 OK", [])
        streams = int(web.g.number) % 2
        return web.stream_with_context(steps()) if streams else steps()

    app = web.WSGI(application, sessions=Sessions("key"))

    @app.teardown_request  # type: ignore[untyped-decorator]
    def teardown(_: BaseException | None) -> None:
        opened[0] -= 1
        _fail(web, "teardown")

    return app


def _ask(app: Any, number: int, chance: random.Random, bodies: list[Any]) -> int:
    """Ask once; return whether it failed, and what it was asked for was right."""
    path = f"/?number={number}"
    if chance.random() < 0.1:
        path += f"&fails={chance.choice(PLACES)}"
    try:
        body = call(app, path).body
        way = chance.choice(("read", "read", "begin", "leave", "drop", "keep"))
        if way == "drop":
            return 0
        if way == "read":
            assert [str(number).encode()] * 2 == list(body)
        elif way in ("begin", "keep"):
            assert str(number).encode() == next(iter(body))
        if way == "keep":
            bodies.append(body)
            if len(bodies) > 20:
                bodies.pop(chance.randrange(len(bodies))).close()
        else:
            body.close()
    except FailedError:
        return 1
    return 0


def test_thousands_of_requests_that_may_fail_leave_nothing(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Bound, open or in memory; read by turns, half-way, not at all, dropped."""
    caplog.set_level(logging.CRITICAL)
    chance = random.Random(1)
    opened = [0]
    app = _application(web, opened)

    def run(count: int) -> int:
        bodies: list[Any] = []
        failed = sum(_ask(app, number, chance, bodies) for number in range(count))
        while bodies:
            try:
                bodies.pop().close()
            except FailedError:
                failed += 1
        return failed

    with nothing_left(web):
        run(WARM)
        caplog.clear()
        with nothing_grows():
            failed = run(MANY)
            caplog.clear()
    assert 0.02 * MANY < failed < 0.2 * MANY
    assert 0 == opened[0]


def test_thousands_of_requests_at_once_that_may_fail_leave_nothing(
    web: ModuleType, asgi: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The same for ASGI, in tasks of which one in ten fails, or is cancelled."""
    caplog.set_level(logging.CRITICAL)
    chance = random.Random(2)
    opened = [0]

    async def application(asgi_scope: Any, receive: Any, send: Any) -> None:
        opened[0] += 1
        web.g.fails = web.request.query_params.get("fails")
        web.session["number"] = web.request.query_params["number"]
        await asyncio.sleep(0)
        _fail(web, "call")

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        async def number() -> str:
            opened[0] += 1
            await asyncio.sleep(0)
            return str(web.session["number"])

        await answer(send, await number())
        _fail(web, "close")
        await asyncio.sleep(0)

    app = asgi.ASGI(application, secret_key="key")

    @app.teardown_request  # type: ignore[untyped-decorator]
    async def teardown(_: BaseException | None) -> None:
        opened[0] -= 1
        await asyncio.sleep(0)
        _fail(web, "teardown")

    async def ask(number: int) -> int:
        path = f"/?number={number}"
        if chance.random() < 0.1:
            path += f"&fails={chance.choice(('call', 'close', 'teardown', 'gone'))}"
        exchange = Exchange(path, fails_at=1 if path.endswith("gone") else None)
        task = asyncio.create_task(exchange.ask(app))
        if chance.random() < 0.05:
            for _ in range(chance.randrange(8)):
                await asyncio.sleep(0)
            task.cancel()
        try:
            await task
        except (FailedError, OSError, asyncio.CancelledError):
            return 1
        assert str(number).encode() == exchange.body
        return 0

    async def run(count: int) -> int:
        failed = 0
        for start in range(0, count, 200):
            failed += sum(await asyncio.gather(*map(ask, range(start, start + 200))))
        assert not web.has_app_context()
        return failed

    asyncio.run(run(WARM))
    caplog.clear()
    with nothing_grows():
        failed = asyncio.run(run(MANY))
        caplog.clear()
    assert 0.02 * MANY < failed < 0.2 * MANY
    assert 0 == opened[0]


def test_many_applications_leave_nothing(web: ModuleType) -> None:
    """With teardown functions each: their classes of contexts go with them."""

    def run() -> None:
        for _ in range(50):
            app = web.WSGI(acting(lambda: web.request.path))
            app.teardown_appcontext(lambda _: None)
            assert b"/a" == call(app, "/a").read()

    run()
    before, kinds = _ours(), len(web.AppContext.__subclasses__())
    run()
    assert {} == dict(_ours() - before)
    assert kinds >= len(web.AppContext.__subclasses__())
