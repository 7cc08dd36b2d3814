"""The package ``inscope.web`` on the core under test."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


@pytest.fixture
def web(inscope: ModuleType) -> ModuleType:
    """``inscope.web``, of the copy of the package under test."""
    return importlib.import_module("inscope.web")


@pytest.fixture
def asgi(web: ModuleType) -> ModuleType:
    """``inscope.web.asgi``, of the same copy."""
    return importlib.import_module("inscope.web.asgi")
