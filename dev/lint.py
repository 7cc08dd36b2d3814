"""Every check of the code that runs none of it: ``./run lint``."""

from __future__ import annotations

import os

from dev.environments import main_environment
from dev.processes import follow

__all__ = ["lint"]


def lint(_: list[str]) -> int:
    """Formatting, lint rules, types by two checkers, spelling; takes no args."""
    programs = main_environment("lint", "test")
    os.environ["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    checks = (
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy", "--strict"],
        ["pyright", "--pythonpath", str(programs / "python")],
        ["codespell"],
    )
    results = {}
    for check in checks:
        title = " ".join(check[:2])
        print(f"== {title}", flush=True)
        results[title] = follow([str(programs / check[0]), *check[1:]])
    print("== summary")
    for title, code in results.items():
        print(f"{title:<22} {'FAILED' if code else 'ok'}")
    return int(any(results.values()))
