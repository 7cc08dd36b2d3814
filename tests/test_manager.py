"""``LocalManager``, ``release_local``: all data is released, whatever happens."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

import pytest
from places import in_thread


class Failing:
    """Something to release that raises *error*, and counts how often."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.count = 0

    def __release_local__(self) -> None:
        self.count += 1
        raise self.error


class Counting:
    """Something to release that is no Local, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __release_local__(self) -> None:
        self.count += 1


def filled(inscope: ModuleType) -> tuple[Any, Any]:
    """Return a Local and a stack with something in each."""
    local, stack = inscope.Local(), inscope.LocalStack()
    local.user = "ann"
    stack.push("a")
    return local, stack


# release_local


def test_release_local_empties_a_local_and_a_stack(inscope: ModuleType) -> None:
    """It returns nothing and needs no manager."""
    local, stack = filled(inscope)

    results = inscope.release_local(local), inscope.release_local(stack)

    assert (None, None) == results
    assert not hasattr(local, "user")
    assert stack.top is None


def test_release_local_calls_the_method_of_anything_that_has_one(
    inscope: ModuleType,
) -> None:
    """``__release_local__`` is the whole protocol."""
    counting = Counting()

    inscope.release_local(counting)

    assert 1 == counting.count


@pytest.mark.parametrize("wrong", [None, 42, "local", [], object(), ContextVar])
def test_what_holds_no_local_data_cannot_be_released(
    inscope: ModuleType, wrong: object
) -> None:
    """The error is the one that either kind of caller expects, and names it."""
    with pytest.raises(inscope.NotALocalError, match="not a Local") as caught:
        inscope.release_local(wrong)

    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, AttributeError)
    assert repr(wrong) in str(caught.value)


def test_a_class_of_locals_cannot_be_released(inscope: ModuleType) -> None:
    """The class has the method, but no data."""
    for wrong in (inscope.Local, inscope.LocalStack, Counting):
        with pytest.raises(inscope.NotALocalError):
            inscope.release_local(wrong)


def test_a_proxy_to_a_value_does_not_release_what_it_looks_in(
    inscope: ModuleType,
) -> None:
    """It stands for its object, and that is no Local."""
    local, stack = filled(inscope)

    for proxy in (local("user"), stack()):
        with pytest.raises(inscope.NotALocalError):
            inscope.release_local(proxy)

    assert "ann" == local.user
    assert "a" == stack.top


def test_a_proxy_to_a_local_releases_that_local(inscope: ModuleType) -> None:
    """As its object would be released."""
    local, _ = filled(inscope)

    inscope.release_local(inscope.LocalProxy(lambda: local))

    assert [] == list(local)


def test_an_error_of_a_release_comes_out_as_it_is(inscope: ModuleType) -> None:
    """An AttributeError from within is not taken for a missing method."""
    error = AttributeError("inside")

    with pytest.raises(AttributeError) as caught:
        inscope.release_local(Failing(error))

    assert error is caught.value


# What a manager takes


def test_a_manager_of_nothing_has_an_empty_list(inscope: ModuleType) -> None:
    """Cleaning up nothing is no error."""
    for manager in (
        inscope.LocalManager(),
        inscope.LocalManager(None),
        inscope.LocalManager([]),
    ):
        manager.cleanup()
        assert [] == manager.locals


@pytest.mark.parametrize("kind", ["Local", "LocalStack"])
def test_a_manager_takes_a_single_local_or_stack(
    inscope: ModuleType, kind: str
) -> None:
    """Without a list around it, of a subclass as well."""
    for made in (getattr(inscope, kind), type("Sub", (getattr(inscope, kind),), {})):
        single = made()

        assert [single] == inscope.LocalManager(single).locals


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_a_manager_takes_any_iterable_of_locals(
    inscope: ModuleType, kind: Callable[[Any], Any]
) -> None:
    """And keeps them in a list of its own, in order."""
    given = [*filled(inscope), Counting()]

    manager = inscope.LocalManager(locals=kind(given))

    assert given == manager.locals
    assert type(manager.locals) is list
    assert given is not manager.locals


def test_locals_can_be_appended_later(inscope: ModuleType) -> None:
    """From then on they are cleaned up with the others; also the other way round."""
    local, stack = filled(inscope)
    manager = inscope.LocalManager(local)

    manager.locals.append(stack)
    manager.cleanup()
    assert [] == list(local)
    assert stack.top is None

    local.user = "ann"
    stack.push("a")
    manager.locals.remove(local)
    manager.cleanup()
    assert "ann" == local.user
    assert stack.top is None


@pytest.mark.parametrize(
    "wrong", ["x", [42], 42, b"x", ["x"], object(), [None], {1: 2}]
)
def test_anything_but_locals_is_refused(inscope: ModuleType, wrong: Any) -> None:
    """With a TypeError, when the manager is made, and not at the first request."""
    with pytest.raises(TypeError, match="Local"):
        inscope.LocalManager(wrong)


def test_something_wrong_among_locals_is_refused(inscope: ModuleType) -> None:
    """One wrong element is enough, and it is named."""
    with pytest.raises(inscope.NotALocalError, match="'nonsense'"):
        inscope.LocalManager([*filled(inscope), "nonsense"])


@pytest.mark.parametrize("wrong", [1, "get_ident", ()])
def test_an_ident_func_that_cannot_be_called_is_refused(
    inscope: ModuleType, wrong: Any
) -> None:
    """The error names the parameter."""
    with pytest.raises(TypeError, match="'ident_func' must be callable"):
        inscope.LocalManager([], ident_func=wrong)


def test_a_refused_ident_func_leaves_the_locals_as_they_were(
    inscope: ModuleType,
) -> None:
    """Nothing is switched unless everything can be."""
    local, stack = filled(inscope)

    with pytest.raises(TypeError, match="'ident_func' cannot be used for"):
        inscope.LocalManager([local, stack, Counting()], ident_func=lambda: 1)

    assert "ann" == local.user
    assert "a" == stack.top


def test_ident_func_reaches_a_local_behind_a_proxy(inscope: ModuleType) -> None:
    """A proxy to a Local is as good as the Local, alone or in a list."""
    keys = ["one"]
    for wrap in (lambda proxy: proxy, lambda proxy: [proxy]):
        local = inscope.Local()
        proxy = inscope.LocalProxy(lambda local=local: local)
        inscope.LocalManager(wrap(proxy), ident_func=lambda: keys[-1])

        local.user = "ann"
        keys.append("two")
        seen = hasattr(local, "user")
        keys.pop()

        assert not seen
        assert "ann" == local.user


def test_repr_counts_the_locals(inscope: ModuleType) -> None:
    """Those appended later too."""
    manager = inscope.LocalManager(filled(inscope))
    assert "<LocalManager storages: 2>" == repr(manager)

    manager.locals.append(Counting())

    assert "<LocalManager storages: 3>" == repr(manager)


def test_a_manager_can_be_weakly_referenced(inscope: ModuleType) -> None:
    """And goes when nothing else refers to it."""
    manager = inscope.LocalManager(filled(inscope))
    reference = weakref.ref(manager)
    assert manager is reference()

    del manager

    assert reference() is None


def test_one_thing_that_can_be_released_needs_no_list(inscope: ModuleType) -> None:
    """Whatever has ``__release_local__`` is one, as a Local is."""
    one = Counting()

    inscope.LocalManager(one).cleanup()

    assert 1 == one.count


def test_releasing_an_unbound_proxy_says_that_it_is_unbound(
    inscope: ModuleType,
) -> None:
    """By itself and for a manager: the object is missing, not the method."""
    proxy = inscope.LocalProxy(ContextVar("locals"))

    with pytest.raises(inscope.UnboundError, match="object is not bound"):
        inscope.release_local(proxy)
    for locals_ in (proxy, [proxy]):
        with pytest.raises(inscope.UnboundError, match="object is not bound"):
            inscope.LocalManager(locals_)


# cleanup


def test_cleanup_releases_every_local_here(inscope: ModuleType) -> None:
    """What other contexts hold stays theirs."""
    local, stack = filled(inscope)
    manager = inscope.LocalManager([local, stack])
    copied = copy_context()

    manager.cleanup()

    assert [] == list(local)
    assert stack.top is None
    assert "ann" == copied.run(getattr, local, "user")
    assert "a" == copied.run(getattr, stack, "top")


def test_cleanup_on_another_thread_releases_nothing_here(inscope: ModuleType) -> None:
    """Each thread cleans up after itself."""
    local, stack = filled(inscope)

    in_thread(inscope.LocalManager([local, stack]).cleanup)

    assert "ann" == local.user
    assert "a" == stack.top


def test_cleanup_can_be_repeated(inscope: ModuleType) -> None:
    """A manager serves any number of requests."""
    local, stack = filled(inscope)
    manager = inscope.LocalManager([local, stack])

    for _ in range(3):
        local.user = "bob"
        stack.push("b")
        manager.cleanup()
        manager.cleanup()

        assert [] == list(local)
        assert stack.top is None


@pytest.mark.parametrize("position", [0, 1, 2])
def test_cleanup_releases_all_also_if_one_raises(
    inscope: ModuleType, position: int
) -> None:
    """The one error comes out as it is, and nothing is left."""
    local, stack = filled(inscope)
    failing = Failing(KeyError("release"))
    locals_ = [local, stack]
    locals_.insert(position, failing)

    with pytest.raises(KeyError) as caught:
        inscope.LocalManager(locals_).cleanup()

    assert failing.error is caught.value
    assert 1 == failing.count
    assert [] == list(local)
    assert stack.top is None


def test_several_errors_of_a_cleanup_come_out_as_a_group(inscope: ModuleType) -> None:
    """In the order in which they were raised."""
    local, stack = filled(inscope)
    errors = [KeyError("first"), ValueError("second"), KeyError("third")]
    first, second, third = map(Failing, errors)

    with pytest.raises(ExceptionGroup, match="releasing the locals") as caught:
        inscope.LocalManager([first, local, second, stack, third]).cleanup()

    assert errors == list(caught.value.exceptions)
    assert [1, 1, 1] == [first.count, second.count, third.count]
    assert [] == list(local)
    assert stack.top is None


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_cleanup_releases_the_rest_also_after_an_interrupt(
    inscope: ModuleType, kind: type[BaseException]
) -> None:
    """The interrupt then comes out bare, whatever else was raised."""
    local, stack = filled(inscope)
    interrupt, error = Failing(kind()), Failing(KeyError("release"))

    with pytest.raises(kind) as caught:
        inscope.LocalManager([local, interrupt, error, stack]).cleanup()

    assert interrupt.error is caught.value
    assert error.error in (caught.value.__cause__, caught.value.__context__)
    assert 1 == error.count
    assert [] == list(local)
    assert stack.top is None


def test_an_interrupt_keeps_its_own_cause(inscope: ModuleType) -> None:
    """What it was raised from is not lost on the way out."""
    cause = ValueError("cause")
    interrupt = SystemExit(1)
    interrupt.__cause__ = cause

    with pytest.raises(SystemExit) as caught:
        inscope.LocalManager([Failing(interrupt), inscope.Local()]).cleanup()
    assert cause is caught.value.__cause__

    with pytest.raises(SystemExit) as caught:
        inscope.LocalManager(map(Failing, [interrupt, KeyError("other")])).cleanup()
    assert cause is caught.value.__cause__
    assert "KeyError('other')" in "".join(caught.value.__notes__)


def test_something_wrong_that_was_appended_does_not_stop_a_cleanup(
    inscope: ModuleType,
) -> None:
    """The error names it, and the locals after it are released."""
    local, stack = filled(inscope)
    manager = inscope.LocalManager(local)
    manager.locals += ["nonsense", stack]

    with pytest.raises(inscope.NotALocalError, match="'nonsense'"):
        manager.cleanup()

    assert [] == list(local)
    assert stack.top is None


def test_a_release_may_change_the_list_of_locals(inscope: ModuleType) -> None:
    """A cleanup releases those that were in it when it began."""
    counting = [Counting(), Counting()]
    manager = inscope.LocalManager()

    class Leaving:
        def __release_local__(self) -> None:
            manager.locals.clear()

    manager.locals += [Leaving(), *counting]
    manager.cleanup()

    assert [1, 1] == [one.count for one in counting]
    assert [] == manager.locals


def test_a_local_that_is_listed_twice_is_no_trouble(inscope: ModuleType) -> None:
    """It is empty afterwards, as any other."""
    local, _ = filled(inscope)

    inscope.LocalManager([local, local]).cleanup()

    assert [] == list(local)
