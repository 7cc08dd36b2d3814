"""The examples of one file print what they are to print."""

from __future__ import annotations

import subprocess
import sys

import pytest
from notebook_servers import EXAMPLES, require

DROP_IN = ("-m", "inscope.dropin")
STREAMS = ["hello ann, still ann", "hello bob, still bob"]


def _printed(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.splitlines()


def test_one_line_puts_flask_on_inscope() -> None:
    """The proxies are inscope's, and hold each request's own user."""
    require("flask")

    expected = ["hello ann, from inscope", "hello stranger, from inscope"]
    assert expected == _printed("one_line_flask.py")


@pytest.mark.parametrize(
    ("how", "library"), [((), "werkzeug.local"), (DROP_IN, "inscope")]
)
def test_no_line_puts_quart_on_inscope(how: tuple[str, ...], library: str) -> None:
    """The same file runs with inscope and without; two streams never mix."""
    require("quart")

    expected = [f"the proxies are of {library}", *STREAMS]
    assert expected == _printed(*how, "no_line_quart.py")
