"""A Flask application, in a context of inscope's around Flask's own.

Serve it: ``waitress-serve with_flask:app``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

import flask
from greeting import SECRET, greet

from inscope.web import WSGI, g, request

website = flask.Flask(__name__)


@website.get("/")
def hello() -> str:
    """Greet: Flask's request and inscope's are of the same environ."""
    assert flask.request.path == request.path
    g.visitor = request.args.get("name", "stranger")
    return greet()


app = WSGI(website, name="Flask", secret_key=SECRET)
