"""A client for tests of WSGI applications, which asks without a server.

Within ``with client:`` the context of the last request stays open, and active in the
test, until the next one or the end of the block. It closes once.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client as WerkzeugClient
from werkzeug.wrappers import Response

from inscope.web import wsgi

if TYPE_CHECKING:
    from collections.abc import Generator

    from inscope.scope.holding import Hold
    from inscope.web.context import AppContext

__all__ = ["Client"]


class Client(WerkzeugClient):
    """werkzeug's client for tests, for a :class:`WSGI` application.

    Args:
        app: The application.
        **kwargs: See ``werkzeug.test.Client``.
    """

    application: wsgi.WSGI

    def __init__(self, app: wsgi.WSGI, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._keeps = False
        self._kept: list[Hold[AppContext]] = []

    def __enter__(self) -> Client:
        if self._keeps:
            message = "Cannot nest client invocations"
            raise RuntimeError(message)
        self._keeps = True
        return self

    def __exit__(self, *_: object) -> None:
        self._keeps = False
        self._drop()

    def run_wsgi_app(self, environ: dict[str, Any], buffered: bool = False) -> Any:
        """Ask the application; keep its context, if this is within ``with``."""
        self._drop()
        holds: list[Hold[AppContext]] = []

        def keep(context: AppContext) -> None:
            holds.append(context.hold())

        if not self._keeps:
            return super().run_wsgi_app(environ, buffered=buffered)
        environ[wsgi.KEEP] = keep
        try:  # read to the end, so that nothing but the hold keeps the context open
            answer = super().run_wsgi_app(environ, buffered=True)
        except BaseException:
            for hold in reversed(holds):
                hold.release()
            raise
        for hold in holds:
            hold.activate()
        self._kept = holds
        return answer

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Generator[Any]:
        """Open the session of this client, to be changed and kept for later requests.

        Args:
            *args: What the request that it belongs to is like; see
                ``test_request_context``.
            **kwargs: The same, by name.

        Raises:
            TypeError: The client keeps no cookies.

        Example:
            >>> from inscope.web import WSGI, session
            >>> def tell(environ, start_response):
            ...     start_response("200 OK", [])
            ...     return [session["name"].encode()]
            >>> client = WSGI(tell, secret_key="of the example").test_client()
            >>> with client.session_transaction() as kept:
            ...     kept["name"] = "ann"
            >>> client.get("/").text
            'ann'
        """
        if self._cookies is None:
            message = "cookies are disabled; make the client with use_cookies=True"
            raise TypeError(message)
        app = self.application
        context = app.test_request_context(*args, **kwargs)
        self._add_cookies_to_wsgi(context._source)
        opened = context.open_session()
        yield opened
        response = Response()
        app.sessions.save(app, opened, response)
        cookies = response.headers.getlist("Set-Cookie")
        host, path = context.request.host.partition(":")[0], context.request.path
        self._update_cookies_from_response(host, path, cookies)

    def _drop(self) -> None:
        kept, self._kept = self._kept, []
        with ExitStack() as stack:
            for hold in kept:
                stack.callback(hold.release)
