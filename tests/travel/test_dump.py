"""``dump``: what is in a payload, what is not and why, and what is an error."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
from contextvars import Context, ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Make = Any


@pytest.fixture
def tenant(inscope: ModuleType) -> Any:
    """A Var that travels to processes and by HTTP."""
    return inscope.Var("dump_tenant", wire=str, travels_to={"process", "http"})


def test_what_is_bound_and_travels_there_is_in_it(
    travel: ModuleType, tenant: Any
) -> None:
    """As JSON: version, audience, time, and pairs of names and values."""
    with tenant.bind("acmé"):
        payload = travel.dump("process")
    version, audience, sent, pairs = json.loads(payload.text)

    assert (1, "process", [["dump_tenant", "acmé"]]) == (version, audience, pairs)
    assert sent > 1_700_000_000
    assert payload.text.isascii()
    assert payload.names == ("dump_tenant",)
    assert payload
    assert str(payload) == payload.text


def test_a_payload_is_made_by_dump_alone(travel: ModuleType) -> None:
    """Whatever is given, also to a class that is made of it."""
    wrong: list[tuple[Any, ...]] = [(), ("process",), ("process", {}, None)]
    for kind in (travel.Payload, type("Own", (travel.Payload,), {})):
        for arguments in wrong:
            with pytest.raises(TypeError, match=r"a Payload is made by dump\(\)"):
                kind(*arguments)


def test_where_nothing_is_bound_there_is_nothing_in_it(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """A default is the reader's own affair."""
    inscope.Var("dump_default", default=5, wire=int, travels_to={"process"})
    payload = travel.dump("process")

    assert not payload
    assert () == payload.names
    assert travel.load(payload.text, "process").refused is None


def test_the_rest_is_reported_with_its_reason(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """Everything that is bound, by its name; also when the block is over."""
    secret = inscope.Var("dump_secret", secret=True)
    local = inscope.Var("dump_local", log=True)
    elsewhere = inscope.Var("dump_elsewhere", wire=str, travels_to={"dask"})
    undeclared = inscope.Var("dump_undeclared")
    unbound = inscope.Var("dump_unbound")
    values = {secret: 1, local: 2, elsewhere: "x", undeclared: 3, tenant: "acme"}

    with inscope.bind(values):
        payload = travel.dump("process")
    with tenant.bind("acme"), undeclared.bind(3):
        chosen = travel.dump("process", only=[])

    left_out = payload.left_out
    assert "is secret" == left_out.pop("dump_secret")
    assert "does not travel to 'process'" == left_out.pop("dump_elsewhere")
    for name in ("dump_local", "dump_undeclared"):
        assert left_out.pop(name).startswith("is not declared")
    assert {"dump_tenant", unbound.name}.isdisjoint(left_out)
    assert "was not asked for" == chosen.left_out["dump_tenant"]


def test_what_has_arrived_and_stays_is_reported(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """As what is bound is; also where no Var here has the name."""
    by_http = inscope.Var("dump_by_http", wire=str, travels_to={"http"})
    passing = inscope.Var("dump_passing", wire=str, travels_to={"http"})
    with tenant.bind("acme"), by_http.bind("x"), passing.bind("y"):
        text = travel.dump("http").text
    del passing
    gc.collect()
    payload = travel.load(text, "http").run(travel.dump, "process")

    assert ("dump_tenant",) == payload.names
    assert {
        "dump_by_http": "does not travel to 'process'",
        "dump_passing": "came from elsewhere, and is not declared here",
    } == payload.left_out


def test_a_codec_may_declare_a_var(travel: ModuleType, inscope: ModuleType) -> None:
    """As it writes, or reads: it may import a module. The Var has its turn next."""
    made: list[Any] = []

    class Importing:
        def encode(self, value: Any) -> Any:
            name = f"dump_imported_{len(made)}"
            made.append(inscope.Var(name, wire=str, travels_to={"process"}))
            made[-1].set("x")
            return value

        decode = encode

    crossing = {"wire": Importing(), "travels_to": {"process"}}
    both = [inscope.Var(f"dump_{name}", **crossing) for name in ("first", "second")]

    def dumped() -> Any:
        for var in both:
            var.set(var.name)
        return travel.dump("process")

    payload = Context().run(dumped)
    arrival = Context().run(travel.load, payload.text, "process")
    assert ("dump_first", "dump_second") == payload.names == arrival.names
    assert ["dump_first", "dump_second"] == [arrival.run(var.get) for var in both]
    assert 4 == len(made)


def test_a_variable_of_the_same_name_is_another(
    travel: ModuleType, tenant: Any
) -> None:
    """It stays, and is reported."""
    plain: ContextVar[int] = ContextVar("dump_tenant")

    def dumped() -> Any:
        plain.set(5)
        with tenant.bind("acme"):
            return travel.dump("process")

    payload = Context().run(dumped)
    assert ("dump_tenant",) == payload.names
    assert ["dump_tenant"] == list(payload.left_out)


def test_what_has_been_left_or_withdrawn_is_not_in_it(
    travel: ModuleType, tenant: Any
) -> None:
    """The context is that of the moment."""
    token = tenant.set("acme")
    tenant.reset(token)

    assert not travel.dump("process")


def test_only_what_is_asked_for(travel: ModuleType, inscope: ModuleType) -> None:
    """``only`` takes Vars that travel there."""
    one = inscope.Var("dump_one", wire=int, travels_to={"process"})
    two = inscope.Var("dump_two", wire=int, travels_to={"process"})

    with one.bind(1), two.bind(2):
        assert ("dump_two",) == travel.dump("process", only=[two]).names


def test_what_does_not_travel_cannot_be_asked_for(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """An undeclared Var, one of another boundary, a proxy, any object."""
    undeclared = inscope.Var("dump_cart")

    for var in (undeclared, tenant):
        with pytest.raises(inscope.NotPortableError, match="declare it") as caught:
            travel.dump("dask", only=[var])
        assert var.name == caught.value.var
    for thing, text in ((tenant.proxy(), "a proxy"), ({}, "a dict"), ("x", "a str")):
        with pytest.raises(inscope.NotPortableError, match=text):
            travel.dump("process", only=[thing])
    for wrong in (tenant, "dump_tenant", 5):
        with pytest.raises(TypeError, match="a list of Vars"):
            travel.dump("process", only=wrong)


def test_a_value_that_is_too_large_names_its_var(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """And both sizes; up to the limit it goes."""
    with tenant.bind("x" * 1022):
        assert travel.dump("process")
    with tenant.bind("x" * 1023), pytest.raises(inscope.NotPortableError) as caught:
        travel.dump("process")
    assert "'dump_tenant'" in str(caught.value)
    assert "1025 bytes, and 1024 are the limit" in str(caught.value)

    larger = travel.Boundary("process", value_limit=2000)
    with tenant.bind("é" * 300):
        assert travel.load(travel.dump(larger).text, larger).run(tenant.get)


def test_a_payload_that_is_too_large_names_its_vars(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Each may be small enough."""
    many = [
        inscope.Var(f"dump_{n}", wire=str, travels_to={"process"}) for n in range(5)
    ]

    with (
        inscope.bind(dict.fromkeys(many, "x" * 1000)),
        pytest.raises(inscope.NotPortableError, match=r"dump_0, dump_1.*4096"),
    ):
        travel.dump("process")


def test_a_small_limit_counts_for_all_of_it(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """Below that of each value, too."""
    small = travel.Boundary("http", limit=60)

    with tenant.bind("a"):
        assert travel.dump(small)
    with tenant.bind("a" * 60), pytest.raises(inscope.NotPortableError, match="60 are"):
        travel.dump(small)


def test_who_somebody_is_must_be_signed(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """It would be refused: the sender is told. Where code crosses, it may as well."""
    user = inscope.Var(
        "dump_user", wire=str, travels_to={"http", "process"}, identity=True
    )

    with user.bind("ann"):
        with pytest.raises(inscope.NotPortableError, match="give the boundary keys"):
            travel.dump("http")
        assert travel.dump(travel.Boundary("http", keys="k"))
        assert travel.dump("process")


def test_what_was_refused_is_not_passed_on_as_nothing(
    travel: ModuleType, inscope: ModuleType, tenant: Any
) -> None:
    """The next one would take nobody for an answer."""
    arrival = travel.load("junk", "process")

    with pytest.raises(inscope.ContextRefused):
        arrival.run(travel.dump, "process")
    assert not arrival.run(travel.dump, "process", only=[])


def test_what_has_arrived_is_passed_on(travel: ModuleType, tenant: Any) -> None:
    """Read here or not."""
    with tenant.bind("acme"):
        arrival = travel.load(travel.dump("process").text, "process")

    again = arrival.run(travel.dump, "process")
    assert "acme" == travel.load(again.text, "process").run(tenant.get)


def test_a_payload_does_not_show_its_values(travel: ModuleType, tenant: Any) -> None:
    """Not in its repr, and it is not pickled by accident."""
    with tenant.bind("acme"):
        payload = travel.dump("process")

    assert "<Payload for 'process': dump_tenant>" == repr(payload)
    for act in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="what travels is its text"):
            act(payload)


@pytest.mark.parametrize("function", ["dump", "load"])
def test_a_boundary_must_be_one(travel: ModuleType, function: str) -> None:
    """Or its name; the error says what there is."""
    call = getattr(travel, function)
    before = ("text",) if function == "load" else ()

    with pytest.raises(
        ValueError, match=rf"{function}\(\): there is no boundary 'htp'"
    ):
        call(*before, "htp")
    with pytest.raises(TypeError, match="takes a Boundary or its name"):
        call(*before, 5)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"name": 5}, TypeError, "name must be a string"),
    ({"name": ""}, ValueError, "cannot be called"),
    ({"name": "a b"}, ValueError, "cannot be called"),
    ({"audience": 5}, TypeError, "audience must be a string"),
    ({"audience": "é"}, ValueError, "for 'é'"),
    ({"keys": [5]}, TypeError, "a key is a int"),
    ({"keys": ["a", ""]}, ValueError, "a key is empty"),
    ({"keys": ""}, ValueError, "a key is empty"),
    ({"max_age": "5"}, TypeError, "max_age must be a number"),
    ({"max_age": -1}, ValueError, "must not be negative"),
    ({"limit": True}, TypeError, "limit must be a number"),
    ({"leeway": float("nan")}, ValueError, "must not be negative"),
]


@pytest.mark.parametrize(("options", "kind", "text"), WRONG)
def test_the_options_of_a_boundary_are_checked(
    travel: ModuleType, options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """No key is quoted."""
    with pytest.raises(kind, match=text):
        travel.Boundary(**{"name": "mine", **options})


def test_a_boundary_does_not_show_its_keys(travel: ModuleType) -> None:
    """Not in its repr, and not in a pickle."""
    boundary = travel.Boundary("http", keys="hidden", audience="billing")

    assert "<Boundary 'http/billing', signed>" == repr(boundary)
    with pytest.raises(TypeError, match="its keys must not leave"):
        pickle.dumps(boundary)


def test_keys_without_the_library_name_the_extra(
    travel: ModuleType, inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest works without it."""
    monkeypatch.setitem(sys.modules, "itsdangerous", None)
    monkeypatch.delitem(sys.modules, "inscope.travel.signing", raising=False)

    with pytest.raises(inscope.MissingExtraError, match=r"inscope\[travel\]"):
        travel.Boundary("http", keys="k")
    assert not travel.Boundary("http").is_signed


@pytest.mark.parametrize("error", ["ImportError", "ModuleNotFoundError"])
def test_where_msgspec_cannot_be_loaded_the_standard_library_writes(
    tmp_path: Path, error: str
) -> None:
    """It cannot in another interpreter than the main one; it is not always there."""
    package = tmp_path / "msgspec"
    package.mkdir()
    (package / "__init__.py").write_text(f"raise {error}('not here', name='msgspec')\n")
    program = """
from inscope import Var
from inscope.travel import dump, load
tenant = Var("tenant", wire=str, travels_to={"process"})
with tenant.bind("acmé"):
    text = dump("process").text
print(load(text, "process").run(tenant.get) == "acmé", text.isascii())
"""
    paths = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    command = [sys.executable, "-c", program]

    found = subprocess.check_output(command, env={**os.environ, **paths}, text=True)

    assert "True True\n" == found
