"""Builds the native core, as far as INSCOPE_BUILD asks for it.

``auto``, the default: if it compiles, and otherwise inscope is installed without
it. ``require``: or the installation fails. ``off``: not at all. A warning of the
compiler counts as an error with INSCOPE_BUILD_STRICT=1, which is for development:
a compiler yet to come warns of more.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("src/inscope/_core/native")
CHOICES = ("auto", "require", "off")
FLAGS = (
    "-std=c11",
    "-O3",
    "-fvisibility=hidden",  # calls between the files need no table
)
LINUX = ("-fno-plt",)  # calls of the interpreter go straight there
STRICT = (
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wno-sign-conversion",
    "-Wno-cast-function-type",  # method tables hold functions of several types
    "-Wno-missing-field-initializers",
    "-Wno-unused-parameter",
    "-Werror",
)


def files(pattern: str) -> list[str]:
    """Return the files of the native core that match, as setuptools wants them."""
    return sorted(path.as_posix() for path in FOLDER.glob(pattern))


def flags() -> list[str]:
    """Return what the compiler is told beside what the interpreter tells it."""
    if os.name != "posix":
        return ["/std:c11"]
    strict = os.environ.get("INSCOPE_BUILD_STRICT", "0") not in ("", "0")
    linux = sys.platform == "linux"
    return [*FLAGS, *(LINUX if linux else ()), *(STRICT if strict else ())]


def extensions(choice: str) -> list[Extension]:
    """Return what is to be built for INSCOPE_BUILD=*choice*."""
    if choice not in CHOICES:
        message = f"INSCOPE_BUILD must be auto, require or off, not {choice!r}"
        raise SystemExit(message)
    if choice == "off":
        return []
    native = Extension(
        "inscope._core.native._native",
        sources=files("*.c"),
        depends=files("*.h"),
        extra_compile_args=flags(),
        optional=choice == "auto",
    )
    return [native]


setup(ext_modules=extensions(os.environ.get("INSCOPE_BUILD", "auto")))
