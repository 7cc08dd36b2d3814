"""A Starlette application.

Serve it: ``uvicorn with_starlette:app``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greeting import SECRET, greet
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from inscope.web import g
from inscope.web.asgi import ASGI, request

if TYPE_CHECKING:
    from starlette.requests import Request


async def hello(_: Request) -> PlainTextResponse:
    """Greet; the request that is passed is not needed."""
    g.visitor = request.query_params.get("name", "stranger")
    return PlainTextResponse(greet())


website = Starlette(routes=[Route("/", hello)])
app = ASGI(website, name="Starlette", secret_key=SECRET)
