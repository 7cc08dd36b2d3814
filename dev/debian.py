"""Interpreters as Debian builds them, made to run where they are unpacked.

Each suite of Debian has a Python or two, built for the C library of that suite. They
are unpacked with that library into a folder, and told to load it from there. What
results is an ordinary program: it makes environments, starts itself, and loads
PyPI's wheels and what the machine's own compiler builds with its headers. It needs
no root and no container; apt and dpkg must be there.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from dev.apt import Apt
from dev.failures import SetupError
from dev.processes import captured

__all__ = ["fetch_from_debian"]

SUITES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "sid", "3.15": "sid"}
"""Which of them has which version; none has 3.12."""


def fetch_from_debian(minor: str, folder: Path) -> None:
    """Put the interpreter *minor*, such as ``3.14`` or ``3.14d``, into *folder*."""
    number = minor.rstrip("d")
    packages = [f"python{number}-venv", f"libpython{number}-dev", "patchelf"]
    packages += [f"python{number}-dbg"] * minor.endswith("d")
    unpacked = folder.with_name(f"{folder.name}.unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as kept:
        Apt(Path(kept), SUITES[number]).unpack(packages, unpacked)
    merge_libraries(unpacked)
    place_headers(unpacked / "usr/include")
    place_wheels(unpacked / "usr", folder / "usr")
    unpacked.rename(folder)  # from here on it is whole, if not yet able to run
    use_own_libraries(folder / "usr")


def merge_libraries(root: Path) -> None:
    """Put the libraries of older packages, which have them apart, beside the others."""
    if (root / "lib").is_dir():
        libraries = root / "usr/lib"
        shutil.copytree(root / "lib", libraries, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root / "lib")


def place_headers(include: Path) -> None:
    """Put each ``pyconfig.h`` beside its ``Python.h``.

    Debian has one there for all kinds of processors, which names the others
    as if they were below ``/usr/include``.
    """
    for header in include.glob("*/python3*/pyconfig.h"):
        beside = include / header.parent.name / header.name
        beside.unlink(missing_ok=True)
        shutil.copyfile(header, beside)


def place_wheels(usr: Path, final: Path) -> None:
    """Tell ``ensurepip`` where its pip will be: not in the system's ``/usr``."""
    wheels = "share/python-wheels"
    for settings in usr.glob("lib/python3*/_sysconfig*"):
        if settings.is_file():
            text = settings.read_text()
            text = re.sub(rf"(?<=[\"'])/usr/{wheels}", str(final / wheels), text)
            settings.write_text(text)


def use_own_libraries(usr: Path) -> None:
    """Let the interpreters in *usr* load the libraries that came with them."""
    libraries = next(usr.glob("lib/*/libc.so.6")).parent
    loader = str(next(libraries.glob("ld-*.so.*")))
    patchelf = [loader, "--library-path", str(libraries), str(usr / "bin/patchelf")]
    steps = (  # in this order, one by one: together they spoil the program
        ["--force-rpath", "--set-rpath", str(libraries)],
        ["--set-interpreter", loader],
    )
    for program in usr.glob("bin/python3.*"):
        if program.is_symlink() or not re.fullmatch(r"python3\.\d+d?", program.name):
            continue
        for step in steps:
            done = captured([*patchelf, *step, str(program)])
            if done.returncode:
                raise SetupError(f"{program} cannot be made to run: {done.stderr}")
