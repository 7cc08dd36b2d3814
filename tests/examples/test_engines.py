"""The programs of ``examples/engines`` print what they say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dev.processes import started
from dev.redis import ABSENT, find_redis, serving

ENGINES = Path(__file__).parents[2] / "examples" / "engines"


def _printed(name: str, **variables: str) -> list[str]:
    """Return the lines that the program *name* prints."""
    printed = subprocess.check_output(
        [sys.executable, name],
        cwd=ENGINES,
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"} | variables,
        text=True,
        timeout=120,
    )
    return printed.splitlines()


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("dramatiq", ["invoice 5, for ann", "invoice 5, for bob"]),
        ("taskiq", ["article 5, by ann", "article 5, by bob"]),
        ("grpc", ["0, for ann; 1, for ann", "0, for bob; 1, for bob"]),
        ("ray", ["6, for ann", "6, for bob"]),
    ],
)
def test_two_users_see_their_own(engine: str, expected: list[str]) -> None:
    """One after the other, in a program that sends and works."""
    pytest.importorskip("itsdangerous")
    pytest.importorskip(engine)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        assert expected == _printed(f"{engine}_context.py", RAY_TMPDIR=folder)


def test_two_tenants_see_their_own(tmp_path: Path) -> None:
    """By a worker of RQ's that is started as the program's first lines say."""
    for name in ("rq", "itsdangerous"):
        pytest.importorskip(name)
    server = find_redis()
    if not server:
        pytest.skip(ABSENT)
    words = "worker invoices -S rq.serializers.JSONSerializer -j rq_context.ContextJob"
    worker = [sys.executable, "-m", "rq.cli", *words.split()]
    with (
        serving(server, tmp_path) as url,
        started([*worker, "--url", url], cwd=ENGINES),
    ):
        printed = _printed("rq_context.py", BROKER=url)

    assert ["invoice 5, for acme", "invoice 5, for duck"] == printed
