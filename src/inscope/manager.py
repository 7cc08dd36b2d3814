"""Releasing context-local data: ``release_local``, ``LocalManager``, ``get_ident``.

Python drops the data of a context with the context. A worker thread's context
lives as long as the thread, so what one request left there the next would see;
a manager clears it as each request ends.
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from inscope import _core as core
from inscope._core.place import get_ident
from inscope.errors import NotALocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from typing import Protocol

    from inscope._core import Local, LocalProxy, LocalStack

    Application = Callable[[Any, Any], Iterable[bytes]]

    class Releasable(Protocol):
        """A Local, a LocalStack, or what can be released as they can."""

        def __release_local__(self) -> None: ...


__all__ = ["LocalManager", "get_ident", "release_local"]


def release_local(local: Releasable | LocalProxy[Any]) -> None:
    """Drop the data of *local* in this context; other contexts keep theirs.

    Args:
        local: A ``Local``, a ``LocalStack``, or anything with a
            ``__release_local__`` method. A proxy stands for its object, not for
            the Local that it looks in.

    Raises:
        NotALocalError: *local* holds no context-local data.

    Source:
        ``werkzeug.local.release_local``.

    Example:
        >>> from inscope import Local, release_local
        >>> local = Local()
        >>> local.user = "ann"
        >>> release_local(local)
        >>> hasattr(local, "user")
        False
    """
    _release_method(local)()


def _release_method(local: Any) -> Callable[[], None]:
    local = core.unwrap(local)  # unbound, it says so itself
    if not _can_release(local):
        message = f"cannot release {local!r}: it is not a Local or a LocalStack"
        raise NotALocalError(message)
    release: Callable[[], None] = local.__release_local__
    return release


def _can_release(local: object) -> bool:
    """Tell whether *local* has the method; a class has it only for its instances."""
    return hasattr(local, "__release_local__") and not isinstance(local, type)


class LocalManager:
    """Releases several locals together, at the end of each request.

    Args:
        locals: A ``Local``, a ``LocalStack``, or an iterable of them. More can
            be appended to :attr:`locals` later.
        ident_func: Keep the data of these locals in a table under the key that
            this function returns, in place of the running context. For code
            written for werkzeug 0.7 to 1.0; data set before is not seen after.

    Raises:
        TypeError: *locals* holds something that is not a local, or
            *ident_func* cannot be called.

    Attributes:
        locals: The list of locals.

    Source:
        ``werkzeug.local.LocalManager``; *ident_func* as in werkzeug 0.7 to 1.0.

    Example:
        >>> from inscope import Local, LocalManager
        >>> local = Local()
        >>> manager = LocalManager(local)
        >>> local.user = "ann"
        >>> manager.cleanup()
        >>> list(local)
        []
    """

    __slots__ = ("__weakref__", "_ident_func", "locals")

    def __init__(
        self,
        locals: Releasable | Iterable[Releasable] | None = None,  # noqa: A002  (the API's)
        ident_func: Callable[[], Hashable] | None = None,
    ) -> None:
        if ident_func is not None and not callable(ident_func):
            message = f"'ident_func' must be callable, not {ident_func!r}"
            raise TypeError(message)
        found = _as_list(locals)
        self.locals: list[Releasable] = found
        self._ident_func = ident_func
        if ident_func is not None:
            # All are looked at before the first is switched.
            for local in [_switchable(local) for local in found]:
                _switch(local, ident_func)

    def get_ident(self) -> Hashable:
        """Return the key of whoever is running: ``ident_func()``, if one was given.

        Serves as the ``scopefunc`` of SQLAlchemy's ``scoped_session``.
        """
        return get_ident() if self._ident_func is None else self._ident_func()

    def cleanup(self) -> None:
        """Release every local in this context, also if releasing one raises.

        Raises:
            Exception: What one release raised; an ``ExceptionGroup`` of several.
                A ``KeyboardInterrupt`` or its like comes out by itself, with
                the others as its cause.
        """
        errors: list[Exception] = []
        interrupt: BaseException | None = None
        for local in list(self.locals):
            try:
                release_local(local)
            except Exception as error:
                errors.append(error)
            except BaseException as error:
                interrupt = interrupt or error
        cause = _as_one(errors)
        if interrupt is not None:
            if cause is None:
                raise interrupt
            if interrupt.__cause__ is None:
                raise interrupt from cause
            interrupt.add_note(f"releasing other locals failed too: {cause!r}")
            raise interrupt
        if cause is not None:
            raise cause

    def make_middleware(self, app: Application) -> Application:
        """Return a WSGI application that is *app* and cleans up after each request.

        The locals are released when the server closes the response, and at once
        if *app* raises, if iterating the response raises, or if closing it
        raises. The application's error is the one that is raised.
        """

        def application(environ: Any, start_response: Any) -> Iterable[bytes]:
            try:
                body = app(environ, start_response)
            except BaseException as error:
                _run_despite(self.cleanup, error)
                raise
            return _ClosingIterator(body, self.cleanup)

        return application

    def middleware(self, func: Application) -> Application:
        """Decorate a WSGI application as :meth:`make_middleware` does.

        The result has the name, docstring and module of *func*.
        """
        return update_wrapper(self.make_middleware(func), func)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} storages: {len(self.locals)}>"


def _as_list(locals_: Any) -> list[Any]:
    if locals_ is None:
        return []
    core.unwrap(locals_)  # unbound, it says so itself
    if _can_release(locals_):
        return [locals_]
    if isinstance(locals_, str) or not hasattr(locals_, "__iter__"):
        message = f"LocalManager takes Locals and LocalStacks, not {locals_!r}"
        raise TypeError(message)
    found = list(locals_)
    for local in found:
        _release_method(local)
    return found


def _as_one(errors: list[Exception]) -> Exception | None:
    """Return the only one of *errors*, or a group of them."""
    if len(errors) > 1:
        return ExceptionGroup("releasing the locals of a LocalManager", errors)
    return errors[0] if errors else None


def _switchable(local: Any) -> Local | LocalStack[Any]:
    """Return the Local or the stack that *local* is, or is a proxy to."""
    found: Local | LocalStack[Any] = core.unwrap(local)
    if not isinstance(found, (core.Local, core.LocalStack)):
        message = (
            f"'ident_func' cannot be used for {local!r}: not a Local or LocalStack"
        )
        raise TypeError(message)
    return found


def _switch(local: Local | LocalStack[Any], ident_func: Callable[[], Hashable]) -> None:
    storage = core.IdentStorage(ident_func)
    if isinstance(local, core.Local):
        core.set_storage(local, storage)
    else:
        local._storage = storage


def _run_despite(cleanup: Callable[[], None], error: BaseException) -> None:
    """Run *cleanup*; should it fail too, tell so in *error*, which goes on."""
    try:
        cleanup()
    except Exception as second:
        import logging
        from traceback import format_exception_only

        name = type(error).__name__
        logging.getLogger("inscope").exception("clean-up failed after %s", name)
        told = "".join(format_exception_only(second)).strip()  # repr() may fail, too
        error.add_note(f"the clean-up after it failed too: {told}")


class _ClosingIterator:
    """A response body that calls *cleanup* as it is closed."""

    def __init__(self, body: Iterable[bytes], cleanup: Callable[[], None]) -> None:
        self._body = body
        self._cleanup = cleanup
        self._closed = False
        try:
            self._chunks = iter(body)
        except BaseException as error:
            _run_despite(self.close, error)
            raise

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            _run_despite(self.close, error)
            raise

    def close(self) -> None:
        """Close the body, then clean up, the second also if the first raises."""
        if self._closed:
            return
        self._closed = True
        try:
            getattr(self._body, "close", _nothing)()
        except BaseException as error:
            _run_despite(self._cleanup, error)
            raise
        self._cleanup()


def _nothing() -> None:
    """Stand in for the ``close`` of a body that has none."""
