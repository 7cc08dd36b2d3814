"""The clients for tests: the context of the last request is kept, and closed once."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest
from web_apps import Log, acting, nothing_left


def _app(web: ModuleType, log: Log, action: Any = None, **settings: Any) -> Any:
    """Return an application that does *action*, and notes its teardowns in *log*."""

    def work() -> object:
        web.g.path = web.request.path
        return action() if action else web.request.path

    settings = settings or {"secret_key": "key"}
    app = web.WSGI(acting(work), **settings)
    app.teardown_request(lambda error: log.append((web.g.get("path"), error)))
    return app


def test_without_a_block_nothing_is_kept(web: ModuleType) -> None:
    """The context has closed with the response."""
    log: Log = []
    client = _app(web, log).test_client()
    with nothing_left(web):
        assert "/a" == client.get("/a").text
    assert [("/a", None)] == log


def test_in_a_block_the_context_of_the_last_request_is_kept(web: ModuleType) -> None:
    """Until the next one, or the end; each is torn down once."""
    log: Log = []
    app = _app(web, log)
    with nothing_left(web):
        with app.test_client() as client:
            assert not web.has_app_context()
            client.get("/a?x=1")
            assert "/a" == web.g.path
            assert "1" == web.request.args["x"]
            assert web.current_app._get_current_object() is app
            assert [] == log
            client.get("/b")
            assert "/b" == web.g.path
            assert [("/a", None)] == log
        assert [("/a", None), ("/b", None)] == log
        with pytest.raises(RuntimeError, match="outside of request context"):
            _ = web.request.path


def test_a_block_in_a_context_goes_back_to_it(web: ModuleType) -> None:
    """That of a fixture, say."""
    app = _app(web, [])
    with app.app_context() as context, app.test_client() as client:
        client.get("/a")
        assert web.has_request_context()
        client.__exit__()
        assert web.app_ctx._get_current_object() is context
        client.__enter__()


def test_blocks_of_one_client_cannot_be_nested(web: ModuleType) -> None:
    """They can follow each other."""
    client = _app(web, []).test_client()
    with (
        nothing_left(web),
        client,
        pytest.raises(RuntimeError, match="Cannot nest client invocations"),
    ):
        client.__enter__()
    with client:
        client.get("/a")
        assert "/a" == web.g.path


def test_an_application_that_fails_is_torn_down_in_a_block_too(
    web: ModuleType,
) -> None:
    """There is no response to keep its context for."""
    log: Log = []
    error = ValueError("of the application")

    def fail() -> None:
        raise error

    app = _app(web, log, fail)
    with nothing_left(web), app.test_client() as client:
        for _ in range(2):
            with pytest.raises(ValueError, match="of the application"):
                client.get("/a")
    assert [("/a", error)] * 2 == log


def test_an_application_in_an_application_is_torn_down_in_a_block_too(
    web: ModuleType,
) -> None:
    """Both of them, once."""
    log: Log = []
    inner = _app(web, log)

    def outer(environ: Any, start_response: Any) -> Any:
        web.g.path = "outer"
        return inner(environ, start_response)

    app = web.WSGI(outer)
    app.teardown_request(lambda error: log.append((web.g.path, error)))
    with nothing_left(web), app.test_client() as client:
        assert "/a" == client.get("/a").text
    assert [("/a", None), ("outer", None)] == sorted(log)


def test_each_hop_of_a_redirect_is_torn_down_once(web: ModuleType) -> None:
    """The context of the last one is kept."""
    log: Log = []

    def redirect(environ: Any, start_response: Any) -> list[bytes]:
        web.g.path = path = environ["PATH_INFO"]
        number = int(path[1:])
        if number:
            headers = [("Location", f"/{number - 1}")]
            start_response("302 Found", headers)
        else:
            start_response("200 OK", [])
        return [b"x"]

    app = web.WSGI(redirect)
    app.teardown_request(lambda _: log.append(web.g.path))
    with nothing_left(web), app.test_client() as client:
        response = client.get("/2", follow_redirects=True, buffered=True)
        assert 200 == response.status_code
        assert "/0" == web.request.path
        assert ["/2", "/1"] == log
    assert ["/2", "/1", "/0"] == log


def test_a_response_that_is_still_there_keeps_no_context_open(
    web: ModuleType,
) -> None:
    """Nobody closes responses in tests, and the block has ended."""
    log: Log = []
    with nothing_left(web):
        with _app(web, log).test_client() as client:
            response = client.get("/a")
            assert "/a" == response.text
        assert [("/a", None)] == log
        response.close()
    assert [("/a", None)] == log


def test_a_response_that_is_not_read_is_torn_down_once(web: ModuleType) -> None:
    """When it is closed, after the block."""
    log: Log = []
    with nothing_left(web):
        with _app(web, log).test_client() as client:
            response = client.get("/a", buffered=False)
            assert "/a" == web.g.path
        response.close()
    assert [("/a", None)] == log


def test_a_session_can_be_prepared_and_looked_at(web: ModuleType) -> None:
    """By a block before and after the requests."""

    def count() -> int:
        web.session["count"] = web.session.get("count", 0) + 1
        return int(web.session["count"])

    client = _app(web, [], count).test_client()
    with nothing_left(web):
        with client.session_transaction() as kept:
            assert {} == dict(kept)
            kept["count"] = 5
        assert not web.has_app_context()
        assert ["6", "7"] == [client.get("/").text for _ in range(2)]
        with client.session_transaction() as kept:
            assert {"count": 7} == dict(kept)
            kept.clear()
        assert "1" == client.get("/").text


def test_a_session_is_not_kept_where_its_block_fails(web: ModuleType) -> None:
    """As it was before."""
    client = _app(web, []).test_client()

    def spoil() -> None:
        with client.session_transaction() as kept:
            kept["a"] = 1
            raise KeyError("b")

    with pytest.raises(KeyError):
        spoil()
    with client.session_transaction() as kept:
        assert {} == dict(kept)


def test_a_session_can_be_changed_while_a_context_is_kept(web: ModuleType) -> None:
    """Which is the same before and after."""
    log: Log = []
    with _app(web, log).test_client() as client:
        client.get("/a")
        request = web.request._get_current_object()
        log.clear()
        with client.session_transaction("/other") as kept:
            kept["a"] = 1
        assert request is web.request._get_current_object()
        assert "/a" == web.g.path


def test_without_cookies_a_session_cannot_be_kept(web: ModuleType) -> None:
    """The client would forget it; the error says so."""
    client = _app(web, []).test_client(use_cookies=False)
    with (
        pytest.raises((TypeError, RuntimeError), match=r"[Cc]ookies"),
        client.session_transaction() as kept,
    ):
        kept["a"] = 1


def test_without_a_key_a_session_cannot_be_prepared(web: ModuleType) -> None:
    """The same error as in the application."""
    client = _app(web, [], secret_key=None).test_client()
    with (
        pytest.raises(RuntimeError, match="no secret key was set"),
        client.session_transaction("/") as kept,
    ):
        kept["a"] = 1


def test_two_clients_keep_a_context_each(web: ModuleType) -> None:
    """The last one that asked shows its own; all are torn down once."""
    log: Log = []
    app = _app(web, log)
    with nothing_left(web):
        with app.test_client() as first:
            with app.test_client() as second:
                first.get("/1")
                second.get("/2")
                assert "/2" == web.g.path
                first.get("/3")
                assert "/3" == web.g.path
            assert "/3" == web.g.path
        assert ["/1", "/2", "/3"] == sorted(path for path, _ in log)


def test_an_error_of_the_teardown_comes_out_where_it_runs(web: ModuleType) -> None:
    """Of the block, and nothing stays active; a test must hear of it."""
    app = _app(web, [])

    @app.teardown_appcontext  # type: ignore[untyped-decorator]
    def fail(_: BaseException | None) -> None:
        raise ValueError("of the teardown")

    with nothing_left(web):
        with pytest.raises(ValueError, match="of the teardown"):
            app.test_client().get("/", buffered=True)
        with (
            pytest.raises(ValueError, match="of the teardown"),
            app.test_client() as client,
        ):
            client.get("/")


def test_a_client_may_be_used_within_a_loop(web: ModuleType) -> None:
    """A task sees what its own request has left."""
    log: Log = []
    app = _app(web, log)

    async def ask(path: str) -> str:
        with app.test_client() as client:
            client.get(path)
            await asyncio.sleep(0)
            return str(web.g.path)

    async def main() -> list[str]:
        return await asyncio.gather(*(ask(f"/{number}") for number in range(5)))

    assert [f"/{number}" for number in range(5)] == asyncio.run(main())
    assert 5 == len(log)
