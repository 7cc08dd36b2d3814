"""Type checkers see what users are promised, and what is there at run time.

The promises are the ``assert_type`` lines and the ``ignore`` comments of
``typing_tests/``, whose files are checked and never run.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
VERSIONS = ["3.11", "3.13"]
"""The versions of Python whose standard library the checkers assume."""

DIFFERENT_AT_RUN_TIME = {
    r"inscope\.(manager|var)\.(AfterExit|Application|Releasable|Source)": (
        "for annotations only"
    ),
    r"inscope\.(proxies\.Source|scope\.(exits\.Step|hosts\.Generator))": (
        "for annotations only"
    ),
    r"inscope\.scope\.scope\.([FTU]|Declaration)": "for annotations only",
    r"inscope\.scope\.shielding\.(__all__|SeeingFuture@\d+|_seeing_future)": (
        "a class within a cached function, which mypy takes for one of the module"
    ),
    r"inscope\.scope\.scope\.Scope\.(proxy|resource)": (
        "overloads: without that argument, a decorator is returned"
    ),
    r"inscope\._core\.source\.(Follower|Given|Holder|Resolver|T)": (
        "for annotations only"
    ),
    r"inscope\._core\.special_method_types\.ForwardedMethods": (
        "declares what is compiled from the table; compared below"
    ),
    r"inscope\._core\.(local|stack|stack_view)\._shown": (
        "recursive_repr, to a checker, returns a function of unnamed parameters"
    ),
    r"inscope\._core\.stack_view\.View\.__init__": "StackView has it, in each core",
    r"inscope\._core\.python\.proxy\.BareProxy\.__getattr__": (
        "__getattribute__ answers every name, which a checker does not take for Any"
    ),
    r"inscope\._core\.python\.proxy\.LocalProxy\.__ipow__": (
        "mypy wants the three parameters of __pow__; Python passes one"
    ),
}
"""What stubtest is told to overlook: patterns of names, and the reasons."""


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a checker, a module of Python, on the sources of this very package."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed: pip install 'inscope[lint]'")
    paths = {"MYPYPATH": str(SOURCE), "PYTHONPATH": str(SOURCE)}
    # To verify types, pyright takes the first Python that it finds.
    first = str(Path(sys.executable).parent)
    paths["PATH"] = os.pathsep.join([first, os.environ.get("PATH", "")])
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | paths | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_mypy_sees_what_the_typing_tests_say(version: str) -> None:
    """Every type is as asserted, and what is wrong is an error."""
    options = ["--strict", "--python-version", version]

    done = run("mypy", *options, "typing_tests")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_pyright_sees_what_the_typing_tests_say(version: str) -> None:
    """Every type is as asserted, and what is wrong is an error."""
    options = ["--pythonpath", sys.executable, "--pythonversion", version]

    done = run("pyright", *options, "typing_tests")

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_name_has_a_known_type() -> None:
    """Pyright has to infer nothing of the API, which another checker might not."""
    options = ["--pythonpath", sys.executable, "--ignoreexternal", "--outputjson"]

    done = run("pyright", *options, "--verifytypes", "inscope")

    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    known = {
        symbol["name"]: symbol["isTypeKnown"]
        for symbol in symbols
        if not symbol["name"].startswith("inscope.demo")
    }
    assert "inscope.var.Var.update" in known
    assert [] == [name for name in known if not known[name]]


def test_the_annotations_agree_with_what_is_there_at_run_time(
    core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stubtest compares each signature and class with the real one."""
    monkeypatch.setenv("INSCOPE_CORE", core)
    allowed = tmp_path / "allowed"
    allowed.write_text("\n".join(DIFFERENT_AT_RUN_TIME))
    names = ("_core", "errors", "logs", "manager", "proxies", "scope", "var")
    modules = [f"inscope.{name}" for name in names]

    done = run("mypy.stubtest", *modules, "--concise", "--allowlist", str(allowed))

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_declared_special_methods_are_those_of_the_table(
    inscope: ModuleType,
) -> None:
    """Checkers are told of every method that is compiled, and of no other."""
    file = SOURCE / "inscope" / "_core" / "special_method_types.py"
    declared = [
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]

    table = importlib.import_module("inscope._core.special_methods")

    assert [row.name for row in table.FORWARDED] == declared
