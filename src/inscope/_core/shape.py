"""Shaped proxies: types that have only the special methods of a given class.

``callable(p)``, ``isinstance(p, Iterable)`` and ``inspect.isawaitable(p)`` ask
the *type* which methods it has, and a LocalProxy has them all. For
``LocalProxy(source, like=cls)`` a type is made that has those of *cls*; one
type serves every class with the same set. Used by the ``proxy`` of both cores.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from types import UnionType
from typing import Any, Union, get_origin

from inscope._core import special_methods
from inscope._core.proxy_type import ProxyType

_PATTERN_SEQUENCE = 1 << 5  # Py_TPFLAGS_SEQUENCE
_PATTERN_MAPPING = 1 << 6  # Py_TPFLAGS_MAPPING

Shape = tuple[frozenset[str], frozenset[str], type[Any] | None]
"""Methods present, methods set to None, ABC for ``match``."""


class Shapes:
    """The shaped types that have been made.

    Args:
        base: What they inherit from.
        methods: All special methods, by name.
        doc: The docstring of each.
    """

    def __init__(self, base: type, methods: dict[str, Any], doc: str | None) -> None:
        self._base = base
        self._methods = methods
        self._doc = doc
        self._types: dict[Shape, ProxyType] = {}

    def made(self, like: object) -> ProxyType:
        """Return the proxy type that has the special methods of *like*.

        Raises:
            TypeError: *like* is not a class, ABC, Protocol or generic alias.
        """
        shape = _shape_of(_class_of(like))
        made = self._types.get(shape)
        if made is None:
            # No lock: registering runs foreign code. The first one made is kept.
            made = self._types.setdefault(shape, self._make(shape))
        return made

    def _make(self, shape: Shape) -> ProxyType:
        present, absent, pattern = shape
        body: dict[str, Any] = {
            "__slots__": (),
            "__doc__": self._doc,
            "__module__": "inscope",
            "_shape": present,
            **{name: self._methods[name] for name in sorted(present)},
            **dict.fromkeys(sorted(absent)),
        }
        made = ProxyType("LocalProxy", (self._base,), body)
        if pattern is not None:
            pattern.register(made)
        return made


def _class_of(like: object) -> type:
    kind: Any = like
    while not isinstance(kind, type) and hasattr(kind, "__origin__"):
        if get_origin(kind) in (Union, UnionType):
            break
        kind = kind.__origin__
    if kind is Any or not isinstance(kind, type):
        message = (
            "'like' must be a class, an ABC, a Protocol or a generic alias of one,"
            f" not {like!r}"
        )
        raise TypeError(message)
    return kind


def _shape_of(cls: type) -> Shape:
    absent: set[str] = set()
    present = {"__bool__"}
    for name in special_methods.SHAPED:
        for owner in cls.__mro__:
            if name in vars(owner):
                (absent if vars(owner)[name] is None else present).add(name)
                break
    for name in tuple(present):
        # list has no __radd__, yet [1] + [2] works: the left one takes a list.
        # It does not take a proxy, so a proxy must answer from the right.
        reflected = f"__r{name[2:]}"
        if reflected in special_methods.SHAPED:
            present.add(reflected)
    absent -= present
    return frozenset(present), frozenset(absent), _pattern_abc(cls)


def _pattern_abc(cls: type) -> type[Any] | None:
    """Return the ABC under which ``match`` takes instances of *cls* apart."""
    if cls.__flags__ & _PATTERN_MAPPING:
        return MutableMapping if issubclass(cls, MutableMapping) else Mapping
    if cls.__flags__ & _PATTERN_SEQUENCE:
        return MutableSequence if issubclass(cls, MutableSequence) else Sequence
    return None
