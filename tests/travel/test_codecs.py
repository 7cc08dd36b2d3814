"""What each codec writes and reads, and what it refuses on the way out and in."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

EAST = timezone(timedelta(hours=5, minutes=30))

VALUES: list[tuple[Any, Any]] = [
    (str, ""),
    (str, "acme"),
    (str, 'with "quotes", \n and \x00 é 🦀'),
    (int, 0),
    (int, -(2**63)),
    (int, 2**63 - 1),
    (bool, True),
    (bool, False),
    (UUID, UUID(int=7)),
    (datetime, datetime(2026, 1, 2, 3, 4, 5, 678901)),
    (datetime, datetime(2026, 1, 2, tzinfo=EAST)),
    ("JSON", None),
    ("JSON", 1.5),
    ("JSON", {"roles": ["a", "b"], "depth": {"n": [1, 2.5, True, None, "é"]}}),
    ("JSON", []),
]


@pytest.mark.parametrize(("wire", "value"), VALUES)
def test_a_value_arrives_as_it_was(
    travel: ModuleType, inscope: ModuleType, wire: Any, value: Any
) -> None:
    """Equal, and of the same type."""
    wire = travel.JSON if wire == "JSON" else wire
    var = inscope.Var("value", wire=wire, travels_to={"process"})

    with var.bind(value):
        text = travel.dump("process").text
    arrived = travel.load(text, "process").run(var.get)

    assert text.isascii()
    assert (type(value), value) == (type(arrived), arrived)


class Level(enum.IntEnum):
    """A subclass of int, which would arrive as one."""

    HIGH = 3


class Name(str):
    """A subclass of str."""

    __slots__ = ()


REFUSED: list[tuple[Any, Any, str]] = [
    (str, 5, "type int is not str"),
    (str, None, "type NoneType"),
    (str, Name("ann"), "type Name"),
    (str, b"ann", "type bytes"),
    (str, "\ud800", "surrogates not allowed"),
    (int, True, "type bool is not int"),
    (int, Level.HIGH, "type Level"),
    (int, 2**63, "64 bits"),
    (int, 1.0, "type float"),
    (bool, 1, "type int"),
    (UUID, str(UUID(int=7)), "type str"),
    (datetime, datetime(2026, 1, 2).date(), "type date"),
    ("JSON", math.nan, "finite"),
    ("JSON", [math.inf], "finite"),
    ("JSON", (1, 2), "type tuple"),
    ("JSON", {1: 2}, "key of a dictionary"),
    ("JSON", {"a": {2}}, "type set"),
    ("JSON", object(), "type object"),
    ("JSON", ["\udfff"], "surrogates not allowed"),
    ("JSON", {"\udfff": 1}, "surrogates not allowed"),
    ("JSON", 10**30, "64 bits"),
]


@pytest.mark.parametrize(("wire", "value", "text"), REFUSED)
def test_what_is_not_of_the_type_is_an_error_of_the_sender(
    travel: ModuleType, inscope: ModuleType, wire: Any, value: Any, text: str
) -> None:
    """It names the Var, and not the value."""
    wire = travel.JSON if wire == "JSON" else wire
    var = inscope.Var("mistyped", wire=wire, travels_to={"process"})

    with var.bind(value), pytest.raises(inscope.NotPortableError, match=text) as caught:
        travel.dump("process")

    assert "mistyped" == caught.value.var
    assert "Var 'mistyped' cannot be sent by 'process'" in str(caught.value)


def test_a_proxy_is_an_error_of_the_sender(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """It says to bind the object itself."""
    var = inscope.Var("behind", wire=str, travels_to={"process"})
    proxy = inscope.LocalProxy(lambda: "ann")

    with var.bind(proxy), pytest.raises(inscope.NotPortableError, match="unwrap"):
        travel.dump("process")


def test_a_row_of_a_database_is_an_error_of_the_sender(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Also where the codec takes nearly everything."""
    orm = pytest.importorskip("sqlalchemy.orm")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    base = orm.declarative_base()

    class User(base):  # type: ignore[misc, valid-type]
        __tablename__ = "users"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)

    var = inscope.Var("row", wire=travel.JSON, travels_to={"process"})

    with (
        var.bind(User(id=1)),
        pytest.raises(inscope.NotPortableError, match="type User"),
    ):
        travel.dump("process")


@dataclass
class Tenant:
    """What msgspec can write."""

    name: str
    seats: int = 1


@dataclass
class Special(Tenant):
    """A subclass, which would arrive as the other."""

    extra: str = ""


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        (Tenant, Tenant("acme", 3)),
        (list[int], [1, 2]),
        (dict[str, Tenant], {"a": Tenant("acme")}),
        (tuple[int, str], (1, "a")),
        (str | None, None),
        (str | None, "ann"),
        (float, 1.5),
        (list[float], [1, 2.5]),
        (set[int], {1, 2}),
        (Level, Level.HIGH),
        (dict[str, Any], {"b": [1, None], "a": {"n": True}}),
        (list[datetime], [datetime(2026, 1, 2, tzinfo=EAST)]),
    ],
)
def test_msgspec_writes_what_else_there_is(
    travel: ModuleType, inscope: ModuleType, wire: Any, value: Any
) -> None:
    """By its type."""
    pytest.importorskip("msgspec")
    var = inscope.Var("structured", wire=wire, travels_to={"process"})

    with var.bind(value):
        text = travel.dump("process").text
    arrived = travel.load(text, "process").run(var.get)

    assert (type(value), value) == (type(arrived), arrived)


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        (Tenant, Special("acme", 3, "x")),
        (Tenant, {"name": "acme", "seats": 1}),
        (list[int], ["a"]),
        (list[int], (1, 2)),
        (str | None, 5),
        (float, math.nan),
        (list[Tenant], [Special("acme", 3, "x")]),
        (dict[str, Any], {"at": datetime(2026, 1, 2, tzinfo=EAST)}),
        (list[Any], [UUID(int=7)]),
        (list[Any], [(1, 2)]),
        (dict[str, Any], {"all": {1, 2}}),
        (list[Any], [Level.HIGH]),
    ],
)
def test_what_would_arrive_as_something_else_is_an_error_of_the_sender(
    travel: ModuleType, inscope: ModuleType, wire: Any, value: Any
) -> None:
    """msgspec writes objects by what they are, not by what is expected."""
    pytest.importorskip("msgspec")
    var = inscope.Var("unstructured", wire=wire, travels_to={"process"})

    with var.bind(value), pytest.raises(inscope.NotPortableError):
        travel.dump("process")


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_is_taken_in_whatever_order_it_lies(
    travel: ModuleType, inscope: ModuleType, kind: Any
) -> None:
    """The reader's may lie in another."""
    pytest.importorskip("msgspec")
    var = inscope.Var("structured_set", wire=kind[str], travels_to={"process"})
    for number in range(200):
        value = kind(f"word {number * one}" for one in range(1, 6))
        with var.bind(value):
            text = travel.dump("process").text
        assert value == travel.load(text, "process").run(var.get)


@dataclass(eq=False)
class Plain:
    """Equal to nothing but itself."""

    words: Any


def test_what_is_equal_to_nothing_else_is_compared_as_it_is_written(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """A field of another type than the reader would see is found all the same."""
    pytest.importorskip("msgspec")
    var = inscope.Var("structured_plain", wire=list[Plain], travels_to={"process"})

    with var.bind([Plain(["b", "a"])]):
        text = travel.dump("process").text
    assert ["b", "a"] == travel.load(text, "process").run(var.get)[0].words

    only = inscope.Var("structured_words", wire=Words, travels_to={"process"})
    with only.bind(Words({1, 2})):
        assert travel.dump("process", only=[only])
    with (
        only.bind(Words([1])),  # type: ignore[arg-type]
        pytest.raises(inscope.NotPortableError, match="would not arrive as it is"),
    ):
        travel.dump("process", only=[only])


@dataclass
class Words:
    """Has a set."""

    all: set[int]


class Reversed:
    """A codec of somebody's own."""

    def encode(self, value: str) -> str:
        """Write it backwards."""
        return value[::-1]

    def decode(self, data: Any) -> str:
        """Read it backwards."""
        return str(data)[::-1]


def test_a_codec_of_ones_own(travel: ModuleType, inscope: ModuleType) -> None:
    """Any object with the two methods."""
    var = inscope.Var("own", wire=Reversed(), travels_to={"process"})

    with var.bind("abc"):
        text = travel.dump("process").text

    assert '"cba"' in text
    assert "abc" == travel.load(text, "process").run(var.get)


class Careless:
    """Writes whatever it is given."""

    def encode(self, value: Any) -> Any:
        """Return it."""
        return value

    decode = encode


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {5: 6}, {7}, object(), "\ud800", 2**64, b"x"]
)
def test_what_a_codec_of_ones_own_writes_is_checked_in_the_sender(
    travel: ModuleType, inscope: ModuleType, value: Any
) -> None:
    """With msgspec or without it: what JSON does not have is written by neither."""
    var = inscope.Var("careless", wire=Careless(), travels_to={"process"})
    with var.bind(value), pytest.raises(inscope.NotPortableError, match="'careless'"):
        travel.dump("process")


def test_a_codec_of_ones_own_may_write_tuples(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """They arrive as lists."""
    var = inscope.Var("pairs", wire=Careless(), travels_to={"process"})
    with var.bind({"a": (1, (2, None))}):
        text = travel.dump("process").text
    assert {"a": [1, [2, None]]} == travel.load(text, "process").run(var.get)


WRITTEN: list[tuple[Any, str]] = [
    (str, "5"),
    (str, "null"),
    (str, '"\\ud800"'),
    (int, '"5"'),
    (int, "true"),
    (int, "5.0"),
    (int, "9223372036854775808"),
    (int, "1" + "0" * 900),
    (bool, "1"),
    (UUID, '"{00000000-0000-0000-0000-000000000007}"'),
    (UUID, '"00000000000000000000000000000007"'),
    (UUID, "7"),
    (datetime, '"2026-01-02"'),
    (datetime, '"20260102T030405"'),
    (datetime, "1767225600"),
    ("JSON", "NaN"),
    ("JSON", "Infinity"),
    ("JSON", "1e999"),
    (list[int], '["a"]'),
    (Tenant, '{"name":5}'),
]


@pytest.mark.parametrize(("wire", "written"), WRITTEN)
def test_what_comes_of_another_type_is_refused(
    travel: ModuleType, inscope: ModuleType, wire: Any, written: str
) -> None:
    """There is one way to write each value; the error does not quote what came."""
    pytest.importorskip("msgspec")
    wire = travel.JSON if wire == "JSON" else wire
    var = inscope.Var("foreign", wire=wire, travels_to={"process"})
    pattern = travel.dump("process").text

    text = pattern.replace("[]", f'[["foreign",{written}]]')
    arrival = travel.load(text, "process")

    assert arrival.refused is not None
    assert arrival.refused.reason in ("type", "malformed")
    with pytest.raises(inscope.ContextRefused):
        arrival.run(var.get, "default")
