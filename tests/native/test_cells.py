"""What a value that is bound takes up, and that no more is left of it than it was."""

from __future__ import annotations

import gc
import importlib
import sys
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from inscope import Var as AnyVar

pytest.importorskip("inscope._core.native._native", reason="it is not built")

pytestmark = pytest.mark.parametrize("core", ["native"])

A_VALUE_AND_NOTHING_ELSE = sys.getsizeof(object()) + tuple.__itemsize__
PLAIN = "ann", 7, None, b"raw", 1.5, sys.maxsize
MAY_LEAD_BACK: list[Any] = [[], {}, ("a", []), lambda: None, type("User", (), {})]


@pytest.fixture(autouse=True)
def native(inscope: ModuleType) -> Any:
    """The extension, of the copy of the package under test."""
    return importlib.import_module(f"{inscope.__name__}._core.native._native")


def cell_after(use: Callable[[AnyVar[Any]], object]) -> Any:
    """Return what lies in the context variable of a Var after *use*, in a Context."""
    from inscope import Var

    var: AnyVar[Any] = Var("user")

    def run() -> Any:
        use(var)
        return next(cell for one, cell in copy_context().items() if "user" == one.name)

    return Context().run(run)


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_a_value_that_is_set_takes_one_pointer_more(native: Any, value: object) -> None:
    """A cell of it holds nothing else, and the collector need not know of it."""
    cell = cell_after(lambda var: var.set(value))

    assert A_VALUE_AND_NOTHING_ELSE == sys.getsizeof(cell)
    assert native.Cell is type(cell)
    assert (value, None, None) == (cell.value, cell.previous, cell.bind)


@pytest.mark.parametrize("value", MAY_LEAD_BACK, ids=lambda value: type(value).__name__)
def test_the_collector_sees_a_value_that_may_lead_back(
    native: Any, value: object
) -> None:
    """Through such a value a cell can be part of a cycle."""
    cell = cell_after(lambda var: var.set(value))

    assert native.TracedCell is type(cell)
    assert value is cell.value
    assert gc.is_tracked(cell)


def test_what_contexts_keep_of_a_bind_takes_one_pointer_more(native: Any) -> None:
    """For the collector, too; where the value and the cell below lay is the bind's."""
    from inscope import Var

    var: AnyVar[str] = Var("user")
    with var.bind("around"), var.bind("ann"):
        kept = copy_context()
    cell: Any = kept[var._cells]

    assert native.TracedCell is type(cell)
    assert A_VALUE_AND_NOTHING_ELSE == cell.__sizeof__()
    assert ("ann", None, None) == (cell.value, cell.previous, cell.bind)
    cell.previous = cell  # too late: there is nothing to go back to
    assert cell.previous is None


def test_what_is_set_in_a_bind_knows_it(native: Any) -> None:
    """It goes when the bind is withdrawn, so it must lead there, whatever it is."""

    def use(var: AnyVar[Any]) -> None:
        var.bind("ann").__enter__()
        var.set("bob")

    cell = cell_after(use)

    assert native.LinkedCell is type(cell)
    assert ("bob", "ann") == (cell.value, cell.previous.value)


def test_a_bind_over_a_value_that_was_set_leads_to_it(native: Any) -> None:
    """And nothing can be hung below a cell that has no place for it."""

    def use(var: AnyVar[Any]) -> None:
        var.set("ann")
        var.bind("bob").__enter__()

    below = cell_after(use).previous

    assert native.Cell is type(below)
    assert "ann" == below.value
    with pytest.raises(AttributeError, match="previous"):
        below.previous = None


def test_a_bind_adopts_no_cell_that_has_no_place_for_one_below() -> None:
    """It would write behind the end of it."""
    from inscope import Var

    var: AnyVar[str] = Var("user")
    var.set("ann")
    cell: Any = var._cells.get()
    bind: Any = var.bind("bob")
    with bind, pytest.raises(TypeError, match="two linked cells"):
        bind.adopt(cell, cell)


def test_only_a_set_makes_a_cell_without_more(native: Any) -> None:
    """What else has to be made, cells.py makes of the other kind."""
    with pytest.raises(TypeError, match="cannot create"):
        native.Cell("ann")
