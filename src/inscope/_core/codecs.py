"""How values are written for the wire: as what JSON has, each type strictly by its own.

A codec is chosen by ``Var(…, wire=…)``. It refuses what is not exactly of its type:
on the way out, since a proxy, a row of a database or a subclass would arrive as
something else; on the way in, since anybody may have written it.
"""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast
from uuid import UUID

from inscope._core import is_proxy
from inscope.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CODECS", "JSON", "LARGEST", "STRING", "Codec", "Text", "codec_for"]
__all__ += ["is_exactly"]

T = TypeVar("T")


class Codec(Protocol[T]):
    """What writes the values of a Var for the wire, and reads them.

    Any object with these two methods can be given as ``Var(…, wire=…)``. An error out
    of ``decode`` makes what came refused; one out of ``encode`` reaches the sender.
    """

    def encode(self, value: T, /) -> Any:
        """Return *value* as a string, a number, a boolean, ``None``, or a list or
        dictionary of such."""

    def decode(self, data: Any, /) -> T:
        """Return the value that was written as *data*; raise if it is none."""
        ...


class JSON:
    """Stands, as ``Var(…, wire=JSON)``, for whatever JSON can write.

    That is strings, integers, finite floats, booleans, ``None``, and lists and
    dictionaries of them, the keys of which are strings.
    """

    __module__ = "inscope.travel"


class String:
    """The codec of ``str``."""

    __slots__ = ()

    def encode(self, value: str, /) -> str:
        """Return *value*, if it is a string that can be written."""
        if type(value) is not str:
            raise wrong_type(value, "str")
        if not value.isascii():
            value.encode()  # half a surrogate pair raises
        return value

    decode = encode

    def __repr__(self) -> str:
        return "str"


class Plain(Generic[T]):
    """A codec for a type that JSON has; *check*, if given, raises for some values."""

    __slots__ = ("_check", "_type")

    def __init__(self, of: type[T], check: Callable[[T], object] | None = None) -> None:
        self._type = of
        self._check = check

    def encode(self, value: T, /) -> T:
        """Return *value*, if it is of the type."""
        if type(value) is not self._type:
            raise wrong_type(value, self._type.__name__)
        if self._check is not None:
            self._check(value)
        return value

    decode = encode

    def __repr__(self) -> str:
        return self._type.__name__


class Text(Plain[T]):
    """A codec for a type that is written as a string."""

    __slots__ = ("_read", "_write")

    def __init__(
        self, of: type[T], write: Callable[[T], str], read: Callable[[str], T]
    ) -> None:
        super().__init__(of)
        self._write = write
        self._read = read

    def encode(self, value: T, /) -> Any:
        """Return *value* as a string, if it is of the type."""
        return self._write(super().encode(value))

    def decode(self, data: Any, /) -> T:
        """Return the value that is written in the string *data*."""
        if type(data) is not str:
            raise wrong_type(data, "a string")
        value = self._read(data)
        # One way to write each value: what can be written in two can be told apart.
        if self._write(value) != data:
            message = f"this is not how inscope writes a {self._type.__name__}"
            raise ValueError(message)
        return value


class AnyJSON:
    """The codec of ``JSON``."""

    __slots__ = ()

    def encode(self, value: Any, /) -> Any:
        """Return *value*, if there is nothing in it that JSON has not."""
        if is_exactly(value, list):
            return [self.encode(one) for one in value]
        if is_exactly(value, dict):
            return {_key(name): self.encode(one) for name, one in value.items()}
        check = CHECKS.get(cast("Any", type(value)))  # not what a proxy says of it
        if check is None:
            raise wrong_type(value, "what JSON has")
        check(value)
        return value

    decode = encode

    def __repr__(self) -> str:
        return "JSON"


def is_exactly(data: Any, kind: type) -> bool:
    """Tell whether *data* is of the type *kind*, and of no subclass."""
    return type(data) is kind


def with_lists(data: Any) -> Any:
    """Return *data* with lists in place of its tuples."""
    if is_exactly(data, dict):
        return {name: with_lists(value) for name, value in data.items()}
    if is_exactly(data, list) or is_exactly(data, tuple):
        return [with_lists(value) for value in data]
    return data


def _key(name: Any) -> str:
    if type(name) is not str:
        raise wrong_type(name, "a string, as the key of a dictionary must be")
    return STRING.encode(name)


def in_range(number: int) -> None:
    """Raise unless *number* fits into 64 bits, which every reader of JSON has."""
    if not -LARGEST <= number < LARGEST:
        raise OverflowError("an integer must fit into 64 bits")


def finite(number: float) -> None:
    """Raise unless *number* is one that JSON has."""
    if not isfinite(number):
        raise ValueError("a float must be finite")


def nothing(_: object) -> None:
    """Check nothing."""


LARGEST: Final = 2**63
STRING: Final = String()

CHECKS: Final[dict[type, Callable[[Any], object]]] = {
    str: STRING.encode,
    int: in_range,
    float: finite,
    bool: nothing,
    type(None): nothing,
}
"""What JSON has, besides lists and dictionaries."""


IDENTITY: Final[Any] = object.__eq__
"""How objects of a class that says nothing of it are compared."""


class Structured:
    """A codec for any type that msgspec can check."""

    __slots__ = ("_convert", "_to_builtins", "_type")

    def __init__(self, of: Any, msgspec: Any) -> None:
        self._type = of
        self._convert = msgspec.convert
        self._to_builtins = msgspec.to_builtins

    def encode(self, value: Any, /) -> Any:
        """Return *value* as what JSON has, if it is of the type."""
        if is_proxy(value):
            raise wrong_type(value, repr(self._type))
        data = self._written(value)
        # It writes whatever it can; here it must be what the reader will make of it.
        made = self.decode(data)
        if type(made) is not type(value):
            raise wrong_type(value, repr(self._type))
        if not self._is_same(made, value):
            message = (
                f"a value of type {type(value).__name__} would not arrive as it is:"
                f" something in it is not as {self._type!r} says"
            )
            raise TypeError(message)
        return data

    def _written(self, value: Any, order: str | None = None) -> Any:
        data = self._to_builtins(value, str_keys=True, order=order)
        return JSON_CODEC.encode(with_lists(data))

    def _is_same(self, made: Any, value: Any) -> bool:
        """Tell whether *made*, which the reader has, is what *value* is.

        An integer may become an equal float. What only knows itself to be equal is
        compared as it is written.
        """
        kind = cast("Any", type(value))
        if type(made) is not kind:
            return (type(made), kind) == (float, int) and made == value
        if kind is list or kind is tuple:
            return len(made) == len(value) and all(map(self._is_same, made, value))
        if kind is dict:
            return list(made) == list(value) and all(
                map(self._is_same, made.values(), value.values())
            )
        if made == value:
            return True
        return kind.__eq__ is IDENTITY and (
            self._written(made, "deterministic")
            == self._written(value, "deterministic")
        )

    def decode(self, data: Any, /) -> Any:
        """Return the object of the type that *data* describes."""
        return self._convert(data, self._type, str_keys=True)

    def __repr__(self) -> str:
        return repr(self._type)


class Own(Generic[T]):
    """A codec of somebody's own: what it writes is checked, in the sender."""

    __slots__ = ("_codec",)

    def __init__(self, codec: Codec[T]) -> None:
        self._codec = codec

    def encode(self, value: T, /) -> Any:
        """Return what the codec writes, if JSON has it."""
        return JSON_CODEC.encode(with_lists(self._codec.encode(value)))

    def decode(self, data: Any, /) -> T:
        """Return what the codec makes of *data*."""
        return self._codec.decode(data)

    def __repr__(self) -> str:
        return repr(self._codec)


JSON_CODEC: Final = AnyJSON()

CODECS: Final[dict[Any, Codec[Any]]] = {
    str: STRING,
    int: Plain(int, in_range),
    bool: Plain(bool),
    UUID: Text(UUID, str, UUID),
    datetime: Text(datetime, datetime.isoformat, datetime.fromisoformat),
    JSON: JSON_CODEC,
}
"""The codecs that need nothing."""


def codec_for(name: str, wire: Any) -> Codec[Any]:
    """Return the codec that *wire* means, for the Var *name*.

    Raises:
        TypeError: It means none.
        MissingExtraError: It takes msgspec, which is not installed.
    """
    try:
        known = CODECS.get(wire)
    except TypeError:  # it cannot be hashed
        known = None
    if known is not None:
        return known
    methods = [getattr(wire, name, None) for name in ("encode", "decode")]
    if not isinstance(wire, type) and all(map(callable, methods)):
        return Own(cast("Codec[Any]", wire))
    try:
        import msgspec
    except ModuleNotFoundError as error:
        if error.name != "msgspec":
            raise
        raise MissingExtraError("msgspec", "msgspec") from error
    try:
        msgspec.json.Decoder(wire)
    except TypeError as error:
        kinds = ", ".join(getattr(one, "__name__", "?") for one in CODECS)
        message = (
            f"Var {name!r}: wire={wire!r} is no codec: it takes {kinds}, a type that"
            " msgspec knows, or an object with encode() and decode()"
        )
        raise TypeError(message) from error
    return Structured(wire, msgspec)


def wrong_type(value: object, wanted: str) -> TypeError:
    """Return the error for *value*, which it does not quote: it may be a secret."""
    if is_proxy(value):
        return TypeError("it is a proxy; bind the object itself: unwrap(proxy)")
    return TypeError(f"a value of type {type(value).__name__} is not {wanted}")
