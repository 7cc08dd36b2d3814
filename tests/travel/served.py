"""A WSGI application that leaves values on its worker: servers of the tests load it.

A request is told what it finds, and then sets all of it to the name in its query. Each
path is served by one of the ways in which inscope takes an application; what the server
itself keeps is looked at, and left behind, outside of all of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from inscope import CORE, Local, LocalManager, Scope, Var
from inscope.travel import Boundary
from inscope.travel.http import WSGIMiddleware
from inscope.web import g
from inscope.web.wsgi import WSGI

BOUNDARY = Boundary("http", keys=[os.environ.get("TEST_KEY", "a key")], max_age=60)

plain: ContextVar[str] = ContextVar("plain", default="nobody")
user = Var("served.user", wire=str, travels_to={"http"}, identity=True)
stays: Var[str] = Var("served.stays")
local = Local()


class Request(Scope):
    """What a view would have of its own."""

    user = "nobody"


def _told(found: Any, environ: dict[str, Any]) -> Iterator[bytes]:
    """Say what was found: the body of an answer, in two parts."""
    text = json.dumps([environ["served.plain"], environ["served.stays"], found, CORE])
    yield text[:5].encode()
    yield text[5:].encode()


def by_travel(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Tell whose request it is, by the header."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from _told(user.get("nobody"), environ)
    user.set(environ["QUERY_STRING"])
    stays.set(environ["QUERY_STRING"])


def by_web(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """The same, by ``g``."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from _told(g.get("user", "nobody"), environ)
    g.user = environ["QUERY_STRING"]
    stays.set(environ["QUERY_STRING"])


def by_manager(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """The same, by a ``Local`` that is cleaned."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from _told(getattr(local, "user", "nobody"), environ)
    local.user = environ["QUERY_STRING"]


def by_scope(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The same, by a scope around the call."""
    with Request():
        start_response("200 OK", [("Content-Type", "text/plain")])
        body = [*_told(Request.current().user, environ)]
        Request.current().user = environ["QUERY_STRING"]
    return body


WAYS: dict[str, Any] = {
    "/travel": WSGIMiddleware(by_travel, BOUNDARY),
    "/web": WSGI(by_web),
    "/manager": LocalManager([local]).make_middleware(by_manager),
    "/scope": by_scope,
}


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Serve a request by the way that its path says."""
    environ["served.plain"] = plain.get()
    environ["served.stays"] = stays.get("nobody")
    plain.set(environ["QUERY_STRING"])
    user.set("of the worker")
    return WAYS[environ["PATH_INFO"]](environ, start_response)
