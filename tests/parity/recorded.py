"""What a call gives, as data that can be compared between the cores."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from types import BuiltinMethodType, MethodType
from typing import Any

_DIFFERS = re.compile(
    r"0x[0-9a-fA-F]+|(?<=<)\d{6,}(?=>)|\d+\.\d(?= s ago)"
    r"|inscope\._core\.(?:python\.\w+|native\._native)(?=\.)"
)

Record = tuple[Any, ...]


def plain(text: str) -> str:
    """Return *text* without addresses, times and the modules of a core."""
    return _DIFFERS.sub("…", text)


def value_of(result: Any) -> Record:
    """Return the class and the text of a value; of a method, its name."""
    if isinstance(result, (MethodType, BuiltinMethodType)):
        return "value", "method", result.__name__  # in Python or in C
    if isinstance(result, partial):
        return "value", "partial", result.func.__name__
    return "value", type(result).__name__, plain(repr(result))


def error_of(error: BaseException) -> Record:
    """Return the class, text and notes of an error, and of what it came from."""
    cause = error.__cause__
    return (
        "error",
        type(error).__name__,
        plain(str(error)),
        [plain(note) for note in getattr(error, "__notes__", [])],
        None if cause is None else (type(cause).__name__, plain(str(cause))),
        error.__suppress_context__,
    )


class Lines(logging.Handler):
    """The lines that are logged, without addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(plain(record.getMessage()))

    def taken(self) -> list[str]:
        """Return the lines since the last time."""
        lines, self.lines = self.lines, []
        return lines


def outcome(act: Callable[..., Any], *args: Any, **more: Any) -> Record:
    """Return what ``act(*args, **more)`` gives: a value or an error."""
    try:
        return value_of(act(*args, **more))
    except BaseException as error:
        return error_of(error)


def kind_of_outcome(act: Callable[..., Any], *args: Any, **more: Any) -> Record:
    """Return the same without the text of a TypeError.

    Python words it for a function, the interpreter for a method in C: a call
    with the wrong arguments must fail in the same way, not in the same words.
    """
    found = outcome(act, *args, **more)
    return found[:2] if found[:2] == ("error", "TypeError") else found


def class_of_outcome(act: Callable[..., Any], *args: Any, **more: Any) -> Record:
    """Return the same without any text."""
    return outcome(act, *args, **more)[:2]
