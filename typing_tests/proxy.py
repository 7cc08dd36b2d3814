"""What ``proxy()`` and ``LocalProxy`` are typed as; checked, never run."""

from __future__ import annotations

import math
import operator
import os
from contextvars import ContextVar
from typing import Any, assert_type

from inscope import (
    Local,
    LocalProxy,
    LocalStack,
    Var,
    is_bound,
    is_proxy,
    proxy,
    unwrap,
)


class User:
    """Somebody."""

    name = "ann"
    tenant_id = 7


def load_user() -> User:
    """Return the user."""
    return User()


def tenant_of(user: User) -> int:
    """Return the user's tenant."""
    return user.tenant_id


var: Var[User] = Var("user")
context_var: ContextVar[User] = ContextVar("user")
stack: LocalStack[User] = LocalStack()
local = Local()
local_proxy = LocalProxy(context_var)
current_user = var.proxy()


def greet(user: User) -> str:
    """Return a greeting."""
    return f"hello {user.name}"


# proxy(): the object's type


def test_a_var_makes_a_proxy_typed_as_its_value() -> None:
    """What takes a User takes the proxy."""
    assert_type(current_user, User)
    assert_type(var.proxy(unbound_message="nobody"), User)
    assert_type(var.proxy(like=User), User)
    assert_type(greet(current_user), str)
    assert_type(current_user.tenant_id, int)


def test_every_source_makes_one() -> None:
    """A Var, a context variable, a stack, a proxy, a function, a class, a lambda."""
    assert_type(proxy(var), User)
    assert_type(proxy(context_var), User)
    assert_type(proxy(stack), User)
    assert_type(proxy(local_proxy), User)
    assert_type(proxy(load_user), User)
    assert_type(proxy(User), User)
    assert_type(proxy(lambda: 1), int)
    assert_type(proxy(context_var, unbound_message="nobody", like=User), User)


def test_a_function_to_follow_gives_the_type() -> None:
    """A lambda on a Var or a context variable is inferred, a function on any source."""
    assert_type(proxy(var, lambda u: u.tenant_id), int)
    assert_type(proxy(context_var, lambda u: u.name), str)
    assert_type(proxy(var, tenant_of), int)
    assert_type(proxy(context_var, tenant_of), int)
    assert_type(proxy(stack, tenant_of), int)
    assert_type(proxy(local_proxy, tenant_of), int)
    assert_type(proxy(load_user, tenant_of), int)
    assert_type(proxy(current_user, tenant_of), int)


def test_a_name_to_follow_gives_any() -> None:
    """What lies under a name, a checker cannot tell."""
    assert_type(proxy(local, "user"), Any)
    assert_type(proxy(var, "tenant_id"), Any)
    assert_type(proxy(current_user, "name"), Any)
    assert_type(proxy(load_user, "name", unbound_message="nobody"), Any)


# LocalProxy: the proxy's own type


def test_a_local_proxy_is_generic_in_its_object() -> None:
    """The type comes from the source, and from the function to follow."""
    assert_type(LocalProxy(context_var), LocalProxy[User])
    assert_type(LocalProxy(var), LocalProxy[User])
    assert_type(LocalProxy(stack), LocalProxy[User])
    assert_type(LocalProxy(local_proxy), LocalProxy[User])
    assert_type(LocalProxy(load_user), LocalProxy[User])
    assert_type(LocalProxy(User), LocalProxy[User])
    assert_type(LocalProxy(lambda: 1), LocalProxy[int])
    assert_type(LocalProxy(var, lambda u: u.name), LocalProxy[str])
    assert_type(LocalProxy(stack, tenant_of), LocalProxy[int])
    assert_type(LocalProxy[User](load_user), LocalProxy[User])
    assert_type(LocalProxy(load_user, like=User), LocalProxy[User])


def test_with_a_name_a_local_proxy_is_of_any() -> None:
    """An annotation may say more."""
    assert_type(LocalProxy(local, "user"), LocalProxy[Any])
    assert_type(LocalProxy(context_var, "name"), LocalProxy[Any])
    assert_type(LocalProxy(load_user, "name"), LocalProxy[Any])
    named: LocalProxy[str] = LocalProxy(context_var, "name")
    assert_type(named._get_current_object(), str)


class UserProxy(LocalProxy[User]):
    """A subclass with a constructor of its own."""

    def __init__(self) -> None:
        super().__init__(load_user)


def test_a_subclass_is_made_as_itself() -> None:
    """Neither its constructor nor its type is lost."""
    assert_type(UserProxy(), UserProxy)
    assert_type(UserProxy()._get_current_object(), User)


def test_the_object_comes_out_typed() -> None:
    """By the method of werkzeug, or by ``unwrap``."""
    assert_type(local_proxy._get_current_object(), User)
    assert_type(unwrap(local_proxy), User)


def test_attributes_are_any(user: LocalProxy[User]) -> None:
    """They are read, set and deleted without a word."""
    assert_type(user.name, Any)
    assert_type(user.whatever.there.may_be, Any)
    user.name = "bob"
    user.count += 1
    del user.name


def test_operators_are_any(n: LocalProxy[Any]) -> None:
    """From the left and from the right."""
    assert_type(n + 1, Any)
    assert_type(1 + n, Any)
    assert_type("%s" % n, str)  # noqa: UP031  (str answers this one)
    assert_type(n @ n, Any)
    assert_type(2**n, Any)
    assert_type(pow(n, 2, 3), Any)
    assert_type(divmod(n, 2), Any)
    assert_type(-n, Any)
    assert_type(~n, Any)
    assert_type(abs(n), Any)
    assert_type(n == 1, Any)
    assert_type(n < 1, Any)
    assert_type(n >= 1.5, Any)
    n += 1
    n **= 2


def test_conversions_have_their_type(n: LocalProxy[Any]) -> None:
    """What Python guarantees is known."""
    assert_type(str(n), str)
    assert_type(f"{n:>3}", str)
    assert_type(bytes(n), bytes)
    assert_type(int(n), int)
    assert_type(float(n), float)
    assert_type(complex(n), complex)
    assert_type(operator.index(n), int)
    assert_type(hash(n), int)
    assert_type(bool(n), bool)
    assert_type(round(n, 2), Any)
    assert_type(math.floor(n), Any)
    assert_type(os.fspath(n), Any)
    assert_type([0, 1][n], int)


def test_a_container_is_one_of_any(items: LocalProxy[list[int]]) -> None:
    """Items, slices, iteration, membership."""
    assert_type(items[0], Any)
    assert_type(items[1:], Any)
    items[0] = 1
    del items[0]
    assert_type(len(items), int)
    assert_type(1 in items, bool)
    assert_type(list(items), list[Any])
    assert_type(next(items), Any)
    assert_type(list(reversed(items)), list[Any])
    for item in items:
        assert_type(item, Any)


def test_a_call_gives_any(function: LocalProxy[Any]) -> None:
    """With any arguments."""
    assert_type(function(), Any)
    assert_type(function(1, key=2), Any)


def test_a_lock_can_be_held(lock: LocalProxy[Any]) -> None:
    """``with`` a proxy."""
    with lock as held:
        assert_type(held, Any)


def test_a_function_may_end_inside_with(lock: LocalProxy[Any]) -> int:
    """A proxy does not count as swallowing exceptions."""
    with lock:
        return 1


async def test_asynchronous_use(thing: LocalProxy[Any]) -> None:
    """``await``, ``async with``, ``async for``."""
    assert_type(await thing, Any)
    async with thing as entered:
        assert_type(entered, Any)
    async for item in thing:
        assert_type(item, Any)
    assert_type(await anext(thing), Any)


# The functions for any object


def test_unwrap_keeps_the_type(word: str, maybe: int | None, anything: Any) -> None:
    """Of anything but a proxy, the object itself."""
    assert_type(unwrap(current_user), User)
    assert_type(unwrap(word), str)
    assert_type(unwrap(maybe), int | None)
    assert_type(unwrap(anything), Any)
    assert_type(unwrap(local), Local)
    assert_type(unwrap(stack), LocalStack[User])


def test_is_proxy_and_is_bound_narrow_nothing(user: User, thing: int | str) -> None:
    """A proxy is typed as its object, before and after."""
    assert_type(is_proxy(user), bool)
    assert_type(is_bound(user), bool)
    if is_proxy(thing):
        assert_type(thing, int | str)
    else:
        assert_type(thing, int | str)
    if not is_bound(user):
        assert_type(user, User)
