"""Classes of scopes, and resources that tell what becomes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from contextvars import Context
from threading import Thread
from types import ModuleType, new_class
from typing import Any

Log = list[str]


def define(
    inscope: ModuleType,
    name: str = "Job",
    *,
    bases: tuple[Any, ...] = (),
    own_slot: bool = False,
    **members: Any,
) -> Any:
    """Return a new class of scopes with *members*; a subclass of *bases*, if given."""
    keywords = {"own_slot": True} if own_slot else {}
    return new_class(
        name,
        bases or (inscope.Scope,),
        keywords,
        lambda namespace: namespace.update(members),
    )


def telling(log: Log, name: str, *, needs: Any = None) -> Callable[[], Iterator[Any]]:
    """Return a resource's function: *log* gets ``+name``, then ``-name``.

    Args:
        log: Where to write.
        name: What to write, and the value.
        needs: Another resource that is touched first.
    """

    def function() -> Iterator[Any]:
        if needs is not None:
            str(needs)
        log.append(f"+{name}")
        try:
            yield name
        finally:
            log.append(f"-{name}")

    return function


def telling_async(log: Log, name: str) -> Callable[[], AsyncIterator[Any]]:
    """Return the same as ``telling``, to be awaited."""

    async def function() -> AsyncIterator[Any]:
        log.append(f"+{name}")
        try:
            yield name
        finally:
            log.append(f"-{name}")

    return function


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises *error*, whatever it is called with."""

    def function(*_: Any) -> Any:
        raise error

    return function


def end(job: Any, error: BaseException) -> None:
    """Leave the block of *job*, a scope that is open, by *error*."""
    with ExitStack() as stack:
        stack.push(job)
        raise error


def in_thread(function: Callable[..., Any], *args: Any, name: str = "other") -> Any:
    """Return what *function* returns in a new thread, in a Context of its own.

    What it raises is raised here.
    """
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(Context().run(function, *args))
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=work, name=name)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def contexts_of(error: BaseException) -> list[BaseException]:
    """Return the contexts of *error*, the nearest first."""
    found: list[BaseException] = []
    node = error.__context__
    while node is not None and node not in found:
        found.append(node)
        node = node.__context__
    return found
