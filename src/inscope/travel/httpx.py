"""httpx's transports that send the declared values along, to services of one's own.

Decided for each hop: a redirect to another origin takes nothing along. A transport of
httpx's is what comes after the redirects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inscope.errors import MissingExtraError
from inscope.travel.http import HEADER, with_keys
from inscope.travel.payload import dump

try:
    import httpx
except ModuleNotFoundError as _error:
    raise MissingExtraError("httpx", "httpx") from _error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inscope.travel.boundary import Boundary

__all__ = ["AsyncTransport", "Transport"]


class Sending:
    """What the two transports have in common.

    Args:
        boundary: ``Boundary("http", keys=[…])``, with the keys of the services.
        to: The origins of the services, such as ``"https://billing.example"``: scheme,
            host, and the port if it is not the scheme's own.
        transport: What sends the requests; httpx's own by default.

    Raises:
        TypeError: *to* is no list of strings.
        ValueError: The boundary has no keys, or one of *to* is no origin.
    """

    def __init__(self, boundary: Boundary, to: Iterable[str], transport: Any) -> None:
        self.transport = transport
        self._boundary = with_keys(boundary, type(self).__name__)
        if isinstance(to, str):
            message = f"to=… takes a list of origins: [{to!r}]"
            raise TypeError(message)
        self._origins = frozenset([_origin(one) for one in to])

    def _prepared(self, request: httpx.Request) -> httpx.Request:
        """Return *request* with the values, or certainly without any."""
        names = [name for name in request.headers if name == HEADER.lower()]
        payload = None
        if _origin_of(request.url) in self._origins:
            payload = dump(self._boundary)
        if not names and not payload:
            return request
        headers = request.headers.copy()
        headers.pop(HEADER, None)
        if payload:
            headers[HEADER] = payload.text
        # A new one: the next hop's is made of the one that was given.
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions=request.extensions,
        )


class Transport(Sending, httpx.BaseTransport):
    """A transport for ``httpx.Client``.

    Example:
        >>> import httpx
        >>> from inscope import Var
        >>> from inscope.travel import Boundary
        >>> from inscope.travel.httpx import Transport
        >>> tenant = Var("tenant", wire=str, travels_to={"http"})
        >>> def answer(request):
        ...     has_it = "inscope-context" in request.headers
        ...     return httpx.Response(200, text=str(has_it))
        >>> transport = Transport(
        ...     Boundary("http", keys=["a long random string"]),
        ...     to=["https://billing.example"],
        ...     transport=httpx.MockTransport(answer),
        ... )
        >>> with tenant.bind("acme"), httpx.Client(transport=transport) as client:
        ...     client.get("https://billing.example/").text
        ...     client.get("https://elsewhere.example/").text
        'True'
        'False'
    """

    def __init__(
        self,
        boundary: Boundary,
        *,
        to: Iterable[str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(boundary, to, transport or httpx.HTTPTransport())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*."""
        response: httpx.Response = self.transport.handle_request(
            self._prepared(request)
        )
        return response

    def close(self) -> None:
        """Close the transport inside."""
        self.transport.close()


class AsyncTransport(Sending, httpx.AsyncBaseTransport):
    """The same for ``httpx.AsyncClient``."""

    def __init__(
        self,
        boundary: Boundary,
        *,
        to: Iterable[str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(boundary, to, transport or httpx.AsyncHTTPTransport())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*."""
        prepared = self._prepared(request)
        response: httpx.Response = await self.transport.handle_async_request(prepared)
        return response

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self.transport.aclose()


def _origin(text: str) -> tuple[str, str, int | None]:
    """Return the origin that *text* is."""
    url = httpx.URL(text)
    if (
        url.scheme not in PORTS
        or not url.host
        or url.path not in ("", "/")
        or url.query
    ):
        message = f"{text!r} is no origin; an example is 'https://billing.example:8443'"
        raise ValueError(message)
    return _origin_of(url)


def _origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or PORTS.get(url.scheme)


PORTS = {"http": 80, "https": 443}
