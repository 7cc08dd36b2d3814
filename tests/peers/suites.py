"""Runs a peer's suite in a pytest of its own, with one of the plugins beside this file.

The plugin writes what it saw to the file that INSCOPE_PEER_REPORT names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_suite(
    folder: Path, plugin: str, *options: str, report: Path, core: str, **variables: str
) -> dict[str, Any]:
    """Run the tests in *folder* with *plugin*; return what it saw.

    What pytest printed is printed here, for when a test fails.
    """
    path = [str(Path(__file__).parent), *filter(None, [variables.pop("path", "")])]
    environment = os.environ | {
        "INSCOPE_CORE": core,
        "INSCOPE_PEER_REPORT": str(report),
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(
            [*path, *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
        **variables,
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", plugin]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    seen: dict[str, Any] = json.loads(report.read_text())
    return seen
