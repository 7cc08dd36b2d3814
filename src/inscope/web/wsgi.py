"""``WSGI``: a context around each request of any WSGI application.

.. code-block:: text

    server ─► WSGI ─► the application          in one copy of the server's context:
              context opens                    the call, each step of the body, close()
              …
    server ─► body.close() ─► context closes   once, also if nobody began to read

PEP 3333 is the source of what servers and applications owe each other.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.sansio.response import Response
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from inscope._core import iterate_in_scope
from inscope.web.app import App

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inscope.web.context import AppContext
    from inscope.web.testing import Client

__all__ = ["WSGI"]

KEEP = "inscope.web.keep_context"
"""What a test client has in the environ, to keep the context of its request."""


def begin_response(
    of: tuple[WSGI, AppContext, Any],
    status: str,
    headers: list[Any],
    exc_info: Any = None,
) -> Any:
    """Begin a response: what an application gets for ``start_response``.

    Args:
        of: The application, the context, and what the server gave.
        status: As the application says.
        headers: The same.
        exc_info: The same, if the application failed.
    """
    app, scope, start_response = of
    if (scope._known or scope._after) and scope.changes_response:
        status, headers = app._finished(scope, status, headers)
    scope._is_answered = True
    if exc_info is None:
        return start_response(status, headers)
    return start_response(status, headers, exc_info)


class WSGI(App):
    """A WSGI application with a context around each request.

    Args:
        application: Any WSGI application.
        **settings: See :class:`App`.

    Example:
        >>> from inscope.web import WSGI, request
        >>> def hello(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [f"hello from {request.path}".encode()]
        >>> app = WSGI(hello)
        >>> app.test_client().get("/here").text
        'hello from /here'
    """

    request_class: type[Request] = Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        scope = self._contexts(self, environ)
        # A method of a tuple costs half of what a function in here would.
        begin = MethodType(begin_response, (self, scope, start_response))
        call = self.application if KEEP not in environ else self._call_kept
        return iterate_in_scope(scope, call, environ, begin)

    def _call_kept(self, environ: dict[str, Any], begin: Any) -> Any:
        environ[KEEP](self.context_class.current())
        return self.application(environ, begin)

    def request_context(self, environ: dict[str, Any]) -> AppContext:
        """Return a context for the request of *environ*, to be opened by ``with``."""
        return self._contexts(self, environ)

    def test_request_context(self, *args: Any, **kwargs: Any) -> AppContext:
        """Return a context for a made-up request; arguments as ``EnvironBuilder``'s.

        Example:
            >>> from inscope.web import WSGI, request
            >>> app = WSGI(lambda environ, start_response: [])
            >>> with app.test_request_context("/?name=ann"):
            ...     request.args["name"]
            'ann'
        """
        builder = EnvironBuilder(*args, **kwargs)
        try:
            return self.request_context(builder.get_environ())
        finally:
            builder.close()

    def test_client(self, **kwargs: Any) -> Client:
        """Return a client for tests, which asks without a server.

        In ``with app.test_client() as client:`` the context of the last request stays
        open, to look at, until the next request or the end of the block.
        """
        from inscope.web.testing import Client

        return Client(self, **kwargs)

    def make_request(self, source: dict[str, Any]) -> Request:
        """Return the request made from the environ *source*."""
        return self.request_class(source)

    def _finished(
        self, scope: AppContext, status: str, headers: list[Any]
    ) -> tuple[str, list[Any]]:
        """Let what waits for the response change it; save the session."""
        response: Any = Response(status=status)
        response.headers = Headers(headers)  # as they are: with nothing by default
        functions, scope._after = scope._after or (), None
        for function in functions:
            response = self.ensure_sync(function)(response) or response
        scope.save_session(response)
        return response.status, response.headers.to_wsgi_list()
