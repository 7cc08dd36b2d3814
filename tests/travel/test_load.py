"""``load``: what arrives, what is refused and why, and what a refused context does."""

from __future__ import annotations

import asyncio
import time
from types import ModuleType
from typing import Any

import pytest

KEYS = ["old", "new"]


@pytest.fixture
def user(inscope: ModuleType) -> Any:
    """A Var that says who somebody is."""
    return inscope.Var("load_user", wire=str, travels_to={"http"}, identity=True)


@pytest.fixture
def tenant(inscope: ModuleType) -> Any:
    """One that does not, and has a default."""
    return inscope.Var("load_tenant", default="-", wire=str, travels_to={"http"})


@pytest.fixture
def signed(travel: ModuleType) -> Any:
    """A boundary with two keys, the second the newer one."""
    return travel.Boundary("http", keys=KEYS, max_age=60)


def test_it_is_an_empty_context_with_what_came(
    travel: ModuleType, inscope: ModuleType, signed: Any, user: Any, tenant: Any
) -> None:
    """What is bound where it is loaded is not seen."""
    other = inscope.Var("load_other", default=None)
    with user.bind("ann"):
        text = travel.dump(signed).text

    with tenant.bind("stale"), other.bind(1):
        arrival = travel.load(text, signed)
        seen = arrival.run(lambda: (user.get(), tenant.get(), other.get()))

    assert ("ann", "-", None) == seen
    assert arrival.refused is None
    assert (("load_user",), ()) == (arrival.names, arrival.unknown)
    assert "<Arrival of load_user>" == repr(arrival)


def test_it_says_when_it_was_sent(travel: ModuleType, signed: Any, user: Any) -> None:
    """For work that asks what was allowed then."""
    before = int(time.time())
    with user.bind("ann"):
        text = travel.dump(signed).text

    assert before <= travel.load(text, signed).sent <= time.time()
    assert travel.load(None, signed).sent is None
    assert travel.load(text + "x", signed).sent is None


def test_a_value_that_is_too_large_here_is_refused(
    travel: ModuleType, tenant: Any
) -> None:
    """The reader has limits of its own; those of the sender may be others."""
    reader = travel.Boundary("http", value_limit=100)
    for size, reason in ((98, None), (99, "size")):
        with tenant.bind("x" * size):
            arrival = travel.load(travel.dump("http").text, reader)
        assert reason == getattr(arrival.refused, "reason", None)
    assert "has 101 bytes, and 100 are the limit" in str(arrival.refused)


@pytest.mark.parametrize("nothing", [None, "", b""])
def test_nothing_means_an_empty_context(
    travel: ModuleType, signed: Any, user: Any, tenant: Any, nothing: Any
) -> None:
    """Also where there are keys; not whatever is lying about."""
    with user.bind("ann"):
        arrival = travel.load(nothing, signed)
        assert (False, "-") == arrival.run(lambda: (user.is_bound(), tenant.get()))
    assert "<Arrival of nothing>" == repr(arrival)


def test_it_may_be_bytes_or_the_payload(
    travel: ModuleType, signed: Any, user: Any
) -> None:
    """As engines hand it over."""
    with user.bind("ann"):
        payload = travel.dump(signed)

    for given in (payload, payload.text, payload.text.encode()):
        assert "ann" == travel.load(given, signed).run(user.get)


def _refused(inscope: ModuleType, arrival: Any, *variables: Any) -> str:
    """Check what reads do in a context that was refused; return its reason."""

    def read() -> list[str]:
        reasons = []
        for var in variables:
            proxy = var.proxy()
            for act in (
                var.get,
                lambda var=var: var.get("default"),
                var.is_bound,
                lambda proxy=proxy: inscope.is_bound(proxy),
                lambda proxy=proxy: bool(proxy),
                lambda proxy=proxy: repr(proxy),
                lambda proxy=proxy: proxy == "ann",
                lambda proxy=proxy: proxy.upper(),
                lambda var=var: var.update(str.upper),
            ):
                with pytest.raises(inscope.ContextRefused) as caught:
                    act()
                reasons.append(caught.value.reason)
        return reasons

    reasons = set(arrival.run(read))
    assert {arrival.refused.reason} == reasons
    assert f"<Arrival refused: {arrival.refused.reason}>" == repr(arrival)
    return str(arrival.refused.reason)


def _changed(text: str, position: int, value: str) -> str:
    """Return *text* with another part of its envelope."""
    parts = text.split(",", 3)
    parts[position] = value
    return ",".join(parts)


CHANGES: list[tuple[str, Any]] = [
    ("version", lambda text: _changed(text, 0, "[2")),
    ("malformed", lambda text: _changed(text, 0, "[true")),
    ("malformed", lambda text: _changed(text, 0, "[null")),
    ("malformed", lambda text: _changed(text, 0, "[" + "[" * 900 + "]" * 900)),
    ("audience", lambda text: _changed(text, 1, '"celery"')),
    ("malformed", lambda text: _changed(text, 1, "5")),
    ("expired", lambda text: _changed(text, 2, str(int(time.time()) - 62))),
    ("future", lambda text: _changed(text, 2, str(int(time.time()) + 40))),
    ("malformed", lambda text: _changed(text, 2, "true")),
    ("malformed", lambda text: _changed(text, 2, "1e9")),
    ("malformed", lambda text: _changed(text, 2, "-" + "9" * 30)),
    ("malformed", lambda text: _changed(text, 2, "9" * 4000)),
    ("malformed", lambda text: _changed(text, 3, "{}]")),
    ("malformed", lambda text: _changed(text, 3, '["ab"]]')),
    ("malformed", lambda text: _changed(text, 3, '{"ab":5}]')),
    ("malformed", lambda text: _changed(text, 3, "[[5,5]]]")),
    ("malformed", lambda text: _changed(text, 3, '[["a",1],["a",2]]]')),
    ("malformed", lambda text: _changed(text, 3, '[["a",1,2]]]')),
    ("malformed", lambda text: _changed(text, 3, "[],5]")),
    ("malformed", lambda text: _changed(text, 3, "5]")),
    ("malformed", lambda _: "[]"),
    ("malformed", lambda _: "[1]"),
    ("malformed", lambda _: "null]"),
    ("malformed", lambda _: "5"),
    ("malformed", lambda _: "[" * 2000 + "]" * 2000),
    ("type", lambda text: _changed(text, 3, '[["load_tenant",5]]]')),
    ("size", lambda text: text.replace("acme", "x" * 4096)),
]


@pytest.mark.parametrize(("reason", "change"), CHANGES)
def test_what_was_changed_is_refused_with_its_reason(
    travel: ModuleType, inscope: ModuleType, tenant: Any, reason: str, change: Any
) -> None:
    """Without keys, so that the rest is looked at; each read says it."""
    plain = travel.Boundary("http", max_age=60)
    with tenant.bind("acme"):
        text = travel.dump(plain).text

    assert reason == _refused(inscope, travel.load(change(text), plain), tenant)


@pytest.mark.parametrize("thing", [5, {}, ["a"], b"\xff\xfe", "é", object(), True, 0])
def test_what_is_no_text_is_refused(
    travel: ModuleType, inscope: ModuleType, tenant: Any, thing: Any
) -> None:
    """A header of a task can be anything that JSON has."""
    assert "malformed" == _refused(inscope, travel.load(thing, "http"), tenant)


def test_what_others_have_signed_is_refused(
    travel: ModuleType, inscope: ModuleType, signed: Any, user: Any, tenant: Any
) -> None:
    """With another key, without one, and as something else."""
    strange = travel.Boundary("http", keys="strange")
    with user.bind("ann"):
        text = travel.dump(signed).text
        forged = travel.dump(strange).text
    unsigned = text.rpartition(".")[0]

    for wrong, reason in (
        (forged, "signature"),
        (text[:-1] + ("A" if text[-1] != "A" else "B"), "signature"),
        (text.replace("ann", "bob"), "signature"),
        (unsigned + ".", "signature"),
        (unsigned, "unsigned"),
    ):
        arrival = travel.load(wrong, signed)
        assert reason == _refused(inscope, arrival, user, tenant)
    assert "signature" == _refused(inscope, travel.load(text, "http"), user, tenant)


def test_keys_can_be_rotated(travel: ModuleType, signed: Any, user: Any) -> None:
    """What an older key has signed is accepted as long as it is in the list."""
    older = travel.Boundary("http", keys=KEYS[:1])
    with user.bind("ann"):
        before, now = travel.dump(older).text, travel.dump(signed).text

    assert "ann" == travel.load(before, signed).run(user.get)
    assert "signature" == travel.load(now, older).refused.reason
    assert (
        "signature"
        == travel.load(before, travel.Boundary("http", keys="new")).refused.reason
    )


def test_what_was_meant_for_another_audience_is_refused(
    travel: ModuleType, inscope: ModuleType, user: Any, tenant: Any
) -> None:
    """The same keys, another service."""
    billing = travel.Boundary("http", keys=KEYS, audience="billing")
    search = travel.Boundary("http", keys=KEYS, audience="search")
    with user.bind("ann"):
        text = travel.dump(billing).text

    assert "ann" == travel.load(text, billing).run(user.get)
    assert "audience" == _refused(inscope, travel.load(text, search), user)


def test_who_somebody_is_is_not_believed_unsigned(
    travel: ModuleType, inscope: ModuleType, user: Any, tenant: Any
) -> None:
    """Nor is anything that came with it."""
    text = travel.dump("http").text.replace("[]", '[["load_user","admin"]]')

    assert "identity" == _refused(inscope, travel.load(text, "http"), user, tenant)


def test_old_enough_is_refused_and_clocks_may_differ(
    travel: ModuleType, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ``max_age`` and ``leeway``, to the second."""
    boundary = travel.Boundary("http", max_age=10, leeway=5)
    with tenant.bind("acme"):
        text = travel.dump(boundary).text
    sent = int(text.split(",")[2])
    arrival = __import__("sys").modules["inscope.travel.arrival"]

    for later, reason in ((10, None), (11, "expired"), (-5, None), (-6, "future")):
        monkeypatch.setattr(arrival, "time", lambda later=later: sent + later)
        refused = travel.load(text, boundary).refused
        assert reason == (refused and refused.reason)


def test_names_that_are_not_known_are_passed_over(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """They are of a newer sender; a strict boundary refuses them."""
    elsewhere = inscope.Var("load_elsewhere", wire=str, travels_to={"dask"})
    text = travel.dump("http").text
    text = text.replace("[]", '[["load_new",1],["load_elsewhere","x"]]')

    arrival = travel.load(text, "http")
    assert ("load_new", "load_elsewhere") == arrival.unknown
    assert not arrival.run(elsewhere.is_bound)
    strict = travel.load(text, travel.Boundary("http", strict=True))
    assert "names" == _refused(inscope, strict, tenant)


def test_a_var_may_be_declared_after_its_value_came(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """By a module that the work imports."""
    pairs = '[["load_late","x"],["load_wrong",5],["load_who","y"]]'
    arrival = travel.load(travel.dump("http").text.replace("[]", pairs), "http")
    late = inscope.Var("load_late", wire=str, travels_to={"http"})
    wrong = inscope.Var("load_wrong", wire=str, travels_to={"http"}, default="-")
    who = inscope.Var("load_who", wire=str, travels_to={"http"}, identity=True)
    away = inscope.Var("load_away", wire=str, travels_to={"dask"}, default="-")

    assert ("x", "-") == arrival.run(lambda: (late.get(), away.get()))
    for var, reason in ((wrong, "type"), (who, "identity")):
        with pytest.raises(inscope.ContextRefused) as caught:
            arrival.run(var.get)
        assert reason == caught.value.reason


def test_what_is_bound_since_is_read(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """Also where what came was refused; other Vars do not mind."""
    other = inscope.Var("load_undeclared", default=3)
    away = inscope.Var("load_far", wire=str, travels_to={"dask"}, default="-")

    def work() -> list[Any]:
        with tenant.bind("mine"):
            return [tenant.get(), other.get(), away.get(), other.is_bound()]

    assert ["mine", 3, "-", True] == travel.load("junk", "http").run(work)


def test_each_use_has_its_own_copy(travel: ModuleType, tenant: Any) -> None:
    """As of any snapshot; in tasks and generators, too."""
    with tenant.bind("acme"):
        arrival = travel.load(travel.dump("http").text, "http")

    def rename() -> str:
        tenant.set("renamed")
        return str(tenant.get())

    async def asked() -> str:
        await asyncio.sleep(0)
        return str(tenant.get())

    assert ["renamed", "acme"] == [arrival.run(rename), arrival.run(tenant.get)]
    assert "acme" == asyncio.run(arrival.drive(asked()))
    assert ["acme"] == list(arrival.iter(tenant.get() for _ in range(1)))


def test_tasks_that_the_work_begins_have_it(travel: ModuleType, tenant: Any) -> None:
    """Read before or not: the context is copied as ever."""
    with tenant.bind("acme"):
        arrival = travel.load(travel.dump("http").text, "http")

    async def main() -> Any:
        return await asyncio.create_task(asyncio.to_thread(tenant.get))

    assert "acme" == asyncio.run(arrival.drive(main()))


def test_an_error_can_go_back_to_the_sender(inscope: ModuleType) -> None:
    """Engines pickle what a task raises."""
    import pickle

    error = inscope.ContextRefused("expired", "celery", "it was sent long ago")
    again = pickle.loads(pickle.dumps(error))
    assert str(error) == str(again)
    assert ("expired", "celery") == (again.reason, again.boundary)
    sent = inscope.NotPortableError("no", "tenant")
    assert "tenant" == pickle.loads(pickle.dumps(sent)).var
