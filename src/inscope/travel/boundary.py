"""``Boundary``: a way out of the process, and the rules for what crosses there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from inscope._core.declared import BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KNOWN", "Boundary", "boundary_of"]

NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]*")
WHERE_CODE_CROSSES: Final = ("dask", "process")
"""Who can write here can run code in the reader: a signature would protect nothing."""


class Boundary:
    """A way out of the process, and the rules for what crosses there.

    Sender and reader must agree on the name, the audience and the keys. Where the
    defaults will do, the name can be given in place of a boundary.

    Args:
        name: ``"process"``, ``"http"``, ``"celery"``, ``"dask"``, or one of your own.
        keys: Secret keys, the newest one last: that one signs, and what any of them has
            signed is accepted. With keys, what is not signed is refused.
        max_age: For how many whole seconds after it was sent a payload is accepted;
            ``None``: for ever, and the clocks need not agree.
        audience: For whom it is meant: what is sent to one audience is refused by
            another.
        limit: The size of a payload at most, in bytes.
        value_limit: The size of each value at most, in bytes as it is written.
        strict: Whether a payload with a name that is not known here is refused; it
            is ignored otherwise.
        leeway: By how many seconds the sender's clock may be ahead of the reader's.

    Attributes:
        is_signed: Whether it has keys.
        takes_identity: Whether what says who somebody is may cross.

    Raises:
        TypeError: An argument is of the wrong kind.
        ValueError: A name that nothing can be called, an empty key, a negative number.
        MissingExtraError: There are keys, but itsdangerous is not installed.

    Example:
        >>> from inscope import Var
        >>> from inscope.travel import Boundary, dump, load
        >>> kafka = Boundary("kafka", keys=["a long random string"], max_age=3600)
        >>> tenant = Var("tenant", wire=str, travels_to={kafka})
        >>> with tenant.bind("acme"):
        ...     text = dump(kafka).text
        >>> load(text, kafka).run(tenant.get)
        'acme'
    """

    __slots__ = (
        "_keys",
        "audience",
        "is_signed",
        "leeway",
        "limit",
        "max_age",
        "name",
        "strict",
        "takes_identity",
        "value_limit",
    )

    def __init__(
        self,
        name: str,
        *,
        keys: str | bytes | Iterable[str | bytes] = (),
        max_age: float | None = None,
        audience: str = "",
        limit: int = 4096,
        value_limit: int = 1024,
        strict: bool = False,
        leeway: float = 30,
    ) -> None:
        for what, text in (("name", name), ("audience", audience)):
            if not isinstance(text, str):
                message = f"a boundary's {what} must be a string, not {text!r}"
                raise TypeError(message)
        if not NAME.fullmatch(name) or not (
            audience.isascii() and audience == audience.strip()
        ):
            message = (
                f"a boundary cannot be called {name!r}, for {audience!r}: letters,"
                " digits, '_', '.' and '-', please"
            )
            raise ValueError(message)
        for what, number in (
            ("max_age", 0 if max_age is None else max_age),
            ("limit", limit),
            ("value_limit", value_limit),
            ("leeway", leeway),
        ):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                message = f"{what} must be a number, not {number!r}"
                raise TypeError(message)
            if not number >= 0:
                message = f"{what} must not be negative, but is {number!r}"
                raise ValueError(message)
        self.name: str = name
        self.audience: str = f"{name}/{audience}" if audience else name
        self.max_age: float | None = max_age
        self.limit: int = limit
        self.value_limit: int = value_limit
        self.strict: bool = strict
        self.leeway: float = leeway
        self._keys: Any = _keys(name, keys)
        self.is_signed: bool = self._keys is not None
        self.takes_identity: bool = self.is_signed or name in WHERE_CODE_CROSSES

    def sign(self, text: str) -> str:
        """Return *text* with its signature, if there are keys."""
        if self._keys is None:
            return text
        signed: str = self._keys.signed(text)
        return signed

    def unsigned(self, text: str) -> str | None:
        """Return *text* without its signature; ``None`` if that is wrong."""
        plain: str | None = self._keys.unsigned(text)
        return plain

    def __repr__(self) -> str:
        signed = ", signed" if self.is_signed else ""
        return f"<Boundary {self.audience!r}{signed}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: its keys must not leave with it"
        raise TypeError(message)


def _keys(name: str, keys: str | bytes | Iterable[str | bytes]) -> Any:
    """Return what signs with *keys*; ``None`` without keys."""
    given: list[Any] = [keys] if isinstance(keys, (str, bytes)) else list(keys)
    if not given:
        return None
    for key in given:
        if not isinstance(key, (str, bytes)):
            message = (
                f"boundary {name!r}: a key is a {type(key).__name__}, not a string"
            )
            raise TypeError(message)
        if not key:
            message = f"boundary {name!r}: a key is empty: anybody could sign with it"
            raise ValueError(message)
    # Not imported by itself: it takes a library.
    from inscope.travel.signing import Keys

    return Keys(given)


KNOWN: Final = {name: Boundary(name) for name in BOUNDARIES}
"""Those that are inscope's own, by name."""


def boundary_of(boundary: Boundary | str, function: str) -> Boundary:
    """Return the boundary that was given to *function*, perhaps by its name.

    Raises:
        TypeError: It is something else.
        ValueError: There is none of that name.
    """
    if isinstance(boundary, Boundary):
        return boundary
    if not isinstance(boundary, str):
        message = f"{function}() takes a Boundary or its name, not {boundary!r}"
        raise TypeError(message)
    if boundary in KNOWN:
        return KNOWN[boundary]
    names = ", ".join(map(repr, KNOWN))
    message = (
        f"{function}(): there is no boundary {boundary!r}; there are {names}, and for"
        " one of your own pass the Boundary"
    )
    raise ValueError(message)
