"""The documents that the project began with: what 000, 001 and 003 show, it does.

They tell of global names under concurrency and of the first generation of
``werkzeug.local``. The two others are in ``test_seeds_variables.py``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import ContextVar
from types import ModuleType, SimpleNamespace
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

Handler = Callable[[str, Callable[[], None]], str]


def on_threads(handler: Handler) -> list[str]:
    """Run two requests on a thread each, so that both set before either reads."""
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(handler, ["ann", "bob"], [barrier.wait] * 2))


def on_greenlets(handler: Handler) -> list[str]:
    """The same on two greenlets of one thread."""
    greenlet = pytest.importorskip("greenlet")
    main = greenlet.getcurrent()
    requests = [greenlet.greenlet(handler) for _ in range(2)]
    for request, user in zip(requests, ["ann", "bob"], strict=True):
        request.switch(user, main.switch)
    return [request.switch() for request in requests]


def on_tasks(handler: Handler) -> list[str]:
    """The same on two asyncio tasks of one thread; what is read counts."""

    async def serve(user: str) -> str:
        handler(user, lambda: None)
        await asyncio.sleep(0)
        return handler("", lambda: None)

    async def main() -> list[str]:
        return await asyncio.gather(serve("ann"), serve("bob"))

    return asyncio.run(main())


WORLDS = {"threads": on_threads, "greenlets": on_greenlets, "tasks": on_tasks}
each_world = pytest.mark.parametrize("run", WORLDS.values(), ids=WORLDS)


def handler_of(holder: Any, current: Callable[[], str]) -> Handler:
    """Return a request handler that sets ``holder.user`` and reads it later."""

    def handle(user: str, let_others_run: Callable[[], None]) -> str:
        if user:
            holder.user = user
        let_others_run()
        return current()

    return handle


# Seed 000: the trouble with globals, and the cure


@each_world
def test_a_plain_global_shows_one_requests_user_to_another(
    inscope: ModuleType, run: Callable[[Handler], list[str]]
) -> None:
    """The trouble, shown: a proxy does not help if its object is shared."""
    shared = SimpleNamespace()
    current_user = inscope.LocalProxy(lambda: shared.user)

    seen = run(handler_of(shared, lambda: str(current_user)))

    assert 1 == len(set(seen))


def test_a_thread_local_helps_on_threads_and_not_on_tasks(inscope: ModuleType) -> None:
    """A proxy to it is right as far as ``threading.local`` is."""
    held = threading.local()
    handler = handler_of(held, lambda: str(inscope.LocalProxy(lambda: held.user)))

    assert ["ann", "bob"] == on_threads(handler)
    assert ["bob", "bob"] == on_tasks(handler)


@each_world
def test_a_local_keeps_requests_apart_everywhere(
    inscope: ModuleType, run: Callable[[Handler], list[str]]
) -> None:
    """On threads, greenlets and tasks, through a proxy made of a function."""
    context = inscope.Local()
    current_user = inscope.LocalProxy(lambda: context.user)

    assert ["ann", "bob"] == run(handler_of(context, lambda: str(current_user)))
    assert not hasattr(context, "user")


def test_proxies_to_a_user_and_a_request_are_right_in_each_thread(
    inscope: ModuleType,
) -> None:
    """The same code reads different objects, by item and by attribute."""
    context = inscope.Local()
    current_user = inscope.LocalProxy(lambda: context.user)
    current_request = inscope.LocalProxy(lambda: context.request)

    def handle(number: int, path: str) -> str:
        context.user = {"id": number, "name": f"user {number}"}
        context.request = SimpleNamespace(path=path, method="GET")
        return f"{current_user['name']} {current_request.method} {current_request.path}"

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(handle, [101, 202], ["/profile", "/dashboard"]))

    assert ["user 101 GET /profile", "user 202 GET /dashboard"] == seen


def test_a_function_that_finds_nothing_in_a_local_raises_its_attribute_error(
    inscope: ModuleType,
) -> None:
    """The caller sees that very error; ``bool`` and ``repr`` know of it."""
    context = inscope.Local()
    current_user = inscope.LocalProxy(lambda: context.user)

    with pytest.raises(AttributeError) as caught:
        current_user["name"]

    assert ("user",) == caught.value.args
    assert type(caught.value) is inscope.UnboundNameError
    assert (False, "<LocalProxy unbound>") == (bool(current_user), repr(current_user))


def test_a_proxy_holds_nothing_itself(inscope: ModuleType) -> None:
    """It asks again for each operation."""
    asked: list[int] = []

    def count() -> int:
        asked.append(len(asked))
        return len(asked)

    proxy = inscope.LocalProxy(count)

    assert ([], [1, 2, 3]) == (asked.copy(), [proxy + 0, int(proxy), +proxy])


def test_context_variables_are_the_other_way_and_work_with_proxies(
    inscope: ModuleType,
) -> None:
    """Set, read through a proxy, and reset by token, on two threads."""
    user_var: ContextVar[dict[str, Any]] = ContextVar("user")
    user = inscope.LocalProxy(user_var)

    def handle(number: int) -> tuple[Any, bool]:
        token = user_var.set({"id": number})
        try:
            seen = user["id"]
        finally:
            user_var.reset(token)
        return seen, bool(user)

    with ThreadPoolExecutor(2) as pool:
        assert [(1, False), (2, False)] == list(pool.map(handle, [1, 2]))


# Seed 001: the first generation of werkzeug.local


def test_getattr_gives_the_request_or_none(inscope: ModuleType) -> None:
    """A function for those who cannot know whether there is one."""
    local = inscope.Local()

    def get_request() -> Any:
        return getattr(local, "request", None)

    assert get_request() is None
    local.request = "request"
    assert "request" == get_request()


def test_locals_and_a_manager_serve_an_application(inscope: ModuleType) -> None:
    """Whatever is called in a request sees it; afterwards it is gone."""
    local, other = inscope.Local(), inscope.LocalStack()
    manager = inscope.LocalManager([local])
    manager.locals.append(other)

    def helper() -> bytes:
        return bytes(f"{local.request['PATH_INFO']} {other.top}", "ascii")

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        local.request = environ
        other.push("pushed")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [helper()]

    assert b"/here pushed" == get(manager.make_middleware(application), "/here")
    assert (False, None) == (hasattr(local, "request"), other.top)


def test_middleware_decorates_an_application_and_keeps_its_name(
    inscope: ModuleType,
) -> None:
    """That is all it does beyond ``make_middleware``."""
    local = inscope.Local()
    manager = inscope.LocalManager([local])

    @manager.middleware
    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        """Say hello."""
        local.request = environ
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    assert b"hello" == get(application, "/")
    assert ("application", "Say hello.") == (application.__name__, application.__doc__)
    assert not hasattr(local, "request")


def get(application: Any, path: str) -> bytes:
    """Return what *application* answers, both sides checked against the rules."""
    environ: dict[str, Any] = {"QUERY_STRING": ""}
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = path
    body = validator(application)(environ, lambda *args: lambda data: None)
    with closing(body):  # type: ignore[type-var]
        return b"".join(body)


def test_release_local_works_without_a_manager(inscope: ModuleType) -> None:
    """On a Local and on a stack, and not on a proxy."""
    local, stack = inscope.Local(), inscope.LocalStack()
    local.answer = 42
    stack.push(42)

    with pytest.raises((TypeError, AttributeError)):
        inscope.release_local(local("answer"))
    assert hasattr(local, "answer")

    inscope.release_local(local)
    inscope.release_local(stack)
    assert not hasattr(local, "answer")
    assert stack.top is None


def test_a_manager_cleans_up_by_hand(inscope: ModuleType) -> None:
    """At the end of whatever counts as a request."""
    local = inscope.Local()
    manager = inscope.LocalManager([local])
    local.user = "ann"

    manager.cleanup()

    assert not hasattr(local, "user")


def test_a_stack_goes_up_and_down(inscope: ModuleType) -> None:
    """Its top is the last one pushed; the empty one has none and pops none."""
    stack = inscope.LocalStack()
    seen = []

    for number in (42, 23):
        stack.push(number)
        seen.append(stack.top)
    for _ in range(3):
        seen += [stack.pop(), stack.top]

    assert [42, 23, 23, 42, 42, None, None, None] == seen


def test_proxies_are_made_in_every_way(inscope: ModuleType) -> None:
    """By calling a Local or a stack, by hand, and of a function."""
    local, stack = inscope.Local(), inscope.LocalStack()
    session = inscope.LocalProxy(lambda: local.request.session)
    proxies = {
        "called": local("request"),
        "by hand": inscope.LocalProxy(local, "request"),
        "by keyword": inscope.LocalProxy(local, name="request"),
        "stack": stack(),
        "stack by hand": inscope.LocalProxy(stack),
    }

    for proxy in proxies.values():
        with pytest.raises(RuntimeError):
            str(proxy)

    request = SimpleNamespace(session={"cart": 3})
    local.request = request
    stack.push(request)

    for proxy in proxies.values():
        assert request is proxy._get_current_object()
        assert request == proxy
        assert isinstance(proxy, inscope.LocalProxy)
        assert isinstance(proxy, SimpleNamespace)
        assert repr(request) == repr(proxy)
    assert 3 == session["cart"]


def test_right_hand_operands_and_assignment_are_forwarded_too(
    inscope: ModuleType,
) -> None:
    """What the first generation could not do."""
    local = inscope.Local()
    number, request = local("number"), local("request")
    local.number, local.request = 4, SimpleNamespace()

    request.user = "ann"

    assert (6, 16, 0.5) == (10 - number, 2**number, 2 / number)
    assert "ann" == local.request.user


def test_get_ident_and_ident_func_name_the_context(inscope: ModuleType) -> None:
    """Other tables can be keyed like the locals, and the locals by another key."""
    local = inscope.Local()
    key = 1
    plain = inscope.LocalManager([local])
    assert (threading.get_ident(), True) == (
        plain.get_ident(),
        plain.get_ident() == inscope.get_ident(),
    )

    switched = inscope.LocalManager([local], ident_func=lambda: key)
    local.user = "ann"
    key = 2

    assert 2 == switched.get_ident()
    assert not hasattr(local, "user")


# Seed 003: binding by WSGI, and threads that serve again


def test_a_thread_that_serves_again_shows_nothing_of_before(
    inscope: ModuleType,
) -> None:
    """With the manager; without it the last request would be seen."""
    managed, unmanaged = inscope.Local(), inscope.Local()
    manager = inscope.LocalManager([managed])
    left: list[tuple[Any, Any]] = []

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        left.append((getattr(managed, "path", None), getattr(unmanaged, "path", None)))
        managed.path = unmanaged.path = environ["PATH_INFO"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [managed.path.encode()]

    served = manager.make_middleware(application)
    with ThreadPoolExecutor(1) as worker:
        bodies = list(worker.map(get, [served] * 3, ["/a", "/b", "/c"]))

    assert [b"/a", b"/b", b"/c"] == bodies
    assert [(None, None), (None, "/a"), (None, "/b")] == left
