"""``WSGI``: the call, the steps of the body and ``close()``, all in one context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest
from web_apps import Log, acting, call, environ, in_thread, nothing_left, noting, saying


class Steps:
    """A body that tells when it is read and closed."""

    def __init__(self, log: Log, look: Callable[[], object] = int) -> None:
        self.log = log
        self.look = look
        self.left = 2

    def __iter__(self) -> Steps:
        self.log.append(("iter", self.look()))
        return self

    def __next__(self) -> bytes:
        if not self.left:
            self.log.append(("end", self.look()))
            raise StopIteration
        self.left -= 1
        self.log.append(("next", self.look()))
        return b"x"

    def close(self) -> None:
        """Note it."""
        self.log.append(("close", self.look()))


def test_the_call_and_all_of_the_body_are_in_one_context(web: ModuleType) -> None:
    """The same request, the same ``g``, the same ``Context``."""
    log: Log = []
    var: ContextVar[str] = ContextVar("var", default="unset")

    def look() -> tuple[str, str, int]:
        return web.request.path, var.get(), id(web.app_ctx._get_current_object())

    def application(_: dict[str, Any], start_response: Any) -> Steps:
        var.set("set")
        log.append(("call", look()))
        start_response("200 OK", [])
        return Steps(log, look)

    app = noting(web, application, log)
    answer = call(app, "/here")
    assert b"xx" == answer.read()
    steps = ["call", "iter", "next", "next", "end", "close", "teardown"]
    assert steps == [name for name, _ in log]
    assert 1 == len({what for name, what in log if name != "teardown"})
    assert ("/here", "set") == log[0][1][:2]
    assert "unset" == var.get()


def test_nothing_is_left_on_the_thread_of_the_worker(web: ModuleType) -> None:
    """Neither while the body waits to be read, nor after; no variable is changed."""
    var: ContextVar[str] = ContextVar("var")

    def work() -> str:
        var.set("of the request")
        return "done"

    before = list(copy_context().items())
    with nothing_left(web):
        answer = call(web.WSGI(acting(work)))
        assert not web.has_app_context()
        assert before == list(copy_context().items())
        answer.read()
    assert before == list(copy_context().items())
    assert None is var.get(None)


def test_the_context_of_the_server_is_seen_and_not_changed(web: ModuleType) -> None:
    """A request starts from a copy of it."""
    var: ContextVar[list[str]] = ContextVar("var")
    var.set(["of the server"])
    answer = call(web.WSGI(acting(lambda: var.get()[0])))
    assert b"of the server" == answer.read()


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"a",), []])
def test_a_list_keeps_its_length(web: ModuleType, body: Any) -> None:
    """Servers tell the length of a body of one part from it."""
    answer = call(web.WSGI(saying(body)))
    assert len(body) == len(answer.body)
    assert list(body) == list(answer.body)
    answer.body.close()


def test_other_bodies_have_no_length(web: ModuleType) -> None:
    """As they had none before."""
    answer = call(web.WSGI(saying(iter([b"a"]))))
    with pytest.raises(TypeError):
        len(answer.body)
    assert b"a" == answer.read()


def _read(body: Any) -> None:
    list(body)


def _begin(body: Any) -> None:
    next(iter(body))


def _leave(body: Any) -> None:
    pass


@pytest.mark.parametrize("use", [_read, _begin, _leave])
@pytest.mark.parametrize("times", [1, 2])
def test_the_context_closes_once_however_far_the_body_was_read(
    web: ModuleType, use: Callable[[Any], None], times: int
) -> None:
    """By ``close()``, and no second time by the next one."""
    log: Log = []
    app = noting(web, saying(Steps(log)), log)
    with nothing_left(web):
        body = call(app).body
        use(body)
        assert "teardown" not in dict(log)
        for _ in range(times):
            body.close()
    assert [("close", 0), ("teardown", None)] == log[-2:]
    assert 1 == [name for name, _ in log].count("close")
    assert 1 == [name for name, _ in log].count("teardown")
    assert [] == list(body)


@pytest.mark.parametrize("use", [_read, _begin, _leave])
def test_a_body_that_is_dropped_on_another_thread_closes_there(
    web: ModuleType, use: Callable[[Any], None]
) -> None:
    """Servers forget ``close()`` when the client goes away."""
    log: Log = []
    app = noting(web, saying(Steps(log)), log)
    bodies = [call(app).body]
    use(bodies[0])

    def drop() -> bool:
        bodies.clear()
        return bool(web.has_app_context())

    with nothing_left(web):
        assert False is in_thread(drop)
    assert [("close", 0), ("teardown", None)] == log[-2:]
    assert 1 == [name for name, _ in log].count("teardown")


def test_an_error_of_a_body_that_is_dropped_is_logged(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would hear of it."""
    app = web.WSGI(saying([b""]))

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def fail(_: BaseException | None) -> None:
        raise ValueError("of the teardown")

    call(app)
    (record,) = caplog.records
    assert "inscope" == record.name
    assert record.exc_info is not None
    assert "of the teardown" == str(record.exc_info[1])


def test_an_application_that_raises_closes_its_context(web: ModuleType) -> None:
    """With its error, before there is a body."""
    log: Log = []
    error = ValueError("of the application")

    def application(*_: object) -> list[bytes]:
        raise error

    with nothing_left(web), pytest.raises(ValueError, match="of the application"):
        call(noting(web, application, log))
    assert [("teardown", error)] == log


@pytest.mark.parametrize("at", ["iter", "next", "second"])
def test_a_body_that_raises_closes_the_context_with_its_error(
    web: ModuleType, at: str
) -> None:
    """When the server closes it."""
    log: Log = []
    error = ValueError("of the body")

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            if at == "iter":
                raise error
            return self.steps()

        def steps(self) -> Iterator[bytes]:
            if at == "second":
                yield b"x"
            raise error

        def close(self) -> None:
            log.append(("close", None))

    answer = call(noting(web, saying(Body()), log))
    with nothing_left(web), pytest.raises(ValueError, match="of the body"):
        answer.read()
    assert [("close", None), ("teardown", error)] == log


def test_an_error_of_closing_the_body_closes_the_context_with_it(
    web: ModuleType,
) -> None:
    """And comes out once."""
    log: Log = []
    error = ValueError("of close")

    class Body(Steps):
        def close(self) -> None:
            raise error

    body = call(noting(web, saying(Body([])), log)).body
    with nothing_left(web), pytest.raises(ValueError, match="of close"):
        body.close()
    body.close()
    assert [("teardown", error)] == log


def test_a_body_whose_close_cannot_even_be_found_closes_the_context(
    web: ModuleType,
) -> None:
    """A property may raise as well as a method."""
    log: Log = []

    class Body(Steps):
        @property
        def close(self) -> Any:
            raise ValueError("of the property")

    body = call(noting(web, saying(Body([])), log)).body
    with nothing_left(web), pytest.raises(ValueError, match="of the property"):
        body.close()
    assert ["teardown"] == [name for name, _ in log]


def test_a_close_that_comes_during_a_step_is_not_lost(web: ModuleType) -> None:
    """It cannot close then; the next one does."""
    log: Log = []
    bodies: list[Any] = []

    def steps() -> Iterator[bytes]:
        try:
            bodies[0].close()
        except RuntimeError as error:
            log.append(("refused", str(error)))
        yield b"x"

    bodies.append(call(noting(web, saying(steps()), log)).body)
    with nothing_left(web):
        list(bodies[0])
        bodies[0].close()
    assert 1 == [name for name, _ in log].count("teardown")


def test_a_client_that_goes_away_is_no_error_of_the_application(
    web: ModuleType,
) -> None:
    """The generator is closed where it waits, and then the context."""
    log: Log = []

    def steps() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        except GeneratorExit:
            log.append(("gone", web.request.path))
            raise

    body = call(noting(web, saying(steps()), log), "/here").body
    assert b"one" == next(body)
    with nothing_left(web):
        body.close()
    assert [("gone", "/here"), ("teardown", None)] == log


def test_errors_of_the_teardown_reach_the_server(web: ModuleType) -> None:
    """From ``close()``; in place of the application's own, whose context it has."""
    app = web.WSGI(saying())

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def fail(error: BaseException | None) -> None:
        raise ValueError("of the teardown")

    with nothing_left(web), pytest.raises(ValueError, match="of the teardown"):
        call(app).read()

    error = KeyError("of the application")

    def broken(*_: object) -> list[bytes]:
        raise error

    app.application = broken
    with pytest.raises(ValueError, match="of the teardown") as caught:
        call(app)
    assert error is caught.value.__context__


@pytest.mark.parametrize("place", ["call", "body", "teardown"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_comes_out_as_it_is(
    web: ModuleType, place: str, kind: type[BaseException]
) -> None:
    """And closes the context wherever it strikes."""
    log: Log = []

    def strike(here: str) -> None:
        if here == place:
            raise kind

    def application(_: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        strike("call")
        return steps()

    def steps() -> Iterator[bytes]:
        strike("body")
        yield b"x"

    app = web.WSGI(application)
    app.teardown_appcontext(lambda _: log.append("first"))
    app.teardown_appcontext(lambda _: strike("teardown"))
    with nothing_left(web), pytest.raises(kind) as caught:
        call(app).read()
    assert kind is type(caught.value)
    assert ["first"] == log


def test_a_context_that_does_not_open_leaves_nothing(web: ModuleType) -> None:
    """What raises in a hook, or as ``g`` is made."""

    class Broken(web.AppContext):  # type: ignore[misc, name-defined]
        def on_push(self) -> None:
            raise ValueError("of the hook")

    app = web.WSGI(saying())
    app.context_class = Broken
    with nothing_left(web):
        for function in (lambda: call(app), lambda: app(environ(), print)):
            with pytest.raises(ValueError, match="of the hook"):
                function()
