"""Greenlets that run in the context in which they were made.

A greenlet begins with an empty context, whoever switches to it. Needs ``greenlet``; for
gevent see ``gevent.py``.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from inscope.errors import MissingExtraError

try:
    import greenlet as _greenlet
except ModuleNotFoundError as _error:
    raise MissingExtraError("greenlet", "greenlet") from _error

__all__ = ["greenlet"]


class greenlet(_greenlet.greenlet):  # noqa: N801  # as the one it stands for
    """A greenlet that runs in a copy of the context in which it is made.

    No two of them ever enter the same context, and what one binds, no other one sees.
    Otherwise it is ``greenlet.greenlet``.

    Example:
        >>> from inscope import Var
        >>> from inscope.carry.greenlet import greenlet
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     worker = greenlet(user.get)
        >>> worker.switch()
        'ann'
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gr_context = copy_context()
