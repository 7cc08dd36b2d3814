"""The project, and what is built of it once for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from builds import BUILT_FROM, LEFT_BEHIND, ROOT, built, copied, installed

from dev import native_core
from dev.wheel import unpack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what inscope is built from, to break."""
    return copied(tmp_path / "project", *BUILT_FROM)


@pytest.fixture(scope="session")
def compiler() -> None:
    """What the native core is built with; without it, a test is skipped."""
    why_not = native_core.obstacle(native_core.target(Path(sys.executable)))
    if why_not and os.environ.get("INSCOPE_BUILD_STRICT") == "1":
        pytest.fail(why_not)
    if why_not:
        pytest.skip(why_not)


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of the whole project."""
    folder = tmp_path_factory.mktemp("sdist")
    names = set(os.listdir(ROOT)) - LEFT_BEHIND("", os.listdir(ROOT))
    return built("sdist", copied(folder / "project", *names), folder / "made")


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the sdist."""
    return unpack(sdist, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture(scope="session")
def wheel(
    compiler: None, unpacked: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The wheel made of the sdist, with the native core."""
    made = tmp_path_factory.mktemp("wheel") / "made"
    return built("wheel", unpacked, made, INSCOPE_BUILD="require")


@pytest.fixture(scope="session")
def native(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it."""
    folder = tmp_path_factory.mktemp("native")
    done = installed(wheel, folder)
    assert 0 == done.returncode, done.stdout
    return folder


@pytest.fixture(scope="session")
def pure_wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made of the sdist, without the native core."""
    made = tmp_path_factory.mktemp("pure-wheel") / "made"
    return built("wheel", unpacked, made, INSCOPE_BUILD="off")


@pytest.fixture(scope="session")
def pure(pure_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel without the native core installed in it."""
    folder = tmp_path_factory.mktemp("pure")
    done = installed(pure_wheel, folder)
    assert 0 == done.returncode, done.stdout
    return folder
