"""``carry``: a function with the context of here and now; ``detached``: with none."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from inscope._core.lifetime import ACTIVE
from inscope._core.nothing import EMPTY
from inscope._core.scope import BareScope
from inscope.carry.kinds import keeping_kind
from inscope.carry.snapshot import Snapshot
from inscope.carry.subjects import context_var_of
from inscope.carry.wrappers import surrounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["carry", "detached"]


def carry(function: F) -> F:
    """Return *function* with the context of here and now, wherever it is called.

    Each call has a copy of that context for itself, up to the last step of a generator
    or a coroutine: calls may overlap, and what they bind is gone afterwards. If scopes
    are active here, each call opens a ``fork()`` of each of them and closes it at its
    end, so it has resources of its own, and goes on when the scope here has long been
    closed.

    Args:
        function: A function, method, class, ``partial`` or callable object; a coroutine
            function, a generator function of either kind, or a plain one. What a plain
            one returns is not carried: carry what it calls.

    Returns:
        A callable of the same kind.

    Raises:
        TypeError: *function* cannot be called.

    Example:
        >>> from threading import Thread
        >>> from inscope import Var
        >>> from inscope.carry import carry
        >>> user = Var("user")
        >>> def greet():
        ...     print("hello,", user.get())
        >>> with user.bind("ann"):
        ...     thread = Thread(target=carry(greet))
        >>> thread.start(); thread.join()
        hello, ann
    """
    snapshot = Snapshot.capture()
    scopes = _active_scopes(snapshot)

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        inner = function
        for scope in scopes:
            inner = surrounded(inner, scope.fork)
        return snapshot._wrapped(inner, function)

    carried: F = keeping_kind(function, wrap, "carry")
    return carried


def _active_scopes(snapshot: Snapshot) -> list[Any]:
    """Return the innermost open scope of each class, the one opened last first."""
    scopes: list[Any] = [
        scope
        for var, scope in snapshot._context.items()
        if isinstance(scope, BareScope)
        and scope._scope_slot._scopes is var
        and scope._scope_state == ACTIVE
    ]
    return sorted(scopes, key=lambda scope: scope._scope_opened[1], reverse=True)


def detached(keep: Iterable[Any] = ()) -> Snapshot:
    """Return a snapshot of an empty context, for work that must not see this one.

    What runs with it sees neither the request nor its user, and keeps none of it alive:
    a timer, a cache's refresh, a worker that goes on.

    Args:
        keep: What it shall see all the same: variables, Locals, stacks and classes of
            scopes. Those with no value here have none there.

    Raises:
        TypeError: *keep* has something else in it.

    Example:
        >>> import asyncio
        >>> from inscope import Var
        >>> from inscope.carry import detached
        >>> user, request_id = Var("user", default="nobody"), Var("request_id")
        >>> async def work():
        ...     return user.get(), request_id.get()
        >>> async def view():
        ...     with user.bind("ann"), request_id.bind(7):
        ...         return await detached(keep=[request_id]).run(
        ...             asyncio.create_task, work()
        ...         )
        >>> asyncio.run(view())
        ('nobody', 7)
    """
    present, context = copy_context(), Context()
    if isinstance(keep, (str, bytes)) or not hasattr(keep, "__iter__"):
        message = f"detached(keep=…) takes a list: put {keep!r} in one"
        raise TypeError(message)
    for subject in keep:
        var = context_var_of(subject, "detached(keep=…)")
        value = present.get(var, EMPTY)
        if value is not EMPTY:
            context.run(var.set, value)
    return Snapshot(context)
