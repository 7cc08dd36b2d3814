"""A bridge to OpenTelemetry's baggage, for services that others have written.

Baggage is a header of the W3C's. It is not signed, and instrumented clients send it to
everybody they talk to: a Var crosses only if it is named here, and none that says who
somebody is. The headers themselves, and those of traces, are the business of the
propagators that the program has set in OpenTelemetry.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, unquote

from inscope._core.codecs import CODECS, Text
from inscope._core.declared import declared
from inscope._core.nothing import Missing
from inscope.errors import MissingExtraError, NotPortableError
from inscope.travel.arrival import (
    Refused,
    arrival_of,
    of_no_type,
    refused_arrival,
)
from inscope.travel.boundary import Boundary
from inscope.travel.payload import chosen
from inscope.travel.text import parsed, written

try:
    from opentelemetry import baggage, propagate
    from opentelemetry.context import Context, attach, detach, get_current
except ModuleNotFoundError as _error:
    raise MissingExtraError("opentelemetry-api", "opentelemetry") from _error

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, MutableMapping

    from inscope.travel.arrival import Arrival
    from inscope.var import Var

__all__ = ["Baggage"]

HTTP: Final = Boundary("http")


class Baggage:
    """Some Vars, and the entries of OpenTelemetry's baggage that they are.

    A string, ``UUID`` or ``datetime`` is an entry as it is; anything else is one as
    JSON. What is neither a letter, a digit nor one of ``_.-~`` is percent-encoded
    first: OpenTelemetry for Python does not read a blank or a plus sign as it was. What
    comes after a semicolon is a property, and no part of the value: also where others
    have percent-encoded the semicolon once, for OpenTelemetry gives it decoded.

    Args:
        *variables: Vars that travel to ``"http"``. An entry has the name of its Var.

    Raises:
        NotPortableError: One does not travel there, or says who somebody is.

    Example:
        >>> from inscope import Var
        >>> from inscope.travel.opentelemetry import Baggage
        >>> tenant = Var("tenant", wire=str, travels_to={"http"})
        >>> bridge, headers = Baggage(tenant), {}
        >>> with tenant.bind("acme"):
        ...     bridge.inject(headers)
        >>> headers["baggage"]
        'tenant=acme'
        >>> bridge.extract(headers).run(tenant.get)
        'acme'
    """

    def __init__(self, *variables: Var[Any]) -> None:
        entries = chosen(declared.crossing[HTTP.name], variables, HTTP)
        for name, entry in entries.items():
            if entry.declaration.identity:
                message = (
                    f"Var {name!r} says who somebody is, and baggage is not signed;"
                    " send it by inscope.travel.httpx"
                )
                raise NotPortableError(message, name)
        self._codecs: dict[str, Any] = {
            name: entry.declaration.codec for name, entry in entries.items()
        }
        self._variables = {variable.name: variable for variable in variables}

    def context(self, base: Context | None = None) -> Context:
        """Return OpenTelemetry's *base*, by default the present one, with the entries.

        Those of Vars with no value here are taken out.

        Raises:
            NotPortableError: A value is not of its Var's type, or is too large, alone
                or with the other entries: OpenTelemetry would leave it out.
        """
        sent: list[str] = []
        for name, codec in self._codecs.items():
            value = self._variables[name].get(Missing)
            if value is Missing:
                base = baggage.remove_baggage(name, base)
                continue
            try:
                data = codec.encode(value)
            except Exception as error:
                message = f"Var {name!r} cannot be sent as baggage: {error}"
                raise NotPortableError(message, name) from error
            text = data if _is_text(codec) else written(data)
            base = baggage.set_baggage(name, quote(text, safe=""), base)
            sent.append(name)
        if sent:
            _check_room(baggage.get_all(base), sent)
        return get_current() if base is None else base

    @contextmanager
    def outgoing(self) -> Generator[None]:
        """Let the present context of OpenTelemetry have the entries: ``with``.

        Instrumented clients send them then, to whomever they talk to in the block.
        """
        token = attach(self.context())
        try:
            yield
        finally:
            detach(token)

    def inject(self, headers: MutableMapping[str, str]) -> None:
        """Let OpenTelemetry write *headers*: the baggage, and those of the trace."""
        propagate.inject(headers, context=self.context())

    def arrival(self, context: Context | None = None) -> Arrival:
        """Return what the baggage of *context*, by default the present one, says.

        Entries that belong to no Var named here are passed over; one that is not of its
        Var's type makes the arrival refused.
        """
        pairs: list[tuple[str, Any]] = []
        try:
            for name, codec in self._codecs.items():
                entry = baggage.get_baggage(name, context)
                if entry is not None:
                    text = unquote(str(entry).partition(";")[0].rstrip())
                    pairs.append((name, _read(text, name, codec)))
            return arrival_of(pairs, HTTP)
        except Refused as error:
            return refused_arrival(HTTP, *error.args)

    def extract(self, headers: Mapping[str, str]) -> Arrival:
        """Return what *headers* say, as OpenTelemetry reads them."""
        # Without a context, some propagators return the present one if nothing came.
        return self.arrival(propagate.extract(headers, context=Context()))


MOST_ENTRIES: Final = 180
MOST_BYTES: Final = 8192
MOST_BYTES_OF_ONE: Final = 4096
"""The limits of the W3C, by which OpenTelemetry leaves out entries."""


def _check_room(entries: Mapping[str, object], sent: list[str]) -> None:
    """Raise if one of *sent* would be left out of *entries* as they are written."""
    number, total = 0, -1
    for name, value in entries.items():
        size = len(quote_plus(name)) + len("=") + len(quote_plus(str(value)))
        if size <= MOST_BYTES_OF_ONE:  # or it is left out, and takes no room
            number += 1
            total += len(",") + size
        elif name in sent:
            message = (
                f"Var {name!r} cannot be sent as baggage: its entry is {size} bytes,"
                f" and {MOST_BYTES_OF_ONE} are the limit; carry an id in its place"
            )
            raise NotPortableError(message, name)
        if name in sent and (number > MOST_ENTRIES or total > MOST_BYTES):
            message = (
                f"Var {name!r} cannot be sent as baggage: after {number - 1} other"
                f" entries there is no room, for {MOST_BYTES} bytes and"
                f" {MOST_ENTRIES} entries are the limit"
            )
            raise NotPortableError(message, name)


def _is_text(codec: Any) -> bool:
    """Tell whether *codec* writes every value as a string, which need not be JSON."""
    return codec is CODECS[str] or isinstance(codec, Text)


def _read(text: str, name: str, codec: Any) -> Any:
    """Return what *text* says, for *codec* to decode."""
    if _is_text(codec):
        return text
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        raise Refused("type", of_no_type(name, codec)) from None
