"""The website, in Flask: ``create_app()``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Flask, Response
from flask.logging import default_handler
from flask_babel import get_locale, gettext
from flask_login import current_user

from notebook import settings
from notebook.accounts import accounts, login_manager
from notebook.languages import babel, choose_language
from notebook.models import db
from notebook.pages import pages
from notebook.trail import FORMAT, TrailFilter, with_trail
from notebook.who import worker

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return the website, configured by ``settings`` and the environment."""
    app = Flask("notebook")
    app.config.from_object(settings)
    app.config.from_prefixed_env("NOTEBOOK")
    db.init_app(app)
    login_manager.init_app(app)
    babel.init_app(app, locale_selector=choose_language)
    app.jinja_env.globals["get_locale"] = get_locale
    app.register_blueprint(accounts)
    app.register_blueprint(pages)
    app.register_error_handler(500, apologise)
    app.after_request(name_worker)
    app.cli.command("create-tables")(db.create_all)
    log_with_trail(app)
    app.wsgi_app = with_trail(app.wsgi_app)
    return app


def apologise(_: Exception) -> ResponseReturnValue:
    """Tell the user, by name and in their language, that we failed."""
    return gettext("Sorry, %(name)s, this failed.", name=current_user.name), 500


def name_worker(response: Response) -> Response:
    """Say in a header who answered."""
    response.headers["X-Worker"] = worker()
    return response


def log_with_trail(app: Flask) -> None:
    """Have the lines of the log name the request and the user."""
    default_handler.setFormatter(logging.Formatter(FORMAT))
    default_handler.addFilter(TrailFilter())
    app.logger.addHandler(default_handler)
