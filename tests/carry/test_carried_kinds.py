"""What is carried, wrapped or scoped stays what it is: its kind, signature and name."""

from __future__ import annotations

import asyncio
import functools
import inspect
import types
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from carry_world import captured, word

Take = Callable[[Any], Any]


@pytest.fixture(params=["carry", "wrap", "detached", "scoped"])
def take(request: pytest.FixtureRequest, carry: ModuleType) -> Take:
    """Each of the functions whose result is of the same kind."""
    ways: dict[str, Take] = {
        "carry": carry.carry,
        "wrap": captured(carry, word, "hello").wrap,
        "detached": carry.detached().wrap,
        "scoped": carry.scoped,
    }
    return ways[request.param]


def test_a_generator_that_can_be_awaited_still_can(take: Take) -> None:
    """By ``types.coroutine``; each step has the bindings."""

    @types.coroutine
    def waiting(value: int) -> Generator[Any, Any, Any]:
        word.set("waiting")
        yield
        return value, word.get()

    async def main() -> Any:
        return await take(waiting)(5), word.get()

    assert ((5, "waiting"), "here") == asyncio.run(main())


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is around each call."""
    token = word.set("here")
    yield
    word.reset(token)


def plain(one: int, /, two: str = "b", *, three: bool = True) -> tuple[Any, ...]:
    """Return the arguments."""
    word.set("plain")
    return one, two, three


async def coroutine(one: int, /, two: str = "b", *, three: bool = True) -> Any:
    """Return the arguments, later."""
    await asyncio.sleep(0)
    word.set("coroutine")
    return one, two, three


def generator(one: int, /, two: str = "b", *, three: bool = True) -> Iterator[Any]:
    """Yield the arguments."""
    word.set("generator")
    yield one, two, three


async def agenerator(
    one: int, /, two: str = "b", *, three: bool = True
) -> AsyncIterator[Any]:
    """Yield the arguments, later."""
    await asyncio.sleep(0)
    word.set("agenerator")
    yield one, two, three


FUNCTIONS = [plain, coroutine, generator, agenerator]

TESTS: list[Callable[[Any], bool]] = [
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
    inspect.isfunction,
    inspect.isclass,
    inspect.ismethod,
    inspect.isroutine,
    callable,
]


def natures(function: Any) -> dict[str, bool]:
    """Return what is said of *function*."""
    return {test.__name__: test(function) for test in TESTS}


def outcome(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a call of *function* comes to, whatever its kind."""
    result = function(*args, **kwargs)
    if inspect.isawaitable(result):

        async def await_it() -> Any:
            return await result

        return asyncio.run(await_it())
    if inspect.isgenerator(result):
        return list(result)
    if inspect.isasyncgen(result):

        async def collect() -> list[Any]:
            return [one async for one in result]

        return asyncio.run(collect())
    return result


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(take: Take, function: Any) -> None:
    """Of each kind; a call comes to the same, and leaves nothing behind."""
    taken = take(function)
    assert natures(function) == natures(taken)
    assert inspect.signature(function) == inspect.signature(taken)
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        assert getattr(function, name) == getattr(taken, name)
    assert function is inspect.unwrap(taken) is taken.__wrapped__
    expected = outcome(function, 1, three=False)
    word.set("here")
    assert expected == outcome(taken, 1, three=False)
    assert "here" == word.get()
    with pytest.raises(TypeError, match="argument"):
        outcome(taken)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_partials(take: Take, function: Any) -> None:
    """Of functions, and of partials."""
    partial: Any = functools.partial(functools.partial(function, 1), two="c")
    taken = take(partial)
    assert type(partial) is type(taken)
    assert natures(partial) == natures(taken)
    assert inspect.signature(partial) == inspect.signature(taken)
    assert outcome(partial, three=False) == outcome(taken, three=False)
    assert (1,) == taken.args
    assert {"two": "c"} == taken.keywords


def test_partials_of_callable_objects_and_methods(take: Take) -> None:
    """They are asked for what they wrap."""

    class Caller:
        async def __call__(self, one: int) -> int:
            return one

        async def method(self, one: int) -> int:
            return one + 1

    caller = Caller()
    for partial in (functools.partial(caller, 1), functools.partial(caller.method, 0)):
        taken = take(partial)
        assert inspect.signature(partial) == inspect.signature(taken)
        assert natures(partial) == natures(taken)
        assert 1 == outcome(taken)


class Counter:
    """Counts, in every way a method can."""

    def __init__(self, start: int = 0) -> None:
        self.count = start

    def plain(self, by: int) -> int:
        """Count on."""
        self.count += by
        return self.count

    async def coroutine(self, by: int) -> int:
        """Count on, later."""
        await asyncio.sleep(0)
        return self.plain(by)

    def generator(self, by: int) -> Iterator[int]:
        """Count on, twice."""
        yield self.plain(by)
        yield self.plain(by)

    async def agenerator(self, by: int) -> AsyncIterator[int]:
        """Count on, later."""
        await asyncio.sleep(0)
        yield self.plain(by)

    @classmethod
    def klass(cls, by: int) -> Counter:
        """Make one."""
        return cls(by)

    @staticmethod
    def static(by: int) -> int:
        """Return it."""
        return by


METHODS = ["plain", "coroutine", "generator", "agenerator", "klass", "static"]


@pytest.mark.parametrize("name", METHODS)
def test_bound_methods(take: Take, name: str) -> None:
    """They stay with their object, and equal to nothing else."""
    bound = getattr(Counter(), name)
    taken = take(getattr(Counter(), name))
    assert natures(bound) == natures(taken)
    assert inspect.signature(bound) == inspect.signature(taken)
    assert bound.__name__ == taken.__name__
    assert type(getattr(bound, "__self__", None)) is type(
        getattr(taken, "__self__", None)
    )
    expected, found = outcome(bound, 3), outcome(taken, 3)
    if name == "klass":
        assert [Counter, Counter] == [type(one) for one in (expected, found)]
        expected, found = expected.count, found.count
    assert expected == found


@pytest.mark.parametrize("name", METHODS)
def test_in_the_body_of_a_class(take: Take, name: str) -> None:
    """What is taken there is a method as before, of the class and of objects."""
    body = vars(Counter)
    taken_class: Any = type("Taken", (Counter,), {name: take(body[name])})
    plain_object, taken_object = Counter(), taken_class()
    pairs: list[tuple[Any, Any]] = [
        (getattr(plain_object, name), getattr(taken_object, name)),
        (getattr(Counter, name), getattr(taken_class, name)),
        (body[name], vars(taken_class)[name]),
    ]
    for was, now in pairs:
        assert natures(was) == natures(now)
    assert type(body[name]) is pairs[-1][1].__class__
    expected: Any = outcome(getattr(plain_object, name), 3)
    found: Any = outcome(getattr(taken_object, name), 3)
    if name == "klass":
        assert [Counter, taken_class] == [type(one) for one in (expected, found)]
        expected, found = expected.count, found.count
    assert expected == found


def test_a_class(take: Take) -> None:
    """It still is one: to be called, asked, and derived from."""
    taken = take(Counter)
    assert inspect.isclass(take(Counter))
    assert isinstance(take(Counter), type)
    made = taken(5)
    assert type(made) is Counter
    assert 5 == made.count
    assert isinstance(made, taken)
    assert issubclass(Counter, taken)
    assert not isinstance(5, taken)
    assert 3 == taken.static(3)
    assert Counter.__name__ == taken.__name__
    assert Counter.__doc__ == taken.__doc__
    assert inspect.signature(Counter) == inspect.signature(taken)

    class Derived(taken):  # type: ignore[misc, valid-type]
        """One more."""

    assert (Derived, Counter, object) == Derived.__mro__
    assert isinstance(Derived(), taken)


def test_a_class_is_made_in_a_context_of_its_own(take: Take) -> None:
    """Its ``__init__`` leaves nothing behind."""

    class Setting:
        def __init__(self) -> None:
            word.set("made")

    word.set("here")
    assert type(take(Setting)()) is Setting
    assert "here" == word.get()


class Plain:
    """Called, returns what it is called with."""

    def __call__(self, one: int, two: int = 2) -> Any:
        word.set("called")
        return one, two

    name = "callable"


class Async(Plain):
    """Does so when awaited."""

    async def __call__(self, one: int, two: int = 2) -> Any:
        await asyncio.sleep(0)
        return super().__call__(one, two)


class Generating(Plain):
    """Yields it."""

    def __call__(self, one: int, two: int = 2) -> Generator[Any, Any, Any]:
        yield super().__call__(one, two)


class AsyncGenerating(Plain):
    """Yields it, later."""

    async def __call__(self, one: int, two: int = 2) -> Any:
        await asyncio.sleep(0)
        yield super().__call__(one, two)


@pytest.mark.parametrize("kind", [Plain, Async, Generating, AsyncGenerating])
def test_callable_objects(take: Take, kind: Any) -> None:
    """They stay objects of their class, with their attributes."""
    one = kind()
    taken = take(one)
    assert isinstance(taken, kind)
    assert "callable" == taken.name
    assert natures(one) == natures(taken)
    assert natures(one.__call__) == natures(taken.__call__) | {
        "ismethod": True,
        "isfunction": False,
    }
    assert inspect.signature(one) == inspect.signature(taken)
    assert repr(one) == repr(taken)
    assert kind.__doc__ == taken.__doc__
    word.set("here")
    expected = [(1, 3)] if kind in (Generating, AsyncGenerating) else (1, 3)
    assert expected == outcome(taken, 1, two=3)
    assert "here" == word.get()


def test_mocks(take: Take) -> None:
    """An ``AsyncMock`` is awaited, a ``Mock`` is called; both remember it."""
    later, now = AsyncMock(return_value=5), Mock(return_value=6)
    taken = take(later)
    assert inspect.iscoroutinefunction(taken) == inspect.iscoroutinefunction(later)
    assert 5 == outcome(taken, 1, two=2)
    later.assert_awaited_once_with(1, two=2)
    assert 6 == take(now)(1)
    now.assert_called_once_with(1)


def test_what_is_written_in_c(take: Take) -> None:
    """Functions, methods and classes."""
    assert 2 == take(len)([1, 2])
    assert "TEXT" == take("text".upper)()
    assert "3" == take(str)(3)
    assert 1 == take(int.from_bytes)(b"\x01", "big")
    assert "get" == take(str.lower)("GET")


def test_what_was_marked_as_a_coroutine_function(take: Take) -> None:
    """It returns an awaitable, and somebody has said so."""
    mark: Any = getattr(inspect, "markcoroutinefunction", None)
    if mark is None:
        mark = vars(asyncio.coroutines)["_is_coroutine"]

        def marked() -> Any:
            return coroutine(1)

        vars(marked)["_is_coroutine"] = mark
        asked: Any = asyncio.iscoroutinefunction
    else:
        marked, asked = mark(lambda: coroutine(1)), inspect.iscoroutinefunction
    assert asked(marked)
    taken = take(marked)
    assert asked(taken)
    word.set("here")
    assert (1, "b", True) == outcome(taken)


def test_cached_and_wrapped_functions(take: Take) -> None:
    """Attributes stay: those that a decorator has put on it."""

    @functools.lru_cache
    def cached(one: int) -> int:
        return one + 1

    @functools.singledispatch
    def dispatched(one: object) -> str:
        return "object"

    @dispatched.register
    def of_int(one: int) -> str:
        return f"int {one}"

    vars(of_int)["mark"] = "marked"
    assert "marked" == take(of_int).mark
    taken = take(cached)
    assert [2, 2, 1] == [taken(1), taken(1), cached.cache_info().hits]
    assert ("int 1", "object") == (take(dispatched)(1), take(dispatched)("a"))


def test_taken_twice(take: Take) -> None:
    """It is still the same."""
    for function in FUNCTIONS:
        taken = take(take(function))
        assert natures(function) == natures(taken)
        assert outcome(function, 1) == outcome(taken, 1)
    assert type(take(take(Counter))(1)) is Counter
    assert (1, 2) == take(take(Plain()))(1)


@pytest.mark.parametrize("thing", [3, None, "text", [], object(), property(plain)])
def test_what_cannot_be_called_is_refused(take: Take, thing: Any) -> None:
    """At once, by the name of what was asked."""
    with pytest.raises(
        TypeError, match=r"(carry|wrap|scoped)\(\) takes something that can be called"
    ):
        take(thing)
