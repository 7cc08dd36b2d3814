"""The objects that operations are done to: int, str, list, dict, a Python class.

``Everything`` has every special method that Python looks up, each as short as
can be: what is measured is the way to it.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from inscope._core.special_methods import FORWARDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAIN_CLASS = "class"


class Part:
    """What an Everything has as an attribute."""

    x = 1

    def __add__(self, other: object) -> int:
        return 1


class Everything:
    """An instance of a Python class with every special method."""

    title = "a title"

    def __init__(self) -> None:
        self.x = 1
        self.part = Part()

    @property
    def made(self) -> int:
        """An attribute that is computed."""
        return 1

    def m(self) -> int:
        """Do nothing, as a method."""
        return 1

    def __repr__(self) -> str:
        return "repr"

    def __str__(self) -> str:
        return "str"

    def __bytes__(self) -> bytes:
        return b"bytes"

    def __format__(self, spec: str) -> str:
        return "format"

    def __hash__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        return True

    def __call__(self, *args: Any, **kwargs: Any) -> int:
        return 1

    def __len__(self) -> int:
        return 3

    def __getitem__(self, key: Any) -> int:
        if key == 3:  # where iteration by index, if there is no other, ends
            raise IndexError
        return 1

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __delitem__(self, key: Any) -> None:
        pass

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2, 3))

    def __next__(self) -> int:
        return 1

    def __reversed__(self) -> Iterator[int]:
        return iter((3, 2, 1))

    def __contains__(self, item: object) -> bool:
        return True

    def __round__(self, digits: int = 0) -> int:
        return 1

    def __complex__(self) -> complex:
        return 1j

    def __float__(self) -> float:
        return 1.0

    def __enter__(self) -> int:
        return 1

    def __exit__(self, *error: object) -> None:
        pass

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(b"buffer")

    def __await__(self) -> Iterator[Any]:
        return iter(())

    def __aiter__(self) -> Everything:
        return self

    async def __anext__(self) -> int:
        return 1

    async def __aenter__(self) -> int:
        return 1

    async def __aexit__(self, *error: object) -> None:
        pass

    def __fspath__(self) -> str:
        return "path"


def _one(*_: Any) -> int:
    return 1


def _true(*_: Any) -> bool:
    return True


def _self(self: Any, *_: Any) -> Any:
    return self


def _complete() -> None:
    """Give Everything the operators, which all do the same."""
    for row in FORWARDED:
        name = row.name
        if name in vars(Everything) or name in ("__length_hint__", "__delattr__"):
            continue
        if name in ("__dir__", "__sizeof__", "__instancecheck__", "__subclasscheck__"):
            continue
        stem = name.strip("_")
        method: Callable[..., Any] = _one
        if stem in ("lt", "le", "eq", "ne", "gt", "ge"):
            method = _true
        elif stem[0] == "i" and hasattr(operator, stem) and "other" in row.parameters:
            method = _self  # in place
        setattr(Everything, name, method)


_complete()


class Hinted:
    """An instance of a Python class that has a hint of its length, and no length."""

    def __length_hint__(self) -> int:
        return 3


def function() -> int:
    """Do nothing, to be called."""
    return 1


TARGETS: dict[str, Callable[[], Any]] = {
    "int": lambda: 12,
    "str": lambda: "12",
    "list": lambda: [1, 2, 3],
    "dict": lambda: {"key": 1, "b": 2, "c": 3},
    PLAIN_CLASS: Everything,
    "class, hinted": Hinted,
    "type": lambda: int,
    "bytes": lambda: b"bytes",
    "function": lambda: function,
}
"""What rows are measured on. The last four serve the methods that need them."""

KINDS = ("int", "str", "list", "dict", PLAIN_CLASS)
"""Those on which each method has a row, if they support it."""

SPECIALS = {
    "__length_hint__": "class, hinted",
    "__instancecheck__": "type",
    "__subclasscheck__": "type",
    "__buffer__": "bytes",
}
"""Methods for which none of the first five targets will do, and what does."""
