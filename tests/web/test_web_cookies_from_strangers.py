"""Cookies that nobody should have sent: an empty session, and one line in the log."""

from __future__ import annotations

import asyncio
import logging
import warnings
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from web_apps import Exchange, acting, acting_async, call, session_cookie

SECRET = "of the visitor"


def _cookie(web: ModuleType, key: str = "key", **settings: Any) -> str:
    """Return the cookie of a session that holds ``SECRET``."""
    sessions = web.CookieSessions(key, **settings)
    app = web.WSGI(acting(lambda: web.session.update(a=SECRET)), sessions=sessions)
    answer = call(app)
    answer.read()
    return session_cookie(answer)


def _bare(web: ModuleType, value: object) -> str:
    """Return a cookie that is signed rightly, and holds *value*."""
    serializer: URLSafeTimedSerializer = web.CookieSessions("key")._serializer
    text = serializer.dumps(value)
    return text if isinstance(text, str) else text.decode()


def _seen(web: ModuleType, cookie: str, **settings: Any) -> dict[str, Any]:
    """Return the session of a request with *cookie*."""
    seen: list[Any] = []
    sessions = web.CookieSessions("key", **settings)

    def look() -> None:
        seen.append(dict(web.session))
        assert web.session.is_new is not bool(web.session)

    app = web.WSGI(acting(look), sessions=sessions, name="shop")
    answer = call(app, environ_overrides={"HTTP_COOKIE": f"session={cookie}"})
    assert b"None" == answer.read()
    assert [] == answer.values("Set-Cookie")
    return dict(seen[0])


def _refused(
    web: ModuleType,
    caplog: pytest.LogCaptureFixture,
    cookie: str,
    reason: str,
    **settings: Any,
) -> None:
    """See that *cookie* makes an empty session, and one record that says why."""
    caplog.clear()
    assert {} == _seen(web, cookie, **settings)
    (record,) = caplog.records
    assert (logging.WARNING, "inscope.web") == (record.levelno, record.name)
    text = record.getMessage()
    assert text.startswith("shop: ")
    assert reason in text
    assert SECRET not in caplog.text
    for part in cookie.split("."):
        assert len(part) < 8 or part not in caplog.text


def test_a_cookie_that_was_changed_is_refused(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """In any place, by one character."""
    good = _cookie(web)
    assert {"a": SECRET} == _seen(web, good)
    assert [] == caplog.records
    for place in range(len(good) - 1):
        other = "A" if good[place] != "A" else "B"
        forged = good[:place] + other + good[place + 1 :]
        _refused(web, caplog, forged, "was not accepted")


@pytest.mark.parametrize(
    "cookie",
    [
        "x",
        ".",
        "..",
        "...",
        "eyJhIjoxfQ",
        "eyJhIjoxfQ.",
        "eyJhIjoxfQ.aaaa",
        "eyJhIjoxfQ.aaaa.bbbb",
        ".eJyrVkpUsjKsBQAMLQKp.aaaa.bbbb",
        "%00",
        "\x01\x02",
        "caf\xe9.\xff\xfe.x",
        "\u0394".encode().decode("latin-1"),
        "{}",
        "null",
        "x" * 4093,
        "a.b.c" * 500,
    ],
)
@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_what_was_never_a_session_is_refused(
    web: ModuleType,
    asgi: ModuleType,
    caplog: pytest.LogCaptureFixture,
    server: str,
    cookie: str,
) -> None:
    """Unsigned, half of one, bytes: the visitor sees no error."""
    if server == "wsgi":
        _refused(web, caplog, cookie, "was not accepted")
        return

    async def look() -> object:
        return dict(web.session)

    app = asgi.ASGI(acting_async(look), secret_key="key")
    headers = [("cookie", f"session={cookie}")]
    exchange = asyncio.run(Exchange(headers=headers).ask(app))
    assert b"{}" == exchange.body
    assert 1 == len(caplog.records)


def test_an_empty_cookie_is_none(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Browsers send one; nothing is wrong with it."""
    assert {} == _seen(web, "")
    assert [] == caplog.records


def test_a_cookie_of_another_key_is_refused(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Or of another use of the same key."""
    _refused(web, caplog, _cookie(web, "other"), "its signature is wrong")
    other: Any = URLSafeTimedSerializer("key", salt="other").dumps({"a": SECRET})
    _refused(web, caplog, other, "its signature is wrong")


@pytest.mark.parametrize("value", [[1], "text", 1, None, True])
def test_a_cookie_that_is_signed_and_holds_no_dictionary_is_refused(
    web: ModuleType, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    """By a program that has the key for something else."""
    _refused(web, caplog, _bare(web, value), "it holds no session")


def test_a_cookie_that_is_too_old_is_refused(
    web: ModuleType,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the time that it was signed at; one that is from the future, too."""
    now = [1_000_000_000]
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now[0])
    lifetime = timedelta(hours=1)
    cookie = _cookie(web)
    now[0] += 3600
    assert {"a": SECRET} == _seen(web, cookie, lifetime=lifetime)
    now[0] += 1
    _refused(web, caplog, cookie, "it is older than 1:00:00", lifetime=lifetime)
    now[0] -= 3602
    _refused(web, caplog, cookie, "was not accepted", lifetime=lifetime)


def test_a_cookie_that_is_too_long_is_refused_before_it_is_read(
    web: ModuleType,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No browser keeps one; to check it would cost time."""
    monkeypatch.setattr(URLSafeTimedSerializer, "loads", None)
    _refused(web, caplog, "x" * 100_000, "it has 100000 characters")


def test_of_several_cookies_of_the_name_one_is_read(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Of another path, say: at most one record."""
    _seen(web, f"x; session={_cookie(web)}; session=y")
    assert len(caplog.records) <= 1


def test_a_bad_cookie_is_told_of_once_in_a_request(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the session is asked for."""
    app = web.WSGI(
        acting(lambda: [web.session.get("a") for _ in range(3)]), secret_key="key"
    )
    call(app, headers={"Cookie": "session=x"}).read()
    assert 1 == len(caplog.records)


def test_who_never_asks_for_the_session_hears_nothing_of_a_bad_cookie(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The cookie is not even looked at."""
    app = web.WSGI(acting(lambda: web.request.path), secret_key="key")
    call(app, headers={"Cookie": "session=x"}).read()
    assert [] == caplog.records


def _noise(length: int) -> str:
    """Return a text of *length* that cannot be made shorter by much."""
    import random

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "".join(random.Random(length).choices(letters, k=length))


def test_a_session_that_is_too_large_is_told_of_and_not_sent(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The visitor keeps the one there was; the values are not in the log."""
    secret = _noise(6000)
    app = web.WSGI(
        acting(lambda: web.session.update(basket=secret)), secret_key="key", name="shop"
    )
    answer = call(app)
    assert b"None" == answer.read()
    assert [] == answer.values("Set-Cookie")
    (record,) = caplog.records
    assert logging.ERROR == record.levelno
    assert record.getMessage().startswith("shop: ")
    assert "basket" in record.getMessage()
    assert secret[:20] not in caplog.text


def test_about_the_longest_cookie_nobody_is_surprised(
    web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is sent comes back as it was; and no library warns of its size."""
    sizes = range(3850, 4150, 2)
    for size in sizes:
        text = _noise(size)
        caplog.clear()

        def change(value: str = text) -> None:
            web.session.update(a=value)

        app = web.WSGI(acting(change), secret_key="key")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = call(app)
        answer.read()
        if answer.values("Set-Cookie"):
            assert [] == caplog.records
            assert {"a": text} == _seen(web, session_cookie(answer))
        else:
            assert 1 == len(caplog.records)
            assert size > sizes[0]
    assert 1 == len(caplog.records)
