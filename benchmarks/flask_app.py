"""A small Flask page, as a child process: with the drop-in under it, or without.

``python -m benchmarks.flask_app plain|dropin``: answers each line of input, a
number of requests, by the seconds that they took. With a number as a second
argument it makes so many requests and ends: that is for valgrind.
"""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN, DROPIN = "plain", "dropin"


def make_app() -> Any:
    """Return an application whose page does what pages do with the globals."""
    from flask import (
        Flask,
        current_app,
        g,
        redirect,
        render_template,
        request,
        session,
        url_for,
    )

    app = Flask("page")
    app.config.update(SECRET_KEY="for the bench", PAGE_TITLE="Orders", LIMIT=5)
    template = app.jinja_env.from_string(
        "<title>{{ config.PAGE_TITLE }}</title><p>{{ g.user }} {{ request.path }}"
        "{% for item in items %}<a href={{ url_for('item', number=item) }}>{{ item }}"
        "</a>{% endfor %}{{ session.visits }}"
    )

    @app.before_request
    def load_user() -> Any:
        g.user = session.get("user") or request.headers.get("X-User")
        g.orders = []
        return redirect(url_for("page")) if request.args.get("away") else None

    @app.route("/orders")
    def page() -> str:
        if request.method != "GET" or not g.user:
            return ""
        limit = min(current_app.config["LIMIT"], request.args.get("limit", 3, int))
        session["visits"] = session.get("visits", 0) + 1
        for number in range(limit):
            if number not in g.orders:
                g.orders.append(number)
        current_app.logger.debug("page of %s", g.user)
        return render_template(template, items=g.orders)

    @app.route("/orders/<int:number>")
    def item(number: int) -> str:
        return f"{g.user} {number}"

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Path"] = request.path
        return response

    return app


ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/orders",
    "QUERY_STRING": "limit=4",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "localhost",
    "HTTP_X_USER": "ann",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def requester(app: Any) -> Callable[[], bytes]:
    """Return a function that makes a request as a WSGI server does."""
    statuses: list[str] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        statuses[:] = [status]

    def make_request() -> bytes:
        body = app({**ENVIRON, "wsgi.input": io.BytesIO()}, start_response)
        try:
            content = b"".join(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        if statuses != ["200 OK"] or b"ann /orders" not in content:
            message = f"the page answered {statuses}: {content!r}"
            raise AssertionError(message)
        return content

    return make_request


def main(kind: str, number: int | None = None) -> None:
    """Serve as the child process that the bench asks."""
    if kind == DROPIN:
        from inscope import dropin

        dropin.install()
    make_request = requester(make_app())
    if number is not None:
        for _ in range(number):
            make_request()
        return
    for _ in range(20):
        make_request()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            make_request()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
