"""``App``: what the wrappers of WSGI and of ASGI applications have in common.

It stands around somebody's application: it opens a context for each request, and knows
what to run when that closes. ``wsgi.py`` and ``asgi.py`` derive from it.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar

from inscope.web._requirements import needed
from inscope.web.context import AppContext, Globals, TearsDown
from inscope.web.sessions import CookieSessions, NoSessions, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inscope.web.sessions import Key

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["App"]


class App:
    """An application, with a context around each of its requests.

    Args:
        application: Somebody's application.
        name: For ``current_app.name``, errors and logs; by default, the name of
            *application*.
        secret_key: Signs the cookies of sessions; several keys, the newest last, for
            a change of keys. Without one, and without *sessions*, there are none.
        sessions: Loads and saves the sessions, if they are not to be in cookies.

    Attributes:
        application: As given; replaceable.
        name: As given.
        sessions: As given, or made from *secret_key*.
        context_class: The class of its contexts; replaceable by a subclass.
        globals_class: The class of ``g``; called without arguments.
        teardown_functions: What ``teardown_appcontext`` was given.
        request_teardown_functions: What ``teardown_request`` was given.
    """

    context_class: type[AppContext] = AppContext
    globals_class: type[Any] = Globals

    def __init__(
        self,
        application: Any,
        *,
        name: str | None = None,
        secret_key: Key | Sequence[Key] | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        if not callable(application):
            message = f"an application is called; {application!r} cannot be"
            raise TypeError(message)
        if sessions is not None and secret_key is not None:
            message = "give a secret_key or sessions, not both"
            raise TypeError(message)
        if sessions is None:
            sessions = NoSessions() if not secret_key else CookieSessions(secret_key)
        self.application: Any = application
        self.name: str = _name_of(application) if name is None else name
        self.sessions: Sessions = sessions
        self.teardown_functions: tuple[Callable[..., Any], ...] = ()
        self.request_teardown_functions: tuple[Callable[..., Any], ...] = ()
        self._known: tuple[type[AppContext], type[AppContext]] | None = None

    def teardown_appcontext(self, function: F) -> F:
        """Call *function* as each context closes, with its error or ``None``.

        The functions run before anything of the context closes, the last first; all
        of them, whatever they raise. May be a coroutine function.
        """
        self.teardown_functions = (*self.teardown_functions, function)
        self._known = None
        return function

    def teardown_request(self, function: F) -> F:
        """Call *function* as each context with a request closes; before the others."""
        self.request_teardown_functions = (*self.request_teardown_functions, function)
        self._known = None
        return function

    def app_context(self) -> AppContext:
        """Return a context without a request, to be opened by ``with``."""
        return self._contexts(self)

    def make_request(self, source: Any) -> Any:
        """Return the request made from *source*; for ``AppContext``."""
        raise NotImplementedError

    def ensure_sync(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function*, or what runs it to its end if it is a coroutine function.

        The latter by way of asgiref, in the context of the caller.
        """
        if not iscoroutinefunction(function):
            return function
        made: Callable[..., Any] = needed("asgiref.sync").async_to_sync(function)
        return made

    @property
    def _contexts(self) -> type[AppContext]:
        """The class of the contexts, which run teardown functions if there are any."""
        known = self._known
        if known is None or known[0] is not self.context_class:
            kind = self.context_class
            known = self._known = kind, self._with_teardowns(kind)
        return known[1]

    def _with_teardowns(self, kind: type[AppContext]) -> type[AppContext]:
        if not (self.teardown_functions or self.request_teardown_functions):
            return kind
        if issubclass(kind, TearsDown):
            return kind
        made: type[AppContext] | None = kind.__dict__.get("_with_teardowns")
        if made is None:
            members = {"__module__": kind.__module__}
            made = type(kind.__name__, (TearsDown, kind), members)
            kind._with_teardowns = made
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _name_of(application: Any) -> str:
    """Return the name that *application* has, or that of its class."""
    kind: Any = application.__class__
    for owner in (application, kind):
        name: Any = getattr(owner, "name", None) or getattr(owner, "__name__", None)
        if isinstance(name, str):
            return name
    return "application"
