"""``LocalStack``: a stack that each thread, task and greenlet has its own of.

The stack is a chain of cells, each holding an object and the cell below it:

.. code-block:: text

    parent context ───────────► ■ "b" ─► ■ "a" ─► bottom
    a task that pushed "c" ─► ■ "c" ──┘

To push is to make one cell, to pop to let go of one, at any depth; a context
copied meanwhile shares the cells below. A chain is given back to the
interpreter without recursion, however long. If the caller supplied a
``ContextVar[list]``, real lists are kept, replaced and never changed. What is
hot is in ``BareStack``: ``python/stack.py`` and ``native/stack.c``.
"""

from __future__ import annotations

from contextvars import ContextVar
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from inscope._core.choice import taken

if TYPE_CHECKING:
    from inscope._core.python.stack import BOTTOM, BareStack, StackView
else:
    BOTTOM, BareStack, StackView = taken("stack", "BOTTOM", "BareStack", "StackView")


if TYPE_CHECKING:
    from inscope._core.python.proxy import LocalProxy
    from inscope._core.storage import Storage

__all__ = ["BOTTOM", "LocalStack", "StackView"]

T = TypeVar("T")


class LocalStack(BareStack[T]):
    """A stack of context-local objects.

    Each thread, asyncio task and greenlet pushes and pops its own; a task
    starts with the stack of the context it was made in, and what it pushes or
    pops there stays its own. Push and pop cost the same at any depth.

    Args:
        context_var: A ``ContextVar`` of lists to keep the stack in, in place of
            one made for it. It goes on holding real lists; every push and pop
            then copies the list.

    Raises:
        TypeError: *context_var* is not a context variable.

    Source:
        ``werkzeug.local.LocalStack``. There a pushed ``None`` counts as
        nothing; here it is an object like any other.

    Example:
        >>> from inscope import LocalStack
        >>> stack = LocalStack()
        >>> stack.push("a")
        <stack ['a']>
        >>> top = stack()
        >>> top.upper()
        'A'
        >>> stack.pop(), stack.top, stack.pop()
        ('a', None, None)
    """

    __module__ = "inscope"
    __slots__ = ()

    def __init__(self, context_var: ContextVar[list[T]] | None = None) -> None:
        self._plain = context_var is not None
        if self._plain and not isinstance(context_var, ContextVar):
            kind = type(context_var).__name__
            message = f"'context_var' must be a ContextVar of lists, not {kind!r}"
            raise TypeError(message)
        name = f"inscope.LocalStack<{id(self)}>"
        self._storage = cast("Storage", context_var or ContextVar(name))

    def __release_local__(self) -> None:
        """Empty the stack in this context; other contexts keep theirs."""
        self._storage.set([] if self._plain else BOTTOM)

    @overload
    def __call__(
        self, name: None = None, *, unbound_message: str | None = None
    ) -> LocalProxy[T]: ...

    @overload
    def __call__(
        self, name: str, *, unbound_message: str | None = None
    ) -> LocalProxy[Any]: ...

    def __call__(
        self, name: str | None = None, *, unbound_message: str | None = None
    ) -> LocalProxy[Any]:
        """Return a proxy to the top of the stack, or to its attribute *name*."""
        from inscope._core import LocalProxy

        return LocalProxy(self, name, unbound_message=unbound_message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_shown(self)}>"

    def __reduce__(self) -> Any:
        message = (
            f"cannot copy or pickle a {type(self).__name__}: its objects differ from"
            " context to context; pass the objects instead"
        )
        raise TypeError(message)


@recursive_repr()
def _shown(stack: LocalStack[Any]) -> str:
    """Return the items as text, ``...`` for the stack if it is among them."""
    return repr(list(stack._storage.get(() if stack._plain else BOTTOM)))
