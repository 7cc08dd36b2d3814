"""Opening and closing a scope where it may await; ``lifecycle.py`` does it without.

The short way of ``async with``, for a scope that has nothing but its place, is in
``BareScope``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inscope._core.lifetime import CLOSED
from inscope.scope.exits import is_awaitable, name_of
from inscope.scope.hosts import HostClosing
from inscope.scope.shielding import shielded

if TYPE_CHECKING:
    from inscope._core.place import Place
    from inscope.scope.exits import Step
    from inscope.scope.scope import Scope

__all__ = ["close", "close_now", "open_"]


async def open_(scope: Scope, place: Place) -> None:
    """Open *scope*, or count."""
    if scope._scope_is_entered_again():
        return
    scope._scope_begin(place, is_async=True)
    try:
        for result, _ in scope._scope_opening():
            if is_awaitable(result):
                await result
    except BaseException as error:
        raised: list[BaseException] = []
        await run(scope, scope._scope_unwinding(), error, raised)
        await run(scope, scope._scope_end(place, raised), error, raised)
        scope._scope_raise_all([error, *raised], None)


async def close(scope: Scope, error: BaseException | None, place: Place) -> None:
    """Close *scope*, or count back."""
    if scope._scope_state is CLOSED and scope._scope_exits:
        raised: list[BaseException] = []  # of what came while it closed the short way
        await run(scope, scope._scope_taken_steps(), error, raised)
        scope._scope_raise_all(raised, error)
        return
    if not scope._scope_is_counted_back() and not scope._scope_is_held(error):
        await close_now(scope, error, place)


async def close_now(scope: Scope, error: BaseException | None, place: Place) -> None:
    """Close *scope*, which is the innermost one here."""
    raised: list[BaseException] = []
    await run(scope, scope._scope_closing(), error, raised)
    await run(scope, scope._scope_end(place, raised), error, raised)
    await run(scope, scope._scope_telling(), error, raised)
    scope._scope_raise_all(raised, error)


async def run(
    scope: Scope,
    steps: list[Step],
    error: BaseException | None,
    raised: list[BaseException],
) -> None:
    """Run all *steps*, the last one first, and add what they raise to *raised*."""
    while steps:
        step = steps.pop()
        try:
            if isinstance(step, HostClosing):
                new = await step.close(error, scope.exit_timeout)
            elif is_awaitable(result := step(error)):
                new = await shielded(result, scope.exit_timeout, name_of(step))
            else:
                continue
            raised.extend(one for one in new if one is not error)
        except BaseException as new_error:
            if new_error is not error:
                raised.append(new_error)
