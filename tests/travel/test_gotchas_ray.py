"""Where context has been lost or kept in Ray: a test for each of these.

The recipe is ``examples/engines/ray_context.py``. The cluster is started once, by
``ray_work.py``, which says what each of its tasks has seen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("itsdangerous")
if find_spec("ray") is None or sys.platform == "win32":
    pytest.skip(
        "needs the extra 'ray', which the tests do not install, and signals",
        allow_module_level=True,
    )

HERE = Path(__file__).parent
ENGINES = HERE.parents[1] / "examples" / "engines"
SECONDS = 180
NOTHING = "nothing"
EACH = ["ann", "bob", NOTHING]
"""What calls see, of two users and of nobody."""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What tasks have seen, without the recipe and with it."""
    paths = os.pathsep.join([str(HERE), str(ENGINES)])
    environment = os.environ | {"PYTHONPATH": paths, "RAY_USAGE_STATS_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, "ray_work.py"],
        cwd=HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, errors = process.communicate(timeout=SECONDS)
    finally:
        with suppress(ProcessLookupError):  # Ray's own processes end with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert 0 == process.returncode, errors
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def test_plain_tasks_keep_what_others_have_set(seen: dict[str, Any]) -> None:
    """The fault: a worker serves many, in one context; so do the methods of an actor.

    It is so for any context variable, and so for a Var.
    """
    for kind in ("tasks", "methods"):
        (*first, worker), (*second, same_worker) = seen["without"][kind]
        assert worker == same_worker
        assert [NOTHING, NOTHING] == first
        assert ["ann", "ann"] == second


def test_a_wrapper_with_one_more_parameter_cannot_be_called(
    seen: dict[str, Any],
) -> None:
    """The fault: by what ``functools.wraps`` notes, Ray finds the function's own."""
    assert "too many positional arguments" == seen["without"]["wraps"]


def test_tasks_see_who_has_called_them(seen: dict[str, Any]) -> None:
    """Two users and nobody, though each leaves a value, and others left theirs."""
    assert EACH == seen["with"]["tasks"]
    assert NOTHING == seen["with"]["nobody"]


def test_what_a_task_leaves_is_gone(seen: dict[str, Any]) -> None:
    """A task without the recipe finds only what one of its kind has left there."""
    assert "bob" == seen["with"]["left"]


def test_tasks_of_tasks_see_what_they_are_sent(seen: dict[str, Any]) -> None:
    """The same, another's, or nothing."""
    assert ["ann", "ann", "bob", NOTHING] == seen["with"]["nested"]


def test_a_second_attempt_sees_it(seen: dict[str, Any]) -> None:
    """After the worker has died, with all that was on it."""
    assert "ann" == seen["with"]["retried"]


def test_methods_of_actors_see_who_has_called_them(seen: dict[str, Any]) -> None:
    """And not who has made the actor; their own arguments are what they were."""
    expected = [["ann", name, "l", "more"] for name in EACH]
    assert expected == seen["with"]["methods"]
    assert EACH == seen["with"]["coroutines"]


def test_a_method_that_fails_leaves_nothing(seen: dict[str, Any]) -> None:
    """The next one sees nothing of it."""
    assert "ValueError: left" in seen["with"]["failing"]
    assert ["ann", NOTHING, ""] == seen["with"]["after"]


def test_what_is_no_payload_is_refused_in_the_task(seen: dict[str, Any]) -> None:
    """The task is called, and its reads fail."""
    expected = [f"refused: {reason}" for reason in ("malformed", "version", "type")]
    assert expected == seen["with"]["forged"]


def test_a_call_with_wrong_arguments_is_an_error_of_the_caller(
    seen: dict[str, Any],
) -> None:
    """As without the recipe; and of a generator, nothing would be seen in time."""
    assert "too many positional arguments" == seen["with"]["arguments"]
    assert "a generator runs after the block" in seen["with"]["generator"]
