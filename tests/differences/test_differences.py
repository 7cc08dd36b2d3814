"""docs/differences.md holds every difference from werkzeug that the probes show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import werkzeug.local
from attribute_probes import attribute_probes
from operation_probes import LEFT_OUT, on_bound, on_object, operation_probes
from operations import OPERATIONS
from werkzeug_probes import (
    PROGRAMS,
    Probe,
    file_probes,
    outcome,
    program_probe,
)

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"

PROBES: dict[str, list[Probe]] = {
    "operations": [*operation_probes()],
    **{path.stem: [*file_probes(path)] for path in sorted(PROGRAMS.glob("*.txt"))},
}

group = pytest.mark.parametrize("probes", PROBES.values(), ids=PROBES)


def both(probe: Probe, inscope: Any) -> tuple[str, str]:
    """Return what came of *probe* on werkzeug, and on inscope."""
    return outcome(probe, werkzeug.local), outcome(probe, inscope)


def undocumented(probes: Iterable[Probe], inscope: Any) -> list[str]:
    """Return the probes that differ and do not say so, for this Python."""
    found: list[str] = []
    for probe in probes:
        if probe.entry_with(inscope):
            continue
        theirs, ours = both(probe, inscope)
        if theirs != ours:
            found.append(f"{probe.name}\n  werkzeug: {theirs}\n  inscope: {ours}")
    return found


@group
def test_what_is_not_in_the_page_is_as_in_werkzeug(
    probes: list[Probe], inscope: ModuleType
) -> None:
    """Probes that name no entry, or none for this Python, give the same on both."""
    assert [] == undocumented(probes, inscope)


@group
def test_what_is_in_the_page_does_differ(
    probes: list[Probe], inscope: ModuleType
) -> None:
    """Probes that name an entry for this Python do not give the same on both."""
    equal = [
        f"{probe.entry}: {probe.name}"
        for probe in probes
        if probe.entry_with(inscope) and len({*both(probe, inscope)}) == 1
    ]

    assert [] == equal


def test_an_attribute_differs_only_where_werkzeugs_is_not_the_objects(
    inscope: ModuleType,
) -> None:
    """Each attribute of a bound proxy is the object's; werkzeug's is, or differs."""
    different = 0
    for probe, direct in attribute_probes():
        theirs, ours = both(probe, inscope)
        truth = outcome(direct, inscope)
        assert (probe.name, truth) == (probe.name, ours)
        different += theirs != ours

    assert different > 100


def test_where_an_operation_on_a_bound_proxy_differs_it_does_what_the_object_does(
    inscope: ModuleType,
) -> None:
    """The object itself gives the same, ``in-place`` and all."""
    wrong: list[str] = []
    for probe in PROBES["operations"]:
        if probe.act.func is not on_bound or not probe.entry_with(inscope):
            continue
        direct = Probe(probe.name, partial(on_object, *probe.act.args))
        if outcome(direct, inscope) != outcome(probe, inscope):
            wrong.append(probe.name)

    assert [] == wrong


def test_every_special_method_is_tried() -> None:
    """The generated probes leave out what depends on the build, and nothing else."""
    tried = {probe.name.split()[0] for probe in PROBES["operations"]}

    assert set(OPERATIONS) - LEFT_OUT == tried


def test_no_probe_is_tried_twice() -> None:
    """Names of probes are unique: a second one would show nothing."""
    names = [probe.name for probes in PROBES.values() for probe in probes]

    assert sorted(set(names)) == sorted(names)


def test_the_probes_notice_a_difference(inscope: ModuleType) -> None:
    """A proxy with one wrong method, and a Local with one, are found."""

    class Wrong(inscope.LocalProxy):
        def __neg__(self) -> str:
            return "wrong"

    class WrongLocal(inscope.Local):
        def __iter__(self) -> Iterator[Any]:
            return iter(())

    library = SimpleNamespace(
        Local=WrongLocal,
        LocalManager=inscope.LocalManager,
        LocalProxy=Wrong,
        LocalStack=inscope.LocalStack,
        release_local=inscope.release_local,
    )

    def found(program: str) -> int:
        return len(undocumented([program_probe(program)], library))

    assert (1, 0) == (found("-P(5)"), found("+P(5)"))
    assert (1, 0) == (found("local.a = 1; list(local)"), found("local.a = 1; local.a"))


def sections() -> dict[str, str]:
    """Return the entries of the page: the text under each heading, by slug."""
    parts = re.split(r"^### (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_and_the_probes_name_the_same_entries() -> None:
    """No entry is without a probe that shows it, and no probe without its entry."""
    shown = {
        probe.entry
        for probes in PROBES.values()
        for probe in probes
        if probe.entry is not None
    }

    assert set(sections()) == shown | {"attributes"}


def test_every_entry_has_an_example_and_says_why() -> None:
    """Each section runs something, and has the words of its reason."""
    without = [
        slug
        for slug, text in sections().items()
        if "```python\n" not in text or "# prints: " not in text or "Why: " not in text
    ]

    assert [] == without


def test_the_table_lists_every_entry_in_the_order_of_the_page() -> None:
    """The rows of the table link to the sections."""
    rows = re.findall(r"^\| \[(.+?)\]\(#(.+?)\) \|", PAGE.read_text(), re.MULTILINE)

    assert [(slug, slug) for slug in sections()] == rows
