"""gevent's greenlets, pools and threads, with the context of who starts the work.

A greenlet of gevent's begins with an empty context, and so does a job of its threads.
Each name here is one of gevent's, and is used as that.

Example:
    >>> from inscope import Var
    >>> from inscope.carry.gevent import Pool, spawn
    >>> user = Var("user")
    >>> with user.bind("ann"):
    ...     greenlet = spawn(user.get)
    ...     names = Pool(2).map(lambda _: user.get(), range(3))
    >>> greenlet.get(), names
    ('ann', ['ann', 'ann', 'ann'])
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from inscope.carry.snapshot import Snapshot
from inscope.errors import MissingExtraError

try:
    import gevent as _gevent
    import gevent.pool as _pool
    import gevent.threadpool as _threadpool
except ModuleNotFoundError as _error:
    raise MissingExtraError("gevent", "gevent") from _error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import ParamSpec

    P = ParamSpec("P")
    _Greenlet = _gevent.Greenlet[..., Any]
    _Mapping = _pool.GroupMappingMixin
else:
    _Greenlet, _Mapping = _gevent.Greenlet, object

__all__ = [
    "Greenlet",
    "Group",
    "Pool",
    "ThreadPool",
    "spawn",
    "spawn_later",
    "spawn_raw",
]


class Greenlet(_Greenlet):
    """``gevent.Greenlet``, in a copy of the context in which it is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gr_context = copy_context()


spawn: Callable[..., Greenlet] = Greenlet.spawn
spawn_later: Callable[..., Greenlet] = Greenlet.spawn_later


def spawn_raw(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """``gevent.spawn_raw``, in a copy of the context of here and now."""
    made = _gevent.spawn_raw(function, *args, **kwargs)
    made.gr_context = copy_context()
    return made


def _here(function: Any) -> Any:
    """Return *function*, if there is one, with the context of here and now."""
    return None if function is None else partial(Snapshot.capture().run, function)


def _iterated_here(iterable: Iterable[Any]) -> Iterable[Any]:
    """Return *iterable*, iterated over with the context of here and now."""
    return Snapshot.capture().iter(iterable)


class _Carrying(_Mapping):
    """What a pool does by greenlets of its own, which carry nothing."""

    def apply_async(
        self, func: Any, args: Any = None, kwds: Any = None, callback: Any = None
    ) -> Any:
        return super().apply_async(_here(func), args, kwds, _here(callback))

    def apply_cb(
        self, func: Any, args: Any = None, kwds: Any = None, callback: Any = None
    ) -> Any:
        return super().apply_cb(_here(func), args, kwds, _here(callback))

    def map(self, func: Any, iterable: Any) -> Any:
        return super().map(_here(func), _iterated_here(iterable))

    def map_async(self, func: Any, iterable: Any, callback: Any = None) -> Any:
        items = _iterated_here(iterable)
        return super().map_async(_here(func), items, _here(callback))

    def map_cb(self, func: Any, iterable: Any, callback: Any = None) -> Any:
        items = _iterated_here(iterable)
        return super().map_cb(_here(func), items, _here(callback))

    def imap(self, func: Any, *iterables: Any, **options: Any) -> Any:
        items = map(_iterated_here, iterables)
        return super().imap(_here(func), *items, **options)

    def imap_unordered(self, func: Any, *iterables: Any, **options: Any) -> Any:
        items = map(_iterated_here, iterables)
        return super().imap_unordered(_here(func), *items, **options)


class Group(_Carrying, _pool.Group):
    """``gevent.pool.Group``, whose greenlets have the context of who starts them."""

    greenlet_class: Any = Greenlet


class Pool(_Carrying, _pool.Pool):
    """``gevent.pool.Pool``, whose greenlets have the context of who starts them."""

    greenlet_class: Any = Greenlet


class ThreadPool(_Carrying, _threadpool.ThreadPool):
    """``gevent.threadpool.ThreadPool``, whose jobs have the context of who starts them.

    Its ``ThreadPoolExecutor`` is one for ``inscope.carry.carrying``.
    """

    def spawn(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call *func* in a thread, in a copy of the context of here and now."""
        run: Any = copy_context().run
        return super().spawn(run, func, *args, **kwargs)
