"""The commands that start one program of ``.venv`` and give it their arguments."""

from __future__ import annotations

import os
from pathlib import Path

from dev.environments import main_environment
from dev.parallel import spread
from dev.processes import follow
from dev.redis import fetch_redis

__all__ = ["bench", "cluster", "demo", "docs", "test"]


def demo(arguments: list[str]) -> int:
    """The demo: who sees whose user, on three kinds of server."""
    python = main_environment("demo") / "python"
    command = [str(python), "-m", "inscope", "demo", *arguments]
    return follow(command, Path.cwd())  # where the user expects the picture


def cluster(arguments: list[str]) -> int:
    """The cluster example: a web application, Celery, Dask, and who saw whom."""
    python = main_environment("examples") / "python"
    if not os.environ.get("BROKER"):  # where a Redis is that runs already
        fetch_redis()
    return follow([str(python), "-m", "examples.cluster", *arguments])


def test(arguments: list[str]) -> int:
    """The test suite, by pytest, on all processors."""
    python = main_environment("test", "lint", "bench", "docs") / "python"
    fetch_redis()
    return follow([str(python), "-m", "pytest", *spread(arguments), *arguments])


def bench(arguments: list[str]) -> int:
    """Measure inscope beside its rivals; --quick takes a minute."""
    python = main_environment("bench") / "python"
    return follow([str(python), "-m", "benchmarks", *arguments])


def docs(arguments: list[str]) -> int:
    """The documentation, as pages in docs/_build/html; warnings are errors."""
    python = main_environment("docs") / "python"
    options = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going"]
    folders = ["docs", "docs/_build/html"]
    return follow([str(python), "-m", "sphinx", *options, *arguments, *folders])
