"""The page of the API has every public name, and signatures as the code has them."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from built_site import Site

import inscope
import inscope.dropin
from inscope import carry, logs, travel, web
from inscope.travel import http
from inscope.web import asgi

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"
BY_HAND = re.compile(
    r"^( *)\.\. auto(class|exception|function|method):: (\w+)\((.+)\)( -> .+)?$", re.M
)


@pytest.fixture
def anchors(site: Site) -> set[str]:
    """What the page describes: ``inscope.Var``, ``inscope.Var.bind``."""
    return set(site.pages["api.html"].anchors)


def test_every_public_name_is_described(anchors: set[str]) -> None:
    """A name that is added to an ``__all__`` appears on the page."""
    names = {f"inscope.{name}" for name in inscope.__all__}
    names |= {f"inscope.carry.{name}" for name in carry.__all__}
    names |= {f"inscope.travel.{name}" for name in travel.__all__}
    names |= {f"inscope.logs.{name}" for name in logs.__all__}
    names |= {f"inscope.dropin.{name}" for name in inscope.dropin.__all__}

    assert set() == names - anchors


def test_every_public_method_is_described(anchors: set[str]) -> None:
    """So do the methods of the classes, but for two that serve proxies only."""
    members = {
        f"inscope.{name}.{member}"
        for name in ("Var", "LocalStack", "LocalManager", "Scope")
        for member in dir(getattr(inscope, name))
        if not member.startswith("_")
    }

    for_proxies = {"inscope.LocalStack.peek", "inscope.Var.resolver"}
    assert set() == members - anchors - for_proxies


def _written_by_hand() -> list[tuple[str, str]]:
    """Return the dotted name and the parameters of each signature in the page."""
    found, around = [], ""
    for line in PAGE.read_text().splitlines():
        if head := re.match(r"\.\. autoclass:: (\w+)", line):
            around = head[1]
        if match := BY_HAND.match(line):
            owner = f"{around}." if match[1] else ""
            found.append((owner + match[3], match[4]))
    return found


@pytest.mark.parametrize(("name", "parameters"), _written_by_hand())
def test_a_signature_written_by_hand_is_that_of_the_code(
    name: str, parameters: str
) -> None:
    """Names, kinds and order of the parameters, and which of them are optional."""
    assert _of_code(name) == _of_text(parameters)


def _of_code(name: str) -> list[tuple[str, str, bool]]:
    """Return what can be compared of the parameters of *name*, ``self`` left out."""
    modules = (carry, inscope, web, asgi, travel, http)
    first = name.partition(".")[0]
    found: Any = next(module for module in modules if hasattr(module, first))
    for part in name.split("."):
        found = getattr(found, part)
    parameters = list(inspect.signature(found).parameters.values())
    return [
        (parameter.name, parameter.kind.name, parameter.default is not parameter.empty)
        for parameter in parameters
        if parameter.name not in ("self", "cls")
    ]


def _of_text(parameters: str) -> list[tuple[str, str, bool]]:
    """Return the same of a signature as it is written."""
    function = ast.parse(f"def f({parameters}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    plain = [
        *((arg.arg, "POSITIONAL_ONLY") for arg in given.posonlyargs),
        *((arg.arg, "POSITIONAL_OR_KEYWORD") for arg in given.args),
    ]
    first_optional = len(plain) - len(given.defaults)
    by_place = [
        (name, kind, place >= first_optional)
        for place, (name, kind) in enumerate(plain)
    ]
    by_name = [
        (arg.arg, "KEYWORD_ONLY", default is not None)
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    return by_place + by_name
