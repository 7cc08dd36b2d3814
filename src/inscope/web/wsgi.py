"""``WSGI``: a context around each request of any WSGI application.

.. code-block:: text

    server ─► WSGI ─► the application          in one copy of the server's context:
              context opens                    the call, each step of the body, close()
              …
    server ─► body.close() ─► context closes   once, also if nobody began to read

PEP 3333 is the source of what servers and applications owe each other.
"""

from __future__ import annotations

import logging
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.sansio.response import Response
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from inscope.web.app import App

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextvars import Context

    from inscope.web.context import AppContext
    from inscope.web.testing import Client

__all__ = ["WSGI"]

KEEP = "inscope.web.keep_context"
"""What a test client has in the environ, to keep the context of its request."""


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
        context = copy_context()
        return context.run(self._answer, context, environ, start_response)

    def _answer(
        self, context: Context, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        scope = self._contexts(self, source=environ)
        scope.push()

        def begin(status: str, headers: list[Any], exc_info: Any = None) -> Any:
            if scope.changes_response:
                status, headers = self._finished(scope, status, headers)
            scope._is_answered = True
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)

        try:
            if KEEP in environ:
                environ[KEEP](scope)
            body: Iterable[bytes] = self.application(environ, begin)
        except BaseException as error:
            scope.pop(error)
            raise
        kind = SizedBody if isinstance(body, (list, tuple)) else Body
        return kind(context, scope, body)

    def request_context(self, environ: dict[str, Any]) -> AppContext:
        """Return a context for the request of *environ*, to be opened by ``with``."""
        return self._contexts(self, source=environ)

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


class Body:
    """The body of a response, each step of it in the context of the request.

    Closed once: by the server, or when the server drops it.
    """

    __slots__ = ("__weakref__", "_body", "_context", "_error", "_scope", "_steps")

    def __init__(
        self, context: Context, scope: AppContext, body: Iterable[bytes]
    ) -> None:
        self._context = context
        self._scope: AppContext | None = scope
        self._body = body
        self._steps: Iterator[bytes] | None = None
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._scope is None:
            raise StopIteration
        steps = self._steps
        try:
            if steps is None:
                steps = self._steps = self._context.run(iter, self._body)
            return self._context.run(next, steps)
        except StopIteration:
            raise
        except BaseException as error:
            self._error = error
            raise

    def close(self) -> None:
        """Close the body of the application, and then the context."""
        if self._scope is not None:
            self._context.run(self._close, self._scope)

    def _close(self, scope: AppContext) -> None:
        body, self._scope = self._body, None
        self._body, self._steps = (), None
        try:
            close: Any = getattr(body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            scope.pop(error)
            raise
        if "session" in scope._known:
            scope.note_late_changes()
        scope.pop(self._error)

    def __del__(self) -> None:
        if self._scope is None or sys.is_finalizing():
            return
        try:
            self.close()
        except BaseException:
            logging.getLogger("inscope.web").exception(
                "a response that nobody closed could not be closed"
            )


class SizedBody(Body):
    """A body of known length, from which servers tell the length of one chunk."""

    __slots__ = ("_length",)

    def __init__(self, context: Context, scope: AppContext, body: Any) -> None:
        super().__init__(context, scope, body)
        self._length = len(body)

    def __len__(self) -> int:
        return self._length
