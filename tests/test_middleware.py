"""Cleaning up after WSGI requests, whatever the application or the server does."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import ModuleType
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from places import in_copied_context

Application = Callable[[Any, Any], Iterable[bytes]]
HEADERS = [("Content-Type", "text/plain")]


class Body:
    """A response body that can fail at each step, and tells what was done to it."""

    def __init__(self, *chunks: bytes | Exception, close: Any = None) -> None:
        self.steps = iter(chunks)
        self.error = close
        self.closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        step = next(self.steps)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


class Site:
    """A Local, its manager, and an application that sets a name and gives *body*."""

    def __init__(self, inscope: ModuleType, body: Any = (b"hello",)) -> None:
        self.local = inscope.Local()
        self.manager = inscope.LocalManager(self.local)
        self.body = body
        self.served = self.manager.make_middleware(self.answer)

    def answer(self, environ: Any, start_response: Any) -> Any:
        """Set a name and answer with the body, or raise it."""
        self.local.path = environ["PATH_INFO"]
        if isinstance(self.body, Exception):
            raise self.body
        start_response("200 OK", HEADERS)
        return self.body

    def failing_cleanup(self, error: BaseException) -> None:
        """Make the clean-up fail with *error*, besides doing its work."""

        class Failing:
            def __release_local__(self) -> None:
                raise error

        self.manager.locals.append(Failing())


def environ(path: str = "/") -> dict[str, Any]:
    """Return the environment of a request."""
    made: dict[str, Any] = {"QUERY_STRING": ""}
    setup_testing_defaults(made)
    return made | {"PATH_INFO": path}


def ignore(*args: Any) -> Callable[[bytes], object]:
    """Serve as ``start_response``."""
    return lambda data: None


def call(application: Application, path: str = "/") -> bytes:
    """Serve one request as a server does, both sides watched for offences."""
    body = validator(application)(environ(path), ignore)
    with closing(body):  # type: ignore[type-var]
        return b"".join(body)


# The usual course


def test_data_lives_until_the_response_is_closed(inscope: ModuleType) -> None:
    """It is there while the body is made, and gone when the server is done."""
    site = Site(inscope)

    body = site.served(environ("/login"), ignore)
    during = dict(site.local)
    chunks = list(body)
    after_iteration = dict(site.local)
    body.close()  # type: ignore[attr-defined]

    assert [b"hello"] == chunks
    assert {"path": "/login"} == during == after_iteration
    assert {} == dict(site.local)


def generated(local: Any) -> Iterator[bytes]:
    """Answer with what is set while the body runs."""
    yield b"path "
    yield local.path.encode()


def handed_out(local: Any) -> FileWrapper:
    """Answer with a file, as ``wsgi.file_wrapper`` does."""
    return FileWrapper(io.BytesIO(b"path " + local.path.encode()), 3)


BODIES: dict[str, Callable[[Any], Iterable[bytes]]] = {
    "generator": generated,
    "file wrapper": handed_out,
    "list": lambda local: [b"path ", local.path.encode()],
    "tuple": lambda local: (b"path " + local.path.encode(),),
    "iterator": lambda local: iter([b"path ", local.path.encode()]),
    "body with close": lambda local: Body(b"path ", local.path.encode()),
    "map": lambda local: map(str.encode, ["path ", local.path]),
}


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
def test_every_kind_of_body_is_served_and_cleaned_up_after(
    inscope: ModuleType, make: Callable[[Any], Iterable[bytes]]
) -> None:
    """Lists, generators, files: the bytes are the same and nothing is left."""
    local = inscope.Local()
    manager = inscope.LocalManager([local])

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        local.path = environ["PATH_INFO"]
        start_response("200 OK", HEADERS)
        return make(local)

    served = manager.make_middleware(validator(application))

    assert b"path /login" == call(served, "/login")
    assert {} == dict(local)


def test_the_body_of_the_application_is_closed(inscope: ModuleType) -> None:
    """Once, before the clean-up, also if nobody iterated or closes again."""
    site = Site(inscope)
    seen = []

    class Closing(Body):
        def close(self) -> None:
            super().close()
            seen.append(dict(site.local))

    site.body = Closing(b"hello")

    body: Any = site.served(environ(), ignore)
    body.close()
    body.close()

    assert 1 == site.body.closed
    assert [{"path": "/"}] == seen
    assert {} == dict(site.local)


def test_closing_twice_cleans_up_once(inscope: ModuleType) -> None:
    """What was set between the two is not touched."""
    site = Site(inscope)
    body: Any = site.served(environ(), ignore)

    body.close()
    site.local.user = "ann"
    body.close()

    assert {"user": "ann"} == dict(site.local)


def test_the_application_gets_the_environment_and_start_response(
    inscope: ModuleType,
) -> None:
    """Unchanged: the very objects that the server passed."""
    seen: list[Any] = []

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.extend((environ, start_response))
        return []

    given = environ()
    served = inscope.LocalManager().make_middleware(application)
    served(given, ignore).close()

    assert given is seen[0]
    assert ignore is seen[1]


def test_a_server_of_the_standard_library_serves_it(inscope: ModuleType) -> None:
    """``wsgiref`` writes the response and closes it."""
    site = Site(inscope, Body(b"hello"))
    output = io.BytesIO()
    handler = SimpleHandler(io.BytesIO(), output, io.StringIO(), environ())

    handler.run(site.served)

    assert output.getvalue().endswith(b"\r\n\r\nhello")
    assert 1 == site.body.closed
    assert {} == dict(site.local)


def test_a_reused_worker_shows_nothing_of_the_last_request(
    inscope: ModuleType,
) -> None:
    """One thread serves them all, and each request starts with nothing."""
    local, stack = inscope.Local(), inscope.LocalStack()
    manager = inscope.LocalManager([local, stack])
    found: list[Any] = []

    @manager.middleware
    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        found.append((dict(local), stack.top))
        local.user = environ["PATH_INFO"]
        stack.push(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/broken":
            raise KeyError("broken")
        start_response("200 OK", HEADERS)
        return generated_user()

    def generated_user() -> Iterator[bytes]:
        yield local.user.encode()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call, application, "/ann").result()
        error = pool.submit(call, application, "/broken").exception()
        last = pool.submit(call, application, "/bob").result()
        left = pool.submit(lambda: (dict(local), stack.top)).result()

    assert (b"/ann", b"/bob") == (first, last)
    assert isinstance(error, KeyError)
    assert [({}, None)] * 3 == found
    assert ({}, None) == left


# When something raises


def test_an_application_that_raises_is_cleaned_up_after(inscope: ModuleType) -> None:
    """At once, and its error comes out as it is."""
    site = Site(inscope, KeyError("application"))

    with pytest.raises(KeyError) as caught:
        call(site.served)

    assert site.body is caught.value
    assert {} == dict(site.local)


def test_an_iteration_that_raises_is_cleaned_up_after(inscope: ModuleType) -> None:
    """At once, also if the server forgets to close; the body is closed."""
    error = KeyError("iteration")
    site = Site(inscope, Body(b"hello", error))

    body: Any = site.served(environ(), ignore)
    assert b"hello" == next(body)
    with pytest.raises(KeyError) as caught:
        next(body)

    assert error is caught.value
    assert 1 == site.body.closed
    assert {} == dict(site.local)

    body.close()
    assert 1 == site.body.closed


def test_the_end_of_an_iteration_is_not_an_error(inscope: ModuleType) -> None:
    """The data lives until ``close``, which may come after the last chunk."""
    site = Site(inscope, Body())

    body: Any = site.served(environ(), ignore)

    assert [] == list(body)
    assert [] == list(body)
    assert 0 == site.body.closed
    assert {"path": "/"} == dict(site.local)
    body.close()
    assert {} == dict(site.local)


def test_a_close_that_raises_is_cleaned_up_after(inscope: ModuleType) -> None:
    """Its error comes out as it is, once."""
    error = KeyError("close")
    site = Site(inscope, Body(b"hello", close=error))

    body: Any = site.served(environ(), ignore)
    with pytest.raises(KeyError) as caught:
        body.close()
    body.close()

    assert error is caught.value
    assert 1 == site.body.closed
    assert {} == dict(site.local)


@pytest.mark.parametrize("body", [None, 1, object()])
def test_an_answer_that_is_no_body_is_cleaned_up_after(
    inscope: ModuleType, body: Any
) -> None:
    """The error is the one that iterating it raises."""
    site = Site(inscope, body)

    with pytest.raises(TypeError, match="not iterable"):
        site.served(environ(), ignore)

    assert {} == dict(site.local)


def test_a_body_that_cannot_be_iterated_is_closed(inscope: ModuleType) -> None:
    """The server never gets it and could not close it."""

    class Broken(Body):
        def __iter__(self) -> Body:
            raise KeyError("iter")

    site = Site(inscope, Broken())

    with pytest.raises(KeyError, match="iter"):
        call(site.served)

    assert 1 == site.body.closed
    assert {} == dict(site.local)


def test_a_cleanup_that_fails_raises_from_close(inscope: ModuleType) -> None:
    """Where the application did well, the error of the clean-up is the one."""
    site = Site(inscope)
    error = ValueError("clean-up")
    site.failing_cleanup(error)

    with pytest.raises(ValueError, match="clean-up") as caught:
        call(site.served)

    assert error is caught.value
    assert {} == dict(site.local)


FAULTS: dict[str, Callable[[Exception], Any]] = {
    "call": lambda error: error,
    "iteration": lambda error: Body(error),
    "close": lambda error: Body(b"hello", close=error),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_applications_error_wins_over_that_of_the_cleanup(
    inscope: ModuleType,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[Exception], Any],
) -> None:
    """The other one is told in a note and logged with its traceback."""
    site = Site(inscope, fault(KeyError("application")))
    site.failing_cleanup(ValueError("clean-up"))

    with pytest.raises(KeyError, match="application") as caught:
        call(site.served)

    (note,) = caught.value.__notes__
    (record,) = caplog.records
    assert "ValueError" in note
    assert note.endswith("clean-up")
    assert ("inscope", logging.ERROR) == (record.name, record.levelno)
    assert "KeyError" in record.getMessage()
    assert record.exc_info is not None
    assert "clean-up" == str(record.exc_info[1])
    assert {} == dict(site.local)


def test_three_errors_at_once_are_all_told(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The first wins; those of ``close`` and of the clean-up are not lost."""
    site = Site(inscope, Body(KeyError("application"), close=OSError("close")))
    site.failing_cleanup(ValueError("clean-up"))

    with pytest.raises(KeyError, match="application") as caught:
        call(site.served)

    logged = [record.exc_info for record in caplog.records]
    assert [ValueError, OSError] == [told[0] for told in logged if told]
    assert "OSError" in "".join(caught.value.__notes__)
    assert {} == dict(site.local)


def test_an_unprintable_cleanup_error_does_not_replace_the_applications(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that an error's ``repr`` does gets in the way."""

    class UnprintableError(Exception):
        def __repr__(self) -> str:
            raise RuntimeError("repr")

    monkeypatch.setattr(logging, "raiseExceptions", False)
    site = Site(inscope, KeyError("application"))
    site.failing_cleanup(UnprintableError())

    with pytest.raises(KeyError, match="application"):
        call(site.served)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_the_application_is_cleaned_up_after(
    inscope: ModuleType, kind: type[BaseException]
) -> None:
    """It comes out, and nothing stays on the worker."""
    site = Site(inscope)

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        site.local.user = "ann"
        raise kind

    with pytest.raises(kind):
        site.manager.make_middleware(application)(environ(), ignore)

    assert {} == dict(site.local)


def test_data_that_another_context_captured_survives(inscope: ModuleType) -> None:
    """A clean-up elsewhere does not reach into the context of the request."""
    site = Site(inscope)

    body: Any = site.served(environ(), ignore)
    in_copied_context(body.close)

    assert {"path": "/"} == dict(site.local)


# The decorator


def test_middleware_decorates_a_function(inscope: ModuleType) -> None:
    """The result cleans up, and has the name, text and module of the function."""
    local = inscope.Local()
    manager = inscope.LocalManager(local)

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer."""
        local.user = "ann"
        start_response("200 OK", HEADERS)
        return [b"hello"]

    application.mark = "kept"  # type: ignore[attr-defined]
    decorated: Any = manager.middleware(application)

    assert b"hello" == call(decorated)
    assert {} == dict(local)
    assert ("application", "Answer.") == (decorated.__name__, decorated.__doc__)
    assert (__name__, "kept") == (decorated.__module__, decorated.mark)
    assert application is decorated.__wrapped__


def test_middleware_decorates_an_object_that_has_no_name(inscope: ModuleType) -> None:
    """An application may be an instance."""
    site = Site(inscope)

    class Application:
        def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
            return list(map(bytes, site.answer(environ, start_response)))

    assert b"hello" == call(site.manager.middleware(Application()))
    assert {} == dict(site.local)


def test_make_middleware_does_not_claim_to_be_the_application(
    inscope: ModuleType,
) -> None:
    """That is what ``middleware`` is for; both leave the application as it was."""
    site = Site(inscope)
    before = dict(vars(Site.answer))

    made = site.manager.make_middleware(Site.answer)
    site.manager.middleware(Site.answer)

    assert not hasattr(made, "__wrapped__")
    assert before == vars(Site.answer)
