"""``dump``: the declared part of what is bound here and now, as a line of text.

.. code-block:: text

    [1,"celery",1767225600,[["tenant","acme"],["locale","de"]]].signature
     │  │        │          └─ pairs of a Var's name and its value
     │  │        └─ when it was sent, in seconds since 1970
     │  └─ for whom: the boundary, and its audience if it has one
     └─ the version of all this

It is ASCII, so it fits wherever text does. ``arrival.py`` reads it.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any, Final

from inscope._core import is_proxy
from inscope._core.crossing import BarePayload
from inscope._core.declared import declared
from inscope._core.var import CellVar
from inscope.errors import NotPortableError
from inscope.travel.boundary import KNOWN, boundary_of
from inscope.travel.left_out import left_out
from inscope.travel.text import enveloped, written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from inscope._core.declared import Entry
    from inscope.travel.boundary import Boundary
    from inscope.var import Var

__all__ = ["VERSION", "Payload", "chosen", "dump"]

VERSION: Final = 1


class Payload(BarePayload):
    """What ``dump`` returns: the text, and what of the context is in it.

    Attributes:
        text: What goes to the reader's ``load``.
        boundary: The boundary that it is for.
    """

    __slots__ = ()

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        raise TypeError("a Payload is made by dump()")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the Vars whose values are in it."""
        return tuple([name for name, _ in self._pairs])

    @property
    def left_out(self) -> dict[str, str]:
        """The names of what was bound and is not in it, each with the reason."""
        return left_out(self._context, self.boundary, self.names)

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._pairs)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        names = ", ".join(self.names) or "nothing"
        return f"<Payload for {self.boundary.audience!r}: {names}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: what travels is its text"
        raise TypeError(message)


def dump(
    boundary: Boundary | str, *, only: Iterable[Var[Any]] | None = None
) -> Payload:
    """Return the declared part of what is bound here and now, as text.

    Vars that travel to *boundary* and have a value, bound here or come from elsewhere,
    are in it; defaults are not. Nothing that was asked for is left out quietly: what
    cannot be written is an error here, where it can be mended.

    Args:
        boundary: Where it goes: a ``Boundary``, or the name of one.
        only: The Vars to take; by default all that travel there.

    Raises:
        NotPortableError: A value is not of its Var's type, is too large, or says who
            somebody is where nothing is signed; or *only* has something that does not
            travel there.
        ContextRefused: What came from another process was refused, and would be
            passed on.

    Example:
        >>> from inscope import Var
        >>> from inscope.travel import dump, load
        >>> tenant = Var("tenant", wire=str, travels_to={"process"})
        >>> with tenant.bind("acme"):
        ...     payload = dump("process")
        >>> payload.names
        ('tenant',)
        >>> load(payload.text, "process").run(tenant.get)
        'acme'
    """
    known = KNOWN.get(boundary) if type(boundary) is str else None
    boundary = known or boundary_of(boundary, "dump")
    crossing = declared.crossing[boundary.name]
    if only is not None:
        crossing = chosen(crossing, only, boundary)
    payload = Payload._going(boundary, crossing, _encoded)
    pairs = payload._pairs
    text = enveloped(VERSION, boundary.audience, int(time()), pairs)
    if boundary.is_signed:
        text = boundary.sign(text)
    if len(text) > boundary.value_limit or len(text) > boundary.limit:
        _check_sizes(pairs, text, boundary)
    payload.text = text
    return payload


def _encoded(boundary: Boundary, name: str, entry: Entry, value: Any) -> Any:
    """Return what is written for *value*, by the codec of its Var."""
    if entry.identity and not boundary.takes_identity:
        message = (
            f"Var {name!r} says who somebody is, and would be refused: what goes by"
            f" {boundary.name!r} is not signed; give the boundary keys=[…]"
        )
        raise NotPortableError(message, name)
    try:
        return entry.encode(value)
    except Exception as error:
        message = f"Var {name!r} cannot be sent by {boundary.name!r}: {error}"
        raise NotPortableError(message, name) from error


def chosen(
    crossing: dict[str, Entry], only: Iterable[Any], boundary: Boundary
) -> dict[str, Entry]:
    """Return what of *crossing* is asked for by *only*."""
    if isinstance(only, (str, CellVar)) or not hasattr(only, "__iter__"):
        message = "only=… takes a list of Vars"
        raise TypeError(message)
    chosen: dict[str, Entry] = {}
    for var in only:
        if is_proxy(var) or not isinstance(var, CellVar):
            kind = "a proxy" if is_proxy(var) else f"a {type(var).__qualname__}"
            message = f"only Vars travel, not {kind}: bind an id in a declared Var"
            raise NotPortableError(message)
        entry = crossing.get(var.name)
        if entry is None or entry.var() is not var:
            message = (
                f"Var {var.name!r} does not travel to {boundary.name!r}: declare it, by"
                f" Var(…, wire=…, travels_to={{{boundary.name!r}}})"
            )
            raise NotPortableError(message, var.name)
        chosen[var.name] = entry
    return chosen


def _check_sizes(pairs: list[tuple[str, Any]], text: str, boundary: Boundary) -> None:
    """Raise if a value, or all of them, are too large."""
    for name, data in pairs:
        size = len(written(data))
        if size > boundary.value_limit:
            message = (
                f"Var {name!r} cannot be sent by {boundary.name!r}: its value is"
                f" {size} bytes, and {boundary.value_limit} are the limit; carry an id"
                " in its place"
            )
            raise NotPortableError(message, name)
    if len(text) > boundary.limit:
        names = ", ".join(name for name, _ in pairs)
        message = (
            f"{names} cannot be sent by {boundary.name!r}: {len(text)} bytes together,"
            f" and {boundary.limit} are the limit; carry ids in their place"
        )
        raise NotPortableError(message)
