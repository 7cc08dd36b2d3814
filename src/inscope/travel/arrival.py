"""``load``: what ``dump`` wrote, as an otherwise empty context.

It never raises for what came: most engines log what their hooks raise, and run the task
all the same. What must not be believed makes an arrival that is refused, in which each
read of a Var that could have come says so.
"""

from __future__ import annotations

from contextvars import Context
from time import time
from typing import TYPE_CHECKING, Any, Final, cast

from inscope._core.arrival import ARRIVED
from inscope._core.codecs import is_exactly
from inscope._core.declared import declared
from inscope._core.nothing import EMPTY
from inscope.carry.snapshot import Snapshot
from inscope.errors import ContextRefused
from inscope.travel.boundary import boundary_of
from inscope.travel.entering import Entering
from inscope.travel.payload import VERSION, Payload
from inscope.travel.text import shaped

if TYPE_CHECKING:
    from inscope._core.declared import Declaration
    from inscope.travel.boundary import Boundary

__all__ = ["Arrival", "load"]


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
        known, data = self.values.known, self.values.data
        return tuple([name for name in data if name not in known])

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


class Refused(Exception):  # noqa: N818  # seen in here alone
    """What came cannot be believed, for this reason."""


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
    boundary = boundary_of(boundary, "load")
    data: dict[str, Any] = {}
    known: dict[str, Any] = {}
    refused = None
    try:
        text = _text(payload, boundary)
        if text:
            data = _read(text, boundary)
            known = _decoded(data, boundary)
    except Refused as error:
        refused = error.args
        data, known = {}, {}
    values = Values(boundary, data, known, refused)
    context = Context()
    context.run(ARRIVED.set, values)
    return Arrival(context)


def _text(payload: object, boundary: Boundary) -> str:
    """Return the text that *payload* is, without the signature that it must have."""
    text: object = payload.text if isinstance(payload, Payload) else payload
    if text is None:
        return ""
    if not isinstance(text, (str, bytes)):
        raise Refused("malformed", f"a {type(text).__name__} is no payload")
    if not text:
        return ""
    if len(text) > boundary.limit:
        detail = f"it has {len(text)} bytes, and {boundary.limit} are the limit"
        raise Refused("size", detail)
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    if not text.isascii():
        raise Refused("malformed", "it is not ASCII")
    is_signed = not text.endswith("]")
    if not boundary.is_signed:
        if is_signed and text.startswith("["):
            detail = "it is signed, and there is no key here to tell by whom: keys=[…]"
            raise Refused("signature", detail)
        return text
    if not is_signed:
        raise Refused("unsigned", "it is not signed, and there are keys here")
    plain = boundary.unsigned(text)
    if plain is None:
        raise Refused("signature", "none of the keys here has signed it as it is")
    return plain


def _read(text: str, boundary: Boundary) -> dict[str, Any]:
    """Return the values of *text* by their names, as they were written."""
    try:
        envelope, is_certain = shaped(text)
    except (ValueError, RecursionError):
        raise Refused("malformed", MALFORMED) from None
    if not is_certain:
        _check_shape(envelope)
    version, audience, sent, pairs = envelope
    if version != VERSION:
        raise _of_version(version)
    data: dict[str, Any] = dict(pairs)
    if len(data) != len(pairs):  # a name is there twice
        raise Refused("malformed", MALFORMED)
    if audience != boundary.audience:
        raise Refused("audience", f"it is not for {boundary.audience!r}")
    if boundary.max_age is None:
        return data
    age = int(time()) - sent
    if age < -boundary.leeway:
        raise Refused("future", f"it was sent {-age} s from now, by its own time")
    if age > boundary.max_age:
        detail = f"it was sent {age} s ago, and {boundary.max_age} are the limit"
        raise Refused("expired", detail)
    return data


def _check_shape(envelope: Any) -> None:
    """Raise unless *envelope* is one of this version."""
    if not is_exactly(envelope, list) or [*map(type, envelope[:1])] != [int]:
        raise Refused("malformed", MALFORMED)
    if envelope[0] != VERSION:
        raise _of_version(envelope[0])
    kinds = [str, int, list]
    if [*map(type, envelope[1:])] != kinds or not all(map(_is_pair, envelope[3])):
        raise Refused("malformed", MALFORMED)


def _is_pair(pair: Any) -> bool:
    """Tell whether *pair* is one of a name and a value."""
    return is_exactly(pair, list) and len(pair) == 2 and is_exactly(pair[0], str)


def _of_version(version: int) -> Refused:
    return Refused(
        "version", f"it is of version {version!r:.20}, and here is {VERSION}"
    )


def _decoded(data: dict[str, Any], boundary: Boundary) -> dict[str, Any]:
    """Return those of *data* that are known here, as values."""
    crossing = declared.crossing(boundary.name)
    known: dict[str, Any] = {}
    for name, written in data.items():
        entry = crossing.get(name)
        if entry is None:
            if boundary.strict:
                detail = f"there is no Var {name!r:.80} here that travels so"
                raise Refused("names", detail)
            continue
        _, _, decode, identity, declaration, _ = entry
        if identity and not boundary.takes_identity:
            detail = f"Var {name!r} says who somebody is, and nothing here is signed"
            raise Refused("identity", detail)
        try:
            known[name] = decode(written)
        except Exception:  # of any codec, and the data may be anything
            detail = f"the value of Var {name!r} is no {declaration.codec!r}"
            raise Refused("type", detail) from None
    return known


class Values:
    """What ``ARRIVED`` holds: the values that came."""

    __slots__ = ("_boundary", "_refused", "data", "known")

    def __init__(
        self,
        boundary: Boundary,
        data: dict[str, Any],
        known: dict[str, Any],
        refused: tuple[Any, ...] | None,
    ) -> None:
        self._boundary: Boundary = boundary
        self.data: dict[str, Any] = data
        self.known: dict[str, Any] = known
        self._refused = refused

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
        if name not in self.data:
            return EMPTY
        # Declared since then: by a module that the work itself has imported.
        try:
            return _decoded({name: self.data[name]}, self._boundary).get(name, EMPTY)
        except Refused as error:
            raise self._error(error.args) from None

    def refusal(self) -> ContextRefused | None:
        """Return why none of it is believed, if so it is."""
        return None if self._refused is None else self._error(self._refused)

    def _error(self, refused: tuple[Any, ...]) -> ContextRefused:
        reason, detail = refused
        return ContextRefused(reason, self._boundary.name, detail)
