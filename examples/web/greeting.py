"""What all applications of this folder do: they greet, and count the visits.

Nothing is passed to it. The names stand for what belongs to the request that is being
answered, by whichever framework and server it came.
"""

from __future__ import annotations

from inscope.web import current_app, g, session

SECRET = "a secret key is long, random, and not in the source"


def greet() -> str:
    """Greet the visitor whose name is in ``g``, and count in the session."""
    session["visits"] = session.get("visits", 0) + 1
    return f"hello {g.visitor}, visit {session['visits']}, by {current_app.name}"
