"""What is in the sdist and in the wheels, and which core is imported from them."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from builds import NATIVE, ROOT, copied, core_of

NOT_BUILT = "ImportError: INSCOPE_CORE=native, but the native core is not built here"
UNKNOWN = "ImportError: INSCOPE_CORE must be auto, native or python, not 'fast'"


def _files(wheel: Path) -> list[Path]:
    with ZipFile(wheel) as archive:
        return [Path(name) for name in archive.namelist()]


def test_the_sdist_has_all_that_the_native_core_is_built_from(unpacked: Path) -> None:
    """Without its headers, a wheel made from it would quietly be one without core."""
    wanted = {
        file.name for kind in ("*.c", "*.h") for file in (ROOT / NATIVE).glob(kind)
    }

    assert {".c", ".h"} == {Path(name).suffix for name in wanted}
    assert wanted <= {file.name for file in (unpacked / NATIVE).iterdir()}


@pytest.mark.parametrize(
    "folder", ["benchmarks", "dev", "docs", "examples", "src", "tests", "typing_tests"]
)
def test_the_sdist_has_the_whole_project(
    unpacked: Path, tmp_path: Path, folder: str
) -> None:
    """It can be tested and documented from there."""
    here = copied(tmp_path / "here", folder)
    wanted = {file.relative_to(here) for file in here.rglob("*") if file.is_file()}

    assert set() == {name for name in wanted if not (unpacked / name).exists()}
    assert (unpacked / "run").stat().st_mode & 0o111


def test_nothing_that_was_built_is_in_the_sdist(unpacked: Path) -> None:
    """Neither extensions nor bytecode nor pages."""
    built = [file for kind in ("*.so", "*.pyc") for file in unpacked.rglob(kind)]

    assert [] == built
    assert not (unpacked / "docs" / "_build").exists()


def test_the_wheel_of_the_sdist_has_the_native_core(wheel: Path, native: Path) -> None:
    """One extension, in a wheel that says that it is for one interpreter."""
    extensions = [file for file in _files(wheel) if file.suffix in (".so", ".pyd")]

    assert [NATIVE.relative_to("src")] == [file.parent for file in extensions]
    assert not wheel.name.endswith("none-any.whl")
    assert "native" == core_of(native)


def test_the_wheel_without_the_native_core_is_for_every_interpreter(
    pure_wheel: Path, pure: Path
) -> None:
    """INSCOPE_BUILD=off makes it, with no extension in it."""
    assert pure_wheel.name.endswith("-py3-none-any.whl")
    assert [] == [file for file in _files(pure_wheel) if file.suffix == ".so"]
    assert "python" == core_of(pure)


@pytest.mark.parametrize("kind", ["wheel", "pure_wheel"])
def test_a_wheel_has_what_is_imported_and_the_types(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """All of the package's Python and its marker, and none of the C."""
    files = _files(request.getfixturevalue(kind))
    package = ROOT / "src"
    wanted = {file.relative_to(package) for file in package.rglob("inscope/**/*.py*")}
    wanted = {file for file in wanted if file.suffix in (".py", ".pyi")}

    assert wanted | {Path("inscope/py.typed")} <= {*files}
    assert set() == {".c", ".h"} & {file.suffix for file in files}


@pytest.mark.parametrize("core", ["auto", "native", "python"])
def test_the_native_core_can_be_chosen_or_declined(native: Path, core: str) -> None:
    """Where both are installed, INSCOPE_CORE decides."""
    expected = "python" if core == "python" else "native"

    assert expected == core_of(native, INSCOPE_CORE=core)


def test_a_native_core_that_was_not_built_is_refused(pure: Path) -> None:
    """Who asks for it is told how to get it; who does not has the one in Python."""
    message = core_of(pure, INSCOPE_CORE="native")

    assert message.startswith(NOT_BUILT)
    assert "install inscope with a C compiler" in message
    assert "python" == core_of(pure, INSCOPE_CORE="auto")


@pytest.mark.parametrize("kind", ["native", "pure"])
def test_a_core_that_does_not_exist_is_refused(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """A mistyped choice never runs as another one."""
    folder = request.getfixturevalue(kind)

    assert core_of(folder, INSCOPE_CORE="fast").startswith(UNKNOWN)
