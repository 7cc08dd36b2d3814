"""The feed of ``examples/notebook``, in Quart, beside the website it shares all with.

As in ``test_notebook``, every test runs with the drop-in and without.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from typing import Any

import pytest
from notebook_servers import (
    FEEDS,
    WEBSITES,
    Server,
    arguments,
    cases,
    make_place,
    require,
    serving,
)
from notebook_visitors import GREETINGS, Visitor, new_visitors, together

VISITORS = 8


@pytest.fixture(scope="module")
def running_websites(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Server]]:
    """Return the website, for users to log in and write, run in the way asked for."""
    with ExitStack() as ends:

        @functools.cache
        def run(way: str) -> Server:
            place = make_place(tmp_path_factory.mktemp("notebook"), way)
            command = arguments(way, WEBSITES["waitress"])
            return ends.enter_context(serving(place, command))

        yield run


@pytest.fixture(scope="module", params=cases(FEEDS), ids=str)
def running(
    request: pytest.FixtureRequest, running_websites: Callable[[str], Server]
) -> Iterator[tuple[Server, Server]]:
    """The website, and the feed under each server, both run in the same way."""
    case, command = request.param, FEEDS[request.param.server]
    modules = ["uvicorn_worker"] if "uvicorn" in case.server else []
    require("quart", "waitress", command[0], *modules)
    website = running_websites(case.way)
    with serving(website.place, arguments(case.way, command)) as feed:
        yield website, feed


@pytest.fixture
def website(running: tuple[Server, Server]) -> Iterator[str]:
    """Where the website is; what the server says is shown if the test fails."""
    yield running[0].url
    running[0].show_news()


@pytest.fixture
def feed(running: tuple[Server, Server]) -> Iterator[str]:
    """Where the feed is; what the server says is shown if the test fails."""
    yield running[1].url
    running[1].show_news()


@pytest.fixture
def visitors(website: str) -> list[Visitor]:
    """Users, logged in on the website, each with a note."""
    visitors = new_visitors(VISITORS)

    def begin(visitor: Visitor) -> None:
        visitor.register(website)
        visitor.write(website, f"the first of {visitor.name}")

    together(visitors, begin)
    return visitors


def _check_who(visitor: Visitor, feed: str) -> None:
    found = visitor.ask(f"{feed}/who").content
    assert visitor.own_who() == {key: found[key] for key in visitor.own_who()}


def test_everybody_gets_their_own_notes(feed: str, visitors: list[Visitor]) -> None:
    """The user is the same before and after each wait, and in the thread between."""

    def look(visitor: Visitor) -> None:
        expected = {"names": [visitor.name] * 3, "notes": visitor.written}
        assert expected == visitor.ask(f"{feed}/notes").content
        _check_who(visitor, feed)

    together(visitors, look, rounds=3)


def test_the_drop_in_changes_nothing_but_whose_the_proxies_are(
    feed: str, visitors: list[Visitor], running: tuple[Server, Server]
) -> None:
    """With it all are inscope's, Quart's and the feed's own; without, werkzeug's."""
    proxies = visitors[0].ask(f"{feed}/who").content["proxies"]

    names = ["current_app", "current_user", "g", "request", "session"]
    assert dict.fromkeys(names, running[1].place.library) == proxies


def test_one_who_has_logged_out_gets_nothing(
    website: str, feed: str, visitors: list[Visitor]
) -> None:
    """Half log out on the website; the feed refuses them and serves the others."""
    leaving = visitors[: VISITORS // 2]
    together(leaving, lambda visitor: visitor.log_out(website))

    def look(visitor: Visitor) -> int:
        if visitor in leaving:
            found = visitor.ask(f"{feed}/who").content
            assert (None, "en") == (found["user"], found["language"])
        else:
            _check_who(visitor, feed)
        return visitor.ask(f"{feed}/notes").status

    statuses = together(visitors, look)

    assert [401] * len(leaving) + [200] * (VISITORS - len(leaving)) == statuses


def _event(stream: HTTPResponse) -> Any:
    line, blank = stream.readline(), stream.readline()
    assert (b"data: ", b"\n") == (line[:6], blank)
    return json.loads(line[6:])


def test_streams_that_run_side_by_side_stay_their_users(
    website: str, feed: str, visitors: list[Visitor]
) -> None:
    """Eight streams in one loop, read slowly, while others log in and write."""
    others = new_visitors(VISITORS)
    together(others, lambda other: other.register(website))
    with ExitStack() as streams:
        opened = []
        for visitor in visitors:
            response = visitor.open(f"{feed}/stream?notes=3")
            opened.append((visitor, streams.enter_context(closing(response))))
        ids = [visitor.last_id for visitor in visitors]
        for visitor, stream in opened:
            greeting = f"{GREETINGS[visitor.language]} {visitor.name}"
            assert {"greeting": greeting} == _event(stream)
        for number in range(3):
            together(others, lambda other: _check_who(other, feed))
            for (visitor, stream), request_id in zip(opened, ids, strict=True):
                if number:
                    visitor.write(website, f"note {number} of {visitor.name}")
                expected = {
                    "request_id": request_id,
                    "user": visitor.name,
                    "language": visitor.language,
                    "text": visitor.written[-1],
                }
                assert expected == _event(stream)
            together(others, lambda other: other.log_in(website))
        assert [b""] * VISITORS == [stream.read() for _, stream in opened]
