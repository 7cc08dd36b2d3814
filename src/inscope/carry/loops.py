"""``install``: asyncio's default executor with the context of who calls it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from inscope.carry.executors import CarryingExecutor

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType
    from typing import Self

__all__ = ["Installation", "install"]


def install(loop: asyncio.AbstractEventLoop | None = None) -> Installation:
    """Let the default executor of *loop* carry the context of who gives it a job.

    Its jobs are those of ``loop.run_in_executor(None, …)``, which otherwise see nothing
    of their caller's context, and of ``asyncio.to_thread``. An executor that was set
    before goes on doing the work; but uvloop tells nobody which that is, and gets a new
    one. If the loop carries already, nothing is done.

    Args:
        loop: Default: the one that is running.

    Returns:
        An ``Installation``: used as a block, it ends with that; else, it is for good.

    Raises:
        RuntimeError: No loop is given, and none is running.
        TypeError: *loop* is none.

    Example:
        >>> import asyncio
        >>> from inscope import Var
        >>> from inscope.carry import install
        >>> user = Var("user")
        >>> async def main():
        ...     loop = asyncio.get_running_loop()
        ...     with install(), user.bind("ann"):
        ...         return await loop.run_in_executor(None, user.get)
        >>> asyncio.run(main())
        'ann'
    """
    if loop is None:
        import asyncio

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            message = "install() needs a loop: call it in a coroutine, or pass one"
            raise RuntimeError(message) from error
    if not hasattr(loop, "set_default_executor"):
        message = f"install() takes an event loop of asyncio's, not {loop!r}"
        raise TypeError(message)
    return Installation(loop)


class DefaultExecutor(CarryingExecutor, ThreadPoolExecutor):
    """A carrying executor that asyncio takes: it insists on a ThreadPoolExecutor."""

    def __getattr__(self, name: str) -> Any:
        if name == "executor":  # not initialised
            raise AttributeError(name)
        return getattr(self.executor, name)


class Installation:
    """What ``install`` did to a loop; as a block, it is undone when that ends."""

    __module__ = "inscope.carry"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Any = loop
        self._before: Any = getattr(loop, "_default_executor", _installed.get(loop))
        self._executor: DefaultExecutor | None = None
        if isinstance(self._before, DefaultExecutor):
            return  # it carries already
        inner = self._before or ThreadPoolExecutor(thread_name_prefix="asyncio")
        self._executor = DefaultExecutor(inner)
        self._set(self._executor)

    def _set(self, executor: Any) -> None:
        self._loop.set_default_executor(executor)
        _installed[self._loop] = executor

    def uninstall(self) -> None:
        """Give the loop back what it had; once more does nothing.

        An executor that was set meanwhile stays, where the loop tells of it.
        """
        executor, self._executor = self._executor, None
        if executor is None:
            return
        if getattr(self._loop, "_default_executor", executor) is not executor:
            return
        self._set(self._before or ThreadPoolExecutor(thread_name_prefix="asyncio"))
        if self._before is None:
            executor.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.uninstall()


_installed: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()
"""The default executors that were set here, by loop: uvloop's tell nobody of theirs."""
