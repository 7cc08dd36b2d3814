"""What is worked out once for each class of scopes, so that its scopes need not.

Which hooks, signals and eager resources it has, and so whether its scopes can go the
short way; where its innermost scope is found; which fields and resources are its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from inscope._core import ScopeSlot, is_proxy
from inscope.scope.exits import awaits
from inscope.scope.fields import Field
from inscope.scope.lifecycle import Lifecycle
from inscope.scope.signals import Signal

if TYPE_CHECKING:
    from inscope.scope.resources import Resource

__all__ = ["PlannedScope"]

HOOKS = ("on_push", "on_tearing_down", "on_pop")
SIGNALS = ("pushed", "tearing_down", "popped")


class PlannedScope(Lifecycle):
    """A class of scopes that knows what it needs; ``Scope`` adds what it is used by."""

    __slots__ = ()

    exit_timeout: ClassVar[float | None]
    unbound_message: ClassVar[str | None]

    _scope_declared: ClassVar[dict[int, Resource]]

    @classmethod
    def _scope_set_up(cls, *, own_slot: bool) -> None:
        if cls.after_close not in ("refuse", "allow"):
            message = (
                f"{cls.__name__}.after_close must be 'refuse' or 'allow',"
                f" not {cls.after_close!r}"
            )
            raise ValueError(message)
        timeout = cls.exit_timeout
        if timeout is not None and not (_is_number(timeout) and timeout >= 0):
            message = (
                f"{cls.__name__}.exit_timeout must be a number of seconds or None,"
                f" not {timeout!r}"
            )
            raise ValueError(message)
        bases = _scopes_among(cls.__mro__[1:])
        if own_slot:
            cls._scope_slot = ScopeSlot(cls.__qualname__)
            if any(base._scope_declared for base in bases):
                message = (
                    f"{cls.__name__} has a place of its own, and so cannot have the"
                    " resources of its base class: declare them on each"
                )
                raise TypeError(message)
        elif len({id(base._scope_slot) for base in _scopes_among(cls.__bases__)}) > 1:
            message = (
                f"{cls.__name__} derives from scopes with different places: say"
                f" class {cls.__name__}(…, own_slot=True)"
            )
            raise TypeError(message)
        cls._scope_declared = {}
        for name in SIGNALS:
            setattr(cls, name, Signal(cls, name))
        cls._scope_plan()

    @classmethod
    def _scope_plan(cls) -> None:
        """Work out what opening and closing a scope of this class takes."""
        kinds = _scopes_among(cls.__mro__[::-1])
        declared = [one for kind in kinds for one in kind._scope_declared.values()]
        eager = {id(one): one for one in declared if one.eager}
        hooks = [hook for hook in HOOKS if _is_own(cls, hook)]
        cls._scope_eager = tuple(eager.values())
        cls._scope_hooks = frozenset(hooks)
        told = [one for name in SIGNALS for one in getattr(cls, name).gather()]
        called = [*(getattr(cls, hook) for hook in hooks), *told]
        cls._scope_needs_async = any(map(awaits, called))
        is_plain = cls.after_close == "refuse" and not (hooks or eager or told)
        cls._scope_plain_slot = cls._scope_slot if is_plain else None
        for kind in cls.__subclasses__():
            kind._scope_plan()

    @classmethod
    def _scope_fields(cls) -> list[Field]:
        found: dict[str, Any] = {}
        for kind in cls.__mro__[::-1]:
            found.update(vars(kind))
        # By type: to ask a proxy for its class would make what is behind it.
        return [one for one in found.values() if issubclass(type(one), Field)]

    @classmethod
    def _scope_resource_of(cls, resource: object) -> Resource:
        if is_proxy(resource):
            for kind in _scopes_among(cls.__mro__):
                if id(resource) in kind._scope_declared:
                    return kind._scope_declared[id(resource)]
        what = "a proxy" if is_proxy(resource) else repr(resource)
        message = f"this takes what {cls.__name__}.resource returned, not {what}"
        raise TypeError(message)

    @classmethod
    def _scope_unbound_text(cls) -> str:
        return cls.unbound_message or f"no {cls.__name__} is active"


def _scopes_among(kinds: tuple[type, ...]) -> list[type[PlannedScope]]:
    found = [kind for kind in kinds if issubclass(kind, PlannedScope)]
    return [kind for kind in found if kind is not PlannedScope]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_own(cls: type[PlannedScope], hook: str) -> bool:
    return getattr(cls, hook) is not getattr(Lifecycle, hook)
