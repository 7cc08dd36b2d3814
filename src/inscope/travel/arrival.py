"""``load``: what ``dump`` wrote, as an otherwise empty context.

It never raises for what came: most engines log what their hooks raise, and run the task
all the same. What must not be believed makes an arrival that is refused, in which each
read of a Var that could have come says so.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any, Final, cast

from inscope._core.arrival import ARRIVED
from inscope._core.codecs import LARGEST, is_exactly
from inscope._core.crossing import BareValues
from inscope._core.declared import declared
from inscope._core.nothing import EMPTY
from inscope.carry.snapshot import Snapshot
from inscope.errors import ContextRefused
from inscope.travel.boundary import KNOWN, boundary_of
from inscope.travel.entering import Entering
from inscope.travel.payload import VERSION, Payload
from inscope.travel.text import is_shaped, parsed, shaped, written

if TYPE_CHECKING:
    from inscope._core.declared import Declaration, Entry
    from inscope.travel.boundary import Boundary

__all__ = ["Arrival", "Refused", "arrival_of", "load", "of_no_type"]
__all__ += ["refused_arrival"]


class Arrival(Snapshot):
    """What ``load`` returns: a snapshot of what came, and of nothing else."""

    __module__ = "inscope.travel"
    __slots__ = ()

    @property
    def values(self) -> Values:
        """What ``ARRIVED`` is to be, wherever this is to be seen."""
        values: Any = self._context[ARRIVED]
        return cast("Values", values)

    @property
    def refused(self) -> ContextRefused | None:
        """Why what came is not believed; ``None`` if it is."""
        return self.values.refusal()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the Vars for which a value came, and that are known here."""
        return tuple(self.values.known)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of other values that came.

        They have no effect, unless a Var of that name is declared before it is read.
        """
        return tuple(self.values.unknown)

    @property
    def sent(self) -> int | None:
        """When it was sent, by the sender's clock, in seconds since 1970.

        For work that asks what was allowed then. ``None`` if nothing came, if it is
        refused, or if the way on which it came does not say.
        """
        return self.values.sent

    def entered(self) -> Entering:
        """Return a block in which declared Vars have what came, and nothing else.

        For hooks that are called before and after some work, and for middleware, which
        must leave what others have bound. After the block, all that Vars, Locals,
        stacks and scopes had before is there again. Where the work can be called, it
        sees nothing else by ``run``.
        """
        return Entering(self.values)

    def __repr__(self) -> str:
        if self.refused is not None:
            return f"<Arrival refused: {self.refused.reason}>"
        return f"<Arrival of {', '.join(self.names) or 'nothing'}>"


MALFORMED: Final = "it is no payload of inscope's"


class Refused(Exception):  # noqa: N818  # no user sees it
    """What came cannot be believed, for this reason and with this detail."""


def load(payload: Payload | str | bytes | None, boundary: Boundary | str) -> Arrival:
    """Return what *payload* says, to run something with: ``load(…).run(function)``.

    Args:
        payload: The text of a payload; ``None`` or an empty one if nothing came, which
            means an empty context. It may be anything: who sends is not trusted.
        boundary: Where it came from: a ``Boundary``, or the name of one.

    Returns:
        A snapshot. If *payload* must not be believed, each read of a Var that travels
        this way raises ``ContextRefused`` in it.

    Raises:
        TypeError: *boundary* is none.
        ValueError: There is no boundary of that name.

    Example:
        >>> from inscope import ContextRefused, Var
        >>> from inscope.travel import load
        >>> tenant = Var("tenant", default="nobody's", wire=str, travels_to={"process"})
        >>> load(None, "process").run(tenant.get)
        "nobody's"
        >>> load("acme", "process").run(tenant.get)
        Traceback (most recent call last):
        inscope.errors.ContextRefused: the context that came by 'process' was refused: \
it is no payload of inscope's
    """
    known = KNOWN.get(boundary) if type(boundary) is str else None
    boundary = known or boundary_of(boundary, "load")
    try:
        text = payload if type(payload) is str else _text(payload)
        if not text:
            return arrival_of([], boundary)
        if len(text) > boundary.limit:
            raise _of_size("it", len(text), boundary.limit)
        if not text.isascii():
            raise Refused("malformed", "it is not ASCII")
        if boundary.is_signed:
            text = _unsigned(text, boundary)
        sent, pairs = _sent(text, boundary)
        return arrival_of(pairs, boundary, sent)
    except Refused as error:
        return refused_arrival(boundary, *error.args)


def arrival_of(
    pairs: list[tuple[str, Any]], boundary: Boundary, sent: int | None = None
) -> Arrival:
    """Return an arrival of *pairs*: names, and values as they were written.

    *sent* says when, in seconds since 1970.

    Raises:
        Refused: They cannot be believed.
    """
    crossing = declared.crossing[boundary.name]
    values = Values._sorted_out(boundary, crossing, pairs, _decoded, sent)
    unknown = values.unknown
    if len(values.known) + len(unknown) != len(pairs):  # a name is there twice
        raise Refused("malformed", MALFORMED)
    if unknown and boundary.strict:
        detail = f"there is no Var {next(iter(unknown))!r:.80} here that travels so"
        raise Refused("names", detail)
    return Arrival._holding(ARRIVED, values)


def refused_arrival(boundary: Boundary, reason: str, detail: str) -> Arrival:
    """Return an arrival in which each read says that it was refused, and why."""
    values = Values._sorted_out(boundary, {}, (), _decoded, None)
    values._refused = reason, detail
    return Arrival._holding(ARRIVED, values)


def _text(payload: object) -> str:
    """Return *payload*, whatever it is, as a string."""
    text: object = payload.text if isinstance(payload, Payload) else payload
    if text is None:
        return ""
    if isinstance(text, bytes):
        return text.decode("latin-1")  # each byte stays one; not all are ASCII
    if not isinstance(text, str):
        raise Refused("malformed", f"a {type(text).__name__} is no payload")
    return text


def _unsigned(text: str, boundary: Boundary) -> str:
    """Return *text* without the signature that it must have."""
    if text[-1] == "]":
        raise Refused("unsigned", "it is not signed, and there are keys here")
    plain = boundary.unsigned(text)
    if plain is None:
        raise Refused("signature", "none of the keys here has signed it as it is")
    return plain


def _sent(text: str, boundary: Boundary) -> tuple[int, list[tuple[str, Any]]]:
    """Return when *text* was sent, and the names and values in it, as written."""
    try:
        envelope = shaped(text)
    except (ValueError, RecursionError):
        envelope = _looked_into(text, boundary)
    version, audience, sent, pairs = envelope
    if version != VERSION:
        raise _of_version(version)
    if audience != boundary.audience:
        raise Refused("audience", f"it is not for {boundary.audience!r}")
    if boundary.max_age is not None:
        _check_age(sent, boundary, boundary.max_age)
    if len(text) > boundary.value_limit:
        for name, value in pairs:
            if (size := len(written(value))) > boundary.value_limit:
                what = f"the value of {name!r:.80}"
                raise _of_size(what, size, boundary.value_limit)
    return sent, cast("list[tuple[str, Any]]", pairs)


def _check_age(sent: int, boundary: Boundary, max_age: float) -> None:
    """Raise if it was *sent*, in seconds since 1970, too long ago or too late."""
    if not -LARGEST <= sent < LARGEST:  # or it could not even be written in an error
        raise Refused("malformed", MALFORMED)
    age = int(time()) - sent
    if age < -boundary.leeway:
        raise Refused("future", f"it was sent {-age} s from now, by its own time")
    if age > max_age:
        detail = f"it was sent {age} s ago, and {max_age} are the limit"
        raise Refused("expired", detail)


def _looked_into(text: str, boundary: Boundary) -> Any:
    """Return the envelope that *text* is, whatever the values in it."""
    try:
        envelope = parsed(text)
    except (ValueError, RecursionError):
        if not boundary.is_signed and text[0] == "[" and text[-1] != "]":
            detail = "it is signed, and there is no key here to tell by whom: keys=[…]"
            raise Refused("signature", detail) from None
        raise Refused("malformed", MALFORMED) from None
    if is_shaped(envelope):
        return envelope
    version = envelope[0] if is_exactly(envelope, list) and envelope else VERSION
    if is_exactly(version, int) and version != VERSION:
        raise _of_version(version)
    raise Refused("malformed", MALFORMED)


def _of_size(what: str, size: int, limit: float) -> Refused:
    return Refused("size", f"{what} has {size} bytes, and {limit} are the limit")


def _of_version(version: int) -> Refused:
    return Refused(
        "version", f"it is of version {version!r:.20}, and here is {VERSION}"
    )


def _decoded(boundary: Boundary, name: str, entry: Entry, data: Any) -> Any:
    """Return what *data* means, by the codec of the Var."""
    if entry.identity and not boundary.takes_identity:
        detail = f"Var {name!r} says who somebody is, and nothing here is signed"
        raise Refused("identity", detail)
    try:
        return entry.decode(data)
    except Exception:  # of any codec, and the data may be anything
        detail = of_no_type(name, entry.declaration.codec)
        raise Refused("type", detail) from None


def of_no_type(name: str, codec: Any) -> str:
    """Return what is said of a value that *codec* has not written."""
    return f"the value of Var {name!r} is no {codec!r}"


class Values(BareValues):
    """What ``ARRIVED`` holds: the values that came."""

    __slots__ = ()

    def value_of(self, var: Any, /) -> Any:
        """Return the value for *var*; ``EMPTY`` if none came.

        Raises:
            ContextRefused: Something came that must not be believed.
        """
        declaration: Declaration = var._declaration
        if self._boundary.name not in declaration.travels_to:
            return EMPTY
        if self._refused is not None:
            raise self._error(self._refused)
        name = var.name
        if name in self.known:
            return self.known[name]
        if name not in self.unknown:
            return EMPTY
        # Declared since then: by a module that the work itself has imported.
        pairs = [(name, self.unknown[name])]
        crossing = declared.crossing[self._boundary.name]
        try:
            late = self._sorted_out(self._boundary, crossing, pairs, _decoded, None)
        except Refused as error:
            raise self._error(error.args) from None
        return late.known.get(name, EMPTY)

    def refusal(self) -> ContextRefused | None:
        """Return why none of it is believed, if so it is."""
        return None if self._refused is None else self._error(self._refused)

    def _error(self, refused: tuple[Any, ...]) -> ContextRefused:
        reason, detail = refused
        return ContextRefused(reason, self._boundary.name, detail)
