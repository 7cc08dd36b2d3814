"""A WSGI application without a framework.

Serve it: ``waitress-serve bare_wsgi:app``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greeting import SECRET, greet

from inscope.web import WSGI, g, request

if TYPE_CHECKING:
    from collections.abc import Iterable


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer every request."""
    g.visitor = request.args.get("name", "stranger")
    text = greet()  # before the response begins: it changes the session
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield text.encode()  # in the context of its request, though it is read later


app = WSGI(application, name="bare WSGI", secret_key=SECRET)
