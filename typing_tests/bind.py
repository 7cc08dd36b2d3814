"""What ``with … as`` gives; checked by mypy and pyright, never run."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, assert_type

from inscope import Local, LocalStack, Var, bind, bound, pushed


class Request(Local):
    """A Local of the user's own."""


def test_a_var_gives_the_value(var: Var[int]) -> None:
    """``as`` is typed as the Var."""
    with var.bind(1) as value:
        assert_type(value, int)


def test_a_value_is_inferred_from_the_var(var: Var[list[str]]) -> None:
    """An empty list is one of the right type."""
    with var.bind([]) as value:
        assert_type(value, list[str])


def test_a_stack_gives_the_object(stack: LocalStack[bytes]) -> None:
    """``as`` is typed as the stack."""
    with pushed(stack, b"") as top:
        assert_type(top, bytes)


def test_a_local_gives_itself(local: Local, request: Request) -> None:
    """``as`` is the Local, of its own class."""
    with bound(local, user="ann", n=1) as same:
        assert_type(same, Local)
    with bound(request, user="ann") as own:
        assert_type(own, Request)
        assert_type(own.user, Any)


def test_several_give_nothing(var: Var[int], user: Var[str]) -> None:
    """Vars of different types go in one mapping; ``as`` is ``None``."""
    with bind({var: 1, user: "ann"}) as nothing:
        assert_type(nothing, None)
    values: dict[Var[int], int] = {var: 1}
    with bind(values):
        pass


def test_a_bind_lets_exceptions_through(var: Var[int]) -> int:
    """A function may end inside the block."""
    with var.bind(1), bind({var: 2}):
        return var.get()


def test_a_bind_can_be_left_to_an_exit_stack(var: Var[int]) -> None:
    """It is an ordinary context manager."""
    with ExitStack() as stack:
        assert_type(stack.enter_context(var.bind(1)), int)
