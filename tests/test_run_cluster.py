"""What ``./run cluster`` prepares, and what it starts then."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev import programs


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command does, noted instead of done; the program ends with 7."""
    noted: list[str] = []

    def prepare(*extras: str) -> Path:
        noted.append(f"install {','.join(extras)}")
        return Path("/env/bin")

    def follow(command: list[str]) -> int:
        noted.append(" ".join(command))
        return 7

    monkeypatch.delenv("BROKER", raising=False)
    monkeypatch.setattr(programs, "main_environment", prepare)
    monkeypatch.setattr(programs, "fetch_redis", lambda: noted.append("fetch Redis"))
    monkeypatch.setattr(programs, "follow", follow)
    return noted


def test_the_example_finds_its_libraries_and_redis(steps: list[str]) -> None:
    """Both are seen to before it starts; its words and its exit code are passed on."""
    assert 7 == programs.cluster(["--some", "words"])
    assert [
        "install examples",
        "fetch Redis",
        "/env/bin/python -m examples.cluster --some words",
    ] == steps


def test_a_redis_that_runs_elsewhere_is_enough(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is fetched then."""
    monkeypatch.setenv("BROKER", "redis://somewhere")
    programs.cluster([])

    assert ["install examples", "/env/bin/python -m examples.cluster"] == steps
