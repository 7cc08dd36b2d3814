"""The client of the demo: what it sends, and what it takes for a wrong answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from inscope.demo import load
from inscope.demo.identity import BY_HAND, GLOBAL, INSCOPE, THREAD_LOCAL, WAYS
from inscope.demo.layers import Request
from inscope.demo.load import Client, Outcome, ask_costs, fire, plan_requests

Answering = Callable[[str | None], Any]


def _names(user: str | None, **wrong: str | None) -> dict[str, str | None]:
    return {way: wrong.get(way.replace(" ", "_"), user) for way in WAYS}


def _answer(*seen: dict[str, str | None]) -> dict[str, Any]:
    sightings = [
        {"at": 10 + number, "names": names} for number, names in enumerate(seen)
    ]
    return {"worker": "w", "began": 1, "ended": 99, "sightings": sightings}


@contextmanager
def _serving(answering: Answering) -> Iterator[int]:
    """A server that says what *answering* makes of the user; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            content = answering(Request.from_query(self.path.partition("?")[2]).user)
            body = (
                content if isinstance(content, bytes) else json.dumps(content).encode()
            )
            self.send_response(500 if body == b"broken" else 200)
            self.send_header("Content-Length", str(len(body)))
            with suppress(OSError):  # the client may have gone
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _fire(answering: Answering, count: int = 20, connections: int = 3) -> Outcome:
    outcome = Outcome("threads", count)
    with _serving(answering) as port:
        for _ in fire(port, plan_requests(count, 4, 1), connections, outcome):
            pass
    return outcome


def test_right_answers_are_counted_as_such() -> None:
    """Nothing is wrong where every look of every way names the user."""
    outcome = _fire(lambda user: _answer(*[_names(user)] * 3))

    assert 20 == len(outcome.replies)
    assert 0 == outcome.unanswered
    assert {} == dict(outcome.wrong)
    assert 1 <= outcome.connections <= 3


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_one_wrong_look_makes_an_answer_wrong(layer: int) -> None:
    """A way that names another user in one of the layers was wrong."""

    def answering(user: str | None) -> dict[str, Any]:
        seen = [_names(user) for _ in range(3)]
        seen[layer][INSCOPE] = "mallory"
        return _answer(*seen)

    outcome = _fire(answering)

    assert {INSCOPE: 20} == dict(outcome.wrong)


def test_naming_somebody_for_an_anonymous_request_is_wrong() -> None:
    """What an earlier user left behind on a worker counts as a wrong answer."""
    outcome = _fire(lambda user: _answer(*[_names(user or "ann")] * 3), count=200)

    anonymous = sum(reply.request.user is None for reply in outcome.replies)
    assert anonymous > 0
    assert dict.fromkeys(WAYS, anonymous) == dict(outcome.wrong)


def test_each_way_is_checked_by_itself() -> None:
    """The counts of the four ways do not mix."""
    names = {GLOBAL: "mallory", THREAD_LOCAL: None}

    outcome = _fire(lambda user: _answer(*[_names(user or "") | names] * 3), count=40)

    named = sum(reply.request.user is not None for reply in outcome.replies)
    assert 40 == outcome.wrong[GLOBAL]
    assert named == outcome.wrong[THREAD_LOCAL]
    assert 40 - named == outcome.wrong[INSCOPE] == outcome.wrong[BY_HAND]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"broken", "the server answered 500"),
        (b"not json", "Expecting value"),
        ([1, 2], "the server answered something else"),
        (_answer(_names("ann")), "the server answered something else"),
        (_answer({}, {}, {}), "the server answered something else"),
    ],
)
def test_what_is_no_answer_counts_as_unanswered(content: Any, reason: str) -> None:
    """Errors and other replies are failures, with a reason; nothing hangs."""
    outcome = _fire(lambda user: content)

    assert 20 == outcome.unanswered
    assert all(reason in failure for failure in outcome.failures)


def test_a_server_that_is_gone_leaves_requests_unanswered() -> None:
    """Each connection gives up after some refusals in a row."""
    with _serving(lambda user: None) as port:
        pass
    outcome = Outcome("threads", 50)

    replies = list(fire(port, plan_requests(50, 4, 1), 2, outcome))

    assert 6 == len(replies)
    assert 50 == outcome.unanswered
    assert all("refused" in failure for failure in outcome.failures)
    with pytest.raises(OSError, match="refused"):
        ask_costs(port)


def test_leaving_early_cuts_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the replies ends the threads, also those that wait for an answer."""
    monkeypatch.setattr(load, "TIMEOUT_SECONDS", 3600.0)
    release = threading.Event()

    def answering(user: str | None) -> dict[str, Any]:
        if answered:
            release.wait()
        answered.append(user)
        return _answer(*[_names(user)] * 3)

    answered: list[str | None] = []
    with _serving(answering) as port:
        replies = fire(port, plan_requests(20, 4, 1), 2, Outcome("threads", 20))
        next(replies)
        closing = threading.Thread(target=replies.close)
        closing.start()
        closing.join(30)
        names = [thread.name for thread in threading.enumerate()]
        release.set()
        closing.join()

    assert not [name for name in names if name.startswith("connection")]


def test_leaving_cuts_a_connection_that_is_being_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It sends nothing, for nobody would cut it while it waits for the answer."""
    connect, cut, request = HTTPConnection.connect, Client.cut, HTTPConnection.request
    opened, sent_over = list[HTTPConnection](), list[HTTPConnection]()
    late, cuts = threading.Event(), threading.Semaphore(0)

    def connect_late(connection: HTTPConnection) -> None:
        opened.append(connection)
        if connection is not opened[0]:
            late.set()
            cuts.acquire()
            cuts.acquire()  # both are cut
        connect(connection)

    def cut_and_tell(client: Client) -> None:
        cut(client)
        cuts.release()

    def answering(user: str | None) -> dict[str, Any]:
        late.wait()
        return _answer(*[_names(user)] * 3)

    def noted_request(connection: HTTPConnection, *args: Any) -> None:
        sent_over.append(connection)
        request(connection, *args)

    monkeypatch.setattr(HTTPConnection, "connect", connect_late)
    monkeypatch.setattr(HTTPConnection, "request", noted_request)
    monkeypatch.setattr(Client, "cut", cut_and_tell)
    with _serving(answering) as port:
        replies = fire(port, plan_requests(20, 4, 1), 2, Outcome("threads", 20))
        next(replies)
        replies.close()

    assert opened[:1] == list(dict.fromkeys(sent_over))


def test_a_plan_is_made_by_its_seed() -> None:
    """The same seed gives the same requests, another one others."""
    assert plan_requests(50, 8, 1) == plan_requests(50, 8, 1)
    assert plan_requests(50, 8, 1) != plan_requests(50, 8, 2)


def test_a_request_survives_the_query() -> None:
    """Users and pauses arrive as they were sent; nobody stays nobody."""
    for user in ("ann & co", None):
        request = Request(user, (1.5, 2.0, 3.25, 0.0))

        assert request == Request.from_query(request.to_query())
