"""The application: ``python -m uvicorn examples.cluster.web:app``.

.. code-block:: text

    request ─► ASGIMiddleware     what another service has signed, if it is one
               └─► SignIn         or who signs in
                   └─► report     finds out by the proxies, and sends a task
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from examples.cluster import tasks
from examples.cluster.context import (
    HTTP,
    current_tenant,
    current_user,
    log,
    tenant,
    user,
)
from inscope import ContextRefused, UnboundError
from inscope.travel.http import ASGIMiddleware

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


class SignIn:
    """Believes what a client says in ``Sign-In: ann@acme``; put your login here."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        given = Headers(scope=scope).get("sign-in")
        if given is not None:
            name, _, its_tenant = given.partition("@")
            with user.bind(name), tenant.bind(its_tenant):
                await self.application(scope, receive, send)
            return
        try:
            user.get()
        except (UnboundError, ContextRefused) as error:  # nobody; a forged header
            answer = PlainTextResponse(f"{type(error).__name__}\n", status_code=401)
            await answer(scope, receive, send)
            return
        await self.application(scope, receive, send)


def report(request: Request) -> JSONResponse:
    """Send the task; answer who saw what, here and there."""
    number = request.path_params["number"]
    log.getChild("view").info("report %d", number)
    seen = {"view": f"{current_user} of {current_tenant}"}
    seen |= tasks.report.delay(number).get(timeout=60)
    return JSONResponse(seen)


website = Starlette(routes=[Route("/report/{number:int}", report)])
app = ASGIMiddleware(SignIn(website), HTTP)
