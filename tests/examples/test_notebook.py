"""The website of ``examples/notebook`` under real servers, asked over HTTP.

Every test runs with the drop-in and, as the control, without: the application is
the same, and all that may differ is the library that its proxies come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse

import pytest
from notebook_servers import (
    WEBSITES,
    Server,
    arguments,
    cases,
    make_place,
    require,
    serving,
)
from notebook_visitors import APOLOGIES, TITLES, Visitor, new_visitors, together

VISITORS = 8
ROUNDS = 20  # until a process has answered that began late, or failed before
STREAMS = 3  # each takes one of the eight threads of a worker


@pytest.fixture(scope="module", params=cases(WEBSITES), ids=str)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The website under each server, with a database of its own."""
    case, command = request.param, WEBSITES[request.param.server]
    require(command[0], *(["gevent"] if "gevent" in case.server else []))
    place = make_place(tmp_path_factory.mktemp("notebook"), case.way)
    with serving(place, arguments(place.way, command)) as server:
        yield server


@pytest.fixture
def website(running: Server) -> Iterator[str]:
    """Where the website is; what the server says is shown if the test fails."""
    yield running.url
    running.show_news()


def _registered(website: str, count: int = VISITORS) -> list[Visitor]:
    visitors = new_visitors(count)
    pages = together(visitors, lambda visitor: visitor.register(website))
    assert [visitor.own_page() for visitor in visitors] == pages
    return visitors


def _check_who(visitor: Visitor, website: str) -> str:
    """Check that the website knows who *visitor* is; return the worker's name."""
    found = visitor.ask(f"{website}/who").content
    assert visitor.own_who() == {key: found[key] for key in visitor.own_who()}
    assert visitor.last_id == found["logged_as"]
    return str(found["worker"])


def test_everybody_sees_their_own_notes_name_and_language(website: str) -> None:
    """Eight users at once write and read; no answer is another's."""
    visitors = _registered(website)

    def write_and_look(visitor: Visitor) -> str:
        page = visitor.write(website, f"{visitor.name} & {len(visitor.written)}")
        assert visitor.own_page() == page
        return _check_who(visitor, website)

    workers = set(together(visitors, write_and_look, rounds=3))

    for _ in range(ROUNDS):  # one process may begin later than the other
        if len(workers) > 1:
            break
        workers.update(together(visitors, write_and_look))
    assert len(workers) > 1


def test_the_drop_in_changes_nothing_but_whose_the_proxies_are(
    website: str, running: Server
) -> None:
    """With it all are inscope's, also Flask-Login's; without, werkzeug's."""
    (visitor,) = _registered(website, 1)

    proxies = visitor.ask(f"{website}/who").content["proxies"]

    names = ["current_app", "current_user", "g", "request", "request_id", "session"]
    assert dict.fromkeys(names, running.place.library) == proxies


def test_one_who_has_logged_out_is_a_stranger(website: str) -> None:
    """Half log out while the others go on; then all log in again."""
    visitors = _registered(website)
    leaving = visitors[: VISITORS // 2]

    def leave_or_stay(visitor: Visitor) -> None:
        if visitor in leaving:
            page = visitor.log_out(website)
            assert {"en": "You are logged out.", "de": "Abgemeldet."}[
                visitor.language
            ] in page
        for _ in range(4):
            if visitor not in leaving:
                _check_who(visitor, website)
                continue
            found = visitor.ask(f"{website}/who").content
            assert (None, []) == (found["user"], found["left_behind"])

    together(visitors, leave_or_stay)

    pages = together(visitors, lambda visitor: visitor.log_in(website))
    assert [visitor.own_page() for visitor in visitors] == pages


def test_a_page_for_users_sends_a_stranger_to_log_in(website: str) -> None:
    """The message is Flask-Login's, in the language that the browser asks for."""
    messages = {"en": "Please log in first.", "de": "Bitte zuerst anmelden."}

    def knock(visitor: Visitor) -> bool:
        return messages[visitor.language] in visitor.ask(website).text

    assert all(together(new_visitors(VISITORS), knock))


def test_a_failing_request_leaves_nothing_to_the_next(
    website: str, running: Server
) -> None:
    """The same thread's next answers know nothing of it; the log tells whose it was."""
    visitors = _registered(website)
    failed: dict[str, str] = {}

    def fail(visitor: Visitor) -> str | None:
        answer = visitor.ask(f"{website}/fail")
        expected = APOLOGIES[visitor.language].format(visitor.name)
        assert (500, expected) == (answer.status, answer.text)
        failed[visitor.last_id] = visitor.name
        return answer.worker

    failing = set(together(visitors, fail, rounds=2))
    answering: set[str] = set()
    for _ in range(ROUNDS):
        answering |= set(together(visitors, lambda one: _check_who(one, website)))
        if failing & answering:
            break
    pages = together(visitors, lambda one: one.write(website, "whole"))

    assert failing & answering
    assert [visitor.own_page() for visitor in visitors] == pages
    for number, name in failed.items():
        line = f"ERROR [request {number}, user {name}] Exception on /fail [GET]"
        assert 1 == running.text().count(line)
        assert f"ZeroDivisionError: this page fails for {name}\n" in running.text()


def _line(stream: HTTPResponse) -> str:
    return stream.readline().decode().rstrip("\n")


def test_a_slow_stream_stays_its_users(website: str) -> None:
    """Between two of its lines others log in, write and fail."""
    readers, others = _registered(website, STREAMS), _registered(website)
    with ExitStack() as streams:
        opened = [
            (reader, streams.enter_context(closing(reader.open(url))), reader.last_id)
            for reader in readers
            for url in [f"{website}/follow?notes=3"]
        ]
        for reader, stream, _ in opened:
            assert f"{TITLES[reader.language]} {reader.name}" == _line(stream)
        for number in range(3):
            together(others, lambda other: other.log_in(website))
            together(others, lambda other: other.ask(f"{website}/fail"))
            for reader, stream, request_id in opened:
                reader.write(website, f"note {number}")
                expected = f"{request_id} {reader.name} {reader.language}"
                assert f"{expected}: note {number}" == _line(stream)
        assert [b""] * STREAMS == [stream.read() for _, stream, _ in opened]


def test_a_stream_that_is_abandoned_leaves_nothing_behind(website: str) -> None:
    """Its reader goes away in the middle; the workers know nothing of it."""
    readers, others = _registered(website, STREAMS), _registered(website)
    for reader in readers:
        with closing(reader.open(f"{website}/follow?notes=3")) as stream:
            _line(stream)
    for reader in readers:
        for number in range(3):
            reader.write(website, f"note {number}")

    together([*readers, *others], lambda one: _check_who(one, website), rounds=2)
