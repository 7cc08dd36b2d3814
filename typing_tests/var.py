"""What a checker knows of a ``Var``; checked by mypy and pyright, never run."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, assert_type

from inscope import Token, Var


def make_count() -> int:
    """Make a default."""
    return 0


bare: Var[str] = Var("bare")
optional: Var[str | None] = Var("optional", default=None)
count = Var("count", default=0)
made = Var("made", factory=make_count)
names = Var("names", factory=list[str], after_exit="revoke")
kept: Var[int] = Var("kept", after_exit="keep")
theirs: ContextVar[bytes] = ContextVar("theirs")


def test_the_type_comes_from_the_annotation_the_default_or_the_factory() -> None:
    """A Var is generic in its value."""
    assert_type(bare, Var[str])
    assert_type(optional, Var[str | None])
    assert_type(count, Var[int])
    assert_type(made, Var[int])
    assert_type(names, Var[list[str]])
    assert_type(kept, Var[int])


def test_get_gives_the_value_or_the_default() -> None:
    """A default of another type makes a union."""
    assert_type(bare.get(), str)
    assert_type(bare.get(""), str)
    assert_type(bare.get(None), str | None)
    assert_type(names.get(()), list[str] | tuple[()])
    assert_type(optional.get(), str | None)


def test_set_gives_a_token_for_reset() -> None:
    """The token belongs to a Var of the same type."""
    token = count.set(1)
    assert_type(token, Token[int])
    assert_type(token.old_value, Any)
    assert_type(token.var.get(), int)
    count.reset(token)


def test_update_takes_and_gives_the_value() -> None:
    """The function's parameter is known."""
    assert_type(count.update(lambda n: n.bit_length()), int)


def test_what_else_a_var_has() -> None:
    """A name, and whether it is bound."""
    assert_type(count.name, str)
    assert_type(count.is_bound(), bool)


def test_over_takes_the_type_of_the_context_variable() -> None:
    """A Var over a plain context variable has its type."""
    assert_type(Var.over(theirs), Var[bytes])
    with Var.over(theirs).bind(b"") as value:
        assert_type(value, bytes)
