"""How ``./run matrix`` finds the interpreters of a machine, and what it calls them."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from dev import interpreters
from dev.interpreters import Interpreter


def _fake_python(folder: Path, name: str, says: str, code: int = 0) -> None:
    """Put a program into *folder* that answers the script's question."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)


def test_the_matrix_finds_each_version_once_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each version counts once; what is broken, or no interpreter, is left out."""
    path, pyenv = tmp_path / "path", tmp_path / "pyenv"
    _fake_python(path, "python-running", "3.11.9 /a")
    _fake_python(path, "python3.11-config", "3.11.8 /a")
    _fake_python(path, "python3.12", "", code=127)
    _fake_python(path, "python3.13t", "3.13.1t /b")
    _fake_python(path, "python3.14", "3.14.2 /c")
    _fake_python(path, "python3.14d", "3.14.2d /f")
    _fake_python(pyenv, "python3.13", "3.13.1 /d")
    _fake_python(pyenv, "python3.14", "3.14.2 /e")
    monkeypatch.setattr(sys, "executable", str(path / "python-running"))
    monkeypatch.setattr(interpreters, "folders", lambda: [path, pyenv])

    found = interpreters.find_interpreters()

    assert [
        ("3.11.9", "3.11", "/a"),
        ("3.13.1", "3.13", "/d"),
        ("3.13.1t", "3.13t", "/b"),
        ("3.14.2", "3.14", "/c"),
        ("3.14.2d", "3.14d", "/f"),
    ] == [(one.version, one.minor, one.path) for one in found]


def test_the_matrix_searches_path_pyenv_and_what_was_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PATH comes first, then the system's folders, then pyenv's, then its own."""
    pyenv = tmp_path / "versions/3.14.2/bin"
    built, unpacked = tmp_path / "own/3.13t/bin", tmp_path / "own/3.15/usr/bin"
    for folder in (pyenv, built, unpacked):
        folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", "/one:/two")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(interpreters, "FETCHED", tmp_path / "own")

    expected = ["/one", "/two", "/usr/local/bin", "/usr/bin"]
    expected += [str(pyenv), str(built), str(unpacked)]
    assert expected == [str(folder) for folder in interpreters.folders()]


def test_the_interpreter_that_runs_is_recognised() -> None:
    """The real question put to the real interpreter gives version, kind and place."""
    found = interpreters.probe(Path(sys.executable))

    assert found is not None
    assert found.version.startswith("{}.{}.{}".format(*sys.version_info))
    assert bool(sysconfig.get_config_var("Py_GIL_DISABLED")) == found.is_free_threaded
    assert hasattr(sys, "gettotalrefcount") == ("debug" in found.build)
    assert os.path.realpath(sys.executable) == found.path


def test_what_does_not_run_is_no_interpreter(tmp_path: Path) -> None:
    """A program that is not there, fails, or says nothing is left out."""
    _fake_python(tmp_path, "python3.14", "", code=1)
    _fake_python(tmp_path, "python3.15", "")

    assert interpreters.probe(tmp_path / "python3.13") is None
    assert interpreters.probe(tmp_path / "python3.14") is None
    assert interpreters.probe(tmp_path / "python3.15") is None


@pytest.mark.parametrize(
    ("version", "minor", "build", "ordinary"),
    [
        ("3.14.10", "3.14", "regular", True),
        ("3.15.0rc1", "3.15", "regular", True),
        ("3.13.1+", "3.13", "regular", True),
        ("3.13.5t", "3.13t", "free-threaded", True),
        ("3.15.0b2t", "3.15t", "free-threaded", True),
        ("3.14.10d", "3.14d", "debug", False),
        ("3.13.5td", "3.13td", "free-threaded, debug", False),
        ("3.13.5t-tsan", "3.13t-tsan", "free-threaded, thread sanitizer", False),
    ],
)
def test_a_version_tells_the_build(
    version: str, minor: str, build: str, ordinary: bool
) -> None:
    """Its letters say what kind of build it is, and how one asks for such."""
    interpreter = Interpreter(version, "/python")

    assert (minor, build) == (interpreter.minor, interpreter.build)
    assert ordinary == interpreter.is_ordinary
    assert ("free-threaded" in build) == interpreter.is_free_threaded
