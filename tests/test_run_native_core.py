"""When ``./run`` builds the native core, and what it says where it cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dev import native_core
from dev.failures import SetupError
from dev.native_core import Target

HAS_ALL = "exit 0"
HAS_NO_HEADERS = """\
grep -q Python.h || exit 0
echo '<stdin>:1:10: fatal error: Python.h: No such file or directory' >&2
exit 1
"""
NO_COMPILER = "there is no C compiler (absent-cc); on Debian: apt install gcc"
NO_HEADERS = (
    "the headers of Python 3.14 cannot be compiled (<stdin>:1:10: fatal error:"
    " Python.h: No such file or directory); on Debian: apt install python3.14-dev"
)
PYTHON = Path(sys.executable)
FILE = "_native.abi-1.so"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The native core's folder in a project of its own, for a Python 3.14 of abi 1."""
    asked = Target("3.14", "absent-cc", ["/no/headers"], ".abi-1.so")
    monkeypatch.setattr(native_core, "target", lambda _: asked)
    monkeypatch.setattr(native_core, "ROOT", tmp_path)
    for name in ("CC", "INSCOPE_BUILD", "INSCOPE_BUILD_STRICT"):
        monkeypatch.delenv(name, raising=False)
    made = tmp_path / native_core.FOLDER
    made.mkdir(parents=True)
    return made


def _compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """Let CC name a program that *does* so with what it is to compile."""
    program = tmp_path / "cc"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("CC", f"{program} -pthread")


def test_it_is_required_where_it_can_be_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a compiler and headers, a core that does not compile is an error."""
    _compiler(tmp_path, monkeypatch, HAS_ALL)

    assert ("require", "") == native_core.plan(PYTHON)


def test_without_a_compiler_it_is_left_out() -> None:
    """The compiler that is missing is named, and the package that has it."""
    assert ("off", NO_COMPILER) == native_core.plan(PYTHON)


def test_a_compiler_that_compiles_nothing_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``CC=false``, as one says it to do without."""
    monkeypatch.setenv("CC", "false")

    choice, why_not = native_core.plan(PYTHON)

    assert "off" == choice
    assert "there is no C compiler (false)" in why_not


def test_without_headers_it_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The compiler's words are given, and the package for that version."""
    _compiler(tmp_path, monkeypatch, HAS_NO_HEADERS)

    assert ("off", NO_HEADERS) == native_core.plan(PYTHON)


@pytest.mark.parametrize("choice", ["auto", "require", "off"])
def test_what_the_user_asks_for_counts(
    monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    """INSCOPE_BUILD is passed on, whatever there is."""
    monkeypatch.setenv("INSCOPE_BUILD", choice)

    assert (choice, "") == native_core.plan(PYTHON)


def test_an_interpreter_tells_what_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real question put to the real interpreter: version, headers, suffix."""
    monkeypatch.undo()

    asked = native_core.target(PYTHON)

    assert "{}.{}".format(*sys.version_info) == asked.version
    assert asked.suffix.endswith((".so", ".pyd"))
    assert all(Path(header).is_absolute() for header in asked.headers)


def test_what_was_built_for_an_interpreter_is_removed(
    folder: Path, tmp_path: Path
) -> None:
    """Wherever in src it lies, and the scratch; another interpreter's stays."""
    (tmp_path / "build" / "lib").mkdir(parents=True)
    (folder.parent / FILE).touch()
    (folder / FILE).touch()
    (folder / "_native.abi-2.so").touch()

    native_core.clear(PYTHON)

    assert [folder / "_native.abi-2.so"] == list(tmp_path.rglob("*.so"))
    assert not (tmp_path / "build").exists()


def test_what_was_built_is_noted(folder: Path) -> None:
    """The file's name, or that there is none; another interpreter's does not count."""
    (folder / "_native.abi-2.so").touch()
    before = native_core.built(PYTHON)
    (folder / FILE).touch()

    assert ("none", FILE) == (before, native_core.built(PYTHON))


def test_it_is_built_again_when_it_has_gone(folder: Path) -> None:
    """As after ``git clean``, or when another environment's build failed."""
    (folder / FILE).touch()
    there = native_core.is_due(FILE, PYTHON)
    (folder / FILE).unlink()

    assert (False, True) == (there, native_core.is_due(FILE, PYTHON))


def test_it_is_built_once_a_compiler_has_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then, each command says in a line why it is not there."""
    before = native_core.is_due(native_core.NONE, PYTHON)
    said = capsys.readouterr().err
    _compiler(tmp_path, monkeypatch, HAS_ALL)

    assert (False, True) == (before, native_core.is_due(native_core.NONE, PYTHON))
    assert f"run: the native core is not built: {NO_COMPILER}\n" == said
    assert "" == capsys.readouterr().err


def test_it_stays_away_where_the_user_wants_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """INSCOPE_BUILD=off is not explained at every command, nor undone."""
    monkeypatch.setenv("INSCOPE_BUILD", "off")

    assert not native_core.is_due(native_core.NONE, PYTHON)
    assert "" == capsys.readouterr().err


def test_continuous_integration_does_not_do_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """INSCOPE_BUILD_STRICT=1 makes a missing compiler an error."""
    native_core.require(PYTHON)
    monkeypatch.setenv("INSCOPE_BUILD_STRICT", "1")

    with pytest.raises(SetupError) as raised:
        native_core.require(PYTHON)
    _compiler(tmp_path, monkeypatch, HAS_ALL)
    native_core.require(PYTHON)

    assert f"INSCOPE_BUILD_STRICT wants the native core, but {NO_COMPILER}" == str(
        raised.value
    )


def test_it_consists_of_its_sources_and_headers(folder: Path) -> None:
    """Not of what was built, nor of the Python beside it."""
    for name in ("proxy.c", "state.h", "proxy.py", FILE):
        (folder / name).touch()

    assert ["proxy.c", "state.h"] == [file.name for file in native_core.files()]
