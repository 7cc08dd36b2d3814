"""Ray: a task, or a method of an actor, has the values of who called it.

``python ray_context.py`` starts a cluster of one slot. Nothing is signed: who can call
a task can run code in the worker.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

import ray

from inscope import Var
from inscope.travel import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable

RAY = "process"
FIELD = "inscope_context"

analyst: Var[str] = Var("analyst", wire=str, travels_to={RAY}, identity=True)


def sent() -> dict[str, str]:
    """Return the values of here and now, as an argument: ``.remote(…, **sent())``."""
    return {FIELD: dump(RAY).text}


def arriving(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* with one more parameter, for what ``sent`` has returned.

    Without that it sees nothing, whatever others have left on the worker. It goes below
    ``@ray.remote``, and on the methods of an actor, ``__init__`` included.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError("a generator runs after the block: let it return a list")
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def work(*args: Any, **options: Any) -> Any:
            with load(options.pop(FIELD, None), RAY).entered():
                return await function(*args, **options)

    else:

        @wraps(function)
        def work(*args: Any, **options: Any) -> Any:
            with load(options.pop(FIELD, None), RAY).entered():
                return function(*args, **options)

    del work.__wrapped__  # Ray would ask that for the signature, which lacks this:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    place = len(parameters) - any(one.kind is one.VAR_KEYWORD for one in parameters)
    parameters.insert(
        place, inspect.Parameter(FIELD, inspect.Parameter.KEYWORD_ONLY, default=None)
    )
    work.__signature__ = signature.replace(parameters=parameters)  # type: ignore
    return work


@ray.remote
@arriving
def total(numbers: list[int]) -> str:
    """Return for whom it is."""
    return f"{sum(numbers)}, for {analyst.get()}"


if __name__ == "__main__":
    with ray.init(num_cpus=1, include_dashboard=False, logging_level="error"):
        for name in ("ann", "bob"):
            with analyst.bind(name):
                print(ray.get(total.remote([1, 2, 3], **sent())))
