"""Sessions: what a visitor's browser keeps from one request to the next.

``CookieSessions`` keeps them in a signed cookie, by itsdangerous; whoever keeps them
elsewhere derives from ``Sessions``. A cookie that is not ours, or not any more, makes
an empty session and one line in the log, which does not quote it.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict
from werkzeug.http import dump_cookie

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from inscope.web.app import App

    Key: TypeAlias = str | bytes

__all__ = ["CookieSessions", "NoSessions", "Session", "Sessions"]

SALT = "inscope.web.session"
LONGEST = 4093
"""Browsers keep no longer cookie, its name and its attributes included."""

_logger = logging.getLogger("inscope.web")


class Session(CallbackDict[str, Any]):
    """A dictionary that knows whether it was looked at and changed.

    Values that are changed inside, as a list is by ``append``, are not noticed: set
    ``session.modified = True`` then.

    Attributes:
        accessed: Whether ``session`` was used in this request.
        changes: How often something was set or deleted.
        is_new: Whether the request came without a session.
        permanent: Whether the browser keeps it when it is closed; kept with it.
    """

    def __init__(self, initial: Any = None, *, is_new: bool = True) -> None:
        super().__init__(initial or {}, _note_change)
        self.accessed: bool = False
        self.changes: int = 0
        self.is_new: bool = is_new

    @property
    def modified(self) -> bool:
        """Whether something was set or deleted, or this was set."""
        return self.changes > 0

    @modified.setter
    def modified(self, value: bool) -> None:
        self.changes = self.changes + 1 if value else 0

    @property
    def permanent(self) -> bool:
        """Whether the browser keeps it when it is closed."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


def _note_change(session: CallbackDict[str, Any]) -> None:
    assert isinstance(session, Session)
    session.changes += 1


class _ClosedSession(Session):
    """The session of an application without sessions: it cannot be written."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        message = (
            "the session is unavailable because no secret key was set. Give the"
            " application a 'secret_key' that is long, random and kept secret"
        )
        raise RuntimeError(message)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = update = setdefault = _refuse


class Sessions:
    """Where sessions come from and go to.

    Derive from it, and from ``Session`` for what ``open`` returns: that needs to be a
    mapping with the attribute ``accessed``.
    """

    def open(self, app: App, request: Any) -> Any:
        """Return the session of *request*; called when it is first used.

        Args:
            app: The application.
            request: Its request.
        """
        raise NotImplementedError

    def save(self, app: App, session: Any, response: Any) -> None:
        """Keep *session*; called before the response begins, if it was opened.

        Args:
            app: The application.
            session: What ``open`` returned.
            response: Its headers can still be changed, and cookies set.
        """
        raise NotImplementedError


class NoSessions(Sessions):
    """For an application without a secret key: an empty session, read only."""

    def open(self, app: App, request: Any) -> Session:
        return _ClosedSession()

    def save(self, app: App, session: Any, response: Any) -> None:
        """Keep nothing: nothing can be in it."""


class CookieSessions(Sessions):
    """Sessions in a cookie that can be read by whoever has it, but not written.

    Args:
        secret_key: Signs them; of several, the last signs and all are accepted.
        name: The name of the cookie.
        lifetime: For how long a session is accepted, and a permanent one kept.
        path: Where the browser sends it.
        domain: To which hosts; by default, to this one alone.
        secure: Whether only by HTTPS.
        httponly: Whether scripts of the page cannot read it.
        samesite: ``"Lax"``, ``"Strict"`` or ``"None"``: with which requests of other
            pages it is sent.

    Raises:
        ValueError: The key is empty.
    """

    def __init__(
        self,
        secret_key: Key | Sequence[Key],
        *,
        name: str = "session",
        lifetime: timedelta = timedelta(days=31),
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = True,
        samesite: str | None = "Lax",
    ) -> None:
        keys: Any = secret_key
        keys = [keys] if isinstance(keys, (str, bytes)) else [*keys]
        if not keys or not all(keys):
            message = "the secret key of the sessions is empty"
            raise ValueError(message)
        self.name: str = name
        self.lifetime: timedelta = lifetime
        self._place: dict[str, Any] = {
            "path": path,
            "domain": domain,
            "secure": secure,
            "httponly": httponly,
            "samesite": samesite,
        }
        self._serializer = URLSafeTimedSerializer(
            keys,
            salt=SALT,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def open(self, app: App, request: Any) -> Session:
        cookie = request.cookies.get(self.name)
        if not cookie:
            return Session()
        problem, values = self._read(cookie)
        if problem:
            _logger.warning(
                "%s: a session cookie was not accepted: %s. The visitor has an empty"
                " session",
                app.name,
                problem,
            )
            return Session()
        return Session(values, is_new=False)

    def _read(self, cookie: str) -> tuple[str, dict[str, Any]]:
        """Return why *cookie* is not accepted, or nothing and what is in it."""
        if len(cookie) > LONGEST:
            return f"it has {len(cookie)} characters, more than a browser keeps", {}
        seconds = int(self.lifetime.total_seconds())
        try:
            values: Any = self._serializer.loads(cookie, max_age=seconds)
        except SignatureExpired:
            return f"it is older than {self.lifetime}", {}
        except BadSignature:
            return "its signature is wrong, or it has none", {}
        except Exception as error:  # whatever else a stranger can send
            return f"it cannot be read ({type(error).__name__})", {}
        if not isinstance(values, dict):
            return "it holds no session", {}
        return "", cast("dict[str, Any]", values)

    def save(self, app: App, session: Session, response: Any) -> None:
        if session.accessed or session.modified:
            _vary_by_cookie(response)
        if not session.modified:
            return
        if not session:
            place = {key: value for key, value in self._place.items() if value}
            response.delete_cookie(self.name, **place)
            return
        cookie = self._written(session)
        age = _seconds(self.lifetime if session.permanent else None)
        header = dump_cookie(self.name, cookie, max_age=age, max_size=0, **self._place)
        if len(header) > LONGEST:
            keys = ", ".join(map(str, session))
            _logger.error(
                "%s: the session is too large for a cookie (%s of %s characters, with"
                " the keys %s) and was not saved. Keep less in it, or keep it elsewhere"
                " (Sessions)",
                app.name,
                len(header),
                LONGEST,
                keys,
            )
            return
        response.set_cookie(self.name, cookie, max_age=age, **self._place)

    def _written(self, session: Session) -> str:
        try:
            text = self._serializer.dumps(dict(session))
        except (TypeError, ValueError) as error:
            message = f"the session can only hold what JSON can: {error}"
            raise TypeError(message) from error
        return text if isinstance(text, str) else text.decode()


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())


def _vary_by_cookie(response: Any) -> None:
    """Tell caches that the response depends on the cookie."""
    headers = response.headers
    fields: list[str] = headers.getlist("Vary")
    named = {name.strip().lower() for field in fields for name in field.split(",")}
    if not named & {"*", "cookie"}:
        add = headers.append if hasattr(headers, "append") else headers.add
        add("Vary", "Cookie")
