"""How many tasks there are where there are to be many: ``INSCOPE_TEST_MANY``."""

from __future__ import annotations

import os

MANY = int(os.environ.get("INSCOPE_TEST_MANY", "300"))
USERS = min(100, MANY // 15)
