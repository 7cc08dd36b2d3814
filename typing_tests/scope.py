"""What checkers see of scopes; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from inscope import Scope
from inscope.scope import fresh, shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager


class User:
    """Has a name."""

    name: str


class Request(Scope):
    """With a field of each kind."""

    path: str = shared()
    notes: list[str] = fresh(list[str])

    @fresh
    def length(self) -> int:
        """A field that is made of the others."""
        return len(self.path)


class Admin(Request):
    """Derives from it."""


@Request.resource
def lines() -> Iterator[list[str]]:
    """A resource."""
    yield []


@Request.resource
async def user() -> AsyncIterator[User]:
    """One that is awaited."""
    yield User()


@Request.resource(eager=True)
def number() -> Iterator[int]:
    """One that is made as the scope opens."""
    yield 1


def test_a_resource_is_typed_as_its_value() -> None:
    """Sync or async, with or without arguments; also where it is replaced."""
    assert_type(lines, list[str])
    assert_type(user, User)
    assert_type(number, int)
    with Request.override(lines, ["fake"]) as overridden:
        assert_type(overridden, list[str])


def test_a_field_is_typed_as_its_value() -> None:
    """Also one that is made by a method."""
    assert_type(Request().notes, list[str])
    assert_type(Request().length, int)


def test_a_teardown_is_a_decorator(request: Request) -> None:
    """It returns the function."""

    @request.teardown
    def note(error: BaseException | None) -> int:
        return 5

    assert_type(note(None), int)


def test_a_proxy_is_typed_as_what_it_finds() -> None:
    """The scope, or what a function of it returns."""
    assert_type(Request.proxy(), Request)
    assert_type(Request.proxy(lambda request: request.path), str)


def test_a_subclass_gives_its_own(admin: Admin) -> None:
    """Wherever a scope comes out."""
    assert_type(Admin.current(), Admin)
    assert_type(admin.fork(), Admin)
    assert_type(admin.push(), Admin)
    with admin as entered, Admin.ensure(path="/") as ensured, admin.hold() as held:
        assert_type(entered, Admin)
        assert_type(ensured, Admin)
        assert_type(held, Admin)


def test_a_field_is_typed_as_it_says(request: Request) -> None:
    """That it is a descriptor does not show."""
    assert_type(request.path, str)
    assert_type(request.notes, list[str])


async def test_what_is_entered_keeps_its_type(
    block: AbstractContextManager[User], awaited: AbstractAsyncContextManager[int]
) -> None:
    """As ``with … as`` would have it."""
    async with Admin() as admin:
        assert_type(admin, Admin)
        assert_type(await Request.open(user), User)
        assert_type(admin.enter(block), User)
        assert_type(await admin.aenter(awaited), int)
