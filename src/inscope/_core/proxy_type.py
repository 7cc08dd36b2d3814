"""``ProxyType``: the type of proxy types, in both cores."""

from __future__ import annotations

from typing import Any


class ProxyType(type):
    """The type of proxy types: a shaped proxy counts as a ``LocalProxy``.

    A shaped type must lack methods that LocalProxy has, so it cannot inherit
    from it; both inherit from ``BareProxy``.
    """

    _constructor: Any
    """A function with the signature of a constructor that is written in C."""

    _counts: Any
    """Of LocalProxy: the class whose subclasses count as its own."""

    _unclaimed: bool
    """Set on the class of the methods that no ABC shall find."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return type.__subclasscheck__(vars(cls).get("_counts", cls), subclass)

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), cls) or super().__instancecheck__(instance)

    @property
    def __mro__(cls) -> tuple[type, ...]:
        """What the type inherits from, as ABCs are to see it.

        Answering ``os.fspath`` must not make every proxy an ``os.PathLike``: code
        that asks for one would take a proxied list or file for a path.
        """
        mro: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
        return tuple(owner for owner in mro if "_unclaimed" not in vars(owner))

    @property
    def __signature__(cls) -> Any:
        """The constructor's; ``__new__`` takes whatever a subclass wants."""
        import inspect

        constructor: Any = cls.__init__  # type: ignore[misc]  # this very class's
        if not hasattr(constructor, "__code__"):  # written in C
            constructor = cls._constructor
        signature = inspect.signature(constructor)
        return signature.replace(parameters=list(signature.parameters.values())[1:])
