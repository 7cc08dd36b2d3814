"""Builds of the project as pip and ``build`` make them: no network, no isolation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NATIVE = Path("src", "inscope", "_core", "native")
BUILT_FROM = (
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "pyproject.toml",
    "setup.py",
    "src",
)
LEFT_BEHIND = shutil.ignore_patterns(
    *("__pycache__", "*.pyc", "*.so", "*.egg-info", "_build", "build", "dist", "*.svg"),
    *(".git", ".venv*", ".interpreters", ".cache", ".*_cache", ".hypothesis"),
)
DEFECT = "int broken(void) { return absent; }\n"
WARNED_OF = "static int unused(void) { return 1; }\n"


def variables(**chosen: str) -> dict[str, str]:
    """Return an environment that says nothing of how to build, but for *chosen*."""
    own = {name: text for name, text in os.environ.items() if "INSCOPE" not in name}
    quick = {"CFLAGS": "-O0", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return own | quick | chosen


def ran(*words: object, **chosen: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with *words*; standard output has everything it says."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=variables(**chosen),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def copied(into: Path, *names: str) -> Path:
    """Copy what *names* are in the project, without what a build left behind."""
    into.mkdir(parents=True)
    for source in (ROOT / name for name in names):
        if source.is_dir():
            shutil.copytree(source, into / source.name, ignore=LEFT_BEHIND)
        else:
            shutil.copy(source, into)
    return into


def built(kind: str, source: Path, into: Path, **chosen: str) -> Path:
    """Return the file that ``build`` makes of *source*: *kind* is sdist or wheel."""
    options = ["--no-isolation", "--outdir", into]
    done = ran("-m", "build", f"--{kind}", *options, source, **chosen)
    assert 0 == done.returncode, done.stdout
    (file,) = into.iterdir()
    return file


def installed(
    source: Path, into: Path, **chosen: str
) -> subprocess.CompletedProcess[str]:
    """Let pip install *source*, a folder or a wheel, into the folder *into*."""
    options = ["--no-deps", "--no-build-isolation", "--target", into]
    return ran("-m", "pip", "install", *options, source, **chosen)


def core_of(folder: Path, **chosen: str) -> str:
    """Return the core of the inscope in *folder*, or what importing it says."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import inscope"
    code += f"; assert inscope.__file__.startswith({str(folder)!r}), inscope.__file__"
    done = ran("-I", "-c", f"{code}; print(inscope.CORE)", **chosen)
    return done.stdout.strip().rpartition("\n")[2]
