"""What is being measured: the interpreter and its build, versions, the machine."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def build_name(flags: str, base_prefix: str, distribution: str) -> str:
    """Return how the interpreter was built, in a word.

    Args:
        flags: What its ``configure`` was called with.
        base_prefix: Where it is installed.
        distribution: The Linux distribution's id. Its own build, in ``/usr``,
            is named after it: what it was optimised with, the flags do not say.
    """
    if base_prefix == "/usr":
        return distribution or "distribution"
    optimised = "--enable-optimizations" in flags
    return "optimised" if optimised else "unoptimised"


def traits(*, free_threaded: bool, debug: bool) -> list[str]:
    """Return what else sets the build apart."""
    return ["free-threaded"] * free_threaded + ["debug"] * debug


def distribution_id() -> str:
    """Return the id of the Linux distribution, such as ``debian``, or ``""``."""
    try:
        return platform.freedesktop_os_release()["ID"]
    except (OSError, KeyError):
        return ""


def this_build() -> list[str]:
    """Return the words that name the build of the running interpreter."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return [
        build_name(flags, sys.base_prefix, distribution_id()),
        *traits(
            free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            debug=hasattr(sys, "gettotalrefcount"),
        ),
    ]


def file_name(implementation: str, number: str, build: list[str], core: str) -> str:
    """Return the name under which a run is kept: the Python core goes unsaid."""
    cores = [core] if core != "python" else []
    return "-".join([implementation.lower(), number, *build, *cores])


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average() -> float | None:
    """Return how many processes wanted to run in the last minute, if it is known."""
    try:
        return round(os.getloadavg()[0], 1)
    except (OSError, AttributeError):
        return None


def processor_model() -> str:
    """Return the name that the processor gives itself, or ``""``."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    names = [line for line in lines if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else ""


def versions_of(packages: list[str]) -> dict[str, str]:
    """Return the versions of those of *packages* that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def about(packages: list[str]) -> dict[str, Any]:
    """Return what a run is kept with."""
    import inscope

    return {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "build": this_build()[0],
        "traits": this_build()[1:],
        "core": inscope.CORE,
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": processor_model(),
        "processors": processors(),
        "load": load_average(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions_of(packages),
    }


def name_of(about: dict[str, Any]) -> str:
    """Return the name under which a run with this *about* is kept."""
    build = [about["build"], *about["traits"]]
    return file_name(about["implementation"], about["version"], build, about["core"])
