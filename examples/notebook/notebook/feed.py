"""The feed, in Quart: the notes of whoever the website's session cookie names.

The feed shares the website's models, translations and database. Those are not
asynchronous, so they are used in a thread, in a context of the website's.
"""

from __future__ import annotations

import asyncio
import functools
import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask_babel import force_locale, gettext
from quart import (
    Quart,
    Response,
    abort,
    current_app,
    g,
    request,
    session,
    stream_with_context,
)
from quart.utils import run_sync
from werkzeug.local import LocalProxy

from notebook import settings
from notebook.models import Note, User, db, notes_of
from notebook.pages import LOOK_SECONDS
from notebook.website import create_app as create_website
from notebook.who import libraries, worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from quart.typing import ResponseReturnValue

P = ParamSpec("P")
R = TypeVar("R")

_user: ContextVar[User] = ContextVar("notebook.user")
current_user = LocalProxy(_user, unbound_message="nobody is logged in")
language = LocalProxy(_user, "language")

website = create_website()


def create_app() -> Quart:
    """Return the feed, configured as the website is."""
    app = Quart("notebook")
    app.config.from_object(settings)
    app.config.from_prefixed_env("NOTEBOOK")
    app.before_request(recognise_user)
    app.add_url_rule("/who", view_func=who)
    app.add_url_rule("/notes", view_func=notes)
    app.add_url_rule("/stream", view_func=stream)
    return app


def chosen_language() -> str:
    """Return the user's language, and the first one for a stranger."""
    return str(language) if current_user else settings.LANGUAGES[0]


def in_website(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Have *function* run in a thread, in a context and the user's language."""

    @run_sync
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with website.app_context(), force_locale(chosen_language()):
            return function(*args, **kwargs)

    return run


@in_website
def find_user(user_id: str) -> User | None:
    """Return the user of that number."""
    return db.session.get(User, int(user_id))


@in_website
def find_notes(after: int) -> list[Note]:
    """Return the user's notes above that number."""
    return notes_of(current_user, after)


@in_website
def greet() -> str:
    """Return a greeting in the user's language."""
    name = current_user.name if current_user else gettext("stranger")
    return gettext("Hello %(name)s", name=name)


async def recognise_user() -> None:
    """Take the user from the website's session cookie."""
    g.request_id = request.headers.get("X-Request-ID")
    g.left_behind = [current_user.name] if current_user else []
    user = await find_user(session.get("_user_id", "0"))
    if user is not None:
        _user.set(user)
    elif request.endpoint != "who":
        abort(401)


async def who() -> ResponseReturnValue:
    """Tell who is asking, as each part of the application sees it."""
    return {
        "user": current_user.name if current_user else None,
        "language": chosen_language(),
        "greeting": await greet(),
        "request_id": g.request_id,
        "left_behind": g.left_behind,
        "worker": worker(),
        "proxies": libraries(
            current_user=current_user,
            current_app=current_app,
            g=g,
            request=request,
            session=session,
        ),
    }


async def notes() -> ResponseReturnValue:
    """Send the user's notes, and whose they were before and after each wait."""
    names = [current_user.name]
    found = await find_notes(0)
    names.append(current_user.name)
    await asyncio.sleep(0)
    names.append(current_user.name)
    return {"names": names, "notes": [note.text for note in found]}


async def stream() -> ResponseReturnValue:
    """Send the user's notes as they are written, as server-sent events.

    It ends after ``?notes=`` of them.
    """
    wanted = request.args.get("notes", default=1, type=int)
    events = stream_with_context(_events)(wanted)
    response = Response(events, mimetype="text/event-stream")
    response.timeout = None  # a note may take its time
    return response


async def _events(wanted: int) -> AsyncIterator[str]:
    """Yield a greeting and *wanted* notes; waits for those not yet written."""
    yield _event(greeting=await greet())
    last = sent = 0
    while sent < wanted:
        for note in (await find_notes(last))[: wanted - sent]:
            sent, last = sent + 1, note.id
            yield _event(
                request_id=request.headers.get("X-Request-ID"),
                user=current_user.name,
                language=str(language),
                text=note.text,
            )
        await asyncio.sleep(LOOK_SECONDS)


def _event(**content: str | None) -> str:
    return f"data: {json.dumps(content)}\n\n"
