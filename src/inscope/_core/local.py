"""``Local``: a namespace whose values each thread, task and greenlet has its own of.

The values lie in a context variable as a persistent map (``names.py``), or, if
the caller supplied a ``ContextVar[dict]``, as a plain dict that is replaced and
never changed. A value that ``bound()`` put there lies in a ``Cell``. What is hot
is in ``BareLocal``: ``python/local.py`` and ``native/local.c``.
"""

from __future__ import annotations

from contextvars import ContextVar
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self, cast

from inscope._core.cells import read
from inscope._core.choice import taken
from inscope._core.names import EMPTY_TREE, items, lookup
from inscope._core.nothing import EMPTY

if TYPE_CHECKING:
    from inscope._core.python.local import BareLocal, complete
else:
    BareLocal, complete = taken("local", "BareLocal", "complete")


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inscope._core.names import Tree
    from inscope._core.python.proxy import LocalProxy
    from inscope._core.storage import Storage


def _slot(name: str) -> Any:
    """Return a descriptor that is hidden from the Local: any name is a user's."""
    return vars(BareLocal)[f"_Local__{name}"]


storage_of: Callable[[BareLocal], Any] = _slot("storage").__get__
"""Return what a Local keeps its values in."""

is_plain: Callable[[BareLocal], bool] = _slot("plain").__get__
"""Tell whether that is the caller's ``ContextVar[dict]``."""

set_storage: Callable[[BareLocal, Storage], None] = _slot("storage").__set__
"""Give a Local another storage."""

set_plain: Callable[[BareLocal, bool], None] = _slot("plain").__set__


class Local(BareLocal):
    """A namespace of context-local values.

    Each thread, asyncio task and greenlet reads and writes its own values; a
    task starts with those of the context that it was made in, and what it
    changes stays its own.

    Args:
        context_var: A ``ContextVar`` of dicts to keep the values in, in place
            of one made for this Local. It goes on holding real dicts.

    Raises:
        TypeError: *context_var* is not a context variable.

    Source:
        ``werkzeug.local.Local``; ``in``, ``len``, ``repr``, ``dir`` and
        ``copy.copy`` are new.

    Example:
        >>> from inscope import Local
        >>> local = Local()
        >>> local.user = "ann"
        >>> local.user, "user" in local, list(local)
        ('ann', True, [('user', 'ann')])
        >>> user = local("user")
        >>> user.title()
        'Ann'
        >>> del local.user
        >>> user
        <LocalProxy unbound>
    """

    __module__ = "inscope"
    __slots__ = ()

    def __init__(self, context_var: ContextVar[dict[str, Any]] | None = None) -> None:
        plain = context_var is not None
        if plain and not isinstance(context_var, ContextVar):
            kind = type(context_var).__name__
            message = f"'context_var' must be a ContextVar of dicts, not {kind!r}"
            raise TypeError(message)
        storage = context_var or ContextVar(f"inscope.Local<{id(self)}>")
        set_storage(self, storage)
        set_plain(self, plain)

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Make the plain attributes of a subclass the defaults of their names."""
        super().__init_subclass__(**arguments)
        members: list[tuple[str, object]] = list(vars(cls).items())
        for name, value in members:
            if not (name.startswith("__") or hasattr(type(value), "__get__")):
                setattr(cls, name, Default(name, value))
        complete(cls)

    def __contains__(self, name: object) -> bool:
        try:
            value = lookup(storage_of(self).get(EMPTY_TREE), cast("str", name))
        except KeyError:
            return False
        return read(value) is not EMPTY

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        # The tree of here and now, wherever the iterator is taken.
        return _pairs(storage_of(self).get(EMPTY_TREE))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dict(self)})

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{_shown(self)}>"

    def __copy__(self) -> Self:
        """Return a new Local with this context's names, bound in this context."""
        new = type(self).__new__(type(self))
        Local.__init__(new)
        for name, value in self:
            setattr(new, name, value)
        return new

    def __reduce__(self) -> Any:
        message = (
            f"cannot pickle or deep-copy a {type(self).__name__}: its values differ"
            " from context to context; pass dict(local) instead"
        )
        raise TypeError(message)

    def __release_local__(self) -> None:
        """Drop this context's names; other contexts keep theirs."""
        storage_of(self).set({})

    def __call__(
        self, name: str, *, unbound_message: str | None = None
    ) -> LocalProxy[Any]:
        """Return a proxy to the value of *name*.

        Args:
            name: The name, or a dotted path that begins with it.
            unbound_message: See :class:`LocalProxy`.
        """
        from inscope._core import LocalProxy

        return LocalProxy(self, name, unbound_message=unbound_message)


complete(Local)


class Default:
    """An attribute of a Local's subclass: what a name is where nothing is assigned.

    Left as it was, it would hide what is assigned, for Python looks there first.
    """

    __slots__ = ("_name", "_value")

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value

    def __get__(self, local: Local | None, _: type[Local]) -> Any:
        if local is None or not Local.__contains__(local, self._name):
            return self._value
        return read(lookup(storage_of(local).get(EMPTY_TREE), self._name))


def _pairs(tree: Tree) -> Iterator[tuple[str, Any]]:
    for name, value in items(tree):
        if (found := read(value)) is not EMPTY:
            yield name, found


@recursive_repr(" ...")
def _shown(local: Local) -> str:
    return "".join(f" {name}={value!r}" for name, value in local)
