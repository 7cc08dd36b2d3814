"""The language of the answer, by Flask-Babel."""

from __future__ import annotations

from flask import current_app, request, session
from flask_babel import Babel
from flask_login import current_user

babel = Babel()


def choose_language() -> str:
    """Return the language of the user, or the one that a visitor asks for."""
    if current_user.is_authenticated:
        return current_user.language
    languages = current_app.config["LANGUAGES"]
    if session.get("language") in languages:
        return session["language"]
    return request.accept_languages.best_match(languages) or languages[0]
