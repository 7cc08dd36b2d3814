"""Declared values in one signed header: ``WSGIMiddleware`` and ``ASGIMiddleware``.

They take it out of the requests of services that have the same keys; ``httpx.py``
puts it in. A request without it, or with one that is not to be believed, begins with
none of these values, also on a worker where others have left theirs.
"""

from __future__ import annotations

import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from inscope.travel.arrival import load
from inscope.travel.boundary import boundary_of
from inscope.travel.entering import enter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
    from contextvars import Context

    from inscope.travel.arrival import Arrival
    from inscope.travel.boundary import Boundary

__all__ = ["HEADER", "ASGIMiddleware", "WSGIMiddleware"]

HEADER: Final = "Inscope-Context"
"""The header's name."""


class Middleware:
    """What the middlewares for WSGI and ASGI have in common.

    Args:
        application: The application inside.
        boundary: ``Boundary("http", keys=[…], max_age=…)``: anybody can send a header,
            so there must be keys.

    Raises:
        ValueError: The boundary has no keys.
    """

    def __init__(self, application: Any, boundary: Boundary) -> None:
        self.application = application
        self.boundary: Boundary = with_keys(boundary, type(self).__name__)

    def _arrived(self, headers: list[str]) -> Arrival:
        """Return what came in *headers*, the values of all of that name."""
        # Two cannot both be ours, and which one was meant cannot be told.
        text: Any = headers if len(headers) > 1 else "".join(headers)
        arrival = load(text, self.boundary)
        if arrival.refused is not None:
            _logger.warning("%s", arrival.refused)
        return arrival


class WSGIMiddleware(Middleware):
    """A WSGI application whose declared Vars have what a request's header says.

    The call, each step of the body and its end run in one copy of the server's context.

    Example:
        >>> from inscope import Var
        >>> from inscope.travel import Boundary
        >>> from inscope.travel.http import WSGIMiddleware
        >>> tenant = Var("tenant", default="-", wire=str, travels_to={"http"})
        >>> def application(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [tenant.get().encode()]
        >>> boundary = Boundary("http", keys=["a long random string"], max_age=60)
        >>> application = WSGIMiddleware(application, boundary)
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get(ENVIRON_NAME)
        arrival = self._arrived([] if given is None else [given])
        context = copy_context()
        context.run(enter, arrival.values)
        iterable = context.run(self.application, environ, start_response)
        if _is_of_server(environ, iterable):
            return iterable  # type: ignore[no-any-return]
        kind = SizedBody if isinstance(iterable, (list, tuple)) else Body
        return kind(context, iterable)


class ASGIMiddleware(Middleware):
    """An ASGI application whose declared Vars have what a request's header says.

    For ``http`` and ``websocket``, in the server's task; ``lifespan`` is passed on.
    """

    async def __call__(
        self,
        asgi_scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        if asgi_scope["type"] not in ("http", "websocket"):
            await self.application(asgi_scope, receive, send)
            return
        found = [value for name, value in asgi_scope["headers"] if name == ASGI_NAME]
        with self._arrived([value.decode("latin-1") for value in found]).entered():
            await self.application(asgi_scope, receive, send)


class Body:
    """The body of a response, in the context of its request."""

    def __init__(self, context: Context, iterable: Any) -> None:
        self._context = context
        self._iterable = iterable
        self._iterator: Any = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._iterator is None:
            self._iterator = self._context.run(iter, self._iterable)
        part: bytes = self._context.run(next, self._iterator)
        return part

    def close(self) -> None:
        """Close what the application returned."""
        close = getattr(self._iterable, "close", None)
        if close is not None:
            self._context.run(close)


class SizedBody(Body):
    """One of known length: a server then knows that of a single part."""

    def __len__(self) -> int:
        return len(self._iterable)


def _is_of_server(environ: dict[str, Any], iterable: object) -> bool:
    """Tell whether *iterable* is a file that the server itself reads."""
    kind = environ.get("wsgi.file_wrapper")
    return isinstance(kind, type) and isinstance(iterable, kind)


def with_keys(boundary: Boundary | str, name: str) -> Boundary:
    """Return *boundary*, which was given to *name*, if it has keys.

    Raises:
        ValueError: It has none.
    """
    boundary = boundary_of(boundary, name)
    if not boundary.is_signed:
        message = (
            f"{name}: anybody can send a header, so it must be signed:"
            f" Boundary({boundary.name!r}, keys=[…])"
        )
        raise ValueError(message)
    return boundary


ENVIRON_NAME: Final = "HTTP_" + HEADER.upper().replace("-", "_")
ASGI_NAME: Final = HEADER.lower().encode()

_logger = logging.getLogger("inscope.travel")
