"""``ProxyType``: the type of proxy types, in both cores."""

from __future__ import annotations

from typing import Any, Final

LOCAL_PROXY_DOC: Final = """A proxy to the object that is bound where the code runs.

Every operation is forwarded to that object: attributes, calls, operators,
iteration, ``with``, ``await``; ``isinstance`` follows its class. The object
is looked up once for each operation and never kept.

With nothing bound, every operation raises, but for what is needed to look
at an object: ``repr`` (``<LocalProxy unbound>``), ``bool`` (``False``),
``dir`` (empty), ``__class__``, ``__doc__`` and ``__wrapped__``.

Args:
    local: Where to look: a ``ContextVar``, a ``Var``, a ``Local`` (with a
        *name*), a ``LocalStack`` (its top), another proxy, or a callable
        that returns the object.
    name: An attribute of what is found there, to use in its place; may be
        dotted. Or a function that is given what is found there (of a Local,
        the Local).
    unbound_message: The text of the error raised with nothing bound. A
        callable's own error is raised as it is.
    like: A class. The proxy then has just the special methods that
        instances of this class have, and tells the truth to ``callable()``,
        ``isinstance(p, Iterable)`` and the like, also when unbound.

Raises:
    TypeError: An argument is of the wrong kind.

Source:
    ``werkzeug.local.LocalProxy``; *like* is new.

Example:
    >>> from contextvars import ContextVar
    >>> from inscope import LocalProxy
    >>> _user = ContextVar("user")
    >>> user = LocalProxy(_user)
    >>> user
    <LocalProxy unbound>
    >>> token = _user.set("ann")
    >>> user.upper(), len(user), user == "ann"
    ('ANN', 3, True)
    >>> _user.reset(token)
"""
"""The docstring of LocalProxy, in both cores."""


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
