"""What a proxy answers when its object could not be found: both cores call these.

An error out of resolving means that nothing is bound, or is a fault of whoever
resolves; the proxy's ``Source`` tells, and has the words. A *source* of ``None``
is that of a proxy whose ``__init__`` has not run.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from inscope._core import special_methods
from inscope._core.nothing import Missing
from inscope.errors import (
    ProxyNotInitializedError,
    UnboundAttributeError,
    UnboundError,
    UnboundNameError,
)

if TYPE_CHECKING:
    from inscope._core.python.proxy import BareProxy
    from inscope._core.source import Source


_FAULT = "_inscope_fault"
"""The attribute of an error that does not mean that nothing is bound."""


def is_unbound(error: BaseException) -> bool:
    """Tell whether *error*, out of a resolution, means that nothing is bound.

    Exactly ``RuntimeError`` and ``LookupError``: a resolver's subclass of them
    (``KeyError``, ``RecursionError``) is a fault of the resolver.
    """
    if type(error) in (RuntimeError, LookupError):
        return _FAULT not in vars(error)
    return isinstance(error, (UnboundError, UnboundNameError, Missing))


def take_for_fault(error: BaseException) -> None:
    """Let *error* be a fault of the resolver, whatever its type."""
    vars(error)[_FAULT] = True


def state_of(error: BaseException) -> str:
    """Return what the ``repr`` of a proxy says that *error* left unbound."""
    return error.state if isinstance(error, UnboundError) else UnboundError.state


def unbound_repr(proxy: BareProxy[Any], source: Source | None, error: Exception) -> str:
    """Return the ``repr`` of *proxy*, which could not be resolved."""
    if not is_unbound(error) or source is None:
        fail(proxy, source, error)
    return f"<{type(proxy).__name__} {state_of(error)}>"


def fail(proxy: BareProxy[Any], source: Source | None, error: Exception) -> NoReturn:
    """Raise what the user sees when resolving *proxy* raised *error*."""
    failure = _initialized(proxy, source).failure(proxy, error)
    if failure is error:
        raise error
    raise failure from error.__cause__


def fail_attribute(
    proxy: BareProxy[Any], source: Source | None, error: Exception, name: str
) -> Any:
    """Answer for the attribute *name* of a proxy that could not be resolved."""
    if not (special_methods.is_probe(name) and is_unbound(error)):
        fail(proxy, source, error)
    if name == "__module__" or name in type(proxy)._shape:
        # The module: doctest asks for it, of what __wrapped__ is a function.
        return object.__getattribute__(proxy, name)
    source = _initialized(proxy, source)
    failure = source.failure(proxy, error)
    if isinstance(failure, AttributeError):
        raise failure
    if isinstance(failure, UnboundError) and failure is not error:
        raise source.unbound(UnboundAttributeError, proxy) from error.__cause__
    raise UnboundAttributeError(*failure.args) from failure


def unbound_attribute(
    proxy: BareProxy[Any], source: Source | None, error: Exception, name: str
) -> Any:
    """Answer for one of OBJECTS of a proxy that could not be resolved."""
    if not is_unbound(error):
        fail(proxy, source, error)
    if name == "__class__":
        return type(proxy)
    if name == "__doc__":
        return type(proxy).__doc__
    if name == "__wrapped__":
        return _initialized(proxy, source).given
    return partial(_no_bases, proxy, source, error)


def mro_entries(target: object) -> Any:
    """Return what ``class X(proxy)`` asks the proxy of *target* for its bases by."""
    if isinstance(target, type):
        return partial(_one_base, target)
    entries: Any = target
    return entries.__mro_entries__


def _one_base(target: type, _: tuple[Any, ...]) -> tuple[type]:
    """Answer ``class X(proxy)`` with the class behind the proxy."""
    return (target,)


def _no_bases(
    proxy: BareProxy[Any], source: Source | None, error: Exception, _: tuple[Any, ...]
) -> NoReturn:
    """Answer ``class X(proxy)`` when *proxy* is unbound."""
    fail(proxy, source, error)


def _initialized(proxy: BareProxy[Any], source: Source | None) -> Source:
    if source is None:
        kind = type(proxy).__name__
        message = f"{kind}.__init__ has not been called on this proxy"
        raise ProxyNotInitializedError(message)
    return source


def uninitialized(obj: object) -> NoReturn:
    """Raise that ``__init__`` of *obj*, a Local, a stack or a Var, has not run."""
    message = f"{type(obj).__name__}.__init__ has not been called"
    raise AttributeError(message)
