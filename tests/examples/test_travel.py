"""The programs of ``examples/travel`` print what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.processes import started
from dev.redis import ABSENT, find_redis, serving

TRAVEL = Path(__file__).parents[2] / "examples" / "travel"


def _printed(name: str) -> str:
    """Return what the program *name* prints."""
    command = [sys.executable, name]
    return subprocess.check_output(command, cwd=TRAVEL, text=True, timeout=120)


def test_jobs_of_a_pool_of_processes_have_the_tenant_of_who_submits() -> None:
    """Two tenants, one after the other."""
    expected = "acme, 2025; acme, 2026\nduck, 2026\n"
    assert expected == _printed("process_pool.py")


def test_work_on_a_cluster_has_the_tenant_of_who_submits() -> None:
    """The same function and arguments, of two tenants."""
    pytest.importorskip("distributed")
    assert "acme: 6; duck: 6\n" == _printed("dask_work.py")


def test_a_task_has_the_user_of_who_sends_it(tmp_path: Path) -> None:
    """On a worker that is started as its first line says."""
    pytest.importorskip("celery")
    server = find_redis()
    if not server:
        pytest.skip(ABSENT)
    worker = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker"]
    worker += ["--concurrency=1", "--without-mingle"]
    with serving(server, tmp_path) as url:
        environment = os.environ | {"BROKER": url}
        with started(worker, cwd=TRAVEL, env=environment):
            command = [sys.executable, "celery_tasks.py"]
            printed = subprocess.check_output(
                command, cwd=TRAVEL, env=environment, text=True, timeout=120
            )

    assert "invoice 5, for user 7\n" == printed
