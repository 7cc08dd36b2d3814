"""``Local``: a namespace of which each thread, task and greenlet has its own."""

from __future__ import annotations

import copy
import pickle
import weakref
from contextvars import Context, ContextVar
from types import ModuleType
from typing import Any

import pytest
from places import in_thread

OF_THE_METACLASS = ["mro", "__name__", "__qualname__", "__bases__", "__dict__"]


def names(local: Any) -> dict[str, Any]:
    """Return the names and values that *local* has here and now."""
    return dict(local)


# Names and values


def test_a_name_has_the_value_that_was_set(inscope: ModuleType) -> None:
    """What is set is what is read: the very object, ``None`` included."""
    local = inscope.Local()
    value: list[int] = []

    local.items = value
    local.nothing = None

    assert value is local.items
    assert local.nothing is None


def test_setting_a_name_again_replaces_its_value(inscope: ModuleType) -> None:
    """The last value set is the one that is read, and the name is there once."""
    local = inscope.Local()

    local.user = "ann"
    local.user = "bob"

    assert "bob" == local.user
    assert [("user", "bob")] == list(local)


def test_a_deleted_name_is_gone_and_the_others_stay(inscope: ModuleType) -> None:
    """``del`` takes away one name."""
    local = inscope.Local()
    local.user, local.tenant = "ann", 7

    del local.user

    assert not hasattr(local, "user")
    assert {"tenant": 7} == names(local)


def test_a_deleted_name_can_be_set_again(inscope: ModuleType) -> None:
    """Nothing of a deleted name gets in the way of a new value."""
    local = inscope.Local()
    local.user = "ann"
    del local.user

    local.user = "bob"

    assert "bob" == local.user


@pytest.mark.parametrize("operation", [getattr, delattr])
def test_a_missing_name_is_an_attribute_error_of_that_name(
    inscope: ModuleType, operation: Any
) -> None:
    """Reading or deleting it raises ``UnboundNameError`` with the bare name."""
    local = inscope.Local()

    with pytest.raises(inscope.UnboundNameError) as caught:
        operation(local, "user")

    assert issubclass(inscope.UnboundNameError, AttributeError)
    assert ("user",) == caught.value.args
    assert ("user", local) == (caught.value.name, caught.value.obj)


def test_deleting_a_name_twice_is_an_error(inscope: ModuleType) -> None:
    """The second ``del`` finds nothing."""
    local = inscope.Local()
    local.user = "ann"
    del local.user

    with pytest.raises(inscope.UnboundNameError):
        del local.user


def test_getattr_with_a_default_gives_it_for_a_missing_name(
    inscope: ModuleType,
) -> None:
    """The three-argument ``getattr`` works, and ``hasattr`` tells the truth."""
    local = inscope.Local()

    assert "nobody" == getattr(local, "user", "nobody")
    assert not hasattr(local, "user")

    local.user = "ann"

    assert "ann" == getattr(local, "user", "nobody")
    assert hasattr(local, "user")


@pytest.mark.parametrize("name", OF_THE_METACLASS)
def test_a_name_of_the_metaclass_is_unbound_like_any_other(
    inscope: ModuleType, name: str
) -> None:
    """What only a class has, an instance has not: the name is free."""
    local = inscope.Local()

    with pytest.raises(inscope.UnboundNameError) as caught:
        getattr(local, name)
    assert (name,) == caught.value.args
    assert not inscope.is_bound(local(name))

    setattr(local, name, "ours")

    assert "ours" == getattr(local, name)


@pytest.mark.parametrize("name", ["_storage", "_plain", "_tree", "_x", "__x"])
def test_a_name_with_a_leading_underscore_is_a_name_like_any_other(
    inscope: ModuleType, name: str
) -> None:
    """No underscored name of the implementation stands in a user's way."""
    local = inscope.Local()
    assert not hasattr(local, name)

    setattr(local, name, "ours")

    assert "ours" == getattr(local, name)
    assert {name: "ours"} == names(local)


@pytest.mark.parametrize("name", ["__class__", "__release_local__", "__init__"])
def test_a_name_of_the_class_can_be_set_but_the_class_is_read(
    inscope: ModuleType, name: str
) -> None:
    """As with ``werkzeug.local``: it shows in the iteration and can be deleted."""
    local = inscope.Local()
    before = getattr(local, name)

    setattr(local, name, "ours")

    assert before == getattr(local, name)
    assert {name: "ours"} == names(local)

    delattr(local, name)

    assert {} == names(local)


# Looking at it


def test_in_asks_for_a_name(inscope: ModuleType) -> None:
    """``in`` is about names: neither values, pairs nor the class's attributes."""
    local = inscope.Local()
    local.user = "ann"

    assert "user" in local
    assert "ann" not in local
    assert ("user", "ann") not in local
    assert "__init__" not in local
    assert 1 not in local


def test_iteration_gives_pairs_in_the_order_in_which_they_came(
    inscope: ModuleType,
) -> None:
    """A handful of names come out in order, a changed one in its old place."""
    local = inscope.Local()
    local.a, local.b, local.c = 1, 2, 3

    local.a = 4

    assert [("a", 4), ("b", 2), ("c", 3)] == list(local)


def test_an_iterator_shows_the_names_of_where_it_was_made(inscope: ModuleType) -> None:
    """What is set after ``iter``, or where the iterator is used, is not in it."""
    local = inscope.Local()
    local.before = 1
    here, elsewhere = iter(local), iter(local)

    local.after = 2

    assert [("before", 1)] == list(here)
    assert [("before", 1)] == in_thread(lambda: list(elsewhere))


def test_names_can_be_set_and_deleted_while_iterating(inscope: ModuleType) -> None:
    """An iteration is not disturbed, unlike that of a dict."""
    local = inscope.Local()
    for number in range(100):
        setattr(local, f"n{number}", number)

    for name, value in local:
        delattr(local, name)
        setattr(local, f"new_{name}", value)

    assert {f"new_n{number}": number for number in range(100)} == names(local)


def test_len_counts_the_names(inscope: ModuleType) -> None:
    """``len`` follows setting, replacing, deleting and releasing."""
    local = inscope.Local()
    counts = [len(local)]

    local.a = 1
    counts.append(len(local))
    local.a, local.b = 2, 3
    counts.append(len(local))
    del local.a
    counts.append(len(local))
    inscope.release_local(local)
    counts.append(len(local))

    assert [0, 1, 2, 1, 0] == counts


def test_a_local_is_true_also_when_it_is_empty(inscope: ModuleType) -> None:
    """``if local:`` asks whether there is a Local, as ever."""
    local = inscope.Local()
    assert bool(local) is True

    local.user = None
    assert bool(local) is True

    inscope.release_local(local)
    assert bool(local) is True


def test_repr_shows_the_class_and_the_names(inscope: ModuleType) -> None:
    """The ``repr`` of a subclass carries its own name."""

    class Request(inscope.Local):  # type: ignore[name-defined,misc]
        pass

    local, request = inscope.Local(), Request()
    local.user, local.tenant = "ann", 7

    assert "<Local user='ann' tenant=7>" == repr(local)
    assert "<Request>" == repr(request)


def test_a_local_that_holds_itself_has_a_repr(inscope: ModuleType) -> None:
    """As a list that holds itself has; both ways, through a container too."""
    local = inscope.Local()
    local.me = local
    local.mine = [local]

    assert repr(local).startswith("<Local me=")
    assert "..." in repr(local)


def test_dir_lists_the_names_beside_the_attributes(inscope: ModuleType) -> None:
    """What can be read is listed, sorted, each once."""
    local = inscope.Local()
    local.user = "ann"
    local.__doc__ = "twice"

    listed = dir(local)

    assert {"user", "__release_local__", "__init__"} <= set(listed)
    assert sorted(set(listed)) == listed
    assert "user" not in Context().run(dir, local)


def test_two_locals_with_the_same_names_are_not_equal(inscope: ModuleType) -> None:
    """A Local is itself, in comparisons and as a key."""
    one, two = inscope.Local(), inscope.Local()
    one.user = two.user = "ann"

    assert one != two
    assert {one: 1, two: 2} == {two: 2, one: 1}
    assert 2 == len({one, two})


def test_two_locals_share_nothing(inscope: ModuleType) -> None:
    """A name set in one is not in the other."""
    one, two = inscope.Local(), inscope.Local()

    one.user = "ann"

    assert "user" not in two


def test_a_local_can_be_weakly_referenced(inscope: ModuleType) -> None:
    """And goes when nothing else refers to it, names set or not."""
    local = inscope.Local()
    local.user = "ann"
    reference = weakref.ref(local)
    assert local is reference()

    del local

    assert reference() is None


# Copies


def test_a_copy_is_a_new_local_with_the_names_of_here(inscope: ModuleType) -> None:
    """``copy.copy`` shares values, and from then on neither sees the other."""
    local = inscope.Local()
    local.user, local.items = "ann", [1]

    copied = copy.copy(local)
    copied.user = "bob"
    local.tenant = 7

    assert {"user": "ann", "items": [1], "tenant": 7} == names(local)
    assert {"user": "bob", "items": [1]} == names(copied)
    assert local.items is copied.items
    assert {} == Context().run(names, copied)


def test_a_copy_of_a_subclass_is_of_that_class(inscope: ModuleType) -> None:
    """Also if its constructor takes arguments."""

    class Request(inscope.Local):  # type: ignore[name-defined,misc]
        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    copied = copy.copy(Request("/"))

    assert type(copied) is Request
    assert {"path": "/"} == names(copied)


def test_a_copy_does_not_write_to_the_variable_that_was_supplied(
    inscope: ModuleType,
) -> None:
    """It keeps its names elsewhere: it is a Local of its own."""
    variable: ContextVar[dict[str, Any]] = ContextVar("variable")
    local = inscope.Local(variable)
    local.user = "ann"

    copied = copy.copy(local)
    copied.user = "bob"

    assert {"user": "ann"} == variable.get()
    assert "bob" == copied.user


@pytest.mark.parametrize("operation", [copy.deepcopy, pickle.dumps])
def test_a_local_is_not_pickled_or_copied_deeply(
    inscope: ModuleType, operation: Any
) -> None:
    """The refusal says what to do in its place."""
    with pytest.raises(TypeError, match=r"pass dict\(local\) instead"):
        operation(inscope.Local())


# What it is made of


@pytest.mark.parametrize("wrong", [{}, "name", 1, ContextVar])
def test_anything_but_a_context_variable_is_refused(
    inscope: ModuleType, wrong: object
) -> None:
    """At once, and not at first use."""
    with pytest.raises(TypeError, match="'context_var' must be a ContextVar of dicts"):
        inscope.Local(wrong)


def test_a_local_that_was_not_initialised_says_so_without_recursion(
    inscope: ModuleType,
) -> None:
    """A subclass that sets a name before ``super().__init__()`` gets a plain answer."""

    class Hasty(inscope.Local):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            self.user = "ann"
            super().__init__()

    try:
        outcome: object = Hasty()
    except (AttributeError, RuntimeError) as error:
        outcome = error

    assert not isinstance(outcome, RecursionError)


def test_a_property_of_a_subclass_that_raises_tells_its_own_story(
    inscope: ModuleType,
) -> None:
    """An AttributeError out of it is not turned into a missing name."""

    class Request(inscope.Local):  # type: ignore[name-defined,misc]
        @property
        def user(self) -> Any:
            return self.session.user

        @property
        def path(self) -> Any:
            raise AttributeError("no path here")

    request = Request()

    with pytest.raises(AttributeError, match=r"^no path here$") as caught:
        _ = request.path
    assert type(caught.value) is AttributeError
    with pytest.raises(inscope.UnboundNameError, match=r"^session$"):
        _ = request.user


def test_methods_and_properties_of_a_subclass_work(inscope: ModuleType) -> None:
    """They see the names of the context that they are called in."""

    class Request(inscope.Local):  # type: ignore[name-defined,misc]
        kind = "request"

        @property
        def url(self) -> str:
            return f"https://example.org{self.path}"

        def moved(self, path: str) -> None:
            self.path = path

    request = Request()
    request.moved("/login")

    assert "https://example.org/login" == request.url
    assert "request" == request.kind
    assert {"path": "/login"} == names(request)


def test_a_plain_attribute_of_a_subclass_is_a_default(inscope: ModuleType) -> None:
    """As with ``threading.local``: it shows until something is assigned, here only."""

    class Page(inscope.Local):
        number = 0
        kinds: list = []  # noqa: RUF012  (shared, as any class attribute)

    page = Page()
    assert (0, []) == (page.number, page.kinds)
    assert Page.kinds is page.kinds

    page.number = 5

    assert 5 == page.number
    assert 0 == in_thread(lambda: page.number)
    assert (0, Page.kinds) == (Page.number, Page().kinds)


def test_a_default_is_no_name_of_the_local(inscope: ModuleType) -> None:
    """It is not in the iteration, cannot be deleted, and comes back after ``del``."""

    class Page(inscope.Local):
        number = 0

    page = Page()
    assert {} == names(page)
    with pytest.raises(AttributeError, match="number"):
        del page.number

    page.number = None
    assert page.number is None
    del page.number

    assert 0 == page.number


def test_a_default_can_be_bound_proxied_and_inherited(inscope: ModuleType) -> None:
    """``bound`` and proxies see it; a subclass has it and may give another."""

    class Page(inscope.Local):
        number, size = 0, 10

    class Long(Page):
        size = 1_000

    page = Long()
    size = page("size")
    assert (0, 1_000) == (page.number, size)

    with inscope.bound(page, size=7):
        assert 7 == size

    assert 1_000 == size
