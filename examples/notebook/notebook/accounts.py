"""Who is who: register, log in, log out, by Flask-Login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext, lazy_gettext
from flask_login import LoginManager, login_user, logout_user
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from notebook.models import User, db, user_named

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

accounts = Blueprint("accounts", __name__)

login_manager = LoginManager()
login_manager.login_view = "accounts.login"
login_manager.login_message = lazy_gettext("Please log in first.")


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    """Return the user whom the session cookie names."""
    return db.session.get(User, int(user_id))


@accounts.get("/register")
def register_form() -> ResponseReturnValue:
    """Ask for a name and a password."""
    return render_template("account.html", title=gettext("Register"))


@accounts.post("/register")
def register() -> ResponseReturnValue:
    """Make a user of the visitor, who is logged in at once."""
    method = current_app.config["PASSWORD_METHOD"]
    language = request.form.get("language")
    user = User(
        name=request.form["name"],
        password_hash=generate_password_hash(request.form["password"], method),
        language=language if language in current_app.config["LANGUAGES"] else "en",
    )
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        flash(gettext("This name is taken."))
        return redirect(url_for("accounts.register_form"), 303)
    login_user(user)
    return redirect(url_for("pages.notes"), 303)


@accounts.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Log in, or ask for what that takes."""
    if request.method == "GET":
        return render_template("account.html", title=gettext("Log in"))
    user = user_named(request.form["name"])
    password = request.form["password"]
    if user is None or not check_password_hash(user.password_hash, password):
        flash(gettext("There is nobody of this name and password."))
        return redirect(url_for("accounts.login"), 303)
    login_user(user)
    return redirect(url_for("pages.notes"), 303)


@accounts.post("/logout")
def logout() -> ResponseReturnValue:
    """Log out; the language stays."""
    logout_user()
    flash(gettext("You are logged out."))
    return redirect(url_for("accounts.login"), 303)


@accounts.post("/language")
def set_language() -> ResponseReturnValue:
    """Remember the language that a visitor prefers."""
    session["language"] = request.form["language"]
    return redirect(url_for("accounts.login"), 303)
