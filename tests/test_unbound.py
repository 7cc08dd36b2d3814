"""A proxy with nothing bound: what tools see of it, and what its errors tell."""

from __future__ import annotations

import ast
import asyncio
import copy
import doctest
import functools
import inspect
import pickle
import pydoc
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from sources import MESSAGE, in_own_context, proxies_raising, unbound_proxies

PROBES = [
    *("__len__", "__iter__", "__name__", "__dict__", "__signature__"),
    *("__wrapped_by__", "__array__", "__html__", "__code__", "__func__", "__call__"),
    *("_is_coroutine", "_is_coroutine_marker", "_repr_html_", "_repr_mimebundle_"),
    *("_ipython_display_", "_ipython_canary_method_should_not_exist_"),
]
NO_PROBES = [
    "name",
    "user",
    "_private",
    "__mangled",
    "dunder__",
    "_repr",
    "_",
    "\udc80",
]
KINDS = list(unbound_proxies(__import__("inscope")))


@pytest.fixture(params=KINDS)
def unbound(inscope: ModuleType, request: pytest.FixtureRequest) -> Any:
    """An unbound proxy, over each kind of source."""
    return unbound_proxies(inscope, unbound_message=MESSAGE)[request.param]


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A module, importable by its name, with a documented function."""
    made = ModuleType("made_here", "A module.")
    sys.modules["made_here"] = made
    code = 'def f():\n    """Return one.\n\n    >>> f()\n    1\n    """\n    return 1\n'
    exec(compile(ast.parse(code), "made_here.py", "exec"), vars(made))
    yield made
    del sys.modules["made_here"]


# The six answers, and attributes


def test_an_unbound_proxy_can_be_looked_at(inscope: ModuleType, unbound: Any) -> None:
    """The six that introspection needs answer."""
    assert "<LocalProxy unbound>" == repr(unbound)
    assert bool(unbound) is False
    assert [] == dir(unbound)
    assert unbound.__class__ is inscope.LocalProxy
    assert inscope.LocalProxy.__doc__ == unbound.__doc__
    assert "LocalProxy" in f"{unbound!r}"


def test_module_is_that_of_the_proxys_class(inscope: ModuleType) -> None:
    """Unbound, ``__module__`` is not the source's, which doctest would look into."""

    class Subclass(inscope.LocalProxy):  # type: ignore[misc]
        pass

    assert "inscope" == inscope.LocalProxy(ContextVar("var")).__module__
    assert "inscope" == inscope.LocalProxy(ContextVar("var"), like=list).__module__
    assert __name__ == Subclass(ContextVar("var")).__module__
    assert "builtins" == inscope.LocalProxy(lambda: int).__module__


def test_wrapped_is_what_the_proxy_was_made_from(inscope: ModuleType) -> None:
    """Unbound, ``__wrapped__`` is the constructor's first argument."""
    sources = [ContextVar("var"), inscope.Var("var"), inscope.LocalStack()]
    local = inscope.Local()

    for source in sources:
        assert source is inscope.LocalProxy(source, "name").__wrapped__
    assert local is local("name").__wrapped__
    inner = local("name")
    assert inner is inscope.LocalProxy(inner).__wrapped__


def test_wrapped_is_the_objects_when_bound(inscope: ModuleType) -> None:
    """Bound, it is an attribute like any other."""

    @functools.wraps(len)
    def size(items: Any) -> int:
        return len(items)

    assert len is inscope.LocalProxy(lambda: size).__wrapped__
    assert not hasattr(inscope.LocalProxy(lambda: 5), "__wrapped__")


@pytest.mark.parametrize("name", PROBES)
def test_tools_may_probe_for_a_name(
    inscope: ModuleType, unbound: Any, name: str
) -> None:
    """``hasattr`` says no to the names that tools ask of any object."""
    assert not hasattr(unbound, name)
    assert "default" == getattr(unbound, name, "default")
    with pytest.raises(inscope.UnboundAttributeError) as caught:
        getattr(unbound, name)
    assert MESSAGE == str(caught.value)


@pytest.mark.parametrize("name", NO_PROBES)
def test_any_other_name_is_an_error(
    inscope: ModuleType, unbound: Any, name: str
) -> None:
    """``getattr`` with a default must not hide that nothing is bound."""
    for ask in (
        lambda: getattr(unbound, name),
        lambda: getattr(unbound, name, None),
        lambda: hasattr(unbound, name),
        lambda: setattr(unbound, name, 1),
        lambda: delattr(unbound, name),
    ):
        with pytest.raises(inscope.UnboundError) as caught:
            ask()
        assert MESSAGE == str(caught.value)
        assert not isinstance(caught.value, AttributeError)


def test_writing_a_dunder_is_an_error(inscope: ModuleType, unbound: Any) -> None:
    """Tools ask for names; whoever writes one means the object."""
    for name in ("__doc__", "__class__", "__wrapped__", "_is_coroutine"):
        with pytest.raises(inscope.UnboundError, match=MESSAGE):
            setattr(unbound, name, None)
        with pytest.raises(inscope.UnboundError, match=MESSAGE):
            delattr(unbound, name)


@in_own_context
def test_a_probe_does_not_hide_a_fault(inscope: ModuleType) -> None:
    """An error of the resolver comes out of ``hasattr`` for any name."""
    fault = ZeroDivisionError()

    for proxy in proxies_raising(inscope, fault).values():
        for name in ("__len__", "__class__", "__doc__", "__wrapped__", "_repr_html_"):
            with pytest.raises(ZeroDivisionError) as caught:
                hasattr(proxy, name)
            assert fault is caught.value


def test_a_probe_keeps_the_error_of_a_callable(inscope: ModuleType) -> None:
    """What the callable raised is the cause, its text the text."""
    error = RuntimeError("outside of a request", 42)

    def source() -> Any:
        raise error

    with pytest.raises(inscope.UnboundAttributeError) as caught:
        inscope.LocalProxy(source).__len__  # noqa: B018  (raises)

    assert error is caught.value.__cause__
    assert ("outside of a request", 42) == caught.value.args


# Tools of the library


def test_inspect_asks_in_vain(unbound: Any) -> None:
    """Every question of ``inspect`` to an object has an answer, and it is no."""
    questions = [
        getattr(inspect, name)
        for name in dir(inspect)
        if name.startswith("is") and inspect.isfunction(getattr(inspect, name))
    ]

    # A LocalProxy has __await__: that it can be awaited is said of its type.
    assert {"isawaitable"} == {ask.__name__ for ask in questions if ask(unbound)}
    assert not asyncio.iscoroutine(unbound)
    assert not callable(getattr(unbound, "__call__", None))  # noqa: B004
    assert [] == inspect.getmembers(unbound)
    assert inspect.getmodule(unbound) is sys.modules["inscope"]
    assert str(inspect.getdoc(unbound)).startswith("A proxy")
    assert inspect.getattr_static(unbound, "absent", None) is None


def test_inspect_can_unwrap(unbound: Any) -> None:
    """``inspect.unwrap`` follows ``__wrapped__`` to where the object would be."""
    assert not isinstance(inspect.unwrap(unbound), type(unbound))


def test_doctest_finds_the_examples_beside_it(module: ModuleType, unbound: Any) -> None:
    """A module with an unbound proxy in it can be doctested."""
    module.user = unbound  # type: ignore[attr-defined]

    found = doctest.DocTestFinder(exclude_empty=True).find(module)

    assert ["made_here.f"] == [test.name for test in found if test.examples]
    assert (0, 1) == doctest.testmod(module)


def test_doctest_finds_the_examples_beside_one_over_a_function(
    inscope: ModuleType, module: ModuleType
) -> None:
    """``LocalProxy(lambda: local.user)`` does not stop doctest either."""
    local = inscope.Local()
    module.user = inscope.LocalProxy(lambda: local.user)  # type: ignore[attr-defined]

    assert (0, 1) == doctest.testmod(module)


def test_mock_can_patch_it(module: ModuleType, unbound: Any) -> None:
    """``mock.patch`` replaces a global that is unbound, and puts it back."""
    module.user = unbound  # type: ignore[attr-defined]

    for options in ({}, {"autospec": True}, {"spec": True}, {"new": 5}):
        with mock.patch("made_here.user", **options) as patched:  # type: ignore[call-overload]
            assert module.user is patched
        assert module.user is unbound


def test_mock_can_specify_by_it(unbound: Any) -> None:
    """A mock made after an unbound proxy has no attributes."""
    for made in (mock.create_autospec(unbound), mock.Mock(spec=unbound)):
        with pytest.raises(AttributeError):
            made.name  # noqa: B018  (raises)


def test_pydoc_renders_it(module: ModuleType, unbound: Any) -> None:
    """``help`` of the proxy shows its type, of a module the global."""
    module.user = unbound  # type: ignore[attr-defined]
    render = pydoc.plaintext

    assert "LocalProxy" in pydoc.render_doc(unbound, renderer=render)
    assert "user = <LocalProxy unbound>" in pydoc.render_doc(module, renderer=render)


def test_functools_can_wrap_it(unbound: Any) -> None:
    """A wrapper of an unbound proxy gets what there is to get."""

    @functools.wraps(unbound)
    def wrapper() -> None: ...

    assert wrapper.__wrapped__ is unbound
    assert "wrapper" == wrapper.__name__
    assert {"__wrapped__": unbound}.keys() == vars(wrapper).keys()


def test_it_can_be_shown_in_a_traceback(unbound: Any) -> None:
    """``traceback`` and ``pprint``-like tools print it with the local variables."""
    user = unbound
    try:
        user.name  # noqa: B018  (raises)
    except RuntimeError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True)

    assert "user = <LocalProxy unbound>" in "".join(lines.format())


# The error


REMEDIES = {
    "ContextVar": ("context variable 'var'", "set it"),
    "Var": ("Var 'var'", "bind it"),
    "Local": ("name 'name' of a Local", "assign it"),
    "LocalStack": ("a LocalStack", "push an object on it"),
}


def caught_from(act: Callable[[], Any]) -> Any:
    """Return the RuntimeError that *act* raises."""
    with pytest.raises(RuntimeError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("kind", REMEDIES)
def test_an_error_tells_where_and_what_to_do(inscope: ModuleType, kind: str) -> None:
    """The proxy, the thread and the remedy are attributes, and notes as well."""
    proxy = unbound_proxies(inscope)[kind]
    origin, remedy = REMEDIES[kind]

    error = caught_from(lambda: proxy + 1)

    thread = threading.current_thread().name
    assert proxy is error.proxy
    assert (thread, None) == (error.thread, error.task)
    assert error.remedy.startswith(remedy)
    place, advice = error.__notes__
    assert f"LocalProxy over {origin}, used in thread {thread!r}" == place
    assert advice.startswith(error.remedy)
    assert "object is not bound" == str(error)


def test_an_error_of_a_chain_tells_of_the_innermost(inscope: ModuleType) -> None:
    """Without a message of its own, a chain raises the inner proxy's error."""
    inner = inscope.LocalProxy(ContextVar("var"), unbound_message="inner")
    middle = inscope.LocalProxy(inner)

    error = caught_from(lambda: len(inscope.LocalProxy(middle)))

    assert "inner" == str(error)
    assert inner is error.proxy


@pytest.mark.parametrize("name", [None, "real"])
def test_the_outermost_message_of_a_chain_is_seen(
    inscope: ModuleType, name: str | None
) -> None:
    """Whoever wrote an ``unbound_message`` wants it seen; the inner is the cause."""
    inner = inscope.LocalProxy(ContextVar("var"), unbound_message="inner")
    outer = inscope.LocalProxy(inner, name, unbound_message="outer")

    error = caught_from(lambda: len(inscope.LocalProxy(outer)))

    assert "outer" == str(error)
    assert outer is error.proxy
    assert "inner" == str(error.__cause__)


def test_an_empty_message_is_a_message(inscope: ModuleType) -> None:
    """``unbound_message=""`` is not taken for none."""
    proxy = inscope.LocalProxy(ContextVar("var"), unbound_message="")

    assert "" == str(caught_from(lambda: len(proxy)))


def test_an_error_names_its_thread(inscope: ModuleType) -> None:
    """The name is that of the thread the proxy was used in."""
    proxy = inscope.LocalProxy(ContextVar("var"))
    errors: list[Any] = []
    thread = threading.Thread(
        target=lambda: errors.append(caught_from(lambda: len(proxy))), name="worker"
    )
    thread.start()
    thread.join()

    assert "worker" == errors[0].thread
    assert "used in thread 'worker'" in errors[0].__notes__[0]


def test_an_error_names_its_task(inscope: ModuleType) -> None:
    """In an asyncio task the note names the task."""
    proxy = inscope.LocalProxy(ContextVar("var"))

    async def use() -> Any:
        return caught_from(lambda: len(proxy))

    async def main() -> Any:
        return await asyncio.create_task(use(), name="the job")

    error = asyncio.run(main())

    assert "task 'the job'" == error.task
    assert error.__notes__[0].endswith("task 'the job'")


def test_an_error_names_its_greenlet(inscope: ModuleType) -> None:
    """In a greenlet the note names the greenlet."""
    greenlet = pytest.importorskip("greenlet")
    proxy = inscope.LocalProxy(ContextVar("var"))
    running = greenlet.greenlet(lambda: caught_from(lambda: len(proxy)))

    error = running.switch()

    assert error.task.startswith("greenlet <greenlet.greenlet object at 0x")
    assert error.task in error.__notes__[0]


def test_a_callables_own_error_is_not_touched(inscope: ModuleType) -> None:
    """It is raised as it is: no message, no notes, no attributes are added."""
    error, context = RuntimeError("outside"), KeyError("context")

    def source() -> Any:
        try:
            raise context
        except KeyError:
            raise error  # noqa: B904  (its context is what is tested)

    caught = caught_from(lambda: len(inscope.LocalProxy(source, unbound_message="no")))

    assert error is caught
    assert {} == vars(error)
    assert (None, context) == (error.__cause__, error.__context__)
    assert not error.__suppress_context__


def test_an_error_shows_nothing_of_the_machinery(inscope: ModuleType) -> None:
    """Its traceback has the error alone, with the notes; no cause and no context."""
    for name, proxy in unbound_proxies(inscope, unbound_message=MESSAGE).items():
        error = caught_from(lambda proxy=proxy: len(proxy))
        text = "".join(traceback.format_exception(error))

        assert f"UnboundError: {MESSAGE}\n" in text
        assert "Missing" not in text
        assert name.startswith("proxy") or 1 == text.count("Traceback")


def test_an_error_can_be_pickled_and_copied(inscope: ModuleType, unbound: Any) -> None:
    """What is read back has the text and the notes, and no proxy."""
    for error in (
        caught_from(lambda: len(unbound)),
        caught_from(lambda: unbound.__len__),
        caught_from(inscope.Var("var").get),
    ):
        for again in (
            *(pickle.loads(pickle.dumps(error, n)) for n in range(6)),
            copy.copy(error),
        ):
            assert type(error) is type(again)
            assert error.args == again.args
            assert error.__notes__ == again.__notes__
            assert (error.thread, error.remedy) == (again.thread, again.remedy)
            assert again.proxy is None


def test_an_error_does_not_keep_what_it_was_raised_for(inscope: ModuleType) -> None:
    """The error is an UnboundError and a RuntimeError, and each has its own data."""
    proxy = inscope.LocalProxy(ContextVar("var"))
    first, second = (caught_from(lambda: len(proxy)) for _ in range(2))

    assert first is not second
    assert 2 == len(first.__notes__) == len(second.__notes__)
    assert (None, None) == (inscope.UnboundError.proxy, inscope.UnboundError.thread)


# Bound again


def test_a_proxy_is_unbound_and_bound_by_turns(inscope: ModuleType) -> None:
    """Nothing is kept from one operation to the next."""
    local = inscope.Local()
    user = local("user")
    seen = []
    for name in ("ann", "bob"):
        local.user = name
        seen.append(repr(user))
        del local.user
        seen.append(repr(user))

    assert ["'ann'", "<LocalProxy unbound>", "'bob'", "<LocalProxy unbound>"] == seen


@in_own_context
def test_is_bound_tells_and_makes_nothing_up(inscope: ModuleType) -> None:
    """``is_bound`` is false just where the six fallbacks answer."""
    for proxy in unbound_proxies(inscope).values():
        assert not inscope.is_bound(proxy)
        with pytest.raises(inscope.UnboundError):
            inscope.unwrap(proxy)
        with pytest.raises(inscope.UnboundError):
            proxy._get_current_object()
    assert inscope.is_bound(inscope.LocalProxy(bool))
    fault = KeyError("fault")
    for proxy in proxies_raising(inscope, fault).values():
        with pytest.raises(KeyError):
            inscope.is_bound(proxy)
