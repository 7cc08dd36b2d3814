"""Sees to it that what the extra ``web`` brings is there when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from inscope.errors import MissingExtraError

__all__ = ["needed", "refuse_without"]


def needed(module: str) -> Any:
    """Import *module*, and return it.

    Raises:
        MissingExtraError: Its package is not installed.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        refuse_without(package, error)
        raise


def refuse_without(package: str, error: ModuleNotFoundError) -> None:
    """Raise a ``MissingExtraError`` if *error* says that there is no *package*."""
    if (error.name or "").partition(".")[0] == package:
        raise MissingExtraError(package, "web") from error


for _package in ("itsdangerous", "werkzeug"):
    needed(_package)
