"""What ``./run wheel`` tries a wheel with, and when it keeps it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from dev import wheel
from dev.failures import SetupError

PRINTS = "#!/bin/sh\necho {}\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An sdist and a wheel, made without building; their suite exits as asked."""
    sdist, whole = tmp_path / "one.tar.gz", tmp_path / "one.whl"
    sdist.write_bytes(b"1" * 1024)
    whole.write_bytes(b"1" * 2048)
    monkeypatch.setattr(wheel, "ROOT", tmp_path)
    monkeypatch.setattr(wheel, "DIST", tmp_path / "dist")
    monkeypatch.setattr(wheel, "main_environment", lambda *_: tmp_path)
    monkeypatch.setattr(wheel, "make_sdist", lambda *_: (sdist, tmp_path))
    monkeypatch.setattr(wheel, "make_wheel", lambda *_: whole)
    monkeypatch.setattr(wheel, "install", lambda *_: Path(sys.executable))
    monkeypatch.setattr(wheel, "suite", lambda *_: tmp_path)
    return sdist, whole


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("code", "kept"), [(0, ["one.tar.gz", "one.whl"]), (1, None), (5, None)]
)
def test_only_a_wheel_that_passes_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kept: list[str] | None
) -> None:
    """What lies in dist/ has been tried; the exit code is that of the suite."""
    monkeypatch.setattr(wheel, "follow", lambda *_: code)

    assert code == wheel.wheel([])
    dist = tmp_path / "dist"
    assert kept == (sorted(path.name for path in dist.iterdir()) if kept else None)
    assert bool(kept) == dist.exists()


def test_what_is_kept_is_named_with_its_size(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for the sdist and a line for the wheel."""
    wheel.keep(*made)

    assert "dist/one.tar.gz  1 KiB\ndist/one.whl  2 KiB\n" == capsys.readouterr().out


@pytest.mark.parametrize(("core", "good"), [("native", True), ("python", False)])
def test_a_wheel_without_the_native_core_is_refused(
    tmp_path: Path, core: str, good: bool
) -> None:
    """Whatever the build said, the core that is imported counts."""
    python = tmp_path / "python"
    python.write_text(PRINTS.format(core))
    python.chmod(0o755)

    with nullcontext() if good else pytest.raises(SetupError, match="no native core"):
        wheel.check_core(python)


def test_the_suite_of_a_wheel_has_no_test_that_needs_the_source_tree(
    tmp_path: Path,
) -> None:
    """Tests of dev/ are known by their import; others are listed."""
    tests = tmp_path / "source" / "tests"
    (tests / "docs").mkdir(parents=True)
    (tests / "docs" / "test_pages.py").touch()
    (tests / "test_proxy.py").write_text("import inscope\n")
    (tests / "test_run.py").write_text("import os\n\nfrom dev import lint\n")
    (tests / "test_docs.py").touch()
    (tmp_path / "source" / "pyproject.toml").touch()

    place = wheel.suite(tmp_path / "source", tmp_path)

    assert ["test_proxy.py"] == [path.name for path in (place / "tests").iterdir()]
    assert (place / "pyproject.toml").exists()
