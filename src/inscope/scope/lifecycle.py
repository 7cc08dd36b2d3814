"""The long way of a scope from new to closed: every part of it, and every refusal.

``scope.py`` has what users call, ``asynchronous.py`` what awaits. The short way, for a
scope without hooks, callbacks and resources, is in the core.

.. code-block:: text

    push ─► on_push ─► eager resources ─► pushed        the scope is the innermost one
              …  the work; callbacks and resources are added as it goes
    pop ──► on_tearing_down ─► tearing_down          everything is still open
            ─► callbacks and resources, last in, first out ─► on_pop
            ─► the scope before it is the innermost one again ─► popped

What the hooks and signals return is awaited by ``async with``.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from inscope._core import BareScope
from inscope._core.lifetime import ACTIVE, CLOSED, CLOSING, NEW
from inscope._core.place import describe_place, describe_task, describe_thread
from inscope._core.setting import put_back, set_or_leave
from inscope.errors import (
    AsyncInSyncScopeError,
    ForeignScopeError,
    ScopeClosedError,
    ScopeNotActiveError,
    ScopeOrderError,
)
from inscope.scope.exits import (
    Callback,
    name_of,
    outcome,
    raise_as_it_is,
    refuse_awaitable,
    run,
)
from inscope.scope.making import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from inscope._core.place import Place
    from inscope.scope.exits import Step
    from inscope.scope.hosts import HostClosing
    from inscope.scope.resources import Resource
    from inscope.scope.signals import Signal

__all__ = ["Lifecycle"]


class Lifecycle(BareScope):
    """What a scope goes through; ``Scope`` adds what it is used by."""

    __slots__ = ()

    after_close: ClassVar[Literal["refuse", "allow"]]
    reopen: ClassVar[bool]
    pushed: ClassVar[Signal]
    tearing_down: ClassVar[Signal]
    popped: ClassVar[Signal]

    _scope_eager: ClassVar[tuple[Resource, ...]]
    _scope_hooks: ClassVar[frozenset[str]]
    _scope_needs_async: ClassVar[bool]

    def on_push(self) -> Any:
        """Called as the scope opens, when it is the innermost one already.

        What it raises closes the scope again. May be a coroutine function; then the
        scope is opened by ``async with``.
        """

    def on_tearing_down(self, exc: BaseException | None) -> Any:
        """Called before anything of the scope closes.

        Args:
            exc: What the scope ends with.
        """

    def on_pop(self, exc: BaseException | None) -> Any:
        """Called as the scope closes, if ``on_push`` came to its end.

        After what was added since, before what ``on_push`` has added.

        Args:
            exc: What the scope ends with.
        """

    def _scope_push_slowly(self, place: Place) -> None:
        if self._scope_is_entered_again():
            return
        if self._scope_needs_async or any(
            one.needs_await() for one in self._scope_eager
        ):
            self._scope_refuse_async(type(self).__name__)
        self._scope_begin(place, is_async=False)
        try:
            for result, source in self._scope_opening():
                refuse_awaitable(result, source)
        except BaseException as error:
            raised = run(self._scope_unwinding(), error)
            raised += run(self._scope_end(place, raised), error)
            self._scope_raise_all([error, *raised], None)

    def _scope_pop_slowly(self, error: BaseException | None, place: Place) -> None:
        if self._scope_is_async and not self._scope_count:
            self._scope_check_open()
            message = f"{self!r} is closed as it was opened: 'await scope.apop()'"
            raise AsyncInSyncScopeError(message)
        if self._scope_is_counted_back():
            return
        if not self._scope_is_held(error):
            self._scope_close(error, place)

    def _scope_close(self, error: BaseException | None, place: Place) -> None:
        try:
            raised = self._scope_run_out(error, place)
        except MemoryError as short:
            if self._scope_state is CLOSED:
                raise
            # Once more: what has been run is out of the list of steps.
            raised = [short, *self._scope_run_out(error, place)]
        if told := self._scope_telling():
            raised += run(told, error)
        if raised:
            self._scope_raise_all(raised, error)

    def _scope_run_out(
        self, error: BaseException | None, place: Place
    ) -> list[BaseException]:
        """Run all steps, and let the scope be closed; return what they raised."""
        raised = run(self._scope_closing(), error)
        if late := self._scope_end(place, raised):
            raised += run(late, error)
        return raised

    def _scope_is_held(self, error: BaseException | None) -> bool:
        """Go without closing, if somebody holds the scope; tell whether it is so."""
        holds = self._scope_holds
        if holds is None:
            return False
        with lock:
            if not holds.count:
                return False
            # Before anyone can give the last hold back, and close the scope.
            put_back(self._scope_slot._scopes, cast("Any", self._scope_token))
            self._scope_token = None
            holds.is_left = True
            holds.error = error
        return True

    def _scope_is_entered_again(self) -> bool:
        """Count, if the scope is open here; tell whether it was."""
        if self._scope_state is CLOSED and self.reopen:
            self._scope_values = None
            self._scope_refuses = False
            return False
        if self._scope_state is NEW:
            return False
        if self._scope_state is CLOSED:
            raise self._scope_closed_error()
        if self._scope_state is CLOSING:
            message = f"{self!r} cannot be entered again: it is closing"
            raise ScopeNotActiveError(message)
        self._scope_check_open("entered again")
        self._scope_count += 1
        return True

    def _scope_is_counted_back(self) -> bool:
        """Count back, if the scope was entered again; tell whether it was."""
        self._scope_check_open()
        if not self._scope_count:
            return False
        self._scope_count -= 1
        return True

    def _scope_begin(self, place: Place, *, is_async: bool) -> None:
        self._scope_is_async = is_async
        self._scope_count = 0
        self._scope_exits = self._scope_holds = None
        self._scope_closed = None
        self._scope_opened = place, monotonic()
        slot = self._scope_slot
        self._scope_token = set_or_leave(slot._scopes, self, slot.innermost())
        self._scope_state = ACTIVE

    def _scope_opening(self) -> Iterator[tuple[Any, object]]:
        """Do what opens the scope; yield what each part returns, and the part."""
        if "on_push" in self._scope_hooks:
            yield self.on_push(), self.on_push
        if "on_pop" in self._scope_hooks:
            self._scope_steps().append(self.on_pop)
        for resource in self._scope_eager:
            if self._scope_is_async:
                yield resource.opened_in(self), resource
            else:
                resource.value_in(self)
        for receiver in self.pushed.all_receivers:
            yield receiver(self), receiver

    def _scope_unwinding(self) -> list[Step]:
        """Return what closes a scope that could not be opened."""
        self._scope_state = CLOSING
        return self._scope_steps()

    def _scope_closing(self) -> list[Step]:
        """Return what closes the scope, the first step last."""
        steps = self._scope_steps()
        if self._scope_state is CLOSING:  # see _scope_close()
            return steps
        receivers = reversed(self.tearing_down.all_receivers)
        told: list[Step] = [Told(receiver, self) for receiver in receivers]
        if "on_tearing_down" in self._scope_hooks:
            told.append(self.on_tearing_down)
        steps += told
        self._scope_state = CLOSING
        return steps

    def _scope_end(self, place: Place, raised: list[BaseException]) -> list[Step]:
        """Make the scope before this one the innermost again; return what came late."""
        scopes, left = self._scope_slot._scopes, self._scope_slot.innermost()
        if left is not self and left is not None:
            message = f"{left!r} was left open inside of {self!r}"
            raised.append(ScopeOrderError(message))
        closed = place, monotonic()
        if self._scope_token is not None:
            put_back(scopes, self._scope_token)
        self._scope_token = None
        self._scope_closed = closed
        self._scope_state = CLOSED
        self._scope_refuses = self.after_close == "refuse"
        self._scope_values = None
        return self._scope_taken_steps()

    def _scope_telling(self) -> list[Step]:
        """Return what tells that the scope has closed."""
        receivers = reversed(self.popped.all_receivers)
        return [Callback(receiver, (self,), {}) for receiver in receivers]

    def _scope_raise_all(
        self, raised: list[BaseException], error: BaseException | None
    ) -> None:
        """Raise what comes of the errors *raised* by a scope that ends with *error*."""
        result = outcome(raised, error, self)
        if result is not None:
            raise_as_it_is(result)

    def _scope_close_late(self, error: BaseException | None) -> None:
        """Run what came while the scope closed on the short way."""
        self._scope_raise_all(run(self._scope_taken_steps(), error), error)

    def _scope_steps(self) -> list[Step]:
        steps = self._scope_exits
        if steps is None:
            with lock:
                steps = self._scope_exits
                if steps is None:
                    steps = self._scope_exits = []
        return steps

    def _scope_taken_steps(self) -> list[Step]:
        steps, self._scope_exits = self._scope_exits, None
        return steps or []

    def _scope_add_step(self, step: Step) -> bool:
        """Run *step* as the scope closes; ``False`` if that is too late.

        Whoever closes sets the state, and then looks at the steps; this adds to the
        steps, and then looks at the state. So one of the two sees the other.
        """
        steps = self._scope_steps()
        steps.append(step)
        if self._scope_state is not CLOSED:
            return True
        try:
            steps.remove(step)
        except ValueError:
            return True  # it has been run
        return False

    def _scope_add_block(self, leave: Callable[..., Any]) -> None:
        """Call *leave*, of a block that was entered, as the scope closes."""
        step = Leaving(leave)
        if not self._scope_add_step(step):
            step(None)
            raise self._scope_closed_error()

    async def _scope_add_host(self, step: HostClosing) -> None:
        """Close by *step* as the scope closes; at once if that has been."""
        if not self._scope_add_step(step):
            raised = await step.close(None, None)
            self._scope_raise_all([self._scope_closed_error(), *raised], None)

    def _scope_check_running(self, what: str) -> None:
        """See that the scope is open, or just closing."""
        if self._scope_state not in (ACTIVE, CLOSING):
            message = f"{self!r} {what}: it is not open"
            raise ScopeNotActiveError(message)

    def _scope_check_open(self, what: str = "closed") -> None:
        """See that the scope is open, in this ``Context``, and the innermost here."""
        if self._scope_state is not ACTIVE:
            reasons = {
                NEW: "it was never opened",
                CLOSING: "it is closing already",
                CLOSED: "it was closed already",
            }
            message = f"{self!r} cannot be {what}: {reasons[self._scope_state]}"
            raise ScopeNotActiveError(message)
        token = self._scope_token  # which another thread may be letting go of
        if token is None:
            message = f"{self!r} cannot be {what}: its block has ended; a hold is left"
            raise ScopeNotActiveError(message)
        if not self._scope_is_here(token):
            self._scope_refuse_foreign()
        innermost = self._scope_slot.innermost()
        if innermost is not self:
            message = (
                f"{self!r} cannot be {what} here: the innermost one is {innermost!r};"
                " close that first"
            )
            raise ScopeOrderError(message)

    def _scope_refuse_foreign(self) -> NoReturn:
        task = describe_task()
        where = f"thread {describe_thread()!r}" + (f", {task}" if task else "")
        message = (
            f"{self!r} belongs to another context than this one, in {where}: close it"
            " where it was opened, and take a fork() of it for other work"
        )
        raise ForeignScopeError(message) from None

    def _scope_refuse_async(self, name: str) -> NoReturn:
        message = (
            f"{name} has to be awaited: open the scope by 'async with', or by"
            " 'await scope.apush()'"
        )
        raise AsyncInSyncScopeError(message)

    def _scope_closed_error(self) -> ScopeClosedError:
        now = monotonic()
        times: list[str] = []
        for word, moment in (
            ("opened", self._scope_opened),
            ("closed", self._scope_closed),
        ):
            if moment is not None:
                ago, where = now - moment[1], describe_place(moment[0])
                times.append(f"{word} {ago:.1f} s ago at {where}")
        message = f"this {type(self).__name__} is closed: {', '.join(times)}"
        return ScopeClosedError(message)


class Leaving:
    """The step by which a scope leaves a block that it has entered."""

    __slots__ = ("_leave",)

    def __init__(self, leave: Callable[..., Any]) -> None:
        self._leave = leave

    def __call__(self, error: BaseException | None) -> Any:
        if error is None:
            return self._leave(None, None, None)
        return self._leave(type(error), error, error.__traceback__)

    def __repr__(self) -> str:
        return name_of(self._leave)


class Told:
    """The step by which a scope tells that it is going to close."""

    __slots__ = ("_receiver", "_scope")

    def __init__(self, receiver: Callable[..., Any], scope: Lifecycle) -> None:
        self._receiver = receiver
        self._scope = scope

    def __call__(self, error: BaseException | None) -> Any:
        return self._receiver(self._scope, error)

    def __repr__(self) -> str:
        return name_of(self._receiver)
