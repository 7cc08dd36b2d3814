"""``@scoped``: what a generator or a coroutine binds stays inside, step by step."""

from __future__ import annotations

import sys
from contextlib import (
    _AsyncGeneratorContextManager,
    _GeneratorContextManager,
    asynccontextmanager,
    contextmanager,
)
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from inscope._core.snapshot import steps_in
from inscope.carry.kinds import keeping_kind
from inscope.carry.layer import Layer
from inscope.carry.wrappers import Unstepped, called_in_copy, stepped

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["scoped"]


def scoped(function: F) -> F:
    """Keep inside of *function* what it binds, from its first step to its last.

    For generators, async generators and coroutines; a decorator. What they set or bind
    is seen by themselves and by what they call, never by who advances them. What that
    one changes between two steps is seen inside, unless it is bound there as well. The
    last step may be taken anywhere: in another thread, another task, by the garbage
    collector.

    A function of ``@contextmanager`` or ``@asynccontextmanager`` is exempt, in either
    order of the two decorators, if none stands between them: what it binds is for the
    block.

    Args:
        function: A function of one of these kinds; of any other, each call by itself is
            kept apart.

    Returns:
        A function of the same kind.

    Raises:
        TypeError: *function* cannot be called.

    Source:
        PEP 568, "Generator-sensitivity for Context Variables".

    Example:
        >>> from inscope import Var
        >>> from inscope.carry import scoped
        >>> lang = Var("lang", default="en")
        >>> @scoped
        ... def pages():
        ...     with lang.bind("de"):
        ...         yield lang.get()
        ...         yield lang.get()
        >>> [(page, lang.get()) for page in pages()]
        [('de', 'en'), ('de', 'en')]
    """
    if getattr(function, "__code__", None) in _DECORATED:
        return function
    kept: F = keeping_kind(function, _scoped, "scoped")
    return kept


def _scoped(function: Callable[..., Any]) -> Callable[..., Any]:
    return stepped(function, called_in_copy, _steps)


def _steps(inner: Any) -> Any:
    # Called by the wrapper, in its first step; that by who takes the step.
    taker = sys._getframe(1).f_back
    if taker is not None and taker.f_code in _ENTERING:
        return Unstepped(inner) if inner is None else inner
    return steps_in(Context(), inner, Layer())


def _decorated_code(decorator: Callable[[Any], Any]) -> Any:
    return decorator(_decorated_code).__code__


_DECORATED: Final = (
    _decorated_code(contextmanager),
    _decorated_code(asynccontextmanager),
)
"""The code of every function that comes out of these decorators."""

_ENTERING: Final = (
    vars(_GeneratorContextManager)["__enter__"].__code__,
    vars(_AsyncGeneratorContextManager)["__aenter__"].__code__,
)
"""Who takes the first step of a generator for the sake of a block."""
