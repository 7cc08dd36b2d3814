"""``Scope``: a lifetime that opens, binds, owns resources and closes in reverse order.

What happens in between, and in which order, is in ``lifecycle.py``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast, overload

from inscope._core import EMPTY, LocalProxy
from inscope._core.lifetime import ACTIVE
from inscope._core.place import describe_place, place_of_caller
from inscope.errors import ScopeNotActiveError, UnboundError
from inscope.scope import asynchronous
from inscope.scope.ensure import Ensured
from inscope.scope.exits import Callback, awaits, name_of
from inscope.scope.holding import Hold
from inscope.scope.hosts import HostClosing, host_of, of_block
from inscope.scope.making import lock
from inscope.scope.planning import PlannedScope
from inscope.scope.resources import Resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from typing import Protocol, Self

    from inscope._core.place import Place
    from inscope.scope.signals import Signal

    T = TypeVar("T")
    U = TypeVar("U")
    F = TypeVar("F", bound=Callable[..., Any])

    class Declaration(Protocol):
        """What ``resource(eager=True)`` returns: a decorator."""

        @overload
        def __call__(self, function: Callable[[], Iterator[T]], /) -> T: ...
        @overload
        def __call__(self, function: Callable[[], AsyncIterator[T]], /) -> T: ...


__all__ = ["Scope"]

_serials = 0


class Scope(PlannedScope):
    """A lifetime: a request, a job, a command, a test.

    Each direct subclass has a place of its own for its innermost active scope; what
    derives from that subclass shares the place, unless it says ``own_slot=True``.

    Attributes:
        after_close: What reading through a proxy does after the scope closed:
            ``"refuse"`` raises ``ScopeClosedError``, ``"allow"`` finds the scope.
        exit_timeout: How many seconds each part that is awaited may take to close
            before it is cancelled; ``None`` for no end, and then nothing can cancel a
            part that hangs.
        reopen: Whether a closed scope can be pushed again.
        strict_groups: Whether one error while closing comes out as a group, too.
        unbound_message: The text of the error where no scope is active.
        pushed: The signal that a scope has been opened.
        tearing_down: That it is going to close; everything is still open.
        popped: That it has closed.

    Example:
        >>> from inscope import Scope
        >>> class Request(Scope):
        ...     def __init__(self, path: str) -> None:
        ...         self.path = path
        >>> path = Request.proxy(lambda request: request.path)
        >>> with Request("/index") as request:
        ...     _ = request.callback(print, "closing")
        ...     print(path)
        /index
        closing
    """

    __slots__ = ()

    after_close: ClassVar[Literal["refuse", "allow"]] = "refuse"
    exit_timeout: ClassVar[float | None] = 10.0
    reopen: ClassVar[bool] = False
    strict_groups: ClassVar[bool] = False
    unbound_message: ClassVar[str | None] = None

    pushed: ClassVar[Signal]
    tearing_down: ClassVar[Signal]
    popped: ClassVar[Signal]

    def __init_subclass__(cls, *, own_slot: bool = False, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls._scope_set_up(own_slot=own_slot or Scope in cls.__bases__)

    # What a subclass says

    def on_fork(self, parent: Self) -> None:
        """Called on a fork, to complete it; its fields are there already."""

    def matches(self, **wanted: Any) -> bool:
        """Tell whether ``ensure(**wanted)`` may join this scope.

        By default, if all attributes of these names have these values.
        """
        for name, value in wanted.items():
            one = getattr(self, name, EMPTY)
            if not (one is value or one == value):
                return False
        return True

    # Opening and closing

    async def apush(self) -> Self:
        """Open the scope, as ``push``, and await what there is to await."""
        await asynchronous.open_(self, place_of_caller())
        return self

    async def apop(self, exc: BaseException | None = None) -> None:
        """Close the scope, as ``pop``, and await what there is to await.

        A cancellation waits until everything has closed; what takes longer than
        ``exit_timeout`` is cancelled, and ``ScopeExitTimeoutError`` tells of it.
        """
        await asynchronous.close(self, exc, place_of_caller())

    async def _scope_aenter_slowly(self, place: Place) -> Self:
        await asynchronous.open_(self, place)
        return self

    async def _scope_aexit_slowly(
        self, error: BaseException | None, place: Place
    ) -> None:
        await asynchronous.close(self, error, place)

    def callback(self, function: F, /, *args: Any, **kwargs: Any) -> F:
        """Call *function* when the scope closes; also while it is closing.

        Args:
            function: May be a coroutine function, in a scope that is opened by
                ``async with``.
            *args: What to call it with.
            **kwargs: The same, by name.

        Returns:
            *function*, so that this can be a decorator.

        Raises:
            ScopeNotActiveError: The scope is not open.
            AsyncInSyncScopeError: *function* has to be awaited, and this scope was
                not opened by ``async with``.
            TypeError: *function* cannot be called.
        """
        self._scope_check_function("callback", function)
        self._scope_call_later(Callback(function, args, kwargs))
        return function

    def teardown(self, function: F, /) -> F:
        """Call *function* with what the scope ends with, as it closes.

        Otherwise as ``callback``.

        Args:
            function: Takes the error, or ``None``.

        Returns:
            *function*, so that this can be a decorator.

        Raises:
            ScopeNotActiveError: The scope is not open.
            AsyncInSyncScopeError: As for ``callback``.
            TypeError: *function* cannot be called.

        Example:
            >>> from inscope import Scope
            >>> class Job(Scope): ...
            >>> with Job() as job:
            ...     _ = job.teardown(lambda error: print("ends with", error))
            ends with None
        """
        self._scope_check_function("teardown", function)
        self._scope_call_later(function)
        return function

    def _scope_check_function(self, method: str, function: Any) -> None:
        """See that *function* can be called as the scope closes."""
        if not callable(function):
            message = f"{method}() takes a function, not {function!r}"
            raise TypeError(message)
        self._scope_check_running("calls nothing back")
        if not self._scope_is_async and awaits(function):
            self._scope_refuse_async(name_of(function))

    def _scope_call_later(self, step: Callable[[BaseException | None], Any]) -> None:
        if not self._scope_add_step(step):
            message = f"{self!r} calls nothing back: it has closed meanwhile"
            raise ScopeNotActiveError(message)

    def enter(self, block: AbstractContextManager[T]) -> T:
        """Enter the ``with`` block *block*, and leave it when the scope closes.

        It gets the error that the scope ends with, and cannot swallow it.

        Returns:
            What ``as`` would give.

        Raises:
            ScopeNotActiveError: The scope is not open.
        """
        self._scope_check_running("enters nothing")
        value = block.__enter__()
        self._scope_add_block(block.__exit__)
        return value

    async def aenter(self, block: AbstractAsyncContextManager[T]) -> T:
        """Enter an ``async with`` block, and leave it when the scope closes.

        It is entered and left in a task of its own, in the context of this one.

        Raises:
            ScopeNotActiveError: The scope is not open.
            AsyncInSyncScopeError: It was not opened by ``async with``.
        """
        self._scope_check_running("enters nothing")
        if not self._scope_is_async:
            self._scope_refuse_async(name_of(type(block)))
        host = host_of(of_block(block), name_of(type(block)))
        value = await host.open()
        await self._scope_add_host(HostClosing(host))
        return cast("T", value)

    def hold(self) -> Hold[Self]:
        """Return a block, for another context, in which the scope stays open.

        For a stream that goes on after the block that made it, or a test that looks
        at what a request left. It is the innermost active scope in the block. When
        its own block has ended and the last hold is given back, it closes there.

        Raises:
            ScopeNotActiveError: The scope is not open.

        Example:
            >>> from contextvars import copy_context
            >>> from inscope import Scope
            >>> class Request(Scope): ...
            >>> with Request() as request:
            ...     hold = request.hold()
            >>> with hold:
            ...     request.state, Request.current() is request
            ('active', True)
            >>> request.state
            'closed'
        """
        if self._scope_state is not ACTIVE:
            message = f"{self!r} cannot be held: it is not open"
            raise ScopeNotActiveError(message)
        return Hold(self)

    def fork(self) -> Self:
        """Return a new scope of this class for other work, not opened yet.

        Fields declared by ``shared()`` have the same values, those by ``fresh()`` new
        ones; ``on_fork`` does the rest. It has its own resources and callbacks, and
        closes for itself.
        """
        child = type(self).__new__(type(self))
        child._scope_is_fork = True
        for field in self._scope_fields():
            field.carry(self, child)
        child.on_fork(self)
        return child

    # Finding the active one

    @classmethod
    def current(cls) -> Self:
        """Return the innermost active scope.

        Raises:
            UnboundError: There is none.
            ScopeClosedError: The one that was active here is closed.
        """
        scope = cls._scope_slot.innermost()
        if scope is None or not isinstance(scope, cls):
            raise UnboundError(cls._scope_unbound_text())
        if scope._scope_refuses:
            raise scope._scope_closed_error()
        return scope

    @classmethod
    def is_active(cls) -> bool:
        """Tell whether ``current()`` returns a scope."""
        scope = cls._scope_slot.innermost()
        return isinstance(scope, cls) and not scope._scope_refuses

    @classmethod
    def ident(cls) -> int:
        """Return the number of the active scope, which no other one ever has.

        SQLAlchemy's ``scoped_session(factory, scopefunc=Request.ident)`` keeps a
        session for each scope by it; ``scope.callback(Session.remove)`` in a receiver
        of ``pushed`` removes that while the scope still has its number.
        """
        global _serials
        scope = cls.current()
        if not scope._scope_serial:
            with lock:
                if not scope._scope_serial:
                    _serials += 1
                    scope._scope_serial = _serials
        return scope._scope_serial

    @classmethod
    def ensure(cls, **wanted: Any) -> Ensured[Self]:
        """Return a block with an active scope that ``matches(**wanted)``.

        The one that is active is joined if it does, and not closed by the block; else
        one is made with *wanted*, and closed.
        """
        return Ensured(cls, wanted)

    @overload
    @classmethod
    def proxy(
        cls, /, *, unbound_message: str | None = None, like: Any = None
    ) -> Self: ...

    @overload
    @classmethod
    def proxy(
        cls,
        follow: Callable[[Self], U],
        /,
        *,
        unbound_message: str | None = None,
        like: Any = None,
    ) -> U: ...

    @overload
    @classmethod
    def proxy(
        cls, follow: str, /, *, unbound_message: str | None = None, like: Any = None
    ) -> Any: ...

    @classmethod
    def proxy(
        cls,
        follow: Any = None,
        /,
        *,
        unbound_message: str | None = None,
        like: Any = None,
    ) -> Any:
        """Return a proxy to the innermost active scope, or to something of it.

        Args:
            follow: The name of an attribute (fast), or a function of the scope
                (typed).
            unbound_message: The text of the error where no scope is active.
            like: See :class:`LocalProxy`.
        """
        text = cls._scope_unbound_text() if unbound_message is None else unbound_message
        # Where a base has the place, another scope may be in it than one of this class.
        source: Any = cls._scope_slot if "_scope_slot" in vars(cls) else cls.current
        return LocalProxy(source, follow, unbound_message=text, like=like)

    # Resources

    @overload
    @classmethod
    def resource(cls, function: Callable[[], Iterator[T]], /) -> T: ...

    @overload
    @classmethod
    def resource(cls, function: Callable[[], AsyncIterator[T]], /) -> T: ...

    @overload
    @classmethod
    def resource(cls, /, *, eager: bool = False, like: Any = None) -> Declaration: ...

    @classmethod
    def resource(
        cls, function: Any = None, /, *, eager: bool = False, like: Any = None
    ) -> Any:
        """Declare what each scope of the class has once, when it is first used.

        Args:
            function: Yields the value; what follows the ``yield`` runs as the scope
                closes, and gets the error it ends with. An asynchronous one is
                opened by ``await Class.open(proxy)``, or is *eager*.
            eager: Make it as the scope opens.
            like: See :class:`LocalProxy`.

        Returns:
            A proxy to the value in the innermost active scope.

        Raises:
            TypeError: *function* is no generator function.

        Example:
            >>> from collections.abc import Iterator
            >>> from inscope import Scope
            >>> class Job(Scope): ...
            >>> @Job.resource
            ... def log() -> Iterator[list[str]]:
            ...     lines: list[str] = []
            ...     yield lines
            ...     print(lines)
            >>> with Job():
            ...     log.append("begun")
            ['begun']
        """

        def declare(function: Callable[[], Any]) -> Any:
            resource = Resource(cls, function, eager=eager, like=like)
            cls._scope_declared[id(resource.proxy)] = resource
            cls._scope_plan()
            return resource.proxy

        return declare if function is None else declare(function)

    @classmethod
    async def open(cls, resource: T) -> T:
        """Open *resource* in the active scope, unless it is open; return its value.

        Raises:
            AsyncInSyncScopeError: The scope was not opened by ``async with``.
            TypeError: *resource* is none of this class.
        """
        opened = cls._scope_resource_of(resource).opened_in(cls.current())
        return cast("T", await opened)

    @classmethod
    @contextmanager
    def override(cls, resource: T, fake: Any) -> Generator[T]:
        """Let *fake* stand for *resource*, in every thread, until the block ends.

        Args:
            resource: What ``resource`` returned.
            fake: The value; a generator function makes one for each scope.

        Raises:
            TypeError: *resource* is none of this class.
        """
        replaced = cls._scope_resource_of(resource)
        replacement = replaced.replace(fake)
        try:
            yield resource
        finally:
            replaced.put_back(replacement)

    # Looks

    @property
    def state(self) -> str:
        """``"new"``, ``"active"``, ``"closing"`` or ``"closed"``."""
        return self._scope_state

    @property
    def is_fork(self) -> bool:
        """Whether the scope was made by ``fork``."""
        return self._scope_is_fork

    def __repr__(self) -> str:
        text = f"<{type(self).__name__} {self._scope_state}"
        if self._scope_opened is not None:
            text += f", opened at {describe_place(self._scope_opened[0])}"
        return text + ">"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: for other work there is fork()"
        raise TypeError(message)


Scope._scope_set_up(own_slot=True)
