"""``WSGI`` and PEP 3333: what a server and an application see of the wrapper."""

from __future__ import annotations

import io
import sys
import warnings
import wsgiref.util
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any
from wsgiref.validate import validator

import pytest
from web_apps import Answer, acting, call, environ, nothing_left, saying
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import run_wsgi_app

PLAIN = [("Content-Type", "text/plain")]


def _list(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [*PLAIN, ("Content-Length", "5")])
    return [b"hello"]


def _generator(_: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", list(PLAIN))
    yield b"hel"
    yield b"lo"


def _writing(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    write = start_response("200 OK", list(PLAIN))
    write(b"hel")
    return [b"lo"]


def _starting_again(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", list(PLAIN))
    try:
        raise ValueError("half-way")
    except ValueError:
        start_response("500 Internal Server Error", list(PLAIN), sys.exc_info())
    return [b"hello"]


def _using(web: ModuleType, application: Any, use: str) -> Callable[..., Any]:
    """Return *application* with something that waits for the response before it."""

    def application_with(environ: dict[str, Any], start_response: Any) -> Any:
        if use == "after":
            web.after_this_request(lambda response: None)
        elif use == "read":
            web.session.get("a")
        elif use == "write":
            web.session["a"] = 1
        return application(environ, start_response)

    return application_with


USES = ["nothing", "after", "read", "write"]
KINDS = [_list, _generator, _writing, _starting_again]


def _validated(inner: Callable[..., Any], outer: Callable[..., Any]) -> bytes:
    """Return what comes through *outer* from *inner*, a server's strict call."""
    source = environ("/", base_url="http://localhost")
    source.pop("CONTENT_LENGTH", None)
    answer = Answer()
    answer.body = validator(outer)(source, answer.start_response)
    return b"".join(answer.written) + answer.read()


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("application", KINDS)
def test_the_validator_of_the_standard_library_finds_nothing(
    web: ModuleType, application: Callable[..., Any], use: str
) -> None:
    """Neither seen from the server nor from the application."""
    inner = validator(_using(web, application, use))
    app = web.WSGI(inner, secret_key="key")
    with nothing_left(web):
        assert b"hello" == _validated(inner, app)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("application", [_list, _generator])
def test_the_lint_of_werkzeug_finds_nothing(
    web: ModuleType, application: Callable[..., Any], use: str
) -> None:
    """Neither seen from the server nor from the application."""
    app = web.WSGI(LintMiddleware(_using(web, application, use)), secret_key="key")
    with nothing_left(web), warnings.catch_warnings():
        warnings.simplefilter("error")
        body, _, _ = run_wsgi_app(LintMiddleware(app), environ(), buffered=True)
        assert b"hello" == b"".join(body)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("status", ["304 Not Modified", "204 No Content"])
def test_a_response_without_content_gets_no_type_of_content(
    web: ModuleType, status: str, use: str
) -> None:
    """What PEP 3333's validator and werkzeug's lint would say of it."""

    def empty(_: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [])
        return []

    app = web.WSGI(_using(web, empty, use), secret_key="key")
    answer = call(app)
    assert [] == answer.values("Content-Type")
    assert [] == answer.values("Content-Length")
    assert b"" == answer.read()


@pytest.mark.parametrize("use", ["after", "read", "write"])
def test_the_headers_of_the_application_stay_as_they_are(
    web: ModuleType, use: str
) -> None:
    """Their order, their number and their case; only what is new comes to them."""
    headers = [
        ("x-a", "1"),
        ("Set-Cookie", "a=b; Path=/"),
        ("X-A", "2"),
        ("X-Text", "caf\xe9 \t \xff"),
        ("Set-Cookie", "c=d"),
        ("x-empty", ""),
    ]
    app = web.WSGI(_using(web, saying(headers=headers), use), secret_key="key")
    answer = call(app)
    assert headers == answer.headers[: len(headers)]
    new = {"after": [], "read": ["Vary"], "write": ["Set-Cookie", "Vary"]}[use]
    assert new == sorted(key for key, _ in answer.headers[len(headers) :])
    answer.read()


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "status", ["200 OK", "200 Very well", "299 Odd", "404 Not here", "999 Own"]
)
def test_the_status_of_the_application_stays_as_it_is(
    web: ModuleType, status: str, use: str
) -> None:
    """Its words, too."""

    def application(_: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [])
        return []

    answer = call(web.WSGI(_using(web, application, use), secret_key="key"))
    assert status == answer.status
    answer.read()


@pytest.mark.parametrize("use", USES)
def test_the_information_of_an_error_reaches_the_server(
    web: ModuleType, use: str
) -> None:
    """Of a response that is begun again."""
    app = web.WSGI(_using(web, _starting_again, use), secret_key="key")
    answer = call(app)
    assert 2 == answer.starts
    assert ValueError is answer.exc_info[0]
    assert "500 Internal Server Error" == answer.status
    assert ["session"] * (use == "write") == [
        value.partition("=")[0] for value in answer.values("Set-Cookie")
    ]
    answer.read()
    answer.exc_info = None


def test_a_server_that_takes_no_third_argument_is_given_none(web: ModuleType) -> None:
    """Only an application that begins again needs it."""
    seen: list[tuple[Any, ...]] = []

    def start_response(*arguments: Any) -> None:
        seen.append(arguments)

    web.WSGI(_list)(environ(), start_response).close()
    assert [2] == [len(arguments) for arguments in seen]


def test_an_error_of_the_server_reaches_the_application(web: ModuleType) -> None:
    """From ``start_response``, as without the wrapper."""
    caught: list[BaseException] = []

    def application(_: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            start_response("200 OK", [])
        except ValueError as error:
            caught.append(error)
        return []

    error = ValueError("of the server")

    def refuse(*_: object) -> None:
        raise error

    web.WSGI(application)(environ(), refuse).close()
    assert [error] == caught


def test_the_environ_is_the_one_of_the_server(web: ModuleType) -> None:
    """The very dictionary: applications leave things in it for others."""
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    source = environ()
    before = dict(source)
    web.WSGI(application)(source, Answer().start_response).close()
    assert source is seen[0]
    assert before == source


def test_the_files_of_a_request_are_closed_with_its_context(web: ModuleType) -> None:
    """What a visitor has sent lies in temporary files, which nobody else closes."""
    files: list[Any] = []

    def work() -> str:
        files.extend(web.request.files.values())
        return f"{len(files[0].read())} {web.request.form['name']}"

    data = {"name": "ann", "file": (io.BytesIO(b"x" * 1_000_000), "big.bin")}
    source, answer = environ(method="POST", data=data), Answer()
    answer.body = web.WSGI(acting(work))(source, answer.start_response)
    assert b"1000000 ann" == answer.read()
    source["wsgi.input"].close()  # a file, too, which is the server's
    closed = [file.stream.closed for file in files]
    for file in files:
        file.close()
    assert [True] == closed


def test_the_wrapper_of_files_of_a_server_may_be_the_body(web: ModuleType) -> None:
    """What ``wsgi.file_wrapper`` makes is read and closed."""
    file = io.BytesIO(b"of the file")
    answer = call(web.WSGI(saying(wsgiref.util.FileWrapper(file))))
    assert b"of the file" == answer.read()
    assert file.closed


def test_werkzeugs_own_client_is_content(web: ModuleType) -> None:
    """Any client may ask."""
    from werkzeug.test import Client

    app = web.WSGI(acting(lambda: web.request.full_path))
    assert "/a?b=1" == Client(app).get("/a?b=1").text


def test_an_application_of_flask_works_inside(web: ModuleType) -> None:
    """With both libraries' names at once."""
    flask = pytest.importorskip("flask")
    inner = flask.Flask("inner")

    def view() -> str:
        web.session["seen"] = flask.request.path
        return f"{flask.request.path} {web.request.path} {flask.current_app.name}"

    inner.add_url_rule("/here", view_func=view)
    app = web.WSGI(inner, secret_key="key")
    assert "inner" == app.name
    client = app.test_client()
    response = client.get("/here")
    assert "/here /here inner" == response.text
    with client.session_transaction() as kept:
        assert {"seen": "/here"} == dict(kept)


def test_the_session_that_is_changed_too_late_is_not_lost_in_silence(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Its cookie went out, or did not, with the headers."""

    def application(_: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        web.session["late"] = 1
        return []

    answer = call(web.WSGI(application, secret_key="key"))
    answer.read()
    assert [] == answer.values("Set-Cookie")
    texts = [record.getMessage() for record in caplog.records]
    assert 1 == len(texts), texts
    assert "session" in texts[0]
