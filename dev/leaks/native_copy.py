"""A copy of the package with a build of the native core that examines itself.

It lies beside the source tree, so that nobody loads it by accident.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev.failures import SetupError
from dev.processes import ROOT, captured, say

__all__ = ["CACHE", "OURS", "native_copy"]

CACHE = ROOT / ".cache" / "leaks"
OURS = "_core/native/"
"""What stands in the path of each of our C files."""

FLAGS = "-O1 -g -UNDEBUG -fno-omit-frame-pointer"


def native_copy(name: str, python: Path, sanitizers: str = "") -> Path:
    """Build the native core for *python*, and return the folder to import it from."""
    folder, objects = CACHE / name, CACHE / f"{name}-objects"
    for old in (folder, objects):
        shutil.rmtree(old, ignore_errors=True)
    leave = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(ROOT / "src" / "inscope", folder / "inscope", ignore=leave)
    say(f"building the native core in {folder.relative_to(ROOT)}")
    options = ["--build-lib", str(folder), "--build-temp", str(objects)]
    command = [str(python), "setup.py", "--quiet", "build_ext", *options]
    flags = {"CFLAGS": f"{FLAGS} {sanitizers}", "LDFLAGS": sanitizers}
    done = captured(
        command, environment=os.environ | flags | {"INSCOPE_BUILD": "require"}
    )
    if done.returncode or not list(folder.rglob("_native*.so")):
        raise SetupError(
            f"{done.stdout}{done.stderr}\nthe native core does not compile"
        )
    return folder
