"""What ``test_gotchas_ray.py`` lets Ray do: ``python ray_work.py`` prints what is seen.

The cluster has one slot, so that each task meets what the last one has left on the
worker. Its workers import this by its name.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import ray
from ray_context import FIELD, analyst, arriving, sent

from inscope import ContextRefused

NOTHING = "nothing"
USERS = ("ann", "bob")

plain: ContextVar[str] = ContextVar("plain", default=NOTHING)


def now() -> str:
    """Return what is seen here."""
    try:
        return str(analyst.get(NOTHING))
    except ContextRefused as error:
        return f"refused: {error.reason}"


def see() -> str:
    """Return what is seen, and leave another value."""
    found = now()
    analyst.set("left by a task")
    return found


def leave(name: str) -> tuple[str, str, int]:
    """Return what is seen without the recipe, and leave *name*."""
    found = plain.get(), now(), os.getpid()
    plain.set(name)
    analyst.set(name)
    return found


def outer() -> list[str]:
    """Let another task see it, and one as somebody else."""
    found = [now(), get(carried.remote(**sent()))]
    with analyst.bind("bob"):
        found.append(get(carried.remote(**sent())))
    found.append(get(carried.remote()))
    return found


def fail(path: str) -> str:
    """End the process at the first call."""
    if not os.path.exists(path):
        Path(path).touch()
        os._exit(1)
    return now()


def steps() -> Iterator[int]:
    """Yield something."""
    yield 1


carried = ray.remote(arriving(see))
bare = ray.remote(leave)


def wrapped(payload: Any, *args: Any) -> str:
    """Restore a payload by a parameter that the function lacks."""
    return now()


class Plain:
    """An actor as it is."""

    def leave(self, name: str) -> tuple[str, str, int]:
        """Return what is seen, and leave *name*."""
        return leave(name)


class Actor:
    """An actor by the recipe."""

    @arriving
    def __init__(self) -> None:
        self.made = now()

    @arriving
    def see(self, *, label: str = "", **more: Any) -> list[str]:
        """Return what was seen as it was made, what is seen now, and the arguments."""
        return [self.made, see(), label, *more]

    @arriving
    def failing(self) -> None:
        """Fail, and leave a value."""
        analyst.set("left")
        raise ValueError(now())


class Later:
    """An actor whose methods are coroutine functions."""

    @arriving
    async def see(self) -> str:
        """Return what is seen, and leave a value."""
        return see()


def get(reference: Any) -> Any:
    """Return the result, or why there is none."""
    try:
        return ray.get(reference, timeout=60)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def calls(remote: Any) -> list[Any]:
    """Call *remote* for both users and for nobody."""
    found = []
    for name in USERS:
        with analyst.bind(name):
            found.append(get(remote(**sent())))
    return [*found, get(remote())]


def found_without() -> dict[str, Any]:
    """Return what is seen without the recipe."""
    found: dict[str, Any] = {}
    found["tasks"] = [get(bare.remote(name)) for name in USERS]
    actor = ray.remote(Plain).options(num_cpus=0).remote()
    found["methods"] = [get(actor.leave.remote(name)) for name in USERS]
    hidden = functools.wraps(see)(wrapped)
    try:
        ray.remote(hidden).remote("a payload")
        found["wraps"] = "called"
    except TypeError as error:
        found["wraps"] = str(error)
    return found


def found_with(folder: str) -> dict[str, Any]:
    """Return what is seen with the recipe, after what others have left."""
    found: dict[str, Any] = {}
    with analyst.bind("of the sender"):
        found["nobody"] = get(carried.remote())
    found["tasks"] = calls(carried.remote)
    found["left"] = get(bare.remote("nobody"))[1]
    with analyst.bind("ann"):
        found["nested"] = get(ray.remote(arriving(outer)).remote(**sent()))
        dying = ray.remote(arriving(fail)).options(max_retries=2)
        found["retried"] = get(dying.remote(f"{folder}/died", **sent()))
        actor = ray.remote(Actor).options(num_cpus=0).remote(**sent())
        text = sent()[FIELD]
    found["methods"] = calls(functools.partial(actor.see.remote, label="l", more=1))
    found["failing"] = get(actor.failing.remote())
    found["after"] = get(actor.see.remote())
    later = ray.remote(Later).options(num_cpus=0).remote()
    found["coroutines"] = calls(later.see.remote)
    texts = ("ann", text.replace("1", "2", 1), text.replace('"ann"', "5"))
    found["forged"] = [get(carried.remote(**{FIELD: one})) for one in texts]
    try:
        arriving(steps)
    except TypeError as error:
        found["generator"] = str(error)
    try:
        carried.remote("one too many", **sent())
    except TypeError as error:
        found["arguments"] = str(error)
    return found


@contextmanager
def cluster(folder: str) -> Iterator[None]:
    """Let there be a cluster of one slot; its sockets need a path that is short."""
    options = {"include_dashboard": False, "logging_level": "error"}
    ray.init(num_cpus=1, log_to_driver=False, _temp_dir=folder, **options)
    try:
        yield
    finally:
        ray.shutdown()


if __name__ == "__main__":
    import ray_work  # as the workers know it: these are other objects

    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as made:
        with ray_work.cluster(made):
            found = {
                "without": ray_work.found_without(),
                "with": ray_work.found_with(made),
            }
        print(json.dumps(found))
