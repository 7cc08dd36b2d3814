"""The picture of the demo: lanes, bars, looks, and what is left out."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import cast

from inscope.demo.identity import GLOBAL, WAYS
from inscope.demo.layers import Answer, Request
from inscope.demo.load import Outcome, Reply
from inscope.demo.palette import colours_of, ink_on
from inscope.demo.picture import draw
from inscope.demo.window import MAX_LANES, choose_window

SVG = "{http://www.w3.org/2000/svg}"
MS = 1_000_000


def _reply(
    user: str | None, worker: str, began: int, *, named: str | None = None
) -> Reply:
    """A request of 10 ms; *named* is whom the plain global named at its first look."""
    names = dict.fromkeys(WAYS, user)
    looks = [{"at": (began + after) * MS, "names": dict(names)} for after in (2, 5, 8)]
    if named is not None:
        cast("dict[str, str]", looks[0]["names"])[GLOBAL] = named
    answer = {
        "worker": worker,
        "began": began * MS,
        "ended": (began + 10) * MS,
        "sightings": looks,
    }
    return Reply(Request(user, (2, 3, 3, 2)), 0, cast("Answer", answer))


def _outcome(*replies: Reply, kind: str = "threads") -> Outcome:
    outcome = Outcome(kind, len(replies))
    for reply in replies:
        outcome.add(reply)
    return outcome


def _texts(drawn: ET.Element) -> list[str]:
    return [text.text or "" for text in drawn.iter(f"{SVG}text")]


def test_a_wrong_look_has_a_dot_in_the_colour_of_whom_was_named() -> None:
    """Bars have their user's colour, and only wrong looks have a dot."""
    outcome = _outcome(
        _reply("ann", "a", 0), _reply("bob", "b", 3, named="ann"), _reply(None, "a", 12)
    )

    drawn = ET.fromstring(draw([outcome], ["waitress 3"]))

    colours = colours_of(["ann", "bob"])
    requests = drawn.findall(f".//{SVG}g[@class='request']")
    bars = [request.find(f"{SVG}rect") for request in requests]
    fills = [bar.get("fill") for bar in bars if bar is not None]
    assert [colours["ann"], colours["bob"], colours[None]] == fills
    dots = drawn.findall(f".//{SVG}g[@id='threads']//{SVG}circle[@class='wrong']")
    assert [colours["ann"]] == [dot.get("fill") for dot in dots]


def test_only_some_lanes_and_some_time_are_drawn_and_that_is_said() -> None:
    """A long run with many workers is cut to what can be read."""
    replies = [
        _reply("ann", f"worker {number}", 11 * turn + number)
        for turn in range(100)
        for number in range(MAX_LANES + 4)
    ]

    drawn = ET.fromstring(draw([_outcome(*replies)], ["waitress 3"]))

    assert len(drawn.findall(f".//{SVG}g[@class='request']")) < len(replies) / 5
    assert any("90 ms of 1110 ms, 8 of 12 lanes" in text for text in _texts(drawn))
    assert "thread 8" in _texts(drawn)
    assert "thread 9" not in _texts(drawn)


def test_a_server_without_answers_is_drawn_as_such() -> None:
    """No reply, no lanes: the panel says so."""
    drawn = ET.fromstring(draw([_outcome(kind="asyncio")], ["uvicorn 1"]))

    assert "no request was answered" in _texts(drawn)
    assert choose_window([]) is None


def test_names_are_escaped() -> None:
    """A user's name with markup in it stays text."""
    drawn = ET.fromstring(draw([_outcome(_reply("<b>&", "a", 0))], ["waitress 3"]))

    assert "<b>&" in _texts(drawn)


def test_many_users_get_colours_of_their_own() -> None:
    """Forty users have forty colours, and the legend says how many it leaves out."""
    users = [f"user{number}" for number in range(40)]
    outcome = _outcome(*(_reply(user, "a", 0) for user in users))

    drawn = ET.fromstring(draw([outcome], ["waitress 3"]))

    assert 41 == len(set(colours_of(users).values()))
    assert "32 more" in _texts(drawn)


def test_ink_is_dark_on_light_colours() -> None:
    """Text on a bar can be read."""
    assert ink_on("#edc948") != ink_on("#2f4b7c")
