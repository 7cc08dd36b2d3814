"""Resources: what a scope has when it is first asked for, and lets go of as it closes.

A resource is a generator function of a scope's class. What it yields is the value;
what follows the ``yield`` runs as the scope closes, after that of everything made
later. Each scope makes its own. Users see the proxy that ``Scope.resource`` returns.
While one is being made, a ``Making`` (``making.py``) stands for its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inscope._core import EMPTY, LocalProxy
from inscope._core.failures import take_for_fault
from inscope._core.lifetime import CLOSED
from inscope._core.place import describe_task, describe_thread
from inscope.errors import (
    AsyncInSyncScopeError,
    ResourceNotReady,
    ScopeClosedError,
    UnboundError,
)
from inscope.scope.hosts import Host, HostClosing, host_of
from inscope.scope.making import Making, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from inscope.scope.lifecycle import Lifecycle
    from inscope.scope.scope import Scope

__all__ = ["Closing", "Resource"]

GONE: Any = object()
"""Stands for the value of a resource that has been closed."""


class Resource:
    """A generator function, and its value in each scope of a class.

    Args:
        owner: The class.
        function: Yields the value, once.
        eager: Whether it is made as the scope opens.
        like: See ``LocalProxy``.

    Attributes:
        proxy: Stands for the value in the innermost active scope.
        is_async: Whether the function is an asynchronous one.

    Raises:
        TypeError: *function* is no generator function.
    """

    __slots__ = ("_replaced", "eager", "function", "is_async", "owner", "proxy")

    def __init__(
        self,
        owner: type[Scope],
        function: Callable[[], Any],
        *,
        eager: bool = False,
        like: Any = None,
    ) -> None:
        from inspect import isasyncgenfunction, isgeneratorfunction

        self.is_async: bool = isasyncgenfunction(function)
        if not self.is_async and not isgeneratorfunction(function):
            message = (
                f"a resource is made by a function that yields it, not {function!r}"
            )
            raise TypeError(message)
        self.owner: type[Scope] = owner
        self.function: Callable[[], Any] = function
        self.eager: bool = eager
        self._replaced: tuple[Resource | Replacement, ...] = ()
        self.proxy: Any = LocalProxy(self.value, like=like)

    def __repr__(self) -> str:
        return f"{getattr(self.function, '__name__', self.function)}"

    # Reading

    def value(self) -> Any:
        """Return the value here and now; the proxy resolves by this."""
        replaced = self._replaced
        try:
            if replaced:
                return replaced[-1].value()
            return self.value_in(self.owner.current())
        except UnboundError as error:
            if error.proxy is None:
                thread, task = describe_thread(), describe_task()
                remedy = f"open a {self.owner.__name__}"
                error.locate(self.proxy, f"resource {self!r}", thread, task, remedy)
            raise

    def value_in(self, scope: Lifecycle) -> Any:
        """Return the value that *scope* has; make it if it has none."""
        replaced = self._replaced
        if replaced:
            return replaced[-1].value_in(scope)
        values = scope._scope_values
        found = EMPTY if values is None else values.get(self, EMPTY)
        if found is EMPTY or type(found) is Making:
            return self._made_in(scope)
        if found is GONE:
            raise self._gone(scope)
        return found

    async def opened_in(self, scope: Lifecycle) -> Any:
        """Return the value that *scope* has; open it if it has none."""
        replaced = self._replaced
        if replaced:
            return await replaced[-1].opened_in(scope)
        if not self.is_async:
            return self.value_in(scope)
        if scope._scope_state is CLOSED:
            raise scope._scope_closed_error()
        if not scope._scope_is_async:
            raise self._needs_async()
        values, mine = values_of(scope), Making(self)
        while (found := values.setdefault(self, mine)) is not mine:
            if found is GONE:
                raise self._gone(scope)
            if type(found) is not Making:
                return found
            await found.opened()
        with mine:
            try:
                host = host_of(self.function(), repr(self))
                value = await self._yielded_by(host)
            except BaseException:
                del values[self]
                raise
            values[self] = value
        await scope._scope_add_host(ResourceClosing(self, scope, host))
        return value

    def needs_await(self) -> bool:
        """Tell whether it can only be opened by awaiting."""
        replaced = self._replaced
        return replaced[-1].needs_await() if replaced else self.is_async

    # Replacing

    def replace(self, fake: Any) -> Resource | Replacement:
        """Let *fake* answer from now on; return what ``put_back`` needs.

        A generator function makes a value for each scope; anything else is the value.
        """
        from inspect import isasyncgenfunction, isgeneratorfunction

        replacement: Resource | Replacement
        if isgeneratorfunction(fake) or isasyncgenfunction(fake):
            replacement = Resource(self.owner, fake, eager=self.eager)
        else:
            replacement = Replacement(fake)
        self._replaced = (*self._replaced, replacement)
        return replacement

    def put_back(self, replacement: Resource | Replacement) -> None:
        """Undo the ``replace`` that returned *replacement*."""
        self._replaced = tuple(one for one in self._replaced if one is not replacement)

    # Making

    def _made_in(self, scope: Lifecycle) -> Any:
        if scope._scope_state is CLOSED:
            raise scope._scope_closed_error()
        if self.is_async:
            raise self._not_ready(scope)
        values, mine = values_of(scope), Making(self)
        while (found := values.setdefault(self, mine)) is not mine:
            if found is GONE:
                raise self._gone(scope)
            if type(found) is not Making:
                return found
            found.wait()
        with mine:
            try:
                generator = self.function()
                value = self._first(generator)
            except BaseException as error:
                del values[self]
                take_for_fault(error)
                raise
            values[self] = value
        step = Closing(self, scope, generator)
        if scope._scope_add_step(step):
            return value
        step(None)
        raise scope._scope_closed_error()

    def _first(self, generator: Generator[Any, None, None]) -> Any:
        try:
            return next(generator)
        except StopIteration:
            raise self._yields("nothing") from None

    async def _yielded_by(self, host: Host) -> Any:
        try:
            return await host.open()
        except StopAsyncIteration:
            raise self._yields("nothing") from None

    def _yields(self, times: str) -> RuntimeError:
        return RuntimeError(f"resource {self!r} yields {times}; it must yield once")

    def _gone(self, scope: Lifecycle) -> ScopeClosedError:
        return ScopeClosedError(f"{self!r} was closed already; {scope!r}")

    def _not_ready(self, scope: Lifecycle) -> ResourceNotReady:
        kind = self.owner.__name__
        message = (
            f"{self!r} is asynchronous and not open yet: 'await {kind}.open({self!r})'"
            f" first, or declare it by '@{kind}.resource(eager=True)'"
        )
        if not scope._scope_is_async:
            message += f"; this {kind} has to be opened by 'async with' for either"
        return ResourceNotReady(message)

    def _needs_async(self) -> AsyncInSyncScopeError:
        kind = self.owner.__name__
        message = (
            f"{self!r} is asynchronous, and this {kind} is not;"
            f" open the {kind} by 'async with'"
        )
        return AsyncInSyncScopeError(message)


class Replacement:
    """A value that stands for a resource; it needs no scope."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def value(self) -> Any:
        """Return it."""
        return self._value

    def value_in(self, _: Lifecycle) -> Any:
        """Return it."""
        return self._value

    async def opened_in(self, _: Lifecycle) -> Any:
        """Return it."""
        return self._value

    def needs_await(self) -> bool:
        """Tell that it is there."""
        return False


class Closing:
    """The step by which a scope lets go of a resource: what follows the ``yield``.

    The error that the scope ends with, if there is one, is raised there.
    """

    __slots__ = ("_generator", "_resource", "_scope")

    def __init__(
        self, resource: Resource, scope: Lifecycle, generator: Generator[Any, Any, Any]
    ) -> None:
        self._resource = resource
        self._scope = scope
        self._generator = generator

    def __call__(self, error: BaseException | None) -> None:
        values_of(self._scope)[self._resource] = GONE
        generator = self._generator
        try:
            if error is None:
                next(generator)
            else:
                generator.throw(error)
        except StopIteration as end:
            if end is error:
                raise
            return
        except RuntimeError as new:
            # What a generator makes of a StopIteration that is thrown in: PEP 479.
            if error is not None and new.__cause__ is error:
                return
            raise
        generator.close()
        raise self._resource._yields("more than once")

    def __repr__(self) -> str:
        return repr(self._resource)


class ResourceClosing(HostClosing):
    """The same for an asynchronous resource."""

    __slots__ = ("_resource", "_scope")

    def __init__(self, resource: Resource, scope: Lifecycle, host: Host) -> None:
        super().__init__(host)
        self._resource = resource
        self._scope = scope

    async def close(
        self, error: BaseException | None, timeout: float | None
    ) -> list[BaseException]:
        values_of(self._scope)[self._resource] = GONE
        return await super().close(error, timeout)
