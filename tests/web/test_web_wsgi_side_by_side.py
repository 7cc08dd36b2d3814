"""``WSGI``: several requests at once, on one thread and on several, and nested ones."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from web_apps import Log, acting, call, in_thread, nothing_left, noting, saying


def test_several_bodies_that_are_read_by_turns_do_not_meet(web: ModuleType) -> None:
    """In one thread: each sees its own request in each step."""

    def application(_: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        web.g.name = web.request.args["name"]
        for _step in range(3):
            yield f"{web.g.name}{web.request.args['name']}".encode()

    app = web.WSGI(application)
    with nothing_left(web):
        bodies = {name: call(app, f"/?name={name}").body for name in "abc"}
        for _ in range(3):
            for name, body in bodies.items():
                assert (name * 2).encode() == next(body)
                assert not web.has_app_context()
        for body in bodies.values():
            body.close()


def test_a_body_may_be_read_on_other_threads(web: ModuleType) -> None:
    """Each step on another one."""

    def steps() -> Iterator[bytes]:
        for _ in range(3):
            yield web.request.path.encode()

    log: Log = []
    body = call(noting(web, saying(steps()), log), "/x").body
    assert [b"/x"] * 3 == [in_thread(lambda: next(body)) for _ in range(3)]
    with nothing_left(web):
        in_thread(body.close)
    assert [("teardown", None)] == log


def test_an_application_in_an_application_has_a_context_of_its_own(
    web: ModuleType,
) -> None:
    """And the outer one is back when that has answered."""
    inner = web.WSGI(acting(lambda: f"{web.current_app.name} {web.request.path}"))
    inner.name = "inner"
    answers: list[bytes] = []

    def work() -> str:
        answers.append(call(inner, "/deep").read())
        return f"{web.current_app.name} {web.request.path}"

    outer = web.WSGI(acting(work), name="outer")
    assert b"outer /flat" == call(outer, "/flat").read()
    assert [b"inner /deep"] == answers
