"""What is written in C is what the table of special methods says, no more, no less."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import inscope
from inscope._core import special_methods

native = pytest.importorskip("inscope._core.native._native", reason="it is not built")

SLOTS = Path(special_methods.__file__).parent / "native" / "slots.h"
RULES = {row.name: row.rule for row in special_methods.TABLE}
ASKED_AS_ATTRIBUTES = {"__class__", "__wrapped__", "__mro_entries__"}
"""No slots and no methods: answered by ``__getattribute__``."""

OF_THE_TYPE = {
    "__new__",
    "__init__",
    "__init_subclass__",
    "__module__",
    "__doc__",
    "__orig_bases__",
    "__parameters__",
    "__vectorcalloffset__",
    "__weaklistoffset__",
    "__release_buffer__",  # comes with __buffer__, from 3.12 on
    "__static_attributes__",
    "__firstlineno__",
}
"""Names of the types that are about the types."""


def _methods_of_the_types() -> set[str]:
    """Return the special methods that LocalProxy has from the C types."""
    kinds = (native.LocalProxy, native.ForwardedMethods, native.BareProxy)
    names = {name for kind in kinds for name in vars(kind) if name.startswith("__")}
    return names - OF_THE_TYPE


def _rows_of_the_lists() -> set[str]:
    """Return the names in slots.h, with those that a row stands for besides."""
    names: set[str] = set()
    text = SLOTS.read_text(encoding="utf-8")
    for title, body in re.findall(r"#define (\w+)\(X\)((?:.*\\\n)*.*)", text):
        rows = [row.split(",")[-1].strip() for row in re.findall(r"X\(([^)]*)\)", body)]
        assert rows, title
        names |= {f"__{row}__" for row in rows}
        if title == "BINARY_SLOTS":
            names |= {f"__r{row}__" for row in rows}
    return names


IN_NO_LIST = {
    "__rpow__": "pow, the other way round",
    "__setitem__": "one slot for both, with a signature of its own",
    "__delitem__": "the same slot",
    "__delattr__": "one slot with __setattr__",
    "__call__": "a vectorcall",
    "__buffer__": "of the type above LocalProxy",
    "__fspath__": "of the type above LocalProxy",
}
"""Forwarded methods without a row in slots.h, and why."""


def test_the_type_has_the_methods_of_the_table() -> None:
    """Each row that is forwarded or the proxy's own is there; no other is."""
    expected = {name for name, rule in RULES.items() if rule != special_methods.LEFT}
    expected -= ASKED_AS_ATTRIBUTES | OF_THE_TYPE
    if sys.version_info < (3, 12):
        expected -= {"__buffer__"}  # the slot is filled, but has no name yet

    assert expected == _methods_of_the_types()


@pytest.mark.skipif(inscope.CORE != "native", reason="runs on the Python core")
def test_the_type_can_be_asked_for_a_buffer() -> None:
    """A type in C can be before 3.12, when no class in Python can."""
    assert b"ab" == bytes(memoryview(inscope.LocalProxy(lambda: b"ab")))


def test_a_shape_is_made_of_the_methods_of_the_table() -> None:
    """The methods of shaped proxies are those that are forwarded."""
    assert special_methods.SHAPED == native.shape_methods().keys()


def test_a_method_of_a_shape_bears_its_own_name() -> None:
    """No two are mixed up in the list."""
    methods = native.shape_methods()

    assert {name: name for name in methods} == {
        name: method.__name__ for name, method in methods.items()
    }


def test_the_lists_of_slots_are_the_table() -> None:
    """A row is missing neither in slots.h nor in special_methods.py."""
    assert special_methods.SHAPED == _rows_of_the_lists() | IN_NO_LIST.keys()
    assert set() == _rows_of_the_lists() & IN_NO_LIST.keys()


def test_a_proxys_own_names_are_told_by_their_third_letters() -> None:
    """What attributes.c sorts out beforehand is none of them."""
    source = SLOTS.with_name("attributes.c").read_text(encoding="utf-8")

    listed = re.findall(r"case '(.)': /\* (.*) \*/", source)

    pairs = [(letter, name) for letter, line in listed for name in line.split(", ")]
    assert sorted(special_methods.PROXYS_OWN) == sorted(name for _, name in pairs)
    assert all(letter == name[2] for letter, name in pairs)
