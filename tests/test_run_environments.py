"""How ``./run`` makes its environments, and when it brings them up to date."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from dev import environments, native_core, processes
from dev.failures import NoBuildError, SetupError
from dev.processes import last_line

NETWORK_IS_DOWN = """\
WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/rich/
ERROR: Could not find a version that satisfies the requirement rich
ERROR: No matching distribution found for rich
"""
NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement gevent>=24.11
ERROR: No matching distribution found for gevent>=24.11
"""
DOES_NOT_COMPILE = """\
  × Building editable for inscope (pyproject.toml) did not run successfully.
      src/inscope/_core/native/ways.c:95:27: error: 'x' undeclared
      error: command '/usr/bin/gcc' failed with exit code 1
  ERROR: Failed building editable for inscope
"""
CORE = native_core.FOLDER / "_native.abi.so"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is done to an environment, noted instead of done."""
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(native_core, "ROOT", tmp_path)
    (tmp_path / CORE).parent.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("first")
    noted: list[str] = []

    def make(environment: Path, python: str) -> None:
        (environment / "bin").mkdir(parents=True, exist_ok=True)
        noted.append(f"make for {Path(python).name}")

    def install(python: Path, extras: list[str], _: float | None) -> str:
        noted.append(f"install {','.join(extras)}")
        (tmp_path / CORE).touch()
        return CORE.name

    monkeypatch.setattr(environments, "make", make)
    monkeypatch.setattr(environments, "install", install)
    return noted


def test_an_environment_is_made_once(steps: list[str], tmp_path: Path) -> None:
    """The second time the same extras are asked for, nothing is done."""
    for _ in range(2):
        programs = environments.prepared(tmp_path / "env", "/old", "test")
        assert tmp_path / "env" / "bin" == programs

    assert ["make for old", "install test"] == steps


def test_an_environment_is_updated_when_the_project_changes(
    steps: list[str], tmp_path: Path
) -> None:
    """A new pyproject.toml is installed into the environment that is there."""
    environments.prepared(tmp_path / "env", "/old", "test")
    (tmp_path / "pyproject.toml").write_text("second")

    environments.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "install test", "install test"] == steps


@pytest.mark.parametrize("name", ["proxy.c", "state.h"])
def test_an_environment_is_updated_when_the_native_core_changes(
    steps: list[str], tmp_path: Path, name: str
) -> None:
    """A changed source or header is compiled; a file in Python needs nothing."""
    (tmp_path / CORE.with_name(name)).write_text("first")
    environments.prepared(tmp_path / "env", "/old", "test")
    (tmp_path / CORE.with_name("proxy.py")).write_text("new")
    environments.prepared(tmp_path / "env", "/old", "test")
    (tmp_path / CORE.with_name(name)).write_text("second")

    environments.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "install test", "install test"] == steps


def test_an_environment_is_updated_when_its_native_core_has_gone(
    steps: list[str], tmp_path: Path
) -> None:
    """What is noted as built must be there."""
    environments.prepared(tmp_path / "env", "/old", "test")
    (tmp_path / CORE).unlink()

    environments.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "install test", "install test"] == steps


@pytest.mark.parametrize("name", ["INSCOPE_BUILD", "INSCOPE_BUILD_STRICT"])
def test_an_environment_is_updated_when_the_build_is_to_be_another(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As when the native core is wanted after it was not."""
    monkeypatch.setenv(name, "0")
    environments.prepared(tmp_path / "env", "/old", "test")
    monkeypatch.setenv(name, "1")

    environments.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "install test", "install test"] == steps


def test_an_environment_keeps_the_extras_it_has(
    steps: list[str], tmp_path: Path
) -> None:
    """Another command's extras are added, and asking for fewer changes nothing."""
    environments.prepared(tmp_path / "env", "/old", "demo")
    environments.prepared(tmp_path / "env", "/old", "bench")
    environments.prepared(tmp_path / "env", "/old", "demo")

    assert ["make for old", "install demo", "install bench,demo"] == steps


def test_an_environment_is_made_anew_for_another_python(
    steps: list[str], tmp_path: Path
) -> None:
    """An environment serves only the interpreter it was made from."""
    environments.prepared(tmp_path / "env", "/old", "test")
    environments.prepared(tmp_path / "env", "/new", "test")

    assert ["make for new", "install test"] == steps[2:]


def test_an_environment_that_was_not_finished_is_made_anew(
    steps: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a failed installation nothing is taken to be there."""

    def fail(python: Path, extras: list[str], _: float | None) -> None:
        raise SetupError("the network is down")

    with monkeypatch.context() as patched:
        patched.setattr(environments, "install", fail)
        with pytest.raises(SetupError, match="network"):
            environments.prepared(tmp_path / "env", "/old", "test")
    environments.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "make for old", "install test"] == steps


def test_a_network_that_is_down_is_explained() -> None:
    """pip's own words come first, then a sentence that says what is needed."""
    error = environments.install_error("inscope[demo]", NETWORK_IS_DOWN)

    assert str(error).startswith(NETWORK_IS_DOWN)
    assert "inscope[demo] could not be installed" in str(error)
    assert "needs a package index" in str(error)
    assert not isinstance(error, NoBuildError)


def test_a_dependency_without_a_build_is_named() -> None:
    """What pip found no wheel of is told apart from a network that is down."""
    error = environments.install_error("inscope[test]", NO_WHEEL)

    assert isinstance(error, NoBuildError)
    assert "there is no build of gevent" == last_line(str(error))


def test_dependencies_without_builds_that_go_together_are_as_one_without() -> None:
    """Then pip names no one library: another has none that would go with it."""
    said = "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/\n"
    error = environments.install_error("distributed", said)

    assert isinstance(error, NoBuildError)
    assert last_line(str(error)).startswith("what distributed needs has no builds")


def test_pip_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one library has no build, it may try all versions of all the others."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    waits = partial(processes.captured, command)
    monkeypatch.setattr(
        environments, "captured", lambda _, environment, timeout: waits(timeout=timeout)
    )

    with pytest.raises(NoBuildError, match=r"no builds for inscope\[test\] in 0 s"):
        environments.pip_install(Path("python"), "inscope[test]", patience=0.1)


def test_a_native_core_that_does_not_compile_is_told_by_the_compiler() -> None:
    """The last line has the compiler's first error and the way around it."""
    error = environments.install_error("inscope[test]", DOES_NOT_COMPILE)

    assert (
        "the native core does not compile: src/inscope/_core/native/ways.c:95:27:"
        " error: 'x' undeclared (INSCOPE_BUILD=off goes without it)"
    ) == last_line(str(error))
