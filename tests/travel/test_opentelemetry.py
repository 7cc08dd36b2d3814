"""The bridge to OpenTelemetry's baggage: what crosses, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

otel: Any = pytest.importorskip("opentelemetry.baggage")
trace: Any = pytest.importorskip("opentelemetry.trace")
propagate: Any = pytest.importorskip("opentelemetry.propagate")


TEXTS = ["acme", "", "a b+c", 'é,;="\\%41%', "100%", "1+1", "🦀", "x" * 900]


@pytest.mark.parametrize("text", TEXTS)
def test_a_string_arrives_as_it_was(
    bridging: ModuleType, tenant: Any, text: str
) -> None:
    """Through OpenTelemetry's own propagators."""
    bridge, headers = bridging.Baggage(tenant), {}  # type: ignore[var-annotated]
    with tenant.bind(text):
        bridge.inject(headers)

    assert text == bridge.extract(headers).run(tenant.get)


def test_other_types_are_written_as_json(
    travel: ModuleType, inscope: ModuleType, bridging: ModuleType
) -> None:
    """But for those that are text anyway."""
    wires = {"int": int, "bool": bool, "json": travel.JSON, "time": datetime}
    values = {
        "int": 5,
        "bool": True,
        "json": {"a": ["5"]},
        "time": datetime(2026, 1, 2, tzinfo=UTC),
    }
    variables = {
        name: inscope.Var(f"otel_{name}", wire=wire, travels_to={"http"})
        for name, wire in wires.items()
    }
    bridge = bridging.Baggage(*variables.values())
    with inscope.bind({variables[name]: value for name, value in values.items()}):
        context = bridge.context()

    assert "5" == otel.get_baggage("otel_int", context)
    assert "true" == otel.get_baggage("otel_bool", context)
    arrival = bridge.arrival(context)
    for name, value in values.items():
        assert value == arrival.run(variables[name].get)


def test_what_instrumented_clients_send_in_a_block(
    bridging: ModuleType, tenant: Any
) -> None:
    """They ask OpenTelemetry for its present context, which is as before afterwards."""
    bridge = bridging.Baggage(tenant)
    with tenant.bind("acme"), bridge.outgoing():
        inside: dict[str, str] = {}
        propagate.inject(inside)
    after: dict[str, str] = {}
    propagate.inject(after)

    assert {"baggage": "http_tenant=acme"} == inside
    assert {} == after


def test_a_trace_goes_along(bridging: ModuleType, tenant: Any) -> None:
    """By OpenTelemetry's propagator, not by ours."""
    span = trace.NonRecordingSpan(
        trace.SpanContext(1, 2, is_remote=False, trace_flags=trace.TraceFlags(1))
    )
    headers: dict[str, str] = {}
    with trace.use_span(span), tenant.bind("acme"):
        bridging.Baggage(tenant).inject(headers)

    assert {"traceparent", "baggage"} == set(headers)


def test_only_what_is_named_is_read(bridging: ModuleType, tenant: Any) -> None:
    """Anybody can send baggage."""
    headers = {"baggage": "user=admin,http_tenant=acme,role=root;ttl=5"}
    arrival = bridging.Baggage(tenant).extract(headers)

    assert (("http_tenant",), ()) == (arrival.names, arrival.unknown)
    assert "-" == bridging.Baggage(tenant).extract({}).run(tenant.get)


def test_what_is_not_of_its_type_is_refused(
    inscope: ModuleType, bridging: ModuleType
) -> None:
    """As in every payload."""
    number = inscope.Var("otel_number", default=0, wire=int, travels_to={"http"})
    for text in ("x", "%22", "1.5", "[" * 900):
        arrival = bridging.Baggage(number).extract({"baggage": f"otel_number={text}"})
        assert arrival.refused is not None
        with pytest.raises(inscope.ContextRefused):
            arrival.run(number.get)


def test_a_var_without_a_value_takes_its_entry_out(
    bridging: ModuleType, tenant: Any
) -> None:
    """What came for the last request must not go out with this one."""
    stale = otel.set_baggage("http_tenant", "stale")

    assert {} == dict(otel.get_all(bridging.Baggage(tenant).context(stale)))


def test_who_somebody_is_does_not_cross(
    inscope: ModuleType, bridging: ModuleType
) -> None:
    """Nor does what was not declared, nor a proxy."""
    who = inscope.Var("otel_who", wire=str, travels_to={"http"}, identity=True)
    cart = inscope.Var("otel_cart")

    with pytest.raises(inscope.NotPortableError, match="baggage is not signed"):
        bridging.Baggage(who)
    with pytest.raises(inscope.NotPortableError, match="does not travel to 'http'"):
        bridging.Baggage(cart)
    with pytest.raises(inscope.NotPortableError, match="a proxy"):
        bridging.Baggage(who.proxy())


def test_a_value_of_another_type_is_an_error_of_the_sender(
    inscope: ModuleType, bridging: ModuleType, tenant: Any
) -> None:
    """It names the Var."""
    with tenant.bind(5), pytest.raises(inscope.NotPortableError, match="http_tenant"):
        bridging.Baggage(tenant).context()
