"""What the errors carry, and what they are; checked, never run."""

from __future__ import annotations

from typing import Any, assert_type

from inscope import (
    BindStateError,
    ForeignContextError,
    ForeignTokenError,
    MissingExtraError,
    NotALocalError,
    ProxyNotInitializedError,
    TokenUsedError,
    UnboundAttributeError,
    UnboundError,
    UnboundNameError,
    UnboundVarError,
)


def test_an_unbound_error_says_who_and_where(error: UnboundError) -> None:
    """Its attributes have their types."""
    assert_type(error.proxy, Any)
    assert_type(error.thread, str | None)
    assert_type(error.task, str | None)
    assert_type(error.remedy, str | None)


def test_a_missing_extra_is_named(error: MissingExtraError) -> None:
    """By the extra, and by the library."""
    assert_type(error.extra, str)
    assert_type(error.name, str | None)
    assert_type(MissingExtraError("rich", "demo"), MissingExtraError)


def test_each_is_the_builtin_that_is_expected(
    unbound_attribute: UnboundAttributeError,
    unbound_var: UnboundVarError,
    unbound_name: UnboundNameError,
    not_initialized: ProxyNotInitializedError,
    not_a_local: NotALocalError,
    bind_state: BindStateError,
    token_used: TokenUsedError,
    foreign_token: ForeignTokenError,
    foreign_context: ForeignContextError,
) -> None:
    """So that what caught the builtin goes on doing so."""
    unbound: list[UnboundError] = [unbound_attribute, unbound_var]
    runtime: list[RuntimeError] = [*unbound, not_initialized, bind_state, token_used]
    attribute: list[AttributeError] = [unbound_attribute, unbound_name, not_a_local]
    lookup: list[LookupError] = [unbound_var]
    kind: list[TypeError] = [not_a_local]
    value: list[ValueError] = [foreign_token, foreign_context]
    assert_type([*runtime, *attribute, *lookup, *kind, *value][0].args, tuple[Any, ...])
