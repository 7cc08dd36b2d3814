"""The package ``inscope.carry`` on the core under test."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


@pytest.fixture
def carry(inscope: ModuleType) -> ModuleType:
    """``inscope.carry``, of the copy of the package under test."""
    return importlib.import_module("inscope.carry")
