"""A FastAPI application, whose plain functions run on threads.

Serve it: ``uvicorn with_fastapi:app``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from greeting import SECRET, greet

from inscope.web import g
from inscope.web.asgi import ASGI

website = FastAPI()


@website.get("/", response_class=PlainTextResponse)
def hello(name: str = "stranger") -> str:
    """Greet, on a thread of FastAPI's, which has the context of the request."""
    g.visitor = name
    return greet()


app = ASGI(website, name="FastAPI", secret_key=SECRET)
