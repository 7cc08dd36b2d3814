"""Where OpenTelemetry's baggage is not what it seems: a test for each of these."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

otel: Any = pytest.importorskip("opentelemetry.baggage")
context: Any = pytest.importorskip("opentelemetry.context")
propagate: Any = pytest.importorskip("opentelemetry.propagate")


@pytest.fixture
def bridge(bridging: ModuleType, tenant: Any) -> Any:
    """The bridge of that Var."""
    return bridging.Baggage(tenant)


def test_opentelemetry_does_not_read_what_it_has_been_told() -> None:
    """The fault: a plus sign that another has sent is read as a blank."""
    read = propagate.extract({"baggage": "k=1+1"})
    assert "1 1" == otel.get_baggage("k", read)


@pytest.mark.parametrize("text", ["1+1", " a b ", "a%2Bb", "%20", "a;b=c", "a,b", "\t"])
def test_what_we_send_is_read_as_it_was_however_it_is_decoded(
    bridge: Any, tenant: Any, text: str
) -> None:
    """By a peer that takes a plus sign for a blank, and by one that does not."""
    headers: dict[str, str] = {}
    with tenant.bind(text):
        bridge.inject(headers)

    assert "+" not in headers["baggage"]
    assert headers["baggage"].isascii()
    assert text == bridge.extract(headers).run(tenant.get)


@pytest.mark.parametrize(
    "name", ["my tenant", "ténant", "a=b", "a,b", "a;b", "a+b", "100%", '"a"']
)
def test_a_name_that_is_no_key_of_the_standard_arrives(
    inscope: ModuleType, bridging: ModuleType, name: str
) -> None:
    """OpenTelemetry writes keys in its own way; ours are read back, and no others."""
    var = inscope.Var(name, default="-", wire=str, travels_to={"http"})
    bridge, headers = bridging.Baggage(var), {}  # type: ignore[var-annotated]
    with var.bind("acme"):
        bridge.inject(headers)

    assert "acme" == bridge.extract(headers).run(var.get)
    assert "-" == bridge.extract({"baggage": "a=x"}).run(var.get)


def test_one_name_twice_is_one_value(bridge: Any, tenant: Any) -> None:
    """The standard allows it; it is neither both of them, nor a list."""
    headers = {"baggage": "http_tenant=acme,http_tenant=emca"}
    assert bridge.extract(headers).run(tenant.get) in ("acme", "emca")


def test_only_the_first_of_two_headers_is_read_and_the_rest_is_nothing(
    bridge: Any, tenant: Any
) -> None:
    """OpenTelemetry looks no further. A Var is unbound then, not another's."""
    second: Any = {"baggage": ["x=1", "http_tenant=acme"]}
    joined = {"baggage": "x=1,http_tenant=acme"}

    with tenant.bind("of the worker"):
        assert "-" == bridge.extract(second).run(tenant.get)
        assert "acme" == bridge.extract(joined).run(tenant.get)


@pytest.mark.parametrize(
    "header",
    ["x=" + "y" * 9000, "http_tenant=" + "y" * 5000, "http_tenant", "=", "é=1"],
)
def test_a_header_that_opentelemetry_drops_leaves_nothing(
    bridge: Any, tenant: Any, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It warns, and goes on without; what others have left is not seen instead."""
    stale = otel.set_baggage("other", "stale")
    token = context.attach(stale)
    try:
        with tenant.bind("of the worker"), caplog.at_level(logging.CRITICAL):
            arrival = bridge.extract({"baggage": header})
            assert ((), "-") == (arrival.names, arrival.run(tenant.get))
    finally:
        context.detach(token)


def test_a_value_is_never_made_text_by_guessing(
    inscope: ModuleType, bridging: ModuleType
) -> None:
    """OpenTelemetry would send ``str()`` of any object; ours is asked by its codec."""
    number = inscope.Var("baggage_number", wire=int, travels_to={"http"})
    bridge = bridging.Baggage(number)
    wrongs: list[Any] = ["5", 5.0, True, object(), None]
    for wrong in wrongs:
        with number.bind(wrong), pytest.raises(inscope.NotPortableError):
            bridge.inject({})


def test_who_is_not_named_is_not_sent_with_it(
    inscope: ModuleType, bridge: Any, tenant: Any
) -> None:
    """Instrumented clients send all baggage to everybody, so there is little in it."""
    other = inscope.Var("baggage_other", wire=str, travels_to={"http"})
    secret = inscope.Var("baggage_secret", secret=True)
    headers: dict[str, str] = {}
    with tenant.bind("acme"), other.bind("x"), secret.bind("y"), bridge.outgoing():
        propagate.inject(headers)

    assert {"baggage": "http_tenant=acme"} == headers


def test_what_has_come_is_not_sent_on_by_itself(bridge: Any, tenant: Any) -> None:
    """Reading baggage does not attach it."""
    arrival = bridge.extract({"baggage": "http_tenant=acme,user=admin"})
    headers: dict[str, str] = {}
    arrival.run(propagate.inject, headers)
    assert {} == headers

    arrival.run(bridge.inject, headers)
    assert {"baggage": "http_tenant=acme"} == headers


def test_a_block_that_is_left_elsewhere_raises_nothing(
    bridge: Any, tenant: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenTelemetry detaches by a token, which is of one context; it logs that."""

    async def sends() -> AsyncIterator[dict[str, str]]:
        headers: dict[str, str] = {}
        with tenant.bind("acme"), bridge.outgoing():
            propagate.inject(headers)
            yield headers

    async def main() -> dict[str, str]:
        steps: Any = sends()
        headers: dict[str, str] = await asyncio.create_task(steps.__anext__())
        await asyncio.create_task(steps.aclose())
        after: dict[str, str] = {}
        propagate.inject(after)
        assert {} == after
        return headers

    with caplog.at_level(logging.CRITICAL):
        assert {"baggage": "http_tenant=acme"} == asyncio.run(main())


def test_what_is_carried_has_both_contexts(
    inscope: ModuleType, bridge: Any, tenant: Any
) -> None:
    """OpenTelemetry's instrumentation of threads carries its own context alone."""
    carry = importlib.import_module("inscope.carry")
    plain: ContextVar[str] = ContextVar("plain", default="-")
    local = inscope.Local()
    found: list[Any] = []

    def work() -> None:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        found.append((headers.get("baggage"), tenant.get(), plain.get(), local.name))

    def everything() -> None:
        plain.set("plain")
        local.name = "local"
        with tenant.bind("acme"), bridge.outgoing():
            thread = carry.Thread(target=work)
            thread.start()
            thread.join()
            with carry.carrying(ThreadPoolExecutor(1)) as pool:
                pool.submit(work).result()

    importlib.import_module("contextvars").copy_context().run(everything)

    assert [("http_tenant=acme", "acme", "plain", "local")] * 2 == found


# Faults that were found; each of these is to be as the test says.


@pytest.mark.parametrize(
    "order",
    [
        ("tracecontext", "baggage"),
        ("baggage",),
        ("baggage", "tracecontext"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("header", ["", "x=1", "http_tenant"])
def test_where_nothing_came_what_is_lying_about_is_not_taken_for_it(
    bridge: Any,
    tenant: Any,
    order: tuple[str, ...],
    header: str,
) -> None:
    """The worker may have the last request's, and ``OTEL_PROPAGATORS`` any order."""
    known = {
        "tracecontext": importlib.import_module(
            "opentelemetry.trace.propagation.tracecontext"
        ).TraceContextTextMapPropagator,
        "baggage": importlib.import_module(
            "opentelemetry.baggage.propagation"
        ).W3CBaggagePropagator,
    }
    composite = importlib.import_module("opentelemetry.propagators.composite")
    propagator = composite.CompositePropagator([known[name]() for name in order])
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(propagator)
    token = context.attach(otel.set_baggage("http_tenant", "stale"))
    try:
        arrival = bridge.extract({"baggage": header} if header else {})
    finally:
        context.detach(token)
        propagate.set_global_textmap(before)

    assert "-" == arrival.run(tenant.get)


@pytest.mark.parametrize("after", [";ttl=5", " ; ttl=5", ";secure", ";a=1;b"])
def test_properties_of_an_entry_are_no_part_of_its_value(
    bridge: Any, tenant: Any, after: str
) -> None:
    """The standard allows them after a value, and OpenTelemetry leaves them there."""
    headers = {"baggage": f"http_tenant=acme{after},x=1"}
    assert "acme" == bridge.extract(headers).run(tenant.get)


TOO_LARGE = ["x" * 5000, "é" * 700, "🦀" * 400]


@pytest.mark.parametrize("text", TOO_LARGE, ids=["ASCII", "é", "a crab"])
def test_a_value_that_would_be_dropped_is_an_error_of_the_sender(
    inscope: ModuleType, bridge: Any, tenant: Any, text: str
) -> None:
    """As in every payload; the limit is that of the entry as it is written."""
    with tenant.bind(text), pytest.raises(inscope.NotPortableError):
        bridge.inject({})


LARGEST = ["x" * 4080, "é" * 400, "🦀" * 200]


@pytest.mark.parametrize("text", LARGEST, ids=["ASCII", "é", "a crab"])
def test_a_value_that_is_not_dropped_is_read(
    bridge: Any, tenant: Any, text: str
) -> None:
    """The limits of a payload are not those of baggage."""
    headers: dict[str, str] = {}
    with tenant.bind(text):
        bridge.inject(headers)
    assert text == bridge.extract(headers).run(tenant.get)


def filled(entries: int, size: int) -> Any:
    """A context of OpenTelemetry's that has baggage of others."""
    made: Any = None
    for number in range(entries):
        made = otel.set_baggage(f"key{number:03}", "v" * size, made)
    return made


@pytest.mark.parametrize(("entries", "size"), [(100, 80), (180, 1), (2, 4050)])
def test_a_value_for_which_there_is_no_room_is_an_error_of_the_sender(
    inscope: ModuleType, bridge: Any, tenant: Any, entries: int, size: int
) -> None:
    """OpenTelemetry leaves out what comes last; a Var without a value takes no room."""
    token = context.attach(filled(entries, size))
    try:
        with tenant.bind("a" * 80), pytest.raises(inscope.NotPortableError) as caught:
            bridge.inject({})
        headers: dict[str, str] = {}
        bridge.inject(headers)
    finally:
        context.detach(token)

    assert "http_tenant" == caught.value.var
    assert "no room" in str(caught.value)
    assert headers["baggage"].startswith("key000=v")


def test_what_opentelemetry_passes_over_takes_no_room(bridge: Any, tenant: Any) -> None:
    """An entry that is too large itself is none of the 180."""
    token = context.attach(otel.set_baggage("large", "v" * 5000, filled(179, 1)))
    headers: dict[str, str] = {}
    try:
        with tenant.bind("acme"):
            bridge.inject(headers)
    finally:
        context.detach(token)

    assert headers["baggage"].endswith(",http_tenant=acme")


HOSTILE = [
    "NaN",
    "1e999",
    "%5B" * 900,
    "[" * 990 + "]" * 990,
    "[" + "[]%2C" * 101 + "%22%5Cud800%22]",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_came_is_refused_and_never_raises(
    inscope: ModuleType, travel: ModuleType, bridging: ModuleType, text: str
) -> None:
    """Also what JSON may be by one library, and not by the other."""
    var = inscope.Var("any", default=0, wire=travel.JSON, travels_to={"http"})
    arrival = bridging.Baggage(var).extract({"baggage": f"any={text}"})
    with pytest.raises(inscope.ContextRefused):
        arrival.run(var.get)


@pytest.mark.parametrize(("entries", "size"), [(90, 80), (179, 1), (1, 5000)])
def test_a_value_for_which_there_is_room_is_sent(
    bridge: Any, tenant: Any, entries: int, size: int
) -> None:
    """Also beside what is too large itself, which OpenTelemetry passes over."""
    token = context.attach(filled(entries, size))
    headers: dict[str, str] = {}
    try:
        with tenant.bind("a" * 80):
            bridge.inject(headers)
    finally:
        context.detach(token)

    assert "a" * 80 == bridge.extract(headers).run(tenant.get)
