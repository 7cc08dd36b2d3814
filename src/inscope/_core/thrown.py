"""What ``throw()`` does where there is nothing to throw into: both cores call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["raise_thrown"]


def raise_thrown(
    error: Any, value: Any = None, traceback: TracebackType | None = None, /
) -> NoReturn:
    """Raise what ``generator.throw`` was given, in one of its forms.

    Raises:
        TypeError: It is no exception.
    """
    if isinstance(error, type) and issubclass(error, BaseException):
        if isinstance(value, error):
            error = value
        else:
            error = error() if value is None else error(value)
    elif not isinstance(error, BaseException):
        message = f"exceptions must derive from BaseException, not {error!r}"
        raise TypeError(message)
    elif value is not None:
        message = "instance exception may not have a separate value"
        raise TypeError(message)
    raise error if traceback is None else error.with_traceback(traceback)
