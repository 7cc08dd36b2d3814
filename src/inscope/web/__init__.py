"""A context around each request: global names for the application and its request.

``WSGI`` and ``inscope.web.asgi.ASGI`` stand around any application; ``proxies.py`` has
the names that it imports. What happens in between is one scope: ``context.py``.
"""

from __future__ import annotations

from inscope.web import _requirements as _requirements
from inscope.web.app import App
from inscope.web.carrying import copy_current_request_context, stream_with_context
from inscope.web.context import AppContext, Globals
from inscope.web.proxies import (
    AppContextProxy,
    AppProxy,
    GlobalsProxy,
    RequestProxy,
    SessionProxy,
    after_this_request,
    app_ctx,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
)
from inscope.web.sessions import CookieSessions, Session, Sessions
from inscope.web.wsgi import WSGI

__all__ = [
    "WSGI",
    "App",
    "AppContext",
    "AppContextProxy",
    "AppProxy",
    "CookieSessions",
    "Globals",
    "GlobalsProxy",
    "RequestProxy",
    "Session",
    "SessionProxy",
    "Sessions",
    "after_this_request",
    "app_ctx",
    "copy_current_request_context",
    "current_app",
    "g",
    "has_app_context",
    "has_request_context",
    "request",
    "session",
    "stream_with_context",
]
