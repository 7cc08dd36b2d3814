"""``copy_current_request_context``: a context for each call, of every kind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, ContextVar
from threading import Barrier, BrokenBarrierError
from types import ModuleType
from typing import Any

import pytest
from web_apps import Exchange, Log, acting_async, in_thread, nothing_left, saying


def _app(web: ModuleType, log: Log | None = None) -> Any:
    """Return an application, which notes its teardowns in *log*."""
    app = web.WSGI(saying(), name="shop", secret_key="key")
    if log is not None:
        app.teardown_appcontext(lambda error: log.append(("teardown", error)))
    return app


def test_a_copied_function_sees_the_request_on_another_thread(web: ModuleType) -> None:
    """With what it is called with, and what it returns."""
    with _app(web).test_request_context("/here"):

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        def work(one: int, *, two: int) -> tuple[str, str, int]:
            """Do the work."""
            return web.request.path, web.current_app.name, one + two

    assert ("work", "Do the work.") == (work.__name__, work.__doc__)
    assert ("/here", "shop", 3) == in_thread(lambda: work(1, two=2))
    assert ("/here", "shop", 3) == work(1, two=2)
    assert not web.has_app_context()


def test_the_copy_has_the_request_and_the_session_of_the_original(
    web: ModuleType,
) -> None:
    """The very same objects, if they were used before it was copied."""
    with _app(web).test_request_context("/") as context:
        _ = web.request.path, web.session.get("a")
        copied = web.copy_current_request_context(
            lambda: (
                web.request._get_current_object() is context.request,
                web.session._get_current_object() is context.session,
                web.app_ctx._get_current_object() is context,
                web.app_ctx.is_fork,
            )
        )
        assert (True, True, False, True) == in_thread(copied)


@pytest.mark.parametrize("name", ["request", "session"])
def test_the_copy_has_the_same_also_if_nobody_used_it_before(
    web: ModuleType, name: str
) -> None:
    """A body can be read once, and the session is saved from one place."""
    with _app(web).test_request_context("/"):
        copied = web.copy_current_request_context(
            lambda: getattr(web, name)._get_current_object()
        )
        first, second = in_thread(copied), in_thread(copied)
        assert first is second
        assert first is getattr(web, name)._get_current_object()


def test_copies_that_begin_at_once_have_one_session(web: ModuleType) -> None:
    """Whichever of them opens it; what either writes is in it."""
    meeting = Barrier(2)

    class Slow(web.Sessions):  # type: ignore[misc, name-defined]
        def open(self, app: Any, request: Any) -> Any:
            with suppress(BrokenBarrierError):  # where the other one waits for this
                meeting.wait(0.2)
            return web.Session()

    app = web.WSGI(saying(), sessions=Slow())
    with app.test_request_context(), ThreadPoolExecutor(2) as pool:
        copied = web.copy_current_request_context(
            lambda: web.session._get_current_object()
        )
        first, second = [pool.submit(copied) for _ in range(2)]
        assert first.result() is second.result()


def test_a_copy_opens_no_session_that_nobody_asks_for(web: ModuleType) -> None:
    """Work that needs none goes on while the store is down."""

    class Down(web.Sessions):  # type: ignore[misc, name-defined]
        def open(self, app: Any, request: Any) -> Any:
            raise OSError("the store is down")

    with web.WSGI(saying(), sessions=Down()).test_request_context("/x"):
        copied = web.copy_current_request_context(lambda: web.request.path)
        assert "/x" == in_thread(copied)


def test_the_globals_of_each_call_are_new(web: ModuleType) -> None:
    """Neither those of the original nor those of the call before."""
    with _app(web).test_request_context():
        web.g.value = 0

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        def work() -> list[str]:
            before = list(web.g)
            web.g.value = 1
            return before

        assert [[], []] == [work(), in_thread(work)]
        assert 0 == web.g.value


def test_each_call_closes_for_itself_with_its_own_error(web: ModuleType) -> None:
    """Before the original."""
    log: Log = []
    error = ValueError("of the call")
    with _app(web, log).test_request_context():

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        def work(fails: bool) -> None:
            log.append("work")
            if fails:
                raise error

        work(False)
        with pytest.raises(ValueError, match="of the call"):
            in_thread(lambda: work(True))
        log.append("end")
    end = ["end", ("teardown", None)]
    assert ["work", ("teardown", None), "work", ("teardown", error), *end] == log


def test_two_calls_at_once_do_not_meet(web: ModuleType) -> None:
    """Many, on threads of a pool, all in the middle of it at once."""
    many = 16
    meeting = Barrier(many)
    log: Log = []
    with _app(web, log).test_request_context("/here"):

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        def work(number: int) -> tuple[str, int, int]:
            web.g.number = number
            meeting.wait(30)
            seen = web.request.path, web.g.number, id(web.app_ctx._get_current_object())
            meeting.wait(30)
            return seen

        with ThreadPoolExecutor(many) as pool:
            seen = list(pool.map(work, range(many)))
            left = list(pool.map(lambda _: web.has_app_context(), range(many)))
    assert [("/here", number) for number in range(many)] == [one[:2] for one in seen]
    assert many == len({one[2] for one in seen})
    assert [False] * many == left
    assert [("teardown", None)] * (many + 1) == log


def test_a_copied_function_may_call_itself(web: ModuleType) -> None:
    """Each call within the one before."""
    with _app(web).test_request_context("/"):

        @web.copy_current_request_context  # type: ignore[untyped-decorator]
        def work(depth: int) -> list[int]:
            web.g.depth = depth
            deeper = work(depth - 1) if depth else []
            return [web.g.depth, *deeper]

    assert [3, 2, 1, 0] == work(3)


def test_a_copied_function_works_after_the_original_has_closed(
    web: ModuleType,
) -> None:
    """Work often outlives the request."""
    with _app(web).test_request_context("/late"):
        copied = web.copy_current_request_context(lambda: web.request.path)
    assert "/late" == in_thread(copied)


def test_a_context_without_a_request_can_be_copied(web: ModuleType) -> None:
    """That of a command, say."""
    with _app(web).app_context():
        copied = web.copy_current_request_context(
            lambda: (web.current_app.name, web.has_request_context())
        )
    assert ("shop", False) == in_thread(copied)


@pytest.mark.parametrize(
    "name", ["copy_current_request_context", "stream_with_context"]
)
def test_without_any_context_there_is_nothing_to_copy(
    web: ModuleType, name: str
) -> None:
    """Where it is decorated, not where it is called."""
    with pytest.raises(RuntimeError, match=f"{name!r} can only be used when a request"):
        getattr(web, name)(iter([]) if name.startswith("stream") else print)


def test_a_function_keeps_its_kind(web: ModuleType) -> None:
    """Frameworks look at it to know how to call it."""

    def plain() -> None: ...

    async def coroutine() -> None: ...

    def generator() -> Generator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    kinds: list[Callable[[Any], bool]] = [
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    ]
    functions: list[Any] = [plain, coroutine, generator, async_generator]
    with _app(web).app_context():
        copies = [web.copy_current_request_context(one) for one in functions]
    for function, copied in zip(functions, copies, strict=True):
        assert [kind(function) for kind in kinds] == [kind(copied) for kind in kinds]


def test_copied_coroutine_functions_run_in_the_task_that_awaits_them(
    web: ModuleType,
) -> None:
    """Several at once in one task each, with nothing left in any."""
    log: Log = []

    async def main() -> list[Any]:
        meeting = asyncio.Barrier(5)
        with _app(web, log).test_request_context("/here"):

            @web.copy_current_request_context  # type: ignore[untyped-decorator]
            async def work(number: int) -> tuple[str, int, Any]:
                web.g.number = number
                await meeting.wait()
                return web.request.path, web.g.number, asyncio.current_task()

            tasks = [asyncio.create_task(work(number)) for number in range(5)]
            results = await asyncio.gather(*tasks)
            assert tasks == [task for _, _, task in results]
            assert "number" not in web.g
        assert not web.has_app_context()
        return [result[:2] for result in results]

    assert [("/here", number) for number in range(5)] == asyncio.run(main())
    assert [("teardown", None)] * 6 == log


def _chatty(web: ModuleType, log: Log) -> Callable[..., Generator[Any, Any, str]]:
    """Return a generator function that tells what it gets."""

    def chatty(first: str) -> Generator[Any, Any, str]:
        got: Any = first
        try:
            while got != "end":
                try:
                    got = yield web.request.path, got, list(web.g)
                    web.g.seen = True
                except KeyError as error:
                    got = f"caught {error}"
            return "returned"
        finally:
            log.append(("finally", web.request.path))

    return chatty


def test_a_copied_generator_is_driven_as_any(web: ModuleType) -> None:
    """``send``, ``throw`` and its result; its context is not the caller's."""
    log: Log = []
    with _app(web, log).test_request_context("/x"):
        copied = web.copy_current_request_context(_chatty(web, log))
    with nothing_left(web):
        steps = copied("first")
        assert ("/x", "first", []) == next(steps)
        assert not web.has_app_context()
        log.clear()
        assert ("/x", "second", ["seen"]) == steps.send("second")
        assert ("/x", "caught 'thrown'", ["seen"]) == steps.throw(KeyError("thrown"))
        assert ("/x", "again", ["seen"]) == in_thread(lambda: steps.send("again"))
        with pytest.raises(StopIteration) as caught:
            steps.send("end")
    assert "returned" == caught.value.value
    assert [("finally", "/x"), ("teardown", None)] == log


@pytest.mark.parametrize("steps_before", [0, 1])
@pytest.mark.parametrize("way", ["close", "drop", "throw"])
def test_a_copied_generator_that_ends_early_closes_its_context(
    web: ModuleType, way: str, steps_before: int
) -> None:
    """Unless it has never begun: then there is none."""
    log: Log = []
    app = _app(web)
    app.teardown_appcontext(lambda _: log.append("teardown"))
    with app.test_request_context("/x"):
        copied = web.copy_current_request_context(_chatty(web, log))
    log.clear()
    steps = [copied("first")]
    for _ in range(steps_before):
        next(steps[0])
    with nothing_left(web):
        if way == "throw":
            with pytest.raises(ValueError, match="thrown"):
                steps[0].throw(ValueError("thrown"))
        elif way == "close":
            steps[0].close()
        in_thread(steps.clear)
    assert [("finally", "/x"), "teardown"] * steps_before == log


def test_copied_generators_that_are_read_by_turns_do_not_meet(web: ModuleType) -> None:
    """Of two requests, in one thread."""
    app = _app(web)

    def names() -> Generator[str]:
        for _ in range(2):
            yield web.request.path

    copies = []
    for path in ("/a", "/b"):
        with app.test_request_context(path):
            copies.append(web.copy_current_request_context(names)())
    with nothing_left(web):
        assert ["/a", "/b"] * 2 == [next(one) for _ in range(2) for one in copies]
        assert [] == [left for one in copies for left in one]


def test_a_copied_generator_keeps_its_variables(web: ModuleType) -> None:
    """Between its steps, and to itself."""
    var: ContextVar[int] = ContextVar("var", default=0)

    def count() -> Generator[int]:
        while True:
            var.set(var.get() + 1)
            yield var.get()

    with _app(web).app_context():
        steps = web.copy_current_request_context(count)()
        assert [1, 2, 3] == [next(steps) for _ in range(3)]
        assert 4 == Context().run(next, steps)
        assert 0 == var.get()
        steps.close()


def test_a_copied_function_in_asgi_sees_the_same_request(
    web: ModuleType, asgi: ModuleType
) -> None:
    """In a thread of asyncio's pool, with a teardown that awaits."""
    log: Log = []

    async def work() -> str:
        web.g.value = 1
        copied = web.copy_current_request_context(
            lambda: f"{web.request.url.path} {list(web.g)}"
        )
        loop = asyncio.get_running_loop()
        return str(await loop.run_in_executor(None, copied))

    app = asgi.ASGI(acting_async(work))

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    async def note(_: BaseException | None) -> None:
        log.append(dict(vars(web.g._get_current_object())))

    exchange = asyncio.run(Exchange("/here").ask(app))
    assert b"/here []" == exchange.body
    assert [{}, {"value": 1}] == log
