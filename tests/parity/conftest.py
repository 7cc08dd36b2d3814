"""Both cores at once, for the tests that compare them."""

from __future__ import annotations

import pytest
from cores import Both


@pytest.fixture(scope="session")
def both() -> Both:
    """Both cores; without the native one there is nothing to compare."""
    pytest.importorskip("inscope._core.native._native", reason="it is not built")
    cores = Both()
    assert ("python", "native") == cores.each(lambda inscope: inscope.CORE)
    return cores
