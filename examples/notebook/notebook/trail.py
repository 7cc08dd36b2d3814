"""Which request a line of the log is about.

The number of the request is noted around the whole application, so that lines
have it also before Flask has made a context and after it has dropped it. The
note is werkzeug's ``Local``, released by a ``LocalManager`` at the end.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from flask import has_app_context
from flask_login import current_user
from werkzeug.local import Local, LocalManager

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "HTTP_X_REQUEST_ID"
LEFT_BEHIND = "notebook.left_behind"

trail = Local()
request_id = trail("request_id")
manager = LocalManager([trail])


def with_trail(application: WSGIApplication) -> WSGIApplication:
    """Return *application* with each request's number noted while it runs."""

    def noted(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        environ[LEFT_BEHIND] = left_behind()
        trail.request_id = environ.get(HEADER) or uuid.uuid4().hex
        return application(environ, start_response)

    return manager.make_middleware(noted)


def left_behind() -> list[str]:
    """Return what an earlier request has left on this worker: nothing, one hopes."""
    return [name for name, _ in trail] + ["a context"] * has_app_context()


class TrailFilter(logging.Filter):
    """Adds the request and the user to each line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill in what ``FORMAT`` needs."""
        record.request_id = getattr(trail, "request_id", "-")
        record.user = current_user.name if current_user else "-"
        return True


FORMAT = "%(levelname)s [request %(request_id)s, user %(user)s] %(message)s"
