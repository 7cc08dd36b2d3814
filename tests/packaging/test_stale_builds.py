"""What was built from other sources is never loaded: ``./run`` removes it first."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import files
from pathlib import Path

import pytest
from builds import DEFECT, NATIVE

from dev import environments, native_core, processes
from dev.failures import SetupError


@pytest.fixture
def python(
    compiler: None, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The Python of an environment that ``./run`` keeps for *project*."""
    for module in (environments, native_core, processes):
        monkeypatch.setattr(module, "ROOT", project)
    for name in ("INSCOPE_BUILD", "INSCOPE_BUILD_STRICT", "INSCOPE_CORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    environment = project / ".venv"
    make = [sys.executable, "-m", "venv", "--without-pip", environment]
    subprocess.run(make, check=True)
    for name in ("pip", "setuptools"):
        _lend(name, environment)
    return environment / "bin" / "python"


def _lend(library: str, environment: Path) -> None:
    """Copy *library* into *environment*, as there is no network to get it from."""
    here = sysconfig.get_path("purelib")
    there = sysconfig.get_path("purelib", vars={"base": str(environment)})
    for name in {file.parts[0] for file in files(library) or ()}:
        if Path(here, name).is_dir():
            shutil.copytree(Path(here, name), Path(there, name), dirs_exist_ok=True)


def _core(python: Path) -> str:
    command = [str(python), "-I", "-c", "import inscope; print(inscope.CORE)"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def test_a_build_that_fails_leaves_no_older_one_to_be_loaded(
    python: Path, project: Path
) -> None:
    """pip would leave the old extension in place, and tests would pass with it."""
    assert environments.install(python, []).startswith("_native.")
    assert "native" == _core(python)
    (project / NATIVE / "a_defect.c").write_text(DEFECT)

    with pytest.raises(SetupError, match=r"does not compile: .*a_defect.c:1:27: error"):
        environments.install(python, [])

    assert "python" == _core(python)


def test_a_build_that_is_not_wanted_leaves_no_older_one_to_be_loaded(
    python: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INSCOPE_BUILD=off gives the Python core, whatever lies there."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    (project / NATIVE / f"_native{suffix}").write_text("no extension at all")
    monkeypatch.setenv("INSCOPE_BUILD", "off")

    assert "none" == environments.install(python, [])
    assert "python" == _core(python)
