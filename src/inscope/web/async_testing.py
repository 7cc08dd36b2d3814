"""A client for tests of ASGI applications, which asks without a server.

As ``testing.py`` has one for WSGI: within ``async with client:`` the context of the
last request stays open, and active in the test, until the next one or the end.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import Response

from inscope.web import asgi

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from inscope.scope.holding import Hold
    from inscope.web.context import AppContext

__all__ = ["AsyncClient"]

_taken: ContextVar[list[Hold[AppContext]]] = ContextVar("inscope.web.async_testing")
"""The holds that the request which is being sent has taken."""


class AsyncClient(httpx.AsyncClient):
    """httpx's client, for an :class:`ASGI` application.

    Args:
        app: The application.
        **kwargs: See ``httpx.AsyncClient``.
    """

    def __init__(self, app: asgi.ASGI, **kwargs: Any) -> None:
        self._app = app
        self._keeps = False
        self._kept: list[Hold[AppContext]] = []
        transport = httpx.ASGITransport(app=self._ask)
        kwargs.setdefault("base_url", "http://localhost")
        super().__init__(transport=transport, **kwargs)

    async def __aenter__(self) -> AsyncClient:
        if self._keeps:
            message = "Cannot nest client invocations"
            raise RuntimeError(message)
        await super().__aenter__()
        self._keeps = True
        return self

    async def __aexit__(self, *error: Any) -> None:
        self._keeps = False
        try:
            await self._drop(self._kept)
        finally:
            await super().__aexit__(*error)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Ask the application; keep its context, if this is within ``async with``."""
        await self._drop(self._kept)
        taken: list[Hold[AppContext]] = []
        token = _taken.set(taken)
        try:
            response = await super().send(request, **options)
        except BaseException:
            await self._drop(taken)
            raise
        finally:
            _taken.reset(token)
        for hold in taken:
            hold.activate()
        self._kept += taken
        return response

    @asynccontextmanager
    async def session_transaction(
        self, path: str = "/", **headers: str
    ) -> AsyncGenerator[Any]:
        """Open the session of this client, to be changed and kept for later requests.

        Args:
            path: Of the request that it belongs to.
            **headers: Its headers; see ``ASGI.test_request_context``.
        """
        app = self._app
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        context = app.test_request_context(path, cookie=cookies, **headers)
        opened = context.open_session()
        yield opened
        response = Response()
        app.sessions.save(app, opened, response)
        url = self.base_url.join(path)
        answer = httpx.Response(
            200, headers=response.raw_headers, request=httpx.Request("GET", url)
        )
        self.cookies.extract_cookies(answer)

    async def _ask(
        self, asgi_scope: asgi.Message, receive: asgi.Receive, send: asgi.Send
    ) -> None:
        if self._keeps:
            await self._drop(_taken.get())  # of the request that led on to this one
            asgi_scope[asgi.KEEP] = _keep
        await self._app(asgi_scope, receive, send)

    async def _drop(self, holds: list[Hold[AppContext]]) -> None:
        async with AsyncExitStack() as stack:
            while holds:
                stack.push_async_callback(holds.pop(0).arelease)


def _keep(context: AppContext) -> None:
    _taken.get().append(context.hold())
