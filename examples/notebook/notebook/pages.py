"""The pages: notes are read, written, and followed as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    stream_with_context,
    url_for,
)
from flask_babel import get_locale, gettext
from flask_login import current_user, login_required

from notebook.models import Note, db, notes_of
from notebook.trail import LEFT_BEHIND, request_id
from notebook.who import libraries, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

LOOK_SECONDS = 0.05

pages = Blueprint("pages", __name__)


@pages.before_app_request
def note_request() -> None:
    """Keep the number of the request where views look for it."""
    g.request_id = str(request_id)


@pages.get("/")
@login_required
def notes() -> ResponseReturnValue:
    """Show the user's notes."""
    return render_template("notes.html", notes=notes_of(current_user))


@pages.post("/notes")
@login_required
def write() -> ResponseReturnValue:
    """Write a note."""
    db.session.add(Note(user_id=current_user.id, text=request.form["text"]))
    db.session.commit()
    return redirect(url_for("pages.notes"), 303)


@pages.get("/follow")
@login_required
def follow() -> ResponseReturnValue:
    """Send the user's notes as they are written, up to ``?notes=`` of them."""
    wanted = request.args.get("notes", default=1, type=int)
    return Response(stream_with_context(_lines(wanted)), mimetype="text/plain")


def _lines(wanted: int) -> Iterator[str]:
    """Yield a heading and *wanted* notes; waits for those not yet written."""
    yield gettext("Notebook of %(name)s", name=current_user.name) + "\n"
    last = sent = 0
    while sent < wanted:
        for note in notes_of(current_user, after=last)[: wanted - sent]:
            sent, last = sent + 1, note.id
            yield f"{request_id} {current_user.name} {get_locale()}: {note.text}\n"
        db.session.rollback()  # lets go of the database meanwhile
        time.sleep(LOOK_SECONDS)


@pages.get("/who")
def who() -> ResponseReturnValue:
    """Tell who is asking, as each part of the application sees it."""
    name = current_user.name if current_user.is_authenticated else None
    return {
        "user": name,
        "language": str(get_locale()),
        "greeting": gettext("Hello %(name)s", name=name or gettext("stranger")),
        "request_id": g.request_id,
        "logged_as": str(request_id),
        "left_behind": request.environ[LEFT_BEHIND],
        "worker": worker(),
        "proxies": libraries(
            current_user=current_user,
            current_app=current_app,
            g=g,
            request=request,
            request_id=request_id,
            session=session,
        ),
    }


@pages.get("/fail")
@login_required
def fail() -> ResponseReturnValue:
    """Fail in the middle of the work, to see what remains of it."""
    db.session.add(Note(user_id=current_user.id, text="half written"))
    db.session.flush()
    g.half_done = True
    message = f"this page fails for {current_user.name}"
    raise ZeroDivisionError(message)
