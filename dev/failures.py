"""What keeps ``./run`` from doing what it was asked for."""

from __future__ import annotations

__all__ = ["NoBuildError", "SetupError"]


class SetupError(Exception):
    """An environment could not be made; the text says why and what to do."""


class NoBuildError(SetupError):
    """A dependency has no build for the interpreter."""
