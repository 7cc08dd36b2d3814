"""Every exception that inscope raises on purpose: one class per situation.

Each is a subclass of the builtin that a caller would expect, so that code
written for ``werkzeug.local`` or ``contextvars`` keeps catching what it caught.
Raised all over the package; nothing here imports anything of it.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AlreadyReplacedError",
    "BindStateError",
    "ForeignContextError",
    "ForeignTokenError",
    "MissingExtraError",
    "NotALocalError",
    "ProxyNotInitializedError",
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

    def locate(
        self,
        proxy: object,
        origin: str,
        thread: str,
        task: str | None,
        remedy: str,
    ) -> None:
        """Record what was used, where, and what to do; called by the core."""
        self.proxy = proxy
        self.thread = thread
        self.task = task
        self.remedy = remedy
        place = f"thread {thread!r}" + (f", {task}" if task else "")
        self.add_note(f"{type(proxy).__name__} over {origin}, used in {place}")
        self.add_note(
            f"{remedy} in that thread, task or greenlet first;"
            " a new thread or greenlet starts with nothing bound"
        )

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
