"""What happens when a scope closes: the steps, and what comes of their errors.

A step is called with the error that the scope ends with, or ``None``, and may
return something to await. All steps run, last in, first out, whatever they raise;
``outcome`` then decides which error the caller sees. Used by ``scope.py`` and
``asynchronous.py``.

================================  ==============================================
raised by the steps               then the caller sees
================================  ==============================================
one error                         that error
several errors                    an ``ExceptionGroup`` of them
``KeyboardInterrupt``,            it, bare; the others are its context, and are
``SystemExit``, a cancellation    logged, since who handles it seldom prints it
================================  ==============================================
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any

from inscope._core import is_proxy
from inscope.errors import AsyncInSyncScopeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from inscope.scope.hosts import HostClosing

    Step: TypeAlias = Callable[[BaseException | None], Any] | HostClosing

__all__ = ["Callback", "awaits", "is_awaitable", "name_of", "outcome"]
__all__ += ["raise_as_it_is", "refuse_awaitable", "run"]

INTERRUPTS = (KeyboardInterrupt, SystemExit)


class Callback:
    """A step that calls *function* with what it was registered with."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.function: Callable[..., Any] = function
        self.args: tuple[Any, ...] = args
        self.kwargs: dict[str, Any] = kwargs

    def __call__(self, _: BaseException | None) -> Any:
        return self.function(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        return name_of(self.function)


def name_of(function: object) -> str:
    """Return what to call *function* in a message."""
    return getattr(function, "__qualname__", None) or repr(function)


def awaits(function: object) -> bool:
    """Tell whether what *function* returns has to be awaited, as far as one can see."""
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function) or iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004  # of its objects
    )


def is_awaitable(result: object) -> bool:
    """Tell whether *result* is for ``await``; a proxy is for whoever it stands."""
    if result is None or is_proxy(result):
        return False
    return hasattr(type(result), "__await__")


def run(steps: list[Step], error: BaseException | None) -> list[BaseException]:
    """Run all *steps*, the last one first; return what they raised.

    A step may add others. One that returns something to await has failed.
    """
    raised: list[BaseException] = []
    while steps:
        step: Any = steps.pop()
        try:
            refuse_awaitable(step(error), step)
        except BaseException as new:
            if new is not error:
                raised.append(new)
    return raised


def refuse_awaitable(result: object, source: object) -> None:
    """Raise if *result*, which *source* returned, can only be awaited."""
    if not is_awaitable(result):
        return
    if isinstance(result, CoroutineType):
        result.close()  # or Python warns that it was never awaited
    message = (
        f"{name_of(source)} has to be awaited, and this scope is not;"
        " open it by 'async with', or 'await scope.apush()'"
    )
    raise AsyncInSyncScopeError(message)


def outcome(
    raised: list[BaseException], error: BaseException | None, scope: Any
) -> BaseException | None:
    """Return what to raise after closing *scope*; ``None`` if all went well.

    Args:
        raised: What the steps raised.
        error: What the scope ended with.
        scope: Named in messages; its ``strict_groups`` makes a group of one error.
    """
    if not raised:
        return None
    bare = most_urgent(raised if error is None else [error, *raised])
    rest = [one for one in raised if one is not bare and not says_again(one, bare)]
    for one in rest:
        let_go(one, (error, bare))
    result = bare
    if rest:
        combined = rest[0]
        if len(rest) > 1 or scope.strict_groups:
            combined = BaseExceptionGroup(f"errors while closing {scope!r}", rest)
        if bare is None:
            result = combined
        else:
            append_context(bare, combined)
            import logging

            logging.getLogger("inscope").error(
                "%s came out of closing %r, and hides this error",
                type(bare).__name__,
                scope,
                exc_info=combined,
            )
    if result is not None and error is not None:
        append_context(result, error)
    return result


def most_urgent(errors: Iterable[BaseException]) -> BaseException | None:
    """Return what must come out bare: an interrupt, else a cancellation."""
    bare: BaseException | None = None
    for error in errors:
        if isinstance(error, INTERRUPTS):
            return error
        if bare is None and not isinstance(error, (Exception, GeneratorExit)):
            bare = error
    return bare


def says_again(error: BaseException, bare: BaseException | None) -> bool:
    """Tell whether *error* is a cancellation, and *bare* is one already."""
    if bare is None or isinstance(bare, INTERRUPTS):
        return False
    return type(error) is type(bare)


def chain(error: BaseException) -> Iterable[BaseException]:
    """Yield *error* and its contexts, each once."""
    seen: set[int] = set()
    node: BaseException | None = error
    while node is not None and id(node) not in seen:
        seen.add(id(node))
        yield node
        node = node.__context__


def let_go(error: BaseException, ends: Iterable[BaseException | None]) -> None:
    """End the contexts of *error* before any of *ends*, which will stand elsewhere."""
    stops = [end for end in ends if end is not None]
    for node in chain(error):
        if any(node.__context__ is stop for stop in stops):
            node.__context__ = None


def append_context(error: BaseException, context: BaseException) -> None:
    """Make *context* the last context of *error*, unless it is among them."""
    last = error
    for node in chain(error):
        if node is context:
            return
        last = node
    if not any(node is error for node in chain(context)):
        last.__context__ = context


def raise_as_it_is(error: BaseException) -> None:
    """Raise *error* with the context it has: ``raise`` alone would replace that."""
    context = error.__context__
    try:
        raise error
    except BaseException:
        error.__context__ = context
        raise
