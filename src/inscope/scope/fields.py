"""The fields of a scope: what a fork of it has in common with it, and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from inscope._core import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Field:
    """A declared attribute; its value is in the instance, where Python looks first."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def carry(self, parent: Any, child: Any) -> None:
        """Give *child*, a fork of *parent*, its value."""
        raise NotImplementedError


class Shared(Field):
    """See :func:`shared`."""

    def __init__(self, default: Any) -> None:
        self.default = default

    def __get__(self, scope: Any, owner: type | None = None) -> Any:
        if scope is None:
            return self
        if self.default is EMPTY:
            message = f"{type(scope).__name__!r} object has no {self.name!r} yet"
            raise AttributeError(message, name=self.name, obj=scope)
        return self.default

    def carry(self, parent: Any, child: Any) -> None:
        values: dict[str, Any] = parent.__dict__
        if self.name in values:
            child.__dict__[self.name] = values[self.name]


class Fresh(Field):
    """See :func:`fresh`."""

    def __init__(self, factory: Callable[..., Any]) -> None:
        self.factory = factory
        self.takes_scope: bool = _takes_one(factory)

    def __get__(self, scope: Any, owner: type | None = None) -> Any:
        if scope is None:
            return self
        value = self.factory(scope) if self.takes_scope else self.factory()
        # setdefault: two threads may come at once, and both shall see one value.
        values: dict[str, Any] = scope.__dict__
        return values.setdefault(self.name, value)

    def carry(self, parent: Any, child: Any) -> None:
        """The child makes its own when it is asked for it."""


def _takes_one(factory: Callable[..., Any]) -> bool:
    """Tell whether *factory* cannot be called without an argument."""
    from inspect import Parameter, signature

    try:
        parameters = signature(factory).parameters.values()
    except (TypeError, ValueError):  # of some classes written in C
        return False
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return any(one.kind in kinds and one.default is one.empty for one in parameters)


def shared(default: T = EMPTY) -> T:
    """Declare a field of a scope that its forks have in common with it.

    Args:
        default: What is read before anything is assigned.

    Raises:
        TypeError: *default* can be changed, as a list can.

    Example:
        >>> from inscope import Scope
        >>> from inscope.scope import fresh, shared
        >>> class Request(Scope):
        ...     path: str = shared()
        ...     notes: list[str] = fresh(list)
        >>> request = Request()
        >>> request.path = "/"
        >>> request.notes.append("seen")
        >>> child = request.fork()
        >>> child.path, child.notes
        ('/', [])
    """
    if default is not EMPTY and type(default).__hash__ is None:
        message = (
            f"shared({default!r}) would be one {type(default).__name__} for all scopes"
            " that ever are; for one in each there is fresh()"
        )
        raise TypeError(message)
    field: Any = Shared(default)
    return field  # type: ignore[no-any-return]  # what the field's readers see


def fresh(factory: Callable[[], T] | Callable[[Any], T]) -> T:
    """Declare a field of a scope that each scope, and each fork, has for itself.

    Args:
        factory: Makes the value, when it is first read. If it needs an argument, it
            gets the scope.

    Raises:
        TypeError: *factory* cannot be called.

    Example:
        >>> from inscope import Scope
        >>> from inscope.scope import fresh
        >>> class Request(Scope):
        ...     path = "/index"
        ...     parts = fresh(lambda request: request.path.split("/"))
        >>> Request().parts
        ['', 'index']
    """
    if not callable(factory):
        message = f"fresh() takes a function that makes the value, not {factory!r}"
        raise TypeError(message)
    field: Any = Fresh(factory)
    return field  # type: ignore[no-any-return]  # what the field's readers see
