"""A signed payload that was changed is never believed, whatever was changed in it."""

from __future__ import annotations

import json
import pickle
import random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FLIPS = 100_000
ALPHABET = [chr(code) for code in range(256)]


@pytest.fixture
def boundary(travel: ModuleType) -> Any:
    """A boundary with keys, on which there is no limit of age."""
    return travel.Boundary("http", keys=["first key", "second key"])


@pytest.fixture
def user(inscope: ModuleType) -> Any:
    """Whose values are at stake."""
    return inscope.Var("mutated_user", wire=str, travels_to={"http"}, identity=True)


@pytest.fixture
def text(travel: ModuleType, boundary: Any, user: Any) -> str:
    """A payload that is believed as it is."""
    with user.bind("ann"):
        payload = str(travel.dump(boundary).text)
    assert "ann" == travel.load(payload, boundary).run(user.get)
    return payload


def _mutated(chance: random.Random, text: str) -> str:
    """Return *text* with one to three letters changed, taken away or put in."""
    letters = list(text)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        place = chance.randrange(len(letters))
        change = chance.randrange(5)
        if change == 0:
            del letters[place]
        elif change == 1:
            letters.insert(place, chance.choice(ALPHABET))
        elif change == 2:
            letters[place] = chr(ord(letters[place]) ^ (1 << chance.randrange(8)))
        elif change == 3:
            letters[place] = chance.choice(ALPHABET)
        else:
            other = chance.randrange(len(letters))
            letters[place], letters[other] = letters[other], letters[place]
    return "".join(letters)


def test_a_hundred_thousand_changed_payloads_are_refused(
    travel: ModuleType, inscope: ModuleType, boundary: Any, user: Any, text: str
) -> None:
    """None is believed, none is a crash; reads raise the one error there is."""
    chance = random.Random(7)
    reasons: dict[str, int] = {}
    for number in range(FLIPS if inscope.CORE == "native" else FLIPS // 10):
        changed = _mutated(chance, text)
        if changed == text:
            continue
        arrival = travel.load(changed, boundary)
        reason = arrival.refused.reason
        reasons[reason] = reasons.get(reason, 0) + 1
        if number % 100 == 0:
            with pytest.raises(inscope.ContextRefused):
                arrival.run(user.get, "nobody")

    assert {"signature", "unsigned", "malformed"} >= set(reasons)
    assert reasons["signature"] > len(text)


def test_an_unsigned_payload_that_was_changed_is_no_crash(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Nothing tells it from another one then: it is a value of the type, or refused."""
    tenant = inscope.Var("mutated_tenant", wire=str, travels_to={"process"})
    with tenant.bind("acme"):
        text = travel.dump("process").text
    chance = random.Random(11)
    believed = 0

    for _ in range(20_000):
        arrival = travel.load(_mutated(chance, text), "process")
        if arrival.refused is None:
            believed += 1
            assert str is type(arrival.run(tenant.get, ""))
    assert 0 < believed < 20_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
SETTINGS = settings(max_examples=300, deadline=None)


def test_whatever_json_there_is_is_no_crash(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """In place of the envelope, and of each of its parts."""
    tenant = inscope.Var("any_json", wire=travel.JSON, travels_to={"process"})

    @SETTINGS
    @given(st.integers(-1, 4), JSON)
    def load(place: int, data: Any) -> None:
        envelope: Any = json.loads(travel.dump("process").text)
        if place < 0:
            envelope = data
        elif place < 4:
            envelope[place] = data
        else:
            envelope[3] = [["any_json", data]]
        arrival = travel.load(json.dumps(envelope), "process")
        if arrival.refused is None:
            arrival.run(tenant.get, None)
        else:
            with pytest.raises(inscope.ContextRefused):
                arrival.run(tenant.get, None)

    load()


def test_whatever_text_or_bytes_there_are_are_no_crash(
    travel: ModuleType, boundary: Any
) -> None:
    """With keys, none is believed."""

    @SETTINGS
    @given(st.text() | st.binary())
    def load(data: Any) -> None:
        arrival = travel.load(data, boundary)
        assert (arrival.refused is None) == (not data)
        assert travel.load(data, "process").names == ()

    load()


class Trap:
    """What a reader that unpickles would run."""

    def __reduce__(self) -> Any:
        return sprung.append, ("code was run",)


sprung: list[str] = []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_run(
    travel: ModuleType, boundary: Any, protocol: int
) -> None:
    """It is text that is not ours."""
    data = pickle.dumps(Trap(), protocol)

    for payload in (data, data.decode("latin-1")):
        for where in (boundary, "process"):
            assert travel.load(payload, where).refused is not None
    assert [] == sprung


def test_a_megabyte_is_refused_by_its_size(travel: ModuleType, boundary: Any) -> None:
    """Before anything looks into it."""
    assert "size" == travel.load("[" * 1_000_000, boundary).refused.reason
    assert "size" == travel.load(b"\xff" * 1_000_000, "process").refused.reason


def test_deep_values_are_read_or_refused(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Down to where Python's own stack ends."""
    var = inscope.Var("deep_value", wire=travel.JSON, travels_to={"process"})
    pattern = travel.dump("process").text
    for depth, is_read in ((10, True), (120, True), (1900, False)):
        value = "[" * depth + "]" * depth
        text = pattern.replace("[]", f'[["deep_value",{value}]]')
        arrival = travel.load(text, "process")
        assert is_read == (arrival.refused is None)
        if is_read:
            assert list is type(arrival.run(var.get))
