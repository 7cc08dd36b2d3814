"""INSCOPE_BUILD: what is built, and what happens where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds import DEFECT, NATIVE, WARNED_OF, core_of, installed


def test_without_a_compiler_the_python_core_is_installed(
    project: Path, tmp_path: Path
) -> None:
    """``auto``, the default, needs no compiler."""
    done = installed(project, tmp_path / "there", CC="false")

    assert 0 == done.returncode, done.stdout
    assert "python" == core_of(tmp_path / "there")


def test_without_a_compiler_a_required_core_is_an_error(
    project: Path, tmp_path: Path
) -> None:
    """``require`` says which program failed and installs nothing."""
    done = installed(project, tmp_path / "there", CC="false", INSCOPE_BUILD="require")

    assert "'false'" in done.stdout
    assert 1 == done.returncode
    assert not (tmp_path / "there").exists()


def test_a_choice_that_does_not_exist_is_an_error(
    project: Path, tmp_path: Path
) -> None:
    """It lists those that do."""
    done = installed(project, tmp_path / "there", INSCOPE_BUILD="maybe")

    message = "INSCOPE_BUILD must be auto, require or off, not 'maybe'"
    assert message in done.stdout
    assert 1 == done.returncode


@pytest.mark.usefixtures("compiler")
def test_a_core_that_does_not_compile_is_left_out(
    project: Path, tmp_path: Path
) -> None:
    """``auto`` takes a defect like a compiler that is not there."""
    (project / NATIVE / "a_defect.c").write_text(DEFECT)

    done = installed(project, tmp_path / "there")

    assert 0 == done.returncode, done.stdout
    assert "python" == core_of(tmp_path / "there")


@pytest.mark.usefixtures("compiler")
def test_a_required_core_that_does_not_compile_is_an_error(
    project: Path, tmp_path: Path
) -> None:
    """``require`` gives the compiler's words, of whichever file of the folder it is."""
    (project / NATIVE / "a_defect.c").write_text(DEFECT)

    done = installed(project, tmp_path / "there", INSCOPE_BUILD="require")

    assert "a_defect.c:1:27: error:" in done.stdout
    assert 1 == done.returncode


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize(("strict", "code"), [("0", 0), ("1", 1)])
def test_a_warning_is_an_error_in_strict_builds_only(
    project: Path, tmp_path: Path, strict: str, code: int
) -> None:
    """A compiler that is yet to come does not take the native core from anyone."""
    for file in (project / NATIVE).glob("*.c"):
        file.unlink()  # one file tells enough
    module = f"#include <Python.h>\n{WARNED_OF}PyObject *PyInit__native(void);\n"
    module += "PyObject *PyInit__native(void) { return NULL; }\n"
    (project / NATIVE / "module.c").write_text(module)
    chosen = {"INSCOPE_BUILD": "require", "INSCOPE_BUILD_STRICT": strict}

    done = installed(project, tmp_path / "there", **chosen)

    assert code == done.returncode, done.stdout
    assert bool(code) == ("-Werror=unused-function" in done.stdout)
