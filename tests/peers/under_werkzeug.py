"""A pytest plugin: what imports ``werkzeug.local`` in this process gets inscope.

``test_werkzeug_suite.py`` loads it into a pytest of its own. What happened is
written to the file that INSCOPE_PEER_REPORT names. If INSCOPE_PEER_FAULT names one
of FAULTS, the classes are subclasses of inscope's, with that method broken.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

import inscope

NAMES = ("Local", "LocalManager", "LocalProxy", "LocalStack", "release_local")

FAULTS: dict[str, Callable[..., Any]] = {
    "__bool__": lambda proxy: True,
    "__hash__": lambda proxy: id(proxy),
    "__rsub__": lambda proxy, other: proxy - other,
    "__iadd__": lambda proxy, other: proxy,
    "__await__": lambda proxy: iter(()),
}

seen: dict[str, Any] = {"core": inscope.CORE, "passed": 0, "failed": [], "proxies": 0}


def _classes(methods: dict[str, Callable[..., Any]]) -> dict[str, object]:
    """Return subclasses of inscope's classes whose proxies have *methods*."""
    body = {"__slots__": (), "__doc__": inscope.LocalProxy.__doc__, **methods}
    kind: Any = type("LocalProxy", (inscope.LocalProxy,), body)

    class Local(inscope.Local):
        def __call__(self, *args: Any, **options: Any) -> Any:
            return kind(self, *args, **options)

    class LocalStack(inscope.LocalStack[Any]):
        def __call__(self, *args: Any, **options: Any) -> Any:
            return kind(self, *args, **options)

    return {"Local": Local, "LocalProxy": kind, "LocalStack": LocalStack}


def pytest_configure() -> None:
    """Put inscope in the place of ``werkzeug.local``, with a stub around it."""
    names = {name: getattr(inscope, name) for name in NAMES}
    fault = os.environ.get("INSCOPE_PEER_FAULT")
    if fault is not None:
        names |= _classes({fault: FAULTS[fault]} if fault else {})
    package, local = ModuleType("werkzeug"), ModuleType("werkzeug.local")
    vars(local).update(names)
    vars(package)["local"] = local
    sys.modules.update({"werkzeug": package, "werkzeug.local": local})


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Record which of the names that the tests see are inscope's own objects."""
    (module,) = {item.module for item in items}
    seen["replaced"] = [
        name for name in NAMES if getattr(module.local, name) is getattr(inscope, name)
    ]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Count inscope's proxies among the variables of each test as it returns.

    This looks from outside, so it works whatever the core is written in.
    """

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is pyfuncitem.obj.__code__:
            seen["proxies"] += _proxies_in(frame)

    sys.setprofile(look)
    try:
        return (yield)
    finally:
        sys.setprofile(None)


def _proxies_in(frame: FrameType) -> int:
    """Return how many of inscope's proxies the variables of *frame* hold."""
    values = frame.f_locals.values()
    return len({id(value) for value in values if inscope.is_proxy(value)})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passed, and note what did not by name."""
    if report.failed:
        seen["failed"].append(report.location[2].partition("[")[0])
    elif report.when == "call":
        seen["passed"] += report.passed


def pytest_unconfigure() -> None:
    """Write down what was seen."""
    Path(os.environ["INSCOPE_PEER_REPORT"]).write_text(json.dumps(seen))
