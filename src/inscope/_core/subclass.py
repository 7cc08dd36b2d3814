"""Subclasses of ``LocalProxy``: attributes of their own beside the object's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inscope._core import special_methods

if TYPE_CHECKING:
    from collections.abc import Callable


def give_own_attributes(cls: type, base: type) -> None:
    """Let *cls*, a new subclass of *base*, find its own names before the object's."""
    if "__getattribute__" in vars(cls):
        return
    own = frozenset(
        name
        for owner in cls.__mro__
        if owner not in base.__mro__
        for name in vars(owner)
        if name in special_methods.SHAPED or not name.startswith("__")
    )
    forward: Any = base.__getattribute__
    access = _own_first(own, forward, cls.__dictoffset__ != 0)
    type.__setattr__(cls, "__getattribute__", access)


def _own_first(
    own: frozenset[str], forward: Callable[[Any, str], Any], has_dict: bool
) -> Callable[[Any, str], Any]:
    """Return the attribute access of a subclass: its own names, then the object's."""

    def __getattribute__(self: Any, name: str) -> Any:
        if name in own or (
            has_dict and name in object.__getattribute__(self, "__dict__")
        ):
            return object.__getattribute__(self, name)
        return forward(self, name)

    return __getattribute__
