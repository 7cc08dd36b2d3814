"""The plain model of ``world.py`` explains itself when an assertion of its fails."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("world")
