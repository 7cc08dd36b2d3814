"""Celery tasks with the declared values of who sent them: ``install``.

.. code-block:: text

    delay(), send_task(), …      Celery.send_task ─┐
    apply(), task_always_eager   Task.apply ───────┴─► a header: dump(…).text
                                                                 │
    task_prerun    load(header).entered()  ◄─────────────────────┘
        the task, what it sends, its callbacks, the signals about it
    task_postrun   as before

What Celery's signals raise is logged and forgotten. So nothing is sent by one: an
error must reach who sends. And what receives never raises: ``load`` does not.
"""

from __future__ import annotations

import logging
import sys
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary

from inscope.errors import ContextRefused, MissingExtraError
from inscope.travel.arrival import load
from inscope.travel.boundary import WHERE_CODE_CROSSES, boundary_of
from inscope.travel.payload import dump

try:  # it has no types
    _celery: Any = import_module("celery")
    _signals: Any = import_module("celery.signals")
except ModuleNotFoundError as _error:
    if _error.name != "celery":
        raise
    raise MissingExtraError("celery", "celery") from _error

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from inscope.travel.boundary import Boundary
    from inscope.travel.entering import Entering

__all__ = ["HEADER", "Installation", "install"]

HEADER: Final = "inscope-context"
"""The name of the header of a task's message, which is that of an attribute, too."""

REFUSED: Final = "refused"
"""Goes in place of a payload, and is none: whoever reads it refuses it."""


def install(boundary: Boundary | str = "celery") -> Installation:
    """Let the tasks of this process's Celery apps have the values of who sent them.

    Needed on both sides; best right after the app is made, in the module of its tasks.
    A task that comes without a payload sees nothing of declared Vars, also where others
    have left theirs. What it leaves bound is gone after it.

    * The values are those of where a task is sent, not of where its signature was made.
      A task sends its own: the next one of a chain has those.
    * A retry has the values of the first attempt, and their age.
    * In eager mode, values are written and read all the same; what else is bound is
      seen there, too.
    * What came and must not be believed is logged as a warning, by the logger
      ``inscope.travel``. Reads in the task raise ``ContextRefused``, and those in the
      tasks that it sends.
    * Where the process of a task was killed, the worker itself sends its errbacks:
      they see nothing.
    * Handlers of ``task_prerun`` that were connected before this are called too early.

    A value that cannot be sent raises ``NotPortableError`` out of ``delay()``,
    ``apply_async()`` and all the others, and nothing is sent. Where Celery itself
    sends, as the next task of a chain, the task that has the value fails with it.

    Args:
        boundary: ``Boundary("celery", keys=[…], max_age=…)``, or the name where
            nothing travels that says who somebody is: whoever can write to the broker
            can forge the rest. *max_age* must allow for the time in the queue, for
            ``eta`` and ``countdown``, and for retries.

    Returns:
        An ``Installation``: used as a block, it ends with that; else, it is for good.

    Raises:
        TypeError: *boundary* is none.
        ValueError: There is no boundary of that name; or it is ``"process"`` or
            ``"dask"``, without keys: what says who somebody is would be believed
            unsigned.
        RuntimeError: It is installed with another boundary. With the same one, nothing
            is done.

    Example:
        >>> from celery import Celery
        >>> from inscope import Var
        >>> from inscope.travel.celery import install
        >>> tenant = Var("tenant", wire=str, travels_to={"celery"})
        >>> app = Celery(set_as_current=False)
        >>> @app.task
        ... def work():
        ...     return tenant.get()
        >>> with install(), tenant.bind("acme"):
        ...     work.apply().get()  # eagerly; work.delay() takes a broker
        'acme'
    """
    boundary = boundary_of(boundary, "install")
    if boundary.name in WHERE_CODE_CROSSES and not boundary.is_signed:
        message = (
            f"install(): a broker is not {boundary.name!r}: what is not signed would be"
            ' believed all the same; take Boundary("celery", keys=[…])'
        )
        raise ValueError(message)
    return Installation(boundary)


class Installation:
    """What ``install`` did to Celery; as a block, it is undone when that ends.

    Attributes:
        boundary: By which the tasks travel.
    """

    def __init__(self, boundary: Boundary) -> None:
        self.boundary = boundary
        self._entered: WeakKeyDictionary[Any, Entering] = WeakKeyDictionary()
        self._leaves = False
        self._patches: list[Patch] = []
        if _installed:
            if _installed[0].boundary is boundary:
                return
            message = (
                f"the tasks of Celery travel by {_installed[0].boundary!r} already, and"
                f" cannot by {boundary!r}, too: call install() once"
            )
            raise RuntimeError(message)
        _installed.append(self)
        self._patches = [
            Patch(_celery.Celery, "send_task", self._with_payload),
            Patch(_celery.Task, "apply", self._with_payload),
        ]
        _signals.task_prerun.connect(self._enter, weak=False)

    def uninstall(self) -> None:
        """Let Celery be as it was; once more does nothing."""
        if self not in _installed:
            return
        _installed.remove(self)
        for patch in self._patches:
            patch.undo()
        _signals.task_prerun.disconnect(self._enter)
        if not self._entered:  # or a task has still to leave
            _signals.task_postrun.disconnect(self._leave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.uninstall()

    def _with_payload(self, headers: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return *headers* with the values of here and now, unless there are some."""
        if headers and HEADER in headers:
            return headers
        try:
            payload = dump(self.boundary)
        except ContextRefused as error:
            if error.boundary != self.boundary.name:
                raise
            # It came with a task. An error would be of no use where Celery sends:
            # no errback would ever run.
            return {**(headers or {}), HEADER: REFUSED}
        if not payload:
            return headers
        return {**(headers or {}), HEADER: payload.text}

    def _enter(self, task: Any = None, **_: Any) -> None:
        """Let the task that begins have what came with it."""
        if task is None:  # not sent by Celery
            return
        request = task.request
        self._end(request)  # it has begun already, if somebody sends the signal twice
        arrival = load(_header_of(request), self.boundary)
        entering = arrival.entered()
        entering.__enter__()
        self._entered[request] = entering
        if not self._leaves:
            # Connected this late, it is called after the handlers of the program.
            _signals.task_postrun.connect(self._leave, weak=False)
            self._leaves = True
        if arrival.refused is not None:
            _logger.warning("%s", arrival.refused)

    def _leave(self, task: Any = None, **_: Any) -> None:
        """Let all be as it was before the task."""
        if task is not None:
            self._end(task.request)

    def _end(self, request: Any) -> None:
        entering = self._entered.pop(request, None)
        if entering is not None:
            entering.__exit__()


class Patch:
    """A method of one of Celery's classes, with other headers.

    Where another has been put around it since, it cannot be taken out: it does nothing.
    """

    def __init__(
        self,
        owner: Any,
        name: str,
        with_payload: Callable[[dict[str, Any] | None], dict[str, Any] | None],
    ) -> None:
        original = getattr(owner, name)

        names = list(signature(original).parameters)
        place = names.index("headers") if "headers" in names else sys.maxsize

        @wraps(original)
        def method(*args: Any, **options: Any) -> Any:
            if not self._active:
                return original(*args, **options)
            if len(args) > place:
                headers = with_payload(args[place])
                args = (*args[:place], headers, *args[place + 1 :])
            elif (headers := with_payload(options.get("headers"))) is not None:
                options["headers"] = headers
            return original(*args, **options)

        self._owner = owner
        self._name = name
        self._original = original
        self._method = method
        self._active = True
        setattr(owner, name, method)

    def undo(self) -> None:
        """Put back what was there."""
        self._active = False
        if getattr(self._owner, self._name) is self._method:
            setattr(self._owner, self._name, self._original)


def _header_of(request: Any) -> Any:
    """Return what came with the task of *request*, of whatever kind it is.

    A header is an attribute. Of eager tasks, and in Celery's older protocol, there is
    only a dictionary: or what a sender has put in its place.
    """
    found = getattr(request, HEADER, None)
    if found is not None:
        return found
    headers = request.headers
    if isinstance(headers, dict):
        return cast("dict[str, Any]", headers).get(HEADER)
    return headers


_installed: Final[list[Installation]] = []
"""The one that is in force."""

_logger = logging.getLogger("inscope.travel")
