"""``LocalManager``, ``release_local``, ``get_ident``; checked, never run."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, assert_type

from inscope import CORE, Local, LocalManager, LocalProxy, LocalStack, get_ident
from inscope import release_local as release

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

local = Local()
stack: LocalStack[int] = LocalStack()


class Storage:
    """Something else that can be released."""

    def __release_local__(self) -> None:
        """Drop the data."""


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer with nothing."""
    start_response("204 No Content", [])
    return []


def test_locals_stacks_and_the_like_are_released() -> None:
    """One by one."""
    release(local)
    release(stack)
    release(Storage())
    release(LocalProxy(Local))


def test_a_manager_takes_none_one_or_several() -> None:
    """And more are appended later."""
    LocalManager()
    LocalManager(local)
    LocalManager([local, stack])
    LocalManager((stack, Storage()), threading.get_ident)
    LocalManager(locals=local, ident_func=lambda: ("a", 1))
    manager = LocalManager([local])
    manager.locals.append(stack)
    manager.locals.append(Storage())
    manager.cleanup()


def test_an_application_stays_one() -> None:
    """Of the type that the standard library gives it."""
    manager = LocalManager(local)
    wrapped: WSGIApplication = manager.make_middleware(application)
    decorated: WSGIApplication = manager.middleware(wrapped)
    manager.middleware(decorated)


def test_idents_are_keys() -> None:
    """Of a dict, for example."""
    assert_type(get_ident(), Hashable)
    assert_type(LocalManager().get_ident(), Hashable)


def test_the_core_is_a_name() -> None:
    """``native`` or ``python``."""
    assert_type(CORE, str)
