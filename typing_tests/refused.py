"""What is wrong, and must be an error; checked by mypy and pyright, never run.

Both report an ``ignore`` that nothing needs. So every comment below asserts that
its line is an error, of that kind, to the checker it names.
"""

from __future__ import annotations

from contextvars import ContextVar

from inscope import (
    Local,
    LocalManager,
    LocalProxy,
    LocalStack,
    Proxied,
    Token,
    Var,
    bind,
    bound,
    proxy,
    pushed,
    release_local,
    unwrap,
)
from inscope.travel import Boundary, dump, load, travelling

# fmt: off


class User:
    """Somebody."""

    name = "ann"


class UserProxy(Proxied[User], User):
    """A User, seen through a proxy."""


count: Var[int] = Var("count")
user: Var[User] = Var("user")
stack: LocalStack[int] = LocalStack()
lists: ContextVar[list[str]] = ContextVar("lists")
local = Local()


def greet(who: User) -> str:
    """Return a greeting."""
    return f"hello {who.name}"


def spell(word: str) -> str:
    """Return the letters of *word*."""
    return " ".join(word)


def test_values_of_another_type(token: Token[str]) -> None:
    """A Var takes its own type, and its own tokens."""
    count.bind("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    count.set("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    count.reset(token)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    count.update(str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    spell(count.get())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    spell(count.update(abs))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    abs(count.get(None))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_binds_of_another_type() -> None:
    """A stack takes its own type; ``as`` is what it is."""
    stack.push("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pushed(stack, "one")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    with count.bind(1) as value:
        spell(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with bind({count: 1}) as nothing:
        abs(nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pushed(stack, 1) as top:
        spell(top)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_binds_of_something_else() -> None:
    """Vars are bound by ``bind``, a Local by ``bound``, a stack by ``pushed``."""
    bind({"count": 1})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    bind(count)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    bound(count, n=1)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    bound(stack, n=1)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    bound(local, 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    pushed(local, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pushed(count, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_options_that_do_not_exist() -> None:
    """Of a Var."""
    Var(1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Var("n", default=1, factory=int)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Var("n", default=1, after_exit="later")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Var("n", factory=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Var("n", 1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Var.over(count)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Var.over(local)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_sources_that_are_none() -> None:
    """A value is no source, and a Local needs a name."""
    proxy(1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    proxy("user")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    proxy(local)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    proxy(greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy(1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy(local)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy(greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy(1, "name")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy[str](user)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    proxy(user, greet, "nobody")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    proxy(count, greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    LocalProxy(count, greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_proxies_of_the_wrong_type(visible: LocalProxy[User]) -> None:
    """A typed proxy is held to its object's class; a LocalProxy is no User."""
    user.proxy().nickname = "al"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    user.proxy(like=UserProxy).nickname = "al"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    user.proxy(unbound_message=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    greet(count.proxy())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    greet(visible)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    greet(unwrap(count.proxy()))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    unwrap(visible).nickname = "al"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    spell(proxy(user, lambda u: len(u.name)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_view_is_read_only() -> None:
    """What a push returned cannot be changed."""
    view = stack.push(1)
    view[0] = 2  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    del view[0]  # type: ignore[attr-defined]  # pyright: ignore[reportIndexIssue]
    abs(stack.top)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    abs(stack.pop())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stack.top = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    LocalStack(lists).push(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_what_cannot_be_released() -> None:
    """It holds no context-local data."""
    release_local(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    release_local(count)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    LocalManager(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    LocalManager([count])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    LocalManager(local).locals.append(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_what_does_not_travel() -> None:
    """Only Vars do, to a boundary, and a function takes what it took."""
    travelling(spell)(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    travelling("work")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    dump("http", only=[user.proxy()])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    dump(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    load({"tenant": "acme"}, "http")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Boundary("http", max_age="1 h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
