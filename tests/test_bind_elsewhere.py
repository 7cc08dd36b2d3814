"""Binds left in another Context than the one in which they were entered.

The value is withdrawn wherever it was visible, nothing raises, and it is logged
once, with both places. Contexts copied meanwhile: ``test_bind_copies.py``.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sysconfig
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextvars import Context, copy_context
from types import ModuleType
from typing import Any

import pytest
from bindable import (
    CELLS,
    KINDS,
    NOTHING,
    PLAIN,
    Bindable,
    Thing,
    leave_elsewhere,
    make,
)
from places import Place, anywhere

SELF = __file__


@pytest.fixture(params=CELLS)
def thing(request: pytest.FixtureRequest, inscope: ModuleType) -> Bindable:
    """One of everything that can withdraw what it bound."""
    return make(inscope, request.param)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if (record.name, record.levelno) == ("inscope", logging.WARNING)
    ]


# Left elsewhere


@anywhere
@pytest.mark.parametrize("before", [NOTHING, None, "before"])
def test_a_bind_left_elsewhere_is_withdrawn(
    thing: Bindable, place: Place, before: object
) -> None:
    """Where it was entered and in every copy, the previous value is read again."""
    if before is not NOTHING:
        thing.write(before)
    bind = thing.bind("inside")
    bind.__enter__()
    copy = copy_context()
    copy_of_copy = copy.run(copy_context)

    place(lambda: bind.__exit__(None, None, None))

    contexts = (copy_context(), copy, copy_of_copy)
    assert [before] * 3 == [context.run(thing.read) for context in contexts]


@anywhere
def test_the_object_of_a_bind_left_elsewhere_is_freed(
    thing: Bindable, place: Place
) -> None:
    """Though the context it was entered in, a copy, and the bind are all kept."""
    value = Thing()
    reference = weakref.ref(value)
    bind = thing.bind(value)
    entered = Context()
    entered.run(bind.__enter__)
    copies = [entered.copy(), entered.copy()]
    del value
    assert reference() is not None

    place(lambda: bind.__exit__(None, None, None))
    gc.collect()

    assert reference() is None
    assert [NOTHING] * 2 == [copy.run(thing.read) for copy in copies]


@anywhere
def test_a_bind_left_elsewhere_changes_nothing_there(
    thing: Bindable, place: Place
) -> None:
    """What the other context has bound itself stays bound."""
    bind = thing.bind("inside")
    bind.__enter__()

    def leave() -> Any:
        with thing.bind("there"):
            bind.__exit__(None, None, None)
            return thing.read()

    assert "there" == place(leave)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bind_left_elsewhere_is_logged_once_with_both_places(
    inscope: ModuleType, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By the logger ``inscope``: what was bound, where, and where it was left."""
    bind = make(inscope, kind).bind("secret")
    made = repr(bind).partition(" at ")[2].rpartition(", not entered")[0]
    bind.__enter__()

    def leave() -> None:
        bind.__exit__(None, None, None)

    copy_context().run(leave)

    [message] = _warnings(caplog)
    line = leave.__code__.co_firstlineno + 1
    assert f"bound at {made}," in message
    assert f"left in another context, at {SELF}:{line} in " in message
    assert f"thread {threading.current_thread().name!r}" in message
    assert "secret" not in message


def test_leaving_is_told_of_who_closed_the_generator(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The bind is left inside the generator; the line that closed it is named too."""
    var = inscope.Var("user")

    def rows() -> Iterator[str]:
        with var.bind("ann"):
            yield "row"

    def closing(stream: Generator[str]) -> None:
        stream.close()

    stream = rows()
    next(stream)
    copy_context().run(closing, stream)

    [message] = _warnings(caplog)
    line = closing.__code__.co_firstlineno + 1
    assert f" in {rows.__qualname__}, resumed at {SELF}:{line} in " in message
    assert closing.__qualname__ in message


def test_leaving_is_told_of_the_thread_that_left(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when no Python function called it, so that there is no line to tell."""
    bind = inscope.Var("user").bind("ann")
    bind.__enter__()
    thread = threading.Thread(target=bind.__exit__, name="leaver")
    Context().run(thread.start)
    thread.join()

    [message] = _warnings(caplog)
    assert "in thread 'leaver'" in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_bind_left_in_its_context_is_not_logged(
    inscope: ModuleType, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor if that Context is entered by another thread meanwhile: it is the same."""
    thing = make(inscope, kind)
    with thing.bind("inside"):
        pass
    bind, context = thing.bind("inside"), Context()
    context.run(bind.__enter__)
    copy = context.copy()
    thread = threading.Thread(target=context.run, args=(bind.__exit__,))
    thread.start()
    thread.join()

    assert [] == _warnings(caplog)
    assert NOTHING == context.run(thing.read)
    assert (NOTHING if kind == "revoking var" else "inside") == copy.run(thing.read)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bind_left_elsewhere_cannot_be_left_again(
    inscope: ModuleType, kind: str
) -> None:
    """Not in its own context either: it has ended."""
    thing = make(inscope, kind)
    bind = thing.bind("inside")
    bind.__enter__()
    leave_elsewhere(bind)

    with pytest.raises(inscope.BindStateError, match="it was left"):
        bind.__exit__(None, None, None)


def test_after_a_bind_left_elsewhere_all_goes_on_as_ever(thing: Bindable) -> None:
    """The bind around it ends, new ones begin, and values are set."""
    with thing.bind("outer"):
        inner = thing.bind("inner")
        inner.__enter__()
        leave_elsewhere(inner)
        assert "outer" == thing.read()
        with thing.bind("next"):
            assert "next" == thing.read()
        assert "outer" == thing.read()
    assert NOTHING == thing.read()
    thing.write("set")
    assert "set" == thing.read()


def test_only_the_bind_that_was_left_is_withdrawn(thing: Bindable) -> None:
    """Below others, above others, and in a context where one was bound upon it."""
    outer, inner = thing.bind("outer"), thing.bind("inner")
    outer.__enter__()
    inner.__enter__()
    copy = copy_context()
    upper = thing.bind("upper")
    copy.run(upper.__enter__)

    leave_elsewhere(outer)
    assert ["inner", "upper"] == [thing.read(), copy.run(thing.read)]
    leave_elsewhere(inner)
    assert [NOTHING, "upper"] == [thing.read(), copy.run(thing.read)]
    copy.run(upper.__exit__)
    assert [NOTHING, NOTHING] == [thing.read(), copy.run(thing.read)]


@pytest.mark.parametrize("kind", ["var", "defaulted var", "several"])
def test_what_was_set_inside_goes_with_a_bind_left_elsewhere(
    inscope: ModuleType, kind: str
) -> None:
    """A ``set`` lasts to the end of the bind around it, wherever that is left."""
    thing = make(inscope, kind)
    thing.write("before")
    bind = thing.bind("inside")
    bind.__enter__()
    thing.write("set inside")
    copy = copy_context()
    copy.run(thing.write, "set in a copy")
    upon = thing.bind("bound in a copy")
    copy.run(upon.__enter__)

    leave_elsewhere(bind)

    assert "before" == thing.read()
    assert "bound in a copy" == copy.run(thing.read)
    copy.run(upon.__exit__)
    assert "before" == copy.run(thing.read)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_value_left_elsewhere_stays_where_it_was(
    inscope: ModuleType, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A variable of the caller's holds nothing that could be emptied; it is logged."""
    thing = make(inscope, kind)
    bind = thing.bind("inside")
    bind.__enter__()

    leave_elsewhere(bind)

    assert "inside" == thing.read()
    assert 1 == len(_warnings(caplog))


def test_names_set_beside_those_of_a_bound_stay(inscope: ModuleType) -> None:
    """Left elsewhere, a bind withdraws its names alone."""
    local = inscope.Local()
    bind = inscope.bound(local, user="ann", id=7)
    bind.__enter__()
    local.other = 1

    leave_elsewhere(bind)

    assert {"other": 1} == dict(local)
    assert ["other"] == [name for name in dir(local) if not name.startswith("_")]
    assert 1 == len(local)
    with pytest.raises(AttributeError):
        del local.user


# Generators that asyncio and the collector finalise


def _generator(thing: Bindable, value: object) -> Callable[[], AsyncIterator[Any]]:
    async def generator() -> AsyncIterator[Any]:
        with thing.bind(value):
            yield thing.read()
            yield thing.read()

    return generator


def test_an_async_generator_closed_in_another_task(
    thing: Bindable, caplog: pytest.LogCaptureFixture
) -> None:
    """Its ``finally`` runs once and raises nothing; here the value is gone."""

    async def main() -> list[Any]:
        thing.write("before")
        stream = _generator(thing, "stream")()
        seen = [await anext(stream)]  # type: ignore[call-overload]
        seen.append(thing.read())
        await asyncio.create_task(stream.aclose())  # type: ignore[attr-defined]
        return [*seen, thing.read()]

    assert ["stream", "stream", "before"] == asyncio.run(main())
    assert 1 == len(_warnings(caplog))


def test_an_async_generator_that_was_dropped_is_finalised_by_the_loop(
    thing: Bindable, caplog: pytest.LogCaptureFixture
) -> None:
    """At the end of the loop, or when it is collected: the object is freed."""
    value = Thing()
    reference = weakref.ref(value)

    async def main() -> Any:
        async for _ in _generator(thing, holder.pop())():
            break
        gc.collect()
        for _ in range(3):
            await asyncio.sleep(0)
        return thing.read()

    holder = [value]
    del value

    assert NOTHING == asyncio.run(main())
    gc.collect()
    assert reference() is None
    assert 1 == len(_warnings(caplog))


def test_a_generator_collected_in_another_thread(
    thing: Bindable, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever drops it last leaves the bind; without the GIL, whoever made it does.

    That one leaves it when it gets there: in the other Context, or back in its own.
    """

    def binding() -> Iterator[None]:
        with thing.bind("inside"):
            yield

    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    holder = [binding()]
    next(holder[0])
    assert "inside" == thing.read()
    thread = threading.Thread(target=holder.pop, name="collector")
    Context().run(thread.start)
    thread.join()

    assert NOTHING == thing.read()
    if free_threaded:
        assert all("'MainThread'" in message for message in _warnings(caplog))
        return
    [message] = _warnings(caplog)
    assert "'collector'" in message
