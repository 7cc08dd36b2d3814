"""``proxy``, which is typed as the object behind it; ``is_bound``, which asks for one.

A Var has a method for its own: ``var.proxy()``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from inscope import _core as core
from inscope._core import is_proxy
from inscope._core.proxied import Proxied
from inscope.var import Var

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from inscope._core import LocalProxy
    from inscope._core.source import Holder

    Source: TypeAlias = "Holder[T] | Proxied[T]"

__all__ = ["is_bound", "proxy"]

T = TypeVar("T")
U = TypeVar("U")
P = TypeVar("P", bound=Proxied[Any])


@overload
def proxy(
    source: object,
    follow: Callable[[Any], Any] | str | None = None,
    /,
    *,
    unbound_message: str | None = None,
    like: type[P],
) -> P: ...


@overload
def proxy(
    source: Source[T], /, *, unbound_message: str | None = None, like: Any = None
) -> T: ...


@overload
def proxy(
    source: Callable[[], T], /, *, unbound_message: str | None = None, like: Any = None
) -> T: ...


@overload
def proxy(
    source: Source[T],
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(
    source: Callable[[], T],
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(  # a proxy, typed as its object
    source: T,
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(
    source: object,
    follow: str,
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> Any: ...


def proxy(
    source: Any,
    follow: Any = None,
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> Any:
    """Return a proxy that a type checker takes for the object itself.

    Args:
        source: A ``Var``, a ``ContextVar``, a ``LocalStack``, a callable, a
            ``Local`` (with a name), or another proxy.
        follow: What to do with the object found there: a function, or the
            (dotted) name of an attribute, which checkers see as ``Any``.
        unbound_message: See :class:`LocalProxy`.
        like: See :class:`LocalProxy`; a :class:`Proxied` class also gives the
            proxy its type.

    Raises:
        TypeError: An argument is of the wrong kind.

    Example:
        >>> from inscope import Var, proxy
        >>> user: Var[str] = Var("user")
        >>> initial = proxy(user, lambda name: name[0])
        >>> with user.bind("ann"):
        ...     print(initial)
        a
    """
    if unbound_message is None:
        unbound_message = _unbound_message(source)
    made: LocalProxy[Any] = core.LocalProxy(
        source, follow, unbound_message=unbound_message, like=like
    )
    return made


def _unbound_message(source: object) -> str | None:
    """Return the text that names *source*, if it is a Var."""
    if is_proxy(source) or not isinstance(source, Var):
        return None
    return f"{source.name} is not bound"


def is_bound(obj: object) -> bool:
    """Tell whether there is an object behind *obj*.

    A proxy is resolved to find out, so a callable behind it is called. Of
    anything but a proxy or a ``Var``, the answer is yes.

    Example:
        >>> from inscope import Var, is_bound
        >>> user = Var("user")
        >>> is_bound(user.proxy()), is_bound("ann")
        (False, True)
    """
    if not is_proxy(obj):
        return obj.is_bound() if isinstance(obj, core.CellVar) else True
    try:
        core.current(obj)
    except Exception as error:
        if core.is_unbound(error):
            return False
        raise
    return True
