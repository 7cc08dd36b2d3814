"""``stream_with_context``: the context stays open until the stream is at its end."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from web_apps import Log, call, in_thread, nothing_left, saying


def _app(web: ModuleType, log: Log, body: Any = None) -> Any:
    """Return an application that answers with what *body* returns."""

    def application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return list(body() if body else ())

    app = web.WSGI(application)
    app.teardown_appcontext(lambda error: log.append(("teardown", error)))
    return app


def _names(
    web: ModuleType, log: Log, count: int = 3, *, looks: bool = True
) -> Iterator[str]:
    """Yield the request's path, and tell of the end; look at the request there."""
    path = web.request.path
    try:
        for _ in range(count):
            yield web.request.path
    finally:
        log.append(("end", web.request.path if looks else path))


def test_a_stream_sees_its_request_after_the_function_has_returned(
    web: ModuleType,
) -> None:
    """And the context closes at its end, once."""
    log: Log = []
    app = _app(web, log)
    with app.test_request_context("/x") as context:
        web.g.value = 1
        stream = web.stream_with_context(_names(web, log))
    with nothing_left(web):
        assert [] == log
        assert "active" == context.state
        assert ["/x"] * 3 == list(stream)
        assert [("end", "/x"), ("teardown", None)] == log
        assert "closed" == context.state
        assert [] == list(stream)
        stream.close()
    assert 2 == len(log)


def test_a_stream_has_the_globals_of_its_request(web: ModuleType) -> None:
    """It is the same context, no copy of it."""
    with _app(web, []).test_request_context() as context:
        web.g.value = 1
        stream = web.stream_with_context(
            (web.g.value, web.app_ctx._get_current_object()) for _ in range(1)
        )
    assert [(1, context)] == list(stream)


def test_a_stream_that_ends_within_the_block_closes_nothing_before_it(
    web: ModuleType,
) -> None:
    """The context closes with its block then."""
    log: Log = []
    with _app(web, log).test_request_context("/x"):
        assert ["/x"] * 3 == list(web.stream_with_context(_names(web, log)))
        assert [("end", "/x")] == log
        assert "/x" == web.request.path
    assert [("end", "/x"), ("teardown", None)] == log


def test_as_a_decorator_it_streams_each_call(web: ModuleType) -> None:
    """The context is that of the call."""
    log: Log = []

    @web.stream_with_context  # type: ignore[untyped-decorator]
    def names(count: int) -> Iterator[str]:
        """Stream names."""
        return _names(web, log, count)

    assert ("names", "Stream names.") == (names.__name__, names.__doc__)
    app = _app(web, log)
    streams = []
    for path in ("/a", "/b"):
        with app.test_request_context(path):
            streams.append(names(1))
    assert [["/a"], ["/b"]] == [list(stream) for stream in streams]
    with pytest.raises(RuntimeError, match="'stream_with_context' can only be used"):
        names(1)


def test_streams_that_are_read_by_turns_see_their_own_request(web: ModuleType) -> None:
    """In one thread, and closed in another order than they were opened in."""
    log: Log = []
    app = _app(web, log)
    streams = []
    for path in "abc":
        with app.test_request_context(f"/{path}"):
            streams.append(web.stream_with_context(_names(web, log, 4)))
    with nothing_left(web):
        for _ in range(3):
            assert ["/a", "/b", "/c"] == [next(stream) for stream in streams]
            assert not web.has_app_context()
        for stream in streams:
            stream.close()
    ends = [what for name, what in log if name == "end"]
    assert ["/a", "/b", "/c"] == ends
    assert 6 == len(log)


def test_two_streams_of_one_request_close_it_with_the_last(web: ModuleType) -> None:
    """Whichever that is."""
    log: Log = []
    with _app(web, log).test_request_context("/x"):
        first = web.stream_with_context(_names(web, log))
        second = web.stream_with_context(_names(web, log))
    assert ("/x", "/x") == (next(second), next(first))
    second.close()
    assert [("end", "/x")] == log
    assert ["/x"] * 2 == list(first)
    assert [("end", "/x")] * 2 + [("teardown", None)] == log


def test_a_stream_may_be_read_on_other_threads(web: ModuleType) -> None:
    """Each step and the end on another one; its variables stay with it."""
    log: Log = []
    var: ContextVar[int] = ContextVar("var", default=0)

    def count() -> Iterator[tuple[str, int]]:
        for _ in range(3):
            var.set(var.get() + 1)
            yield web.request.path, var.get()

    with _app(web, log).test_request_context("/x"):
        stream = web.stream_with_context(count())
    seen = [in_thread(lambda: next(stream)) for _ in range(3)]
    assert [("/x", 1), ("/x", 2), ("/x", 3)] == seen
    with nothing_left(web):
        in_thread(lambda: list(stream))
    assert [("teardown", None)] == log
    assert 0 == var.get()


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("way", ["drop", "cycle", "close"])
def test_a_stream_that_is_abandoned_closes_its_context(
    web: ModuleType, steps: int, way: str
) -> None:
    """Collected on another thread, too; there and here nothing is left.

    In a cycle the collector ends the generator first, where it pleases.
    """
    log: Log = []
    with _app(web, log).test_request_context("/x"):
        names = _names(web, log, looks=way != "cycle")
        streams: list[Any] = [web.stream_with_context(names)]
        del names
    for _ in range(steps):
        next(streams[0])
    assert [] == log

    def end() -> bool:
        if way == "close":
            streams[0].close()
        elif way == "cycle":
            streams[0].itself = streams[0]
        streams.clear()
        gc.collect()
        return bool(web.has_app_context())

    with nothing_left(web):
        assert False is in_thread(end)
    assert [("end", "/x")] * bool(steps) + [("teardown", None)] == log


def test_a_stream_that_its_generator_knows_closes_its_context_when_it_is_abandoned(
    web: ModuleType,
) -> None:
    """A cycle through the generator itself is collected as any other."""
    log: Log = []

    class Holder:
        stream: Any = None

    def steps(holder: Holder) -> Iterator[int]:
        yield 1
        yield holder.stream

    with _app(web, log).test_request_context("/x"):
        holder = Holder()
        holder.stream = web.stream_with_context(steps(holder))
        assert 1 == next(holder.stream)
        del holder
    with nothing_left(web):
        gc.collect()
    assert [("teardown", None)] == log


def test_one_iterator_in_two_streams_closes_the_context_with_the_second(
    web: ModuleType,
) -> None:
    """Each of them sees what the other has left of it."""
    log: Log = []
    with _app(web, log).test_request_context("/x"):
        names = iter(["a", "b"])
        streams = [web.stream_with_context(names) for _ in range(2)]
    assert "a" == next(streams[0])
    assert ["b"] == list(streams[1])
    assert [] == log
    assert [] == list(streams[0])
    assert [("teardown", None)] == log


def test_an_error_of_a_stream_closes_its_context_with_it(web: ModuleType) -> None:
    """It comes out of the step, once."""
    log: Log = []
    error = ValueError("of the stream")

    def fail() -> Iterator[int]:
        yield 1
        raise error

    with _app(web, log).test_request_context():
        stream = web.stream_with_context(fail())
    assert 1 == next(stream)
    with nothing_left(web), pytest.raises(ValueError, match="of the stream"):
        next(stream)
    assert [("teardown", error)] == log
    assert [] == list(stream)


def test_an_error_of_closing_a_stream_closes_its_context_with_it(
    web: ModuleType,
) -> None:
    """It comes out of ``close()``."""
    log: Log = []

    def fail() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("of the end")

    with _app(web, log).test_request_context():
        stream = web.stream_with_context(fail())
    next(stream)
    with nothing_left(web), pytest.raises(ValueError, match="of the end"):
        stream.close()
    assert ["ValueError"] == [type(error).__name__ for _, error in log]


def test_an_error_of_a_stream_that_is_dropped_is_logged(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """And is no unraisable one."""
    app = _app(web, [])

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def fail(_: BaseException | None) -> None:
        raise ValueError("of the teardown")

    with app.test_request_context():
        streams = [web.stream_with_context(iter([1]))]
    assert [] == caplog.records
    streams.clear()
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "of the teardown" == str(record.exc_info[1])


def test_the_error_of_the_block_is_that_of_the_context(web: ModuleType) -> None:
    """Which closes with the stream, later."""
    log: Log = []
    error = ValueError("of the block")
    streams: list[Any] = []

    def work() -> None:
        with _app(web, log).test_request_context("/x"):
            streams.append(web.stream_with_context(_names(web, log)))
            raise error

    with pytest.raises(ValueError, match="of the block"):
        work()
    assert [] == log
    streams[0].close()
    assert [("teardown", error)] == log


def test_any_iterator_can_be_streamed(web: ModuleType) -> None:
    """With ``close()`` or without; nothing else."""
    with _app(web, []).test_request_context():
        assert [1, 2] == list(web.stream_with_context(iter([1, 2])))
        assert ["1"] == list(web.stream_with_context(map(str, [1])))
        with pytest.raises(TypeError, match="takes an iterator, not"):
            web.stream_with_context([1, 2])


def test_a_close_that_comes_during_a_step_is_not_lost(web: ModuleType) -> None:
    """It cannot close then; the end does."""
    log: Log = []
    streams: list[Any] = []

    def steps() -> Iterator[int]:
        try:
            streams[0].close()
        except (RuntimeError, ValueError):
            log.append("refused")
        yield 1

    with _app(web, log).test_request_context():
        streams.append(web.stream_with_context(steps()))
    with nothing_left(web):
        list(streams[0])
        streams[0].close()
    assert ["refused", ("teardown", None)] == log


@pytest.mark.parametrize("way", ["read", "begin", "leave"])
def test_a_stream_as_the_body_of_a_response_closes_with_it(
    web: ModuleType, way: str
) -> None:
    """Once; the server sees nothing of it."""
    log: Log = []

    def application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        names = _names(web, log)
        stream: Any = web.stream_with_context(name.encode() for name in names)
        body: Iterator[bytes] = iter(stream)
        return body

    app = web.WSGI(application)
    app.teardown_appcontext(lambda error: log.append(("teardown", error)))
    with nothing_left(web):
        body = call(app, "/x").body
        if way == "read":
            assert [b"/x"] * 3 == list(body)
        elif way == "begin":
            assert b"/x" == next(body)
        assert "teardown" not in dict(log)
        body.close()
        gc.collect()
    assert [("end", "/x")] * (way != "leave") + [("teardown", None)] == log


def test_a_stream_that_outlives_the_body_keeps_the_context(web: ModuleType) -> None:
    """Given to a thread, say."""
    log: Log = []
    streams: list[Any] = []

    def body() -> list[bytes]:
        streams.append(web.stream_with_context(_names(web, log)))
        return [b"accepted"]

    app = _app(web, log, body)
    assert b"accepted" == call(app, "/x").read()
    assert [] == log
    assert ["/x"] * 3 == in_thread(lambda: list(streams[0]))
    assert [("end", "/x"), ("teardown", None)] == log


def test_a_stream_needs_a_context_that_is_open(web: ModuleType) -> None:
    """Not one that is closing."""
    app = web.WSGI(saying())
    caught: list[str] = []

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def late(_: BaseException | None) -> None:
        with pytest.raises(RuntimeError) as error:
            web.stream_with_context(iter([]))
        caught.append(str(error.value))

    with app.app_context():
        pass
    assert 1 == len(caught)
