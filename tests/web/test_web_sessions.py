"""Sessions in cookies: from one request to the next, and when they are sent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from web_apps import (
    Answer,
    Exchange,
    acting,
    acting_async,
    call,
    saying,
    session_cookie,
)


def _ask(web: ModuleType, action: Any, cookie: str = "", **settings: Any) -> Answer:
    """Call an application that calls *action*, with *cookie*; read its answer."""
    settings = settings or {"secret_key": "key"}
    headers = {"Cookie": f"session={cookie}"} if cookie else {}
    answer = call(web.WSGI(acting(action), **settings), headers=headers)
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    return answer


def _text(answer: Answer) -> str:
    return str(vars(answer)["text"])


def test_a_session_comes_back_with_its_cookie(web: ModuleType) -> None:
    """Everything that JSON can say."""
    values = {"a": 1, "b": [1.5, None, True, {"c": "\u20ac \U0001f600"}], "e": ""}
    cookie = session_cookie(_ask(web, lambda: web.session.update(values)))
    seen: list[dict[str, Any]] = []
    _ask(web, lambda: seen.append(dict(web.session)), cookie)
    assert [values] == seen


def test_a_session_knows_whether_it_is_new_looked_at_and_changed(
    web: ModuleType,
) -> None:
    """To ask for it is to look at it; each way to change it counts."""
    app = web.WSGI(saying(), secret_key="key")
    with app.test_request_context() as context:
        session = context.open_session()
        assert (True, False, False) == (
            session.is_new,
            session.accessed,
            session.modified,
        )
        assert not web.session
        assert (True, False) == (session.accessed, session.modified)
    changes: list[Any] = [
        lambda session: session.__setitem__("a", 1),
        lambda session: session.__delitem__("b"),
        lambda session: session.pop("b"),
        lambda session: session.popitem(),
        lambda session: session.clear(),
        lambda session: session.update(a=1),
        lambda session: session.setdefault("a", 1),
        lambda session: session.__ior__({"a": 1}),
        lambda session: setattr(session, "permanent", True),
    ]
    for change in changes:
        session = web.Session({"b": 1}, is_new=False)
        assert (False, False) == (session.is_new, session.modified)
        change(session)
        assert session.modified


def test_without_a_change_no_cookie_is_set(web: ModuleType) -> None:
    """Reading alone leaves the one there is."""
    cookie = session_cookie(_ask(web, lambda: web.session.update(a=1)))
    answer = _ask(web, lambda: web.session["a"], cookie)
    assert "1" == _text(answer)
    assert [] == answer.values("Set-Cookie")


def test_a_change_inside_of_a_value_is_saved_when_it_is_told(web: ModuleType) -> None:
    """A list knows nothing of its session."""
    cookie = session_cookie(_ask(web, lambda: web.session.update(a=[1])))

    def add() -> None:
        web.session["a"].append(2)
        web.session.modified = True

    cookie = session_cookie(_ask(web, add, cookie))
    assert "[1, 2]" == _text(_ask(web, lambda: web.session["a"], cookie))


def test_the_answer_depends_on_the_cookie_if_the_session_was_looked_at(
    web: ModuleType,
) -> None:
    """``Vary: Cookie`` then, and only then."""
    actions: tuple[Any, ...] = (
        lambda: None,
        lambda: web.app_ctx.open_session(),
        lambda: bool(web.session),
        lambda: "a" in web.session,
        lambda: web.session.update(a=1),
        lambda: web.session.accessed,
    )
    vary = [_ask(web, action).values("Vary") for action in actions]
    assert [[], [], ["Cookie"], ["Cookie"], ["Cookie"], ["Cookie"]] == vary


@pytest.mark.parametrize("given", [["Accept"], ["Accept, Origin"], ["cookie"]])
@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_what_the_answer_depends_on_besides_stays(
    web: ModuleType, asgi: ModuleType, server: str, given: list[str]
) -> None:
    """The application may have said so already."""
    _check_vary(web, asgi, server, given)


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_what_the_answer_depends_on_besides_stays_in_several_headers(
    web: ModuleType, asgi: ModuleType, server: str
) -> None:
    """Which is the same as one; a cache that misses one gives out wrong pages."""
    _check_vary(web, asgi, server, ["Accept", "Origin"])


def _check_vary(
    web: ModuleType, asgi: ModuleType, server: str, given: list[str]
) -> None:
    if server == "wsgi":

        def application(_: Any, start_response: Any) -> list[bytes]:
            web.session.get("a")
            start_response("200 OK", [("Vary", value) for value in given])
            return []

        answer = call(web.WSGI(application, secret_key="key"))
        answer.read()
        found = answer.values("Vary")
    else:

        async def asynchronous(asgi_scope: Any, receive: Any, send: Any) -> None:
            web.session.get("a")
            headers = [(b"vary", value.encode()) for value in given]
            start = {"type": "http.response.start", "status": 200, "headers": headers}
            await send(start)

        app = asgi.ASGI(asynchronous, secret_key="key")
        found = asyncio.run(Exchange().ask(app)).values("vary")
    wanted = {"cookie", *", ".join(given).lower().split(", ")}
    assert wanted == set(", ".join(found).lower().split(", "))


def test_a_session_that_was_emptied_is_deleted(web: ModuleType) -> None:
    """With the attributes that it was set with: else browsers would keep it."""
    sessions = {"path": "/a", "domain": "example.org", "secure": True}
    settings = {"sessions": web.CookieSessions("key", samesite="None", **sessions)}
    first = _ask(web, lambda: web.session.update(a=1), **settings)
    second = _ask(
        web,
        lambda: web.session.clear(),
        session_cookie(first),
        **settings,
    )
    (cookie,) = second.values("Set-Cookie")
    assert "" == session_cookie(second)
    assert "Max-Age=0" in cookie
    for answer in (first, second):
        (cookie,) = answer.values("Set-Cookie")
        parts = {part.strip() for part in cookie.split(";")}
        assert parts >= {
            "Path=/a",
            "Domain=example.org",
            "Secure",
            "HttpOnly",
            "SameSite=None",
        }


def test_a_cookie_has_the_attributes_that_are_safe(web: ModuleType) -> None:
    """By default no script reads it, and other pages' requests go without."""
    (cookie,) = _ask(web, lambda: web.session.update(a=1)).values("Set-Cookie")
    parts = [part.strip() for part in cookie.split(";")]
    assert ["HttpOnly", "Path=/", "SameSite=Lax"] == sorted(parts[1:])


def test_a_permanent_session_is_kept_for_its_lifetime(web: ModuleType) -> None:
    """And says so again in later requests."""
    lifetime = timedelta(hours=2)
    settings = {"sessions": web.CookieSessions("key", lifetime=lifetime)}

    def keep() -> None:
        web.session.permanent = True

    first = _ask(web, keep, **settings)
    assert "Max-Age=7200" in first.values("Set-Cookie")[0]
    second = _ask(
        web,
        lambda: web.session.update(a=web.session.permanent),
        session_cookie(first),
        **settings,
    )
    assert "Max-Age=7200" in second.values("Set-Cookie")[0]

    def forget() -> None:
        web.session.permanent = False

    third = _ask(web, forget, session_cookie(second), **settings)
    assert "Max-Age" not in third.values("Set-Cookie")[0]
    assert not web.Session().permanent


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j])
def test_what_json_cannot_say_is_a_type_error(web: ModuleType, value: object) -> None:
    """As the response begins, in the application."""
    with pytest.raises(TypeError, match="can only hold what JSON can"):
        _ask(web, lambda: web.session.update(a=value))
    assert not web.has_app_context()


def _endless() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize("value", ["\ud800", _endless()])
def test_what_json_cannot_write_is_a_type_error_as_well(
    web: ModuleType, value: object
) -> None:
    """Half a character, which JSON from a visitor may have; a list in itself."""
    with pytest.raises(TypeError, match="can only hold what JSON can"):
        _ask(web, lambda: web.session.update(a=value))


def test_without_a_key_a_session_can_be_read_and_not_written(web: ModuleType) -> None:
    """The first to write hears what is missing, by each way to write."""
    app = web.WSGI(saying())
    with app.test_request_context(headers={"Cookie": "session=x"}):
        assert None is web.session.get("a")
        assert {} == dict(web.session)
        assert not web.session
        changes: list[Any] = [
            lambda: web.session.__setitem__("a", 1),
            lambda: web.session.update(a=1),
            lambda: web.session.setdefault("a", 1),
            lambda: web.session.pop("a", None),
            lambda: web.session.clear(),
            lambda: setattr(web.session, "permanent", True),
            lambda: web.session._get_current_object().__ior__({"a": 1}),
        ]
        for change in changes:
            with pytest.raises(RuntimeError, match="no secret key was set"):
                change()
    answer = _ask(web, lambda: web.session.get("a"), secret_key=None)
    assert "None" == _text(answer)
    assert [] == answer.values("Set-Cookie")


@pytest.mark.parametrize("key", ["", b"", [], ["a", ""]])
def test_an_empty_key_is_refused(web: ModuleType, key: Any) -> None:
    """A signature by it would be worth nothing."""
    with pytest.raises(ValueError, match="key of the sessions is empty"):
        web.CookieSessions(key)


def test_keys_can_be_changed_while_visitors_have_cookies(web: ModuleType) -> None:
    """The newest, the last, signs; the older ones are still accepted."""
    old = session_cookie(_ask(web, lambda: web.session.update(a=1), secret_key="old"))

    def count() -> int:
        web.session["a"] = web.session.get("a", 0) + 1
        return int(web.session["a"])

    both = _ask(web, count, old, secret_key=["old", b"new"])
    assert "2" == _text(both)
    new = session_cookie(both)
    assert "3" == _text(_ask(web, count, new, secret_key="new"))
    assert "1" == _text(_ask(web, count, new, secret_key="old"))
    assert "1" == _text(_ask(web, count, old, secret_key="new"))


def test_sessions_may_be_kept_elsewhere(web: ModuleType) -> None:
    """Opened once, when they are first used; saved if they were opened."""
    log: list[Any] = []

    class Store(web.Sessions):  # type: ignore[misc, name-defined]
        def open(self, app: Any, request: Any) -> Any:
            log.append(("open", app.name, request.path, web.request.path))
            return web.Session({"a": 1})

        def save(self, app: Any, session: Any, response: Any) -> None:
            log.append(("save", app.name, dict(session)))
            response.headers["X-Saved"] = web.request.path

    store = Store()
    _ask(web, lambda: None, sessions=store)
    assert [] == log
    answer = _ask(web, lambda: web.session["a"] + web.session["a"], sessions=store)
    assert "2" == _text(answer)
    assert [("open", "application", "/", "/"), ("save", "application", {"a": 1})] == log
    assert ["/"] == answer.values("X-Saved")


def test_a_store_that_fails_leaves_nothing_open(web: ModuleType) -> None:
    """Neither as it opens nor as it saves."""
    log: list[Any] = []

    class Down(web.Sessions):  # type: ignore[misc, name-defined]
        def open(self, app: Any, request: Any) -> Any:
            raise OSError("the store is down")

    app = web.WSGI(acting(lambda: web.session["a"]), sessions=Down())
    app.teardown_request(log.append)
    with pytest.raises(OSError, match="is down"):
        call(app)
    with pytest.raises(OSError, match="is down"), app.test_request_context():
        web.session.get("a")
    assert [OSError, OSError] == [type(error) for error in log]
    assert not web.has_app_context()


def test_sessions_work_the_same_in_asgi(web: ModuleType, asgi: ModuleType) -> None:
    """By Starlette's response: set, read, deleted; also of a websocket."""

    async def count() -> int:
        web.session["a"] = web.session.get("a", 0) + 1
        return int(web.session["a"])

    async def clear() -> None:
        web.session.clear()

    def ask(action: Any, cookie: str = "", kind: str = "http") -> Exchange:
        headers = [("cookie", f"session={cookie}")] if cookie else []
        app = asgi.ASGI(acting_async(action), secret_key="key")
        exchange = Exchange(headers=headers, kind=kind)
        return asyncio.run(exchange.ask(app))

    def cookie_of(exchange: Exchange) -> str:
        (cookie,) = exchange.values("set-cookie")
        return cookie.partition("=")[2].partition(";")[0].strip('"')

    first = ask(count)
    assert ["Cookie"] == first.values("vary")
    second = ask(count, cookie_of(first))
    assert b"2" == second.body
    assert b"3" == ask(count, cookie_of(second), "websocket").body
    third = ask(clear, cookie_of(second))
    assert "" == cookie_of(third)
    assert "Max-Age=0" in third.values("set-cookie")[0]
    assert b"1" == ask(count, cookie_of(second) + "x").body
