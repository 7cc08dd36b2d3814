"""The cores that workers and servers are started with, as parameters of a fixture."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

CORES = [
    "python",
    pytest.param(
        "native",
        marks=pytest.mark.skipif(
            find_spec("inscope._core.native._native") is None, reason="it is not built"
        ),
    ),
]
