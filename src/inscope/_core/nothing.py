"""What stands for nothing inside the core: ``EMPTY`` and ``Missing``."""

from __future__ import annotations

from typing import Any, Final


class _Empty:
    """The type of EMPTY, with a readable repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Final[Any] = _Empty()
"""Stands for no value where ``None`` is one."""


class Missing(Exception):  # noqa: N818  (not an error: nobody sees it)
    """A source found nothing. Never seen by a user."""
