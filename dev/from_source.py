"""Interpreters that no distribution has, built from Debian's archive of the source.

Free-threaded ones, with assertions (``d``) or ThreadSanitizer (``-tsan``) if asked
for. Building takes some minutes, a C compiler and a few libraries' headers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev.apt import Apt
from dev.failures import SetupError
from dev.processes import captured, last_line, say

__all__ = ["build_from_source"]

SUITE = "trixie"
HEADERS = ("ffi.h", "openssl/ssl.h", "sqlite3.h", "zlib.h")
PACKAGES = "build-essential libffi-dev libsqlite3-dev libssl-dev xz-utils zlib1g-dev"
OPTIONS = {
    "t": ["--disable-gil"],
    "td": ["--disable-gil", "--with-pydebug"],
    "t-tsan": ["--disable-gil", "--with-thread-sanitizer"],
}


def build_from_source(minor: str, folder: Path) -> None:
    """Build the interpreter *minor*, such as ``3.13t``, into *folder*."""
    number, _, rest = minor.partition("t")
    options = [*OPTIONS[f"t{rest}"], "--with-ensurepip=install"]
    options += ["--disable-test-modules", f"--prefix={folder}"]
    check_headers()
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as kept:
        source = unpacked(Apt(Path(kept), SUITE).source(f"python{number}"))
        say(f"building Python {minor}; this takes some minutes")
        run_step(["./configure", "--quiet", *options], source)
        run_step(["make", "--silent", f"--jobs={os.cpu_count() or 1}"], source)
        run_step(["make", "--silent", "install"], source)


def check_headers() -> None:
    """Raise unless there is a compiler that finds the headers which are needed."""
    if not shutil.which("cc"):
        raise SetupError(f"there is no C compiler: apt install {PACKAGES}")
    for header in HEADERS:
        done = captured(["cc", "-E", "-x", "c", "-"], given=f"#include <{header}>\n")
        if done.returncode:
            raise SetupError(f"there is no {header}: apt install {PACKAGES}")


def unpacked(archive: Path) -> Path:
    """Unpack *archive* beside itself and return the folder it holds."""
    target = archive.parent / "source"
    target.mkdir()
    run_step(["tar", "--extract", "--file", str(archive)], target)
    return next(target.iterdir())


def run_step(command: list[str], folder: Path) -> None:
    """Run one step of the build in *folder*, out of sight unless it fails."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        message = f"{done.stdout[-5000:]}{done.stderr[-5000:]}"
        raise SetupError(f"{message}\n{command[0]} failed: {last_line(done.stderr)}")
