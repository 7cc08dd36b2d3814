"""Flask on inscope, by one line in the program, before Flask is imported.

Run it: ``python one_line_flask.py``. Or serve it: ``gunicorn one_line_flask:app``.
"""

from __future__ import annotations

import inscope.dropin

inscope.dropin.install()

from flask import Flask, g, request  # noqa: E402  (werkzeug after inscope)

app = Flask(__name__)


@app.before_request
def note_user() -> None:
    """Keep who is asking where everything that the request calls can see it."""
    g.user = request.args.get("user", "stranger")


@app.get("/")
def hello() -> str:
    """Greet whoever is asking."""
    return f"hello {g.user}, from {type(g).__module__}"


if __name__ == "__main__":
    client = app.test_client()
    print(client.get("/?user=ann").text)
    print(client.get("/").text)
