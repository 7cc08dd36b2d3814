"""Runs the bench as a user does, with or without its rivals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

_WITHOUT = """\
import runpy, sys
sys.modules.update(dict.fromkeys({names!r}))  # "None" there: cannot be imported
sys.argv[1:] = {arguments!r}
runpy.run_module("benchmarks", run_name="__main__", alter_sys=True)
"""


def bench(
    *arguments: str, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the bench; the modules *without* cannot be imported in it."""
    code = _WITHOUT.format(names=without, arguments=list(arguments))
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
