"""``AppContext``: what is there while an application works, with or without a request.

One scope holds all of it: the application, ``g``, and, in a request, the request and
the session. The names in ``proxies.py`` lead here.
"""

from __future__ import annotations

import logging
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakSet

from inscope._core import EMPTY
from inscope._core.failures import take_for_fault
from inscope.errors import UnboundError
from inscope.scope import Scope
from inscope.scope.exits import name_of
from inscope.scope.shielding import shielded
from inscope.web.messages import NO_APP, NO_REQUEST_HERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from inscope.web.app import App

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["AppContext", "Globals", "TearsDown"]


class Globals:
    """What ``g`` stands for: a namespace for one context.

    Example:
        >>> from inscope.web import Globals
        >>> g = Globals()
        >>> g.user = "ann"
        >>> "user" in g, g.get("role"), list(g)
        (True, None, ['user'])
    """

    def __getattr__(self, name: str) -> Any:
        message = f"g has no {name!r} in this context; assign it, or ask g.get()"
        raise AttributeError(message, name=name, obj=self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the attribute *name*, or *default*."""
        return vars(self).get(name, default)

    def pop(self, name: str, default: Any = EMPTY) -> Any:
        """Remove the attribute *name* and return it, or *default*.

        Raises:
            KeyError: There is neither.
        """
        if default is EMPTY:
            return vars(self).pop(name)
        return vars(self).pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return the attribute *name*; set it to *default* if there is none."""
        return vars(self).setdefault(name, default)

    def __contains__(self, name: object) -> bool:
        return name in vars(self)

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)

    def __repr__(self) -> str:
        names = ", ".join(vars(self)) or "empty"
        return f"<g: {names}>"


class RequestField:
    """The request of a context, made when it is first asked for.

    Its value then lies in the instance, where Python looks first.
    """

    def __get__(self, context: AppContext | None, owner: type) -> Any:
        if context is None:
            return self
        source = context._source
        if source is None:
            raise UnboundError(NO_REQUEST_HERE)
        known = context._common()
        try:
            made = known.get("request") or context.app.make_request(source)
        except BaseException as error:
            take_for_fault(error)  # of whatever type: there is a request
            raise
        request = known.setdefault("request", made)  # a copy may have been first
        context.__dict__["request"] = request
        if known.setdefault("closed by", context) is context and context.is_open:
            context._scope_add_step(RequestClosing(request))
        return request


class GlobalsField:
    """The namespace of a context, made in the same way."""

    def __get__(self, context: AppContext | None, owner: type) -> Any:
        if context is None:
            return self
        values: dict[str, Any] = context.__dict__
        return values.setdefault("g", context.app.globals_class())


class AppContext(Scope):
    """The context of an application, and of a request if there is one.

    Args:
        app: The application.
        source: What the request is made from when it is first asked for: a WSGI
            environ, or what ASGI calls a scope; ``None`` without a request.
        request: The request itself, if it is there already.
        session: The session, if it is there already.

    Attributes:
        app: As given; ``current_app``.
        g: A namespace of this context alone; ``g``.
        request: ``request``. Without a request, a ``RuntimeError``.

    Example:
        >>> from inscope.web import WSGI, AppContext, current_app
        >>> app = WSGI(lambda environ, start_response: [], name="shop")
        >>> with app.app_context():
        ...     current_app.name
        'shop'
    """

    unbound_message: ClassVar[str | None] = NO_APP

    _with_teardowns: ClassVar[type[AppContext]]  # made by App, when it is needed

    # Nearly all contexts come and go without any of this, so it is not in __init__.
    g: Any = GlobalsField()
    request: Any = RequestField()
    _known: dict[str, Any] | None = None  # what copies of this have in common with it
    _streams: WeakSet[Any] | None = None
    _after: list[Callable[[Any], Any]] | None = None
    _is_answered: bool = False
    _is_watched: bool = False
    _saved: object = 0  # how often the session had been changed then

    def __init__(
        self,
        app: App,
        source: Any = None,
        *,
        request: Any = None,
        session: MutableMapping[str, Any] | None = None,
    ) -> None:
        self.app: App = app
        self._source = source
        if request is not None:
            self._source = request
            self._common()["request"] = self.__dict__["request"] = request
        if session is not None:
            self._common()["session"] = session

    @property
    def is_open(self) -> bool:
        """Whether it has been opened, and not closed."""
        return self.state == "active"

    @property
    def has_request(self) -> bool:
        """Whether there is a request."""
        return self._source is not None

    @property
    def session(self) -> Any:
        """The session; to ask for it is to use it, and the answer depends on it.

        Raises:
            RuntimeError: There is no request.
        """
        session = self.open_session()
        session.accessed = True
        return session

    def open_session(self) -> Any:
        """Return the session without counting it as used."""
        session = self._session
        if session is None:
            request = self.request
            try:
                session = self.app.sessions.open(self.app, request)
            except BaseException as error:
                take_for_fault(error)  # of whatever type: there is a session
                raise
            session = self._common().setdefault("session", session)
        if not self._is_watched and self.is_open:
            self._is_watched = True
            self._scope_add_step(self.note_late_changes)
        return session

    @property
    def _session(self) -> Any:
        """The session, if it has been opened."""
        return None if self._known is None else self._known.get("session")

    def _common(self) -> dict[str, Any]:
        """What this has in common with its copies; there from its first use on."""
        values: dict[str, Any] = self.__dict__
        known: dict[str, Any] = values.setdefault("_known", {})
        return known

    def save_session(self, response: Any) -> None:
        """Let the session be saved with *response*, if there is one."""
        session = self._session
        if session is not None:
            self.app.sessions.save(self.app, session, response)
            self._saved = _changes(session)

    def note_late_changes(self, _: BaseException | None) -> None:
        """Log that the session was changed when the response had begun."""
        session = self._session
        if session is None or not self._is_answered or self._saved == _changes(session):
            return
        logging.getLogger("inscope.web").error(
            "%s: the session was changed after the response had begun, and that was"
            " not saved. Change it before",
            self.app.name,
        )

    def note_stream(self, stream: Any) -> None:
        """Note that *stream* was made in this context."""
        if self._streams is None:
            self._streams = WeakSet()
        self._streams.add(stream)

    def after(self, function: F) -> F:
        """Call *function* with the response before it goes out; see
        ``after_this_request``."""
        if self._after is None:
            self._after = []
        self._after.append(function)
        return function

    @property
    def changes_response(self) -> bool:
        """Whether something waits for the response."""
        return self._after is not None or self._session is not None

    def on_fork(self, parent: Any) -> None:
        """Take over the application, the request and the session; ``g`` is new."""
        self.__init__(parent.app, parent._source)  # type: ignore[misc]
        self._known = parent._common()
        if "request" in parent.__dict__:
            self.__dict__["request"] = parent.__dict__["request"]

    def __repr__(self) -> str:
        text = f"<AppContext {self._scope_state} of {self.app.name}"
        request = self.__dict__.get("request")
        if request is not None:
            method = getattr(request, "method", "websocket")
            text += f", {method} {str(request.url)!r}"
        return text + ">"


def _changes(session: Any) -> object:
    """Return how often *session* was changed, or whether, if it does not count."""
    return getattr(session, "changes", getattr(session, "modified", 0))


class TearsDown(AppContext):
    """A context of an application that has teardown functions.

    ``App`` mixes it in then: a context without anything to do as it closes goes a
    shorter way.
    """

    def on_tearing_down(self, exc: BaseException | None) -> Any:
        """Let the functions run before anything closes, the last one first."""
        functions = self.app.teardown_functions
        if self.has_request:
            functions = (*functions, *self.app.request_teardown_functions)
        self._scope_steps().extend(Teardown(self, function) for function in functions)
        return super().on_tearing_down(exc)


class RequestClosing:
    """The step that closes the files of a request, if it has any."""

    __slots__ = ("_request",)

    def __init__(self, request: Any) -> None:
        self._request = request

    def __call__(self, _: BaseException | None) -> Any:
        values: dict[str, Any] = self._request.__dict__
        if "files" in values or values.get("_form") is not None:
            return self._request.close()
        return None

    def __repr__(self) -> str:
        return f"the files of {self._request!r}"


class Teardown:
    """A step that calls a teardown function with the error of the context."""

    __slots__ = ("_context", "_function")

    def __init__(self, context: AppContext, function: Callable[..., Any]) -> None:
        self._context = context
        self._function = function

    def __call__(self, error: BaseException | None) -> Any:
        function = self._function
        if not self._context._scope_is_async:
            if iscoroutinefunction(function):
                function = self._in_time
            function = self._context.app.ensure_sync(function)
        return function(error)

    async def _in_time(self, error: BaseException | None) -> None:
        """Await the function for as long as ``async with`` would."""
        step, timeout = self._function(error), self._context.exit_timeout
        raised = await shielded(step, timeout, name_of(self))
        if len(raised) > 1:
            self._context._scope_raise_all(raised, error)
        if raised:
            raise raised[0]

    def __repr__(self) -> str:
        return getattr(self._function, "__qualname__", repr(self._function))
