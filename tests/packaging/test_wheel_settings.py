"""What cibuildwheel is told, for the platforms that are not at hand."""

from __future__ import annotations

import re
import tomllib

from builds import ROOT


def test_the_tests_that_wheels_are_tried_with_exist() -> None:
    """They are named one by one: most others need what has no build everywhere."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    command = " ".join(settings["cibuildwheel"]["test-command"])
    named = re.findall(r"\{project\}/(\S+)", command)

    assert len(named) > 10
    assert [] == [name for name in named if not (ROOT / name).is_file()]
