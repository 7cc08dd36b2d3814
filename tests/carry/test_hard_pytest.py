"""A hard case: fixtures of asynchronous tests, which are set up and torn down in tasks.

pytest-asyncio before 0.25 did that in contexts of its own: what a fixture bound did not
reach its test, and could not be reset.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PLAIN = """\
from contextvars import ContextVar

user = ContextVar("user", default="nobody")

class bind:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        self.token = user.set(self.value)

    def __exit__(self, *_):
        user.reset(self.token)
"""

INSCOPE = """\
from inscope import Var

user = Var("user", default="nobody")
bind = user.bind
"""

PYTEST_ASYNCIO = """\
import pytest
import pytest_asyncio

asynchronous = pytest.mark.asyncio
fixture = pytest_asyncio.fixture
"""

ANYIO = """\
import pytest

asynchronous = pytest.mark.anyio
fixture = pytest.fixture

@pytest.fixture(autouse=True, params=["asyncio", "trio"])
def anyio_backend(request):
    pytest.importorskip(request.param)
    return request.param
"""

TESTS = """
@fixture
async def ann():
    with bind("ann"):
        yield

@fixture
async def bob(ann):
    before = user.get()
    with bind("bob"):
        yield
    assert before == user.get()

@pytest.fixture
def eve():
    with bind("eve"):
        yield

@asynchronous
async def test_one(ann):
    assert "ann" == user.get()

@asynchronous
async def test_between():
    assert "nobody" == user.get()

@asynchronous
async def test_nested(bob):
    assert "bob" == user.get()

@asynchronous
async def test_sync_fixture(eve):
    assert "eve" == user.get()

@asynchronous
async def test_last():
    assert "nobody" == user.get()

def test_not_left_behind():
    assert "nobody" == user.get()
"""

RESULT = r"^test_it.py::(\w+)(?:\[\w+\])? ([A-Z]+)"

PLUGINS = {"pytest-asyncio": PYTEST_ASYNCIO, "anyio": ANYIO}


def _run(source: str, directory: Path, core: str = "auto") -> dict[str, str]:
    """Run the tests of *source*; return what became of each."""
    (directory / "test_it.py").write_text(source)
    environment = {**os.environ, "INSCOPE_CORE": core, "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-v", "-W", "error", "--rootdir", "."]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--color=no", "test_it.py"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    results: dict[str, str] = {}
    for name, result in re.findall(RESULT, done.stdout, re.MULTILINE):
        if results.get(name) in (None, "PASSED"):
            results[name] = result
    assert results, done.stdout + done.stderr
    return results


def _plugin(name: str) -> str:
    """Return what makes a plugin known; skip the test if it is not installed."""
    pytest.importorskip(name.replace("-", "_"))
    return PLUGINS[name]


def _passed(source: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"def (test_\w+)", source), "PASSED")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_a_fixture_sets_cannot_be_reset(plugin: str, tmp_path: Path) -> None:
    """The fault, where the plugin still has it."""
    results = _run(_plugin(plugin) + PLAIN + TESTS, tmp_path)
    if results == _passed(TESTS):
        pytest.skip(f"{plugin} {version(plugin)} no longer has the fault")
    assert "ERROR" in results.values() or "FAILED" in results.values()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_a_fixture_binds_reaches_its_test_and_ends(
    core: str, plugin: str, tmp_path: Path
) -> None:
    """Before its ``yield`` it binds, and after that it ends; the next test is clean."""
    if plugin == "pytest-asyncio":
        pytest.importorskip("pytest_asyncio", minversion="0.25")
    results = _run(_plugin(plugin) + INSCOPE + TESTS, tmp_path, core)
    assert _passed(TESTS) == results
