"""Builds the native core, if it can be built: INSCOPE_BUILD=auto|require|off."""

import os

from setuptools import Extension, setup

FOLDER = "src/inscope/_core/native"
SOURCES = ("module.c", "operators.c", "proxy.c")
HEADERS = ("compat.h", "core.h", "slots.h")
CHOICES = ("auto", "require", "off")

choice = os.environ.get("INSCOPE_BUILD", "auto")
if choice not in CHOICES:
    raise SystemExit(f"INSCOPE_BUILD must be auto, require or off, not {choice!r}")

extension = Extension(
    "inscope._core.native._native",
    sources=[f"{FOLDER}/{name}" for name in SOURCES],
    depends=[f"{FOLDER}/{name}" for name in HEADERS],
    extra_compile_args=["-std=c11"] if os.name == "posix" else [],
    optional=choice == "auto",
)
setup(ext_modules=[] if choice == "off" else [extension])
