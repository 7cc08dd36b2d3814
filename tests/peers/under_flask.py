"""A pytest plugin: Flask's own suite in this process runs on inscope's drop-in.

``test_flask_suite.py`` loads it into a pytest of its own. INSCOPE_PEER_MODE says how:
``untouched`` (on werkzeug), ``dropin``, ``counted`` (the drop-in, with a subclass that
counts resolutions), or one of FAULTS, a special method that is broken on purpose.
What happened is written to the file that INSCOPE_PEER_REPORT names.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inscope
import inscope.dropin

FAULTS: dict[str, Callable[..., Any]] = {
    "__bool__": lambda proxy: True,
    "__setitem__": lambda proxy, key, value: None,
    "__iter__": lambda proxy: iter(()),
}

mode = os.environ["INSCOPE_PEER_MODE"]

seen: dict[str, Any] = {
    "core": inscope.CORE,
    "passed": [],
    "failed": [],
    "resolutions": 0,
}


class LocalProxy(inscope.LocalProxy[Any]):
    """A proxy that counts: each operation asks it for the object once."""

    __slots__ = ()

    def _get_current_object(self) -> Any:
        seen["resolutions"] += 1
        return super()._get_current_object()


def _install() -> None:
    inscope.dropin.install()
    local: Any = importlib.import_module("werkzeug.local")
    if mode == "counted":
        local.LocalProxy = LocalProxy
    elif mode in FAULTS:
        body = {"__slots__": (), mode: FAULTS[mode]}
        local.LocalProxy = type("LocalProxy", (inscope.LocalProxy,), body)


if mode != "untouched":
    _install()  # as the plugin is loaded: the suite's conftest imports Flask


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what passed and what did not, by name."""
    if report.failed:
        seen["failed"].append(report.nodeid)
    elif report.when == "call" and report.passed:
        seen["passed"].append(report.nodeid)


def pytest_unconfigure() -> None:
    """Write down what was seen."""
    seen["proxies"] = sum(map(inscope.is_proxy, gc.get_objects()))
    flask_globals = sys.modules["flask.globals"]
    seen["class"] = vars(flask_globals)["LocalProxy"].__module__
    Path(os.environ["INSCOPE_PEER_REPORT"]).write_text(json.dumps(seen))
