"""Every exception that inscope raises on purpose: one class per situation.

Each is a subclass of the builtin that a caller would expect, so that code
written for ``werkzeug.local`` or ``contextvars`` keeps catching what it caught.
Raised all over the package; nothing here imports anything of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AlreadyReplacedError",
    "AsyncInSyncScopeError",
    "BindStateError",
    "ContextRefused",
    "ForeignContextError",
    "ForeignScopeError",
    "ForeignTokenError",
    "MissingExtraError",
    "NotALocalError",
    "NotPortableError",
    "ProxyNotInitializedError",
    "ResourceCycleError",
    "ResourceNotReady",
    "ScopeClosedError",
    "ScopeError",
    "ScopeExitTimeoutError",
    "ScopeNotActiveError",
    "ScopeOrderError",
    "TokenUsedError",
    "TooLateError",
    "UnboundAttributeError",
    "UnboundError",
    "UnboundNameError",
    "UnboundVarError",
]


class UnboundError(RuntimeError):
    """Nothing is bound here and now behind a proxy or a Var.

    ``str(error)`` is the ``unbound_message`` alone; what was known of the place
    is in the attributes, and in the notes that a traceback shows.

    Attributes:
        proxy: The proxy (or Var) that was used.
        thread: The name of the thread it was used in.
        task: The asyncio or trio task, or the greenlet; ``None`` outside of one.
        remedy: What would have bound it.
        state: What the ``repr`` of the proxy says in place of the object's.

    Example:
        >>> from inscope import UnboundError, Var
        >>> user = Var("user").proxy(unbound_message="nobody is logged in")
        >>> try:
        ...     user.name
        ... except UnboundError as error:
        ...     print(error, "|", error.thread)
        nobody is logged in | MainThread
    """

    proxy: Any = None
    thread: str | None = None
    task: str | None = None
    remedy: str | None = None
    state: ClassVar[str] = "unbound"

    def locate(
        self,
        proxy: object,
        origin: str,
        thread: str,
        task: str | None,
        remedy: str,
    ) -> None:
        """Record what was used, where, and what to do; called by the core."""
        place = self._note_place(proxy, thread, task, remedy)
        self.add_note(f"{type(proxy).__name__} over {origin}, used in {place}")
        self.add_note(
            f"{remedy} in that thread, task or greenlet first;"
            " a new thread or greenlet starts with nothing bound"
        )

    def _note_place(
        self, proxy: object, thread: str, task: str | None, remedy: str
    ) -> str:
        self.proxy = proxy
        self.thread = thread
        self.task = task
        self.remedy = remedy
        return f"thread {thread!r}" + (f", {task}" if task else "")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the proxy: in the reader it would resolve to nothing."""
        state = {key: value for key, value in vars(self).items() if key != "proxy"}
        return type(self), self.args, state


class UnboundAttributeError(UnboundError, AttributeError):
    """A name that tools probe for was asked of an unbound proxy.

    Also an ``AttributeError``, so that ``hasattr`` says no and ``inspect``,
    ``doctest``, ``mock.patch`` and IPython go on. Any other name raises a plain
    :class:`UnboundError`.
    """


class UnboundVarError(UnboundError, LookupError):
    """``Var.get()`` found no value; also what ``ContextVar.get()`` would raise."""


class UnboundNameError(AttributeError):
    """A Local has no value under this name in this context."""


class ProxyNotInitializedError(RuntimeError):
    """A proxy was used whose ``__init__`` never ran."""


class NotALocalError(TypeError, AttributeError):
    """Something was to be released that holds no context-local data."""


class BindStateError(RuntimeError):
    """A bind was entered twice, left twice, or left without having been entered."""


class TokenUsedError(RuntimeError):
    """A token was used for a second ``reset``."""


class ForeignTokenError(ValueError):
    """A token was given to a Var that did not make it."""


class ForeignContextError(ValueError):
    """A token was used in another ``Context`` than the one it was made in."""


class ScopeError(RuntimeError):
    """A scope was used against its rules; each rule has a class of its own.

    Raised before anything was opened or closed.
    """


class ScopeNotActiveError(ScopeError):
    """A scope was closed that is not open: never pushed, or popped already."""


class ScopeOrderError(ScopeError):
    """A scope was closed, or entered again, where another is the innermost one."""


class ForeignScopeError(ScopeError):
    """A scope was closed, or entered again, in another ``Context`` than its own."""


class AsyncInSyncScopeError(ScopeError):
    """Something that has to be awaited was given to a scope that awaits nothing."""


class ResourceCycleError(ScopeError):
    """A resource needs itself in order to be made."""


class ScopeClosedError(UnboundError):
    """A scope was used after it closed.

    Also when it is to be opened again, unless its class has ``reopen``.
    """

    state = "closed"

    def locate(
        self, proxy: object, origin: str, thread: str, task: str | None, remedy: str
    ) -> None:
        """Record what was used, where, and what to do; called by the core."""
        remedy = "take a fork() or a hold() of it for work that goes on after it"
        place = self._note_place(proxy, thread, task, remedy)
        self.add_note(f"{type(proxy).__name__} over {origin}, used in {place}")
        self.add_note(remedy)


class ResourceNotReady(UnboundError):  # noqa: N818  # a state of a resource
    """An asynchronous resource was used before it was opened.

    Example:
        >>> import asyncio
        >>> from collections.abc import AsyncIterator
        >>> from inscope import ResourceNotReady, Scope
        >>> class Job(Scope): ...
        >>> @Job.resource
        ... async def answer() -> AsyncIterator[int]:
        ...     yield 42
        >>> async def work() -> None:
        ...     async with Job():
        ...         try:
        ...             print(answer + 0)
        ...         except ResourceNotReady:
        ...             print(await Job.open(answer))
        >>> asyncio.run(work())
        42
    """

    state = "not ready"


class ScopeExitTimeoutError(TimeoutError):
    """A part of a scope took longer to close than its ``exit_timeout``."""


class MissingExtraError(ImportError):
    """An optional library is not installed.

    Args:
        package: The library that could not be imported.
        extra: The extra of inscope that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        message = f"this needs {package}: pip install 'inscope[{extra}]'"
        super().__init__(message, name=package)
        self.extra = extra


class TooLateError(RuntimeError):
    """The drop-in was to be installed when others had the classes it replaces.

    Args:
        replaced: The module that it takes the place of.
        modules: The modules that hold something of it, and under which names.
        objects: The class of each object that was made from it.

    Attributes:
        modules: As given.
        objects: As given.
    """

    def __init__(
        self, replaced: str, modules: dict[str, list[str]], objects: list[str]
    ) -> None:
        held = ", ".join(modules) or f"objects of {', '.join(sorted(set(objects)))}"
        message = (
            f"too late: the classes of {replaced} are in use already, by {held}."
            f" Install inscope.dropin before anything imports {replaced}: in the first"
            " line of the program, or by 'python -m inscope.dropin' before its name"
        )
        super().__init__(message)
        self.modules = modules
        self.objects = objects


class AlreadyReplacedError(RuntimeError):
    """The drop-in was to be installed where something else took the place already.

    Args:
        replaced: The module that both would take the place of.
        by: The file of what took it.
    """

    def __init__(self, replaced: str, by: str) -> None:
        message = (
            f"{replaced} was replaced already, by {by}; inscope would not be what"
            " everything uses. Install inscope.dropin without the other"
        )
        super().__init__(message)


class ContextRefused(RuntimeError):  # noqa: N818  # a state of a context
    """What came from another process for a Var must not be believed.

    Raised by each read of a Var that travels that way, where nothing was bound since:
    also by ``bool`` of its proxy and by ``get`` with a default, since nobody's answer
    is not the answer of nobody.

    Args:
        reason: ``malformed``, ``size``, ``version``, ``unsigned``, ``signature``,
            ``audience``, ``expired``, ``future``, ``type``, ``names`` or ``identity``.
        boundary: The name of the boundary that it came across.
        detail: What is wrong, and the remedy.

    Attributes:
        reason: As given.
        boundary: As given.
        detail: As given.

    Example:
        >>> from inscope import ContextRefused, Var
        >>> from inscope.travel import load
        >>> user = Var("user", wire=str, travels_to={"http"})
        >>> try:
        ...     load("ann", "http").run(user.get)
        ... except ContextRefused as error:
        ...     print(error.reason)
        malformed
    """

    def __init__(self, reason: str, boundary: str, detail: str) -> None:
        super().__init__(reason, boundary, detail)
        self.reason = reason
        self.boundary = boundary
        self.detail = detail

    def __str__(self) -> str:
        return f"the context that came by {self.boundary!r} was refused: {self.detail}"


class NotPortableError(TypeError):
    """A value was to leave the process that must not, or cannot.

    Attributes:
        var: The name of the Var; ``None`` if it is no Var.
    """

    def __init__(self, message: str, var: str | None = None) -> None:
        super().__init__(message)
        self.var = var
