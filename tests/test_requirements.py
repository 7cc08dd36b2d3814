"""What ``./run matrix`` installs where not every library has a build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dev import requirements
from dev.failures import NoBuildError, SetupError
from dev.interpreters import Interpreter

PROJECT = """\
[project]
name = "inscope"
[project.optional-dependencies]
demo = ["rich>=13", "gevent>=24"]
examples = ["Flask>=3", "rich>=13"]
test = ["inscope[demo,examples]", "pytest>=8,<9", "uvloop>=0.21; os_name != 'nt'"]
"""
WANTED = ["rich>=13", "gevent>=24", "Flask>=3", "pytest>=8,<9"]
WANTED += ["uvloop>=0.21; os_name != 'nt'"]

OTHER = Interpreter("3.15.0", "/python")


class Index:
    """Stands in for pip and its index: *lacking* has no build, *down* no answer.

    *imports* are the exit codes of the programs that import a library.
    """

    def __init__(self) -> None:
        self.installed: list[str] = []
        self.removed: list[str] = []
        self.lacking: set[str] = set()
        self.imports = {"greenlet": 0, "gevent": 1, "uvloop": 0}
        self.down = False

    def prepared(
        self,
        environment: Path,
        python: str,
        *extras: str,
        patience: float | None = None,
    ) -> Path:
        """Make the environment; install the extras if all of each can be had."""
        is_own = python == os.path.realpath(sys.executable)
        assert (not extras or is_own) == (patience is None)
        environment.mkdir(exist_ok=True)
        self.installed += extras
        if extras and self.lacking:
            raise NoBuildError("there is no build of one")
        return environment / "bin"

    def captured(
        self, command: list[str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        """Install what comes last in *command*, or do otherwise what that asks for."""
        requirement = command[-1]
        if "uninstall" in command:
            self.removed.append(requirement)
            return subprocess.CompletedProcess(command, 0, "", "")
        if command[1] == "-c":
            [name] = re.findall(r"import (\w+)$", requirement, re.MULTILINE)
            return subprocess.CompletedProcess(command, self.imports[name], "", "")
        self.installed.append(requirement)
        if self.down:
            return subprocess.CompletedProcess(command, 1, "", "no connection")
        if requirement in self.lacking:
            said = f"ERROR: No matching distribution found for {requirement}\n"
            return subprocess.CompletedProcess(command, 1, "", said)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    """The index, for a project in *tmp_path*."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    index = Index()
    monkeypatch.setattr(requirements, "ROOT", tmp_path)
    monkeypatch.setattr(requirements, "prepared", index.prepared)
    monkeypatch.setattr(requirements, "captured", index.captured)
    return index


def test_an_extra_holds_what_the_extras_it_names_hold(index: Index) -> None:
    """Each requirement once, in the order of the file."""
    assert WANTED == requirements.expanded("test")


def test_where_all_can_be_had_it_is_installed_at_one_go(
    index: Index, tmp_path: Path
) -> None:
    """Nothing is left out."""
    done = requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert (tmp_path / "env/bin", []) == done
    assert ["test"] == index.installed


def test_what_has_no_build_is_left_out_and_named(index: Index, tmp_path: Path) -> None:
    """Everything else is installed, one by one."""
    index.lacking = {"gevent>=24", "uvloop>=0.21; os_name != 'nt'"}

    done = requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert (tmp_path / "env/bin", ["gevent", "uvloop"]) == done
    assert ["test", *WANTED] == index.installed


def test_what_was_left_out_is_remembered(index: Index, tmp_path: Path) -> None:
    """Until the requirements change: then all of them are tried again."""
    index.lacking = {"gevent>=24"}
    requirements.prepared_for_tests(tmp_path / "env", OTHER)
    index.installed.clear()

    again = requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert (tmp_path / "env/bin", ["gevent"]) == again
    assert [] == index.installed

    index.lacking.clear()
    (tmp_path / "pyproject.toml").write_text(PROJECT.replace("Flask>=3", "Flask>=4"))
    changed = requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert (tmp_path / "env/bin", []) == changed
    assert ["test"] == index.installed


def test_nothing_goes_without_pytest(index: Index, tmp_path: Path) -> None:
    """There is no suite without it, so this is an error."""
    index.lacking = {"pytest>=8,<9"}

    with pytest.raises(NoBuildError, match="no build of pytest"):
        requirements.prepared_for_tests(tmp_path / "env", OTHER)


def test_a_network_that_is_down_leaves_nothing_out(
    index: Index, tmp_path: Path
) -> None:
    """It is an error, not a library without a build, and nothing is remembered."""
    index.lacking, index.down = {"gevent>=24"}, True

    with pytest.raises(SetupError, match="could not be installed"):
        requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert ["test", "rich>=13"] == index.installed
    assert [] == list((tmp_path / "env").iterdir())


def test_the_interpreter_that_runs_goes_without_nothing(
    index: Index, tmp_path: Path
) -> None:
    """It is the one the project is worked on with, and has builds of everything."""
    index.lacking = {"gevent>=24"}
    running = Interpreter("3.11.9", os.path.realpath(sys.executable))

    with pytest.raises(NoBuildError):
        requirements.prepared_for_tests(tmp_path / "env", running)

    assert ["test"] == index.installed


def test_what_asks_for_the_lock_is_left_out_where_there_is_none(
    index: Index, tmp_path: Path
) -> None:
    """Removed, if it is there; named, as what cannot be imported is."""
    index.imports["greenlet"] = requirements.ASKS_FOR_THE_LOCK
    free = Interpreter("3.13.5t", "/python")

    done = requirements.prepared_for_tests(tmp_path / "env", free)

    assert (tmp_path / "env/bin", ["gevent", "greenlet"]) == done
    assert ["greenlet"] == index.removed


def test_what_asks_for_the_lock_is_kept_where_there_is_one(
    index: Index, tmp_path: Path
) -> None:
    """Nothing is asked of the libraries there."""
    index.imports["greenlet"] = requirements.ASKS_FOR_THE_LOCK

    done = requirements.prepared_for_tests(tmp_path / "env", OTHER)

    assert (tmp_path / "env/bin", []) == done
    assert [] == index.removed
