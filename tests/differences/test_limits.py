"""What docs/limits.md says: the object can, no proxy can, the remedy does.

Each limit is tried on the object itself, on a proxy of inscope, on one of
werkzeug, and with the remedy. The page shows them; here they are held to it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import enum
import inspect
import io
import json
import operator
import re
import sqlite3
import statistics
import struct
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
import werkzeug.local
from operations import outcome
from probe_world import Data, Point, matched

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"

Act = Callable[[Any], Any]


class Colour(enum.Enum):
    """Something that is compared by identity."""

    RED = 1


class Vague:
    """An object whose length hint is no number."""

    def __length_hint__(self) -> Any:
        return "some"


@dataclass(frozen=True)
class Limit:
    """One thing that no proxy can do.

    Attributes:
        act: What cannot be done with a proxy, to *target*.
        remedy: What is to be done instead, given the proxy and ``unwrap``.
        until: The version of Python from which a proxy can do it.
        since: The version up to which one could.
        native: Whether it is a limit of the native core, on any version.
    """

    target: Any
    act: Act
    remedy: Callable[[Any, Act], Any]
    until: tuple[int, int] = (9, 0)
    since: tuple[int, int] = (3, 0)
    native: bool | None = None

    def holds(self, core: str) -> bool:
        """Tell whether it is a limit here."""
        if core == "native" and self.native is not None:
            return self.native
        return self.since <= sys.version_info < self.until


def _raise(error: BaseException) -> None:
    raise error


def _raise_from(cause: BaseException) -> None:
    raise KeyError("x") from cause


def _catch(kind: type[BaseException]) -> str:
    try:
        raise KeyError("x")
    except kind:
        return "caught"


def _select(value: Any) -> Any:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        return database.execute("select ?", [value]).fetchone()


def _extend(more: list[int]) -> list[int]:
    numbers = same = [1]
    numbers += more
    return same


def _repeat(number: int) -> list[int]:
    numbers = same = [1]
    numbers *= number
    return same


def _extended_by_method(more: list[int]) -> list[int]:
    numbers = [1]
    numbers.extend(more)
    return numbers


def _as_text(act: Act) -> Callable[[Any, Act], Any]:
    return lambda p, unwrap: act(str(p))


def _unwrapped(act: Act) -> Callable[[Any, Act], Any]:
    return lambda p, unwrap: act(unwrap(p))


def _text(act: Act) -> Limit:
    """Return a limit that ``str(p)`` passes."""
    return Limit("a", act, _as_text(act))


def _any(target: Any, act: Act, **versions: Any) -> Limit:
    """Return a limit that ``unwrap(p)`` passes."""
    return Limit(target, act, _unwrapped(act), **versions)


def _buffer(target: Any, act: Act) -> Limit:
    """Return a limit of proxies that have buffers: before, they could do it."""
    return _any(target, act, since=(3, 12), native=True)


def _lifted(target: Any, act: Act, until: tuple[int, int]) -> Limit:
    """Return a limit of the Python core, up to a version."""
    return _any(target, act, until=until, native=False)


LIMITS: dict[str, Limit] = {
    "join": _text(lambda p: ", ".join([p])),
    "replace": _text(lambda p: "abc".replace("b", p)),
    "startswith": _text(lambda p: "abc".startswith(p)),
    "in text": _text(lambda p: p in "abc"),
    "match": _text(lambda p: re.match("a", p) is not None),
    "pattern": _text(lambda p: re.match(p, "a") is not None),
    "ord": _text(ord),
    "eval": Limit("1", eval, _as_text(eval)),
    "write": _text(lambda p: io.StringIO().write(p)),
    "getattr": Limit(
        "real", lambda p: getattr(5, p), _as_text(lambda p: getattr(5, p))
    ),
    "percent, a tuple": _any((1, 2), lambda p: operator.mod("%s %s", p)),
    "percent, too much": _text(lambda p: operator.mod("word", p)),
    "int, a base": Limit("7", lambda p: int(p, 8), _as_text(lambda p: int(p, 8))),
    "json": Limit(
        {"a": 1}, json.dumps, lambda p, unwrap: json.dumps(p, default=unwrap)
    ),
    "json, within": Limit(
        [1],
        lambda p: json.dumps({"a": p}),
        lambda p, unwrap: json.dumps({"a": p}, default=unwrap),
    ),
    "json, key": _text(lambda p: json.dumps({p: 1})),
    "struct": _any(b"abc", lambda p: struct.pack("3s", p)),
    "Decimal": _any(5, Decimal),
    "sqlite3": _any("a", _select),
    "memoryview": _lifted(b"a", lambda p: bytes(memoryview(p)), (3, 12)),
    "bytes join": _lifted(b"a", lambda p: b"".join([p]), (3, 12)),
    "bytearray of a list": _buffer([1], bytearray),
    "find": _buffer(97, lambda p: b"a".find(p)),
    "asdict": _any(Data(), dataclasses.asdict),
    "asdict, within": _any([1], lambda p: dataclasses.asdict(Data(p)), until=(3, 13)),
    "replace, dataclass": _any(Data(), lambda p: dataclasses.replace(p, a=2)),
    "is_dataclass": _any(Data(), dataclasses.is_dataclass),
    "mean": _any(1.5, lambda p: statistics.mean([p, p])),
    "raise": _any(ValueError("no"), _raise),
    "raise from": _any(ValueError("no"), _raise_from),
    "except": _any(KeyError, _catch),
    "is": _any(Colour.RED, lambda p: p is Colour.RED),
    "is None": _any(None, lambda p: p is None),
    "type": Limit(5, lambda p: type(p) is int, lambda p, unwrap: p.__class__ is int),
    "issubclass": _any(int, lambda p: issubclass(p, int)),
    "mapping pattern": _any({"a": 1}, matched),
    "sequence pattern": _any([1], matched),
    "callable": _any(5, callable),
    "isawaitable": _any(5, inspect.isawaitable),
    "extend in place": Limit([2], _extend, lambda p, unwrap: _extended_by_method(p)),
    "repeat in place": _any(2, _repeat),
    "int.__add__": Limit(2, lambda p: int.__add__(1, p), lambda p, unwrap: 1 + p),
    "exact argument": _any(
        datetime.date(2000, 1, 1),
        lambda p: datetime.datetime.combine(p, datetime.time()),
    ),
    "pow": _lifted(3, lambda p: pow(2, p, 5), (3, 14)),
    "reflected text": _any("a", lambda p: 1 < p),
    "length hint": _any(Vague(), operator.length_hint),
    "signature of a class": _any(
        Point,
        lambda p: str(inspect.signature(p)),
        native=sys.version_info >= (3, 13),
    ),
}

limits = pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)


@limits
def test_what_the_object_can_do_the_proxy_cannot(
    limit: Limit, inscope: ModuleType
) -> None:
    """It is still a limit: what can be done should leave the page."""
    on_object = outcome(limit.act, limit.target)
    on_proxy = outcome(limit.act, inscope.LocalProxy(lambda: limit.target))

    assert limit.holds(inscope.CORE) == (on_object != on_proxy)


@limits
def test_the_remedy_gives_what_the_object_gives(
    limit: Limit, inscope: ModuleType
) -> None:
    """What the page says to do instead does the same as the object."""
    proxy = inscope.LocalProxy(lambda: limit.target)
    with_remedy = outcome(lambda p: limit.remedy(p, inscope.unwrap), proxy)

    assert outcome(limit.act, limit.target) == with_remedy


@limits
def test_another_proxy_cannot_either(limit: Limit) -> None:
    """It is not a fault of inscope: werkzeug's proxy does not do it."""
    if sys.version_info >= limit.until or limit.since > (3, 0):
        return  # werkzeug's has no buffers
    proxy = werkzeug.local.LocalProxy(lambda: limit.target)

    assert outcome(limit.act, limit.target) != outcome(limit.act, proxy)


@pytest.mark.parametrize(
    ("target", "found"), [({"a": 1}, "mapping"), ([1], "sequence")]
)
def test_a_shaped_proxy_matches_patterns(
    target: Any, found: str, inscope: ModuleType
) -> None:
    """``like=dict`` and ``like=list`` make ``case {…}``, ``case […]`` match."""
    shaped = inscope.LocalProxy(lambda: target, like=type(target))

    assert found == matched(shaped)


@pytest.mark.parametrize("like", [None, str])
def test_a_databases_adapter_takes_proxies(like: Any, inscope: ModuleType) -> None:
    """An adapter for the proxy's type serves every proxy of that type."""
    proxy = inscope.LocalProxy(lambda: "ann", like=like)
    key = (type(proxy), sqlite3.PrepareProtocol)
    sqlite3.register_adapter(type(proxy), inscope.unwrap)
    try:
        assert ("ann",) == _select(proxy)
    finally:
        del sqlite3.adapters[key]


def test_an_unbound_proxy_is_patched_by_an_asynchronous_mock_unless_shaped(
    inscope: ModuleType,
) -> None:
    """``mock.patch`` goes by what looks like a coroutine function."""

    class Page:
        user = inscope.LocalProxy(ContextVar("user"))
        shaped = inscope.LocalProxy(ContextVar("user"), like=str)

    with mock.patch.object(Page, "user") as mocked:
        assert "AsyncMock" == type(mocked).__name__
    with mock.patch.object(Page, "shaped") as mocked:
        assert "MagicMock" == type(mocked).__name__


def test_a_key_is_lost_as_the_context_changes(inscope: ModuleType) -> None:
    """A proxy in a dict hashes as what is bound; the object behind it does not move."""
    var: ContextVar[str] = ContextVar("var")
    proxy = inscope.LocalProxy(var)
    var.set("ann")
    by_proxy, by_object = {proxy: 1}, {inscope.unwrap(proxy): 1}
    var.set("a name with quite another hash")

    assert "ann" not in by_proxy
    assert "ann" in by_object


def test_every_row_of_the_table_leads_to_a_section() -> None:
    """The links of the table are headings of the page."""
    text = PAGE.read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    linked = set(re.findall(r"^\| \[[^|]+?\]\(#(.+?)\)", text, re.MULTILINE))

    assert linked <= {heading.lower().replace(" ", "-") for heading in headings}
    assert len(linked) > 5
