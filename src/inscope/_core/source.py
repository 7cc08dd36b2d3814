"""Where a proxy finds its object: one :class:`Source` per proxy.

A source turns what the constructor was given (a context variable, a Var, a
Local with a name, a stack, another proxy, any callable) into ``resolve``: a
function of no arguments that returns the object or raises. Nothing is cached
and nothing is probed: one call per operation. What a failure means is decided
here too, and only here. Used by ``proxy.py``.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from inscope._core.failures import is_unbound
from inscope._core.local import Local
from inscope._core.nothing import Missing
from inscope._core.place import describe_task, describe_thread
from inscope._core.scope import ScopeSlot
from inscope._core.stack import LocalStack
from inscope._core.var import CellVar
from inscope.errors import ScopeClosedError, UnboundError, UnboundNameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from inscope._core.python.proxy import BareProxy

    T = TypeVar("T")
    Resolver = Callable[[], Any]
    Follower = Callable[[Any], Any]
    Holder: TypeAlias = ContextVar[T] | CellVar[T] | LocalStack[T] | BareProxy[T]
    Given: TypeAlias = Holder[Any] | Local | Resolver

DEFAULT_MESSAGE = "object is not bound"
BIND_IT = "bind it (with var.bind(…):)"


class Source:
    """What a proxy was made from, and how to get from there to the object.

    Attributes:
        given: The constructor's first argument.
        message: The text of the error when nothing is bound.
        origin: Where it looks, and
        remedy: what would bind something there, for the error.
        missing: The exact type that ``resolve`` raises when nothing is bound;
            ``None`` if it raises what the caller shall see.
        resolve: Returns the object.

    Args:
        given: What the proxy was made from.
        name: A dotted path, or a function, to follow from there, or ``None``.
        message: The ``unbound_message``, or ``None`` for the default.
        inner: If *given* is a proxy: the function that resolves it.
    """

    __slots__ = ("given", "message", "missing", "origin", "remedy", "resolve")

    def __init__(
        self,
        given: Given,
        name: str | Follower | None,
        message: str | None,
        inner: Resolver | None = None,
    ) -> None:
        follow = _follower(name)
        _check_text("unbound_message", message)
        self.given = given
        self.message = DEFAULT_MESSAGE if message is None else message
        self.missing: type[Exception] | None = Missing
        self.origin, self.remedy = "another proxy", "bind a value behind that"
        lookup: Resolver
        if inner is not None:
            lookup = inner if message is None else _or_missing(inner)
            self.missing = None if message is None else Missing
        elif isinstance(given, ContextVar):
            lookup, self.missing = given.get, LookupError
            self.origin, self.remedy = f"context variable {given.name!r}", "set it"
        elif isinstance(given, CellVar):
            lookup = given.resolver()
            self.origin, self.remedy = f"Var {given.name!r}", BIND_IT
        elif isinstance(given, Local):
            lookup, follow = self._of_local(given, name)
        elif isinstance(given, ScopeSlot):
            lookup = given.resolver()
            self.origin, self.remedy = f"scope {given.name}", "open one (with …:)"
        elif isinstance(given, LocalStack):
            lookup = given.peek
            self.origin, self.remedy = "a LocalStack", "push an object on it"
        elif callable(given):
            lookup, self.missing = given, None
        else:
            kind = type(given).__name__
            text = (
                f"cannot proxy an object of type {kind!r}: give a ContextVar, a Var,"
                " a Local and a name, a LocalStack, a proxy or a callable"
            )
            raise TypeError(text)
        self.resolve = self._through(follow, lookup) if follow else lookup

    def _of_local(
        self, given: Local, name: str | Follower | None
    ) -> tuple[Resolver, Follower | None]:
        """Return the lookup of a Local's name, and of the rest of the path."""
        if callable(name):
            self.missing = None
            self.origin, self.remedy = "a function of a Local", "assign what it reads"
            return partial(name, given), None
        if not isinstance(name, str):
            text = (
                "'name' is required when proxying a Local:"
                " LocalProxy(local, 'user') or local('user')"
            )
            raise TypeError(text)
        first, _, rest = name.partition(".")
        self.missing = UnboundNameError
        self.origin, self.remedy = f"name {first!r} of a Local", "assign it"
        return partial(getattr, given, first), attrgetter(rest) if rest else None

    def _through(self, follow: Follower, lookup: Resolver) -> Resolver:
        """Return *lookup* followed by *follow*, whose errors are never 'missing'."""
        missing = self.missing
        if missing is None:
            return lambda: follow(lookup())
        self.missing = Missing

        def resolve() -> Any:
            try:
                found = lookup()
            except missing as error:
                if type(error) is missing:
                    raise Missing from error.__cause__
                raise
            return follow(found)

        return resolve

    def failure(self, proxy: object, error: Exception) -> Exception:
        """Return what the user of *proxy* sees, when ``resolve`` raised *error*."""
        if type(error) is not self.missing:
            if isinstance(error, ScopeClosedError) and error.proxy is None:
                self._locate(error, proxy)
            return error
        return self.unbound(UnboundError, proxy)

    def unbound(self, kind: type[UnboundError], proxy: object) -> UnboundError:
        """Return the error of an unbound *proxy*, with the place it was used in."""
        error = kind(self.message)
        self._locate(error, proxy)
        return error

    def _locate(self, error: UnboundError, proxy: object) -> None:
        thread, task = describe_thread(), describe_task()
        error.locate(proxy, self.origin, thread, task, self.remedy)


def _or_missing(inner: Resolver) -> Resolver:
    """Return *inner*, its unboundness told in the outer proxy's words."""

    def resolve() -> Any:
        try:
            return inner()
        except Exception as error:
            if is_unbound(error):
                raise Missing from error
            raise

    return resolve


def _follower(name: str | Follower | None) -> Follower | None:
    """Return the function that goes from what was found to the object."""
    if name is None or callable(name):
        return name
    _check_text("name", name)
    if not all(name.split(".")):
        message = f"'name' must be an attribute's name or a dotted path, not {name!r}"
        raise ValueError(message)
    return attrgetter(name)


def _check_text(parameter: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        kind = type(value).__name__
        message = f"{parameter!r} must be a string, not {kind!r}"
        raise TypeError(message)
