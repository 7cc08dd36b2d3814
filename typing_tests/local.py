"""What a checker knows of ``Local`` and ``LocalStack``; checked, never run."""

from __future__ import annotations

import copy
from contextvars import ContextVar
from typing import Any, assert_type

from inscope import Local, LocalProxy, LocalStack

dicts: ContextVar[dict[str, Any]] = ContextVar("dicts")
lists: ContextVar[list[int]] = ContextVar("lists")
stack: LocalStack[int] = LocalStack()


class Request(Local):
    """A Local that declares a name."""

    user: str


def test_the_names_of_a_local_are_any(local: Local) -> None:
    """They are read, set and deleted without a word."""
    assert_type(local.user, Any)
    local.user = "ann"
    del local.user


def test_a_subclass_may_declare_its_names(request: Request) -> None:
    """Then they have their type, and every other stays Any."""
    assert_type(request.user, str)
    assert_type(request.other, Any)
    assert_type(copy.copy(request), Request)


def test_what_else_a_local_has(local: Local) -> None:
    """Membership, length, pairs, proxies."""
    assert_type("user" in local, bool)
    assert_type(len(local), int)
    assert_type(list(local), list[tuple[str, Any]])
    assert_type(local("user"), LocalProxy[Any])
    assert_type(local("user.name", unbound_message="nobody"), LocalProxy[Any])
    assert_type(Local(dicts), Local)


def test_a_stack_is_generic_in_its_objects() -> None:
    """In and out; the top may be missing."""
    assert_type(stack.top, int | None)
    assert_type(stack.pop(), int | None)
    assert_type(LocalStack(lists), LocalStack[int])


def test_push_gives_a_read_only_view() -> None:
    """A sequence of the stack's objects."""
    view = stack.push(1)
    assert_type(view[0], int)
    assert_type(view[0:1], list[int])
    assert_type(len(view), int)
    assert_type(list(reversed(view)), list[int])
    assert_type(view == [1], bool)
    for item in view:
        assert_type(item, int)


def test_a_stack_makes_proxies() -> None:
    """To its top, typed; to an attribute of it, of Any."""
    assert_type(stack(), LocalProxy[int])
    assert_type(stack(unbound_message="nothing"), LocalProxy[int])
    assert_type(stack("real"), LocalProxy[Any])
