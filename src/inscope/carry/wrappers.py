"""Functions around functions: of the same kind, and with the same parameters.

``inspect`` tells the kind by how a function was compiled, and Python refuses wrong
arguments when it is called, not when it is first advanced: a server that tries whether
``app()`` makes an application relies on that. So a wrapper is compiled for its kind and
its parameters, once for all functions that have the same.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from contextlib import nullcontext
from contextvars import copy_context
from functools import WRAPPER_ASSIGNMENTS, lru_cache, partial, update_wrapper
from inspect import (
    CO_COROUTINE,
    CO_ITERABLE_COROUTINE,
    CO_VARARGS,
    CO_VARKEYWORDS,
    getattr_static,
    isfunction,
)
from textwrap import indent
from types import AsyncGeneratorType, coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from inscope._core.snapshot import steps_in
from inscope.carry.kinds import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    PLAIN,
    is_function,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import CodeType, FunctionType

    from inscope._core.python.step import Steps

    Function = Callable[..., Any]

__all__ = [
    "awaited",
    "called_in_copy",
    "delegating",
    "isolated",
    "stepped",
    "surrounded",
]

TEXTS: Final = {
    COROUTINE: """\
async def wrapper({parameters}):
    return await __steps__(__function__({arguments}))
""",
    GENERATOR: """\
def wrapper({parameters}):
    return (yield from __steps__(__function__({arguments})))
""",
    # What 'yield from' does, which an async generator has not.
    ASYNC_GENERATOR: """\
async def wrapper({parameters}):
    async with __around__():
        __inner__ = __function__({arguments})
        __is_generator__ = __type__(__inner__) is __AsyncGenerator__
        __step__ = __steps__(None).of
        try:
            __next__ = __begun__(__inner__)
            while True:
                __item__ = await __step__(__next__)
                try:
                    __sent__ = yield __item__
                except __GeneratorExit__:
                    await __step__(__closing__(__inner__))
                    raise
                except __BaseException__ as __error__:
                    __next__ = __throwing__(__inner__, __error__)
                else:
                    if not __is_generator__:
                        __next__ = __advancing__(__inner__, __sent__)
                    elif __sent__ is None:
                        __next__ = __inner__.__anext__()
                    else:
                        __next__ = __inner__.asend(__sent__)
        except __StopAsyncIteration__:
            return
""",
}
"""How each kind of function that makes something to be advanced is wrapped.

Their own names cannot be those of parameters, which no program writes like this.
"""


@lru_cache(maxsize=1024)
def maker(kind: int, parameters: str, arguments: str) -> Function:
    """Return what makes a wrapper of this *kind* and these *parameters*."""
    wrapper = TEXTS[kind].format(parameters=parameters, arguments=arguments)
    text = "def make(__function__, __steps__, __around__):\n"
    text += indent(f"{wrapper}return wrapper\n", "    ")
    namespace: dict[str, Any] = {
        "__advancing__": advancing,
        "__begun__": begun,
        "__closing__": closing,
        "__throwing__": throwing,
        "__type__": type,
        "__AsyncGenerator__": AsyncGeneratorType,
        "__BaseException__": BaseException,
        "__GeneratorExit__": GeneratorExit,
        "__StopAsyncIteration__": StopAsyncIteration,
    }
    exec(compile(text, "<inscope.carry: a wrapper>", "exec"), namespace)
    make: Function = namespace["make"]
    return make


def stepped(
    function: Function,
    call: Callable[..., Any],
    steps: Callable[[Any], Any],
    like: Any = None,
) -> Function:
    """Wrap *function* so that each call, and each step of what it makes, is taken over.

    Args:
        function: What to wrap.
        call: Calls a function that makes nothing to be advanced: ``call(function, …)``.
        steps: Called once for each generator or coroutine that is made; returns what
            advances it.
        like: What has the parameters and the names; default: *function*.
    """
    like = function if like is None else like
    kind = kind_of(like)
    if kind == COROUTINE and not is_coroutine_function(function):
        # What it does before it returns something to await is a part of the call.
        function = partial(calling, function)
    if kind == PLAIN:

        def plain(*args: Any, **kwargs: Any) -> Any:
            return call(function, *args, **kwargs)

        return with_names_of(like, plain)
    return compiled(kind, function, steps, nullcontext, like)


def surrounded(function: Function, around: Callable[[], Any]) -> Function:
    """Wrap *function* so that each call runs in a block of its own, to its last step.

    Args:
        function: What to wrap.
        around: Makes the block: a context manager, used by ``with`` or ``async with``
            as the kind of the function is.
    """

    def plain(*args: Any, **kwargs: Any) -> Any:
        with around():
            return function(*args, **kwargs)

    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        async with around():
            return await function(*args, **kwargs)

    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with around():
            return cast("Any", (yield from function(*args, **kwargs)))

    kind = kind_of(function)
    if kind == ASYNC_GENERATOR:
        return delegating(function, Unstepped, around)
    wrappers = {PLAIN: plain, COROUTINE: awaiting, GENERATOR: generator}
    wrapper = awaited_as(what_is_called(function)[0], wrappers[kind])
    return with_names_of(function, wrapper)


def delegating(
    function: Function,
    steps: Callable[[Any], Any],
    around: Callable[[], Any] = nullcontext,
) -> Function:
    """Return an async generator function that advances what *function* returns."""
    return compiled(ASYNC_GENERATOR, function, steps, around, function)


def isolated(function: Function, like: Any) -> Function:
    """Wrap *function* so that each call has a copy of the context it is made in."""

    def steps(inner: Any) -> Steps:
        return steps_in(copy_context(), inner)

    return stepped(function, called_in_copy, steps, like)


def called_in_copy(function: Function, /, *args: Any, **kwargs: Any) -> Any:
    """Call *function* in a copy of the context of here and now."""
    return copy_context().run(function, *args, **kwargs)


class Unstepped:
    """In the place of ``Steps``, for what is advanced where it is."""

    def __init__(self, _: Any) -> None:
        pass

    def of(self, awaitable: Any) -> Any:
        return awaitable


# Parameters


def is_coroutine_function(function: Any) -> bool:
    """Tell whether a call of *function* does nothing but make a coroutine."""
    return isfunction(function) and bool(function.__code__.co_flags & CO_COROUTINE)


async def calling(function: Function, /, *args: Any, **kwargs: Any) -> Any:
    """Call *function*, and await what it returns."""
    return await function(*args, **kwargs)


def compiled(
    kind: int,
    function: Function,
    steps: Callable[[Any], Any],
    around: Callable[[], Any],
    like: Any,
) -> Function:
    """Return a wrapper of *function* with the parameters and the names of *like*."""
    template, skipped = what_is_called(like)
    if template is None:
        make = maker(kind, "*args, **kwargs", "*args, **kwargs")
        return with_names_of(like, make(function, steps, around))
    make = maker(kind, *texts_of(template, skipped))
    wrapper: Any = make(function, steps, around)
    wrapper.__defaults__ = template.__defaults__
    wrapper.__kwdefaults__ = template.__kwdefaults__
    return with_names_of(like, awaited_as(template, wrapper))


def awaited_as(template: FunctionType | None, wrapper: Function) -> Function:
    """Let what *wrapper* makes be awaited, if that of *template* can be.

    By ``types.coroutine``, a generator can.
    """
    if template is None or not template.__code__.co_flags & CO_ITERABLE_COROUTINE:
        return wrapper
    return coroutine(wrapper)


def what_is_called(like: object) -> tuple[FunctionType | None, int]:
    """Return the function that a call of *like* calls, and how many arguments it adds.

    ``None`` if that is not written in Python, or not as other functions are.
    """
    if isfunction(like):
        method, added = like, 0
    else:
        found: Any = getattr_static(type(like), "__call__", None)
        method, added = found, 1
        if isinstance(found, staticmethod):
            method, added = cast("Any", found).__func__, 0
    if not isfunction(method):
        return None, 0
    code = method.__code__
    has_room = code.co_argcount >= added + len(cast("Any", method.__defaults__) or ())
    return (method, added) if has_room and is_usual(code) else (None, 0)


def is_usual(code: CodeType) -> bool:
    """Tell whether the parameters can be written down, which a genexpr's cannot."""
    last = code.co_argcount + code.co_kwonlyargcount
    return all(name.isidentifier() for name in code.co_varnames[:last])


def texts_of(function: FunctionType, skipped: int) -> tuple[str, str]:
    """Return the parameters of *function*, and the arguments that pass them on.

    The first *skipped* ones are left out, and defaults as well.
    """
    code = function.__code__
    names, count = code.co_varnames, code.co_argcount
    last = count + code.co_kwonlyargcount
    positional, keywords = names[skipped:count], names[count:last]
    parameters, arguments = list(positional), list(positional)
    only = code.co_posonlyargcount - skipped
    if only > 0:
        parameters.insert(only, "/")
    if code.co_flags & CO_VARARGS:
        parameters.append(f"*{names[last]}")
        arguments.append(f"*{names[last]}")
        last += 1
    elif keywords:
        parameters.append("*")
    parameters += keywords
    arguments += [f"{name}={name}" for name in keywords]
    if code.co_flags & CO_VARKEYWORDS:
        parameters.append(f"**{names[last]}")
        arguments.append(f"**{names[last]}")
    return ", ".join(parameters), ", ".join(arguments)


def with_names_of(function: Any, wrapper: Function) -> Function:
    """As ``functools.wraps``, which would copy all that a class or an object has."""
    if is_function(function):
        return update_wrapper(wrapper, function)
    texts = ("__name__", "__qualname__")  # of a mock, say, they may be anything
    names = [
        name
        for name in WRAPPER_ASSIGNMENTS
        if name not in texts or isinstance(getattr(function, name, None), str)
    ]
    return update_wrapper(wrapper, function, names, ())


# Steps


def awaited(awaitable: Any) -> Any:
    """Return *awaitable* as something that can be advanced."""
    is_coroutine = isinstance(awaitable, Coroutine)
    return cast("Any", awaitable) if is_coroutine else _awaiting(awaitable)


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def begun(generator: Any) -> Any:
    """Return the first step of *generator*, without telling the event loop of it.

    The loop closes each async generator that it knows, when it ends or the generator is
    dropped, in a ``Context`` of its own choice. It knows the wrapper, which closes
    this.
    """
    if type(generator) is not AsyncGeneratorType:
        return advancing(generator, None)
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, _leave_to_the_wrapper)
    try:
        return cast("Any", generator).__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_to_the_wrapper(generator: Any) -> None:
    """Do nothing as *generator* is collected: the wrapper is, too, and closes it."""


async def advancing(iterator: Any, sent: Any) -> Any:
    """Advance *iterator*: what it does before it returns something to await as well."""
    return await (iterator.__anext__() if sent is None else iterator.asend(sent))


async def closing(iterator: Any) -> None:
    """Close *iterator*, if it can be closed."""
    if hasattr(iterator, "aclose"):
        await iterator.aclose()


async def throwing(iterator: Any, error: BaseException) -> Any:
    """Throw *error* into *iterator*, if that can be done."""
    if not hasattr(iterator, "athrow"):
        raise error
    return await iterator.athrow(error)
