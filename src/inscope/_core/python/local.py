"""What of a ``Local`` is hot; ``_core/local.py`` has the rest. Twin of ``local.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inscope._core.cells import LinkedCell, read
from inscope._core.names import EMPTY_TREE, LEAF, assign, lookup, remove
from inscope._core.nothing import EMPTY
from inscope.errors import UnboundNameError

if TYPE_CHECKING:
    from inscope._core.names import Tree
    from inscope._core.storage import Storage

_MRO = 3  # of Local itself: Local, BareLocal, object


class BareLocal:
    """Names: read, assigned, deleted."""

    __slots__ = ("_Local__plain", "_Local__storage", "__weakref__")

    _Local__plain: bool
    _Local__storage: Storage

    def __getattr__(self, name: str) -> Any:
        if name == "_Local__storage":
            message = f"{type(self).__name__}.__init__ has not been called"
            raise AttributeError(message)
        tree: Tree = self._Local__storage.get(EMPTY_TREE)
        if type(tree) is dict:  # as lookup() does it, without the call
            value = tree.get(name, EMPTY)
        else:
            value = _lookup_or_empty(tree, name)
        if type(value) is LinkedCell:
            value = read(value)
        if value is not EMPTY:
            return value
        mro = type(self).__mro__
        if len(mro) > _MRO and any(name in vars(owner) for owner in mro):
            # A property of a subclass raised AttributeError, which made Python
            # ask here. Asked again, it tells its own story.
            return object.__getattribute__(self, name)
        raise UnboundNameError(name, name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        storage = self._Local__storage
        tree: Tree = storage.get(EMPTY_TREE)
        if type(tree) is dict and len(tree) < LEAF:  # as assign() does it
            leaf = tree.copy()
            leaf[name] = value
            storage.set(leaf)
        elif self._Local__plain:
            storage.set({**storage.get(EMPTY_TREE), name: value})
        else:
            storage.set(assign(tree, name, value, hash(name)))

    def __delattr__(self, name: str) -> None:
        storage = self._Local__storage
        tree = storage.get(EMPTY_TREE)
        if read(_lookup_or_empty(tree, name)) is EMPTY:
            raise UnboundNameError(name, name=name, obj=self)
        if self._Local__plain:
            storage.set({key: tree[key] for key in tree if key != name})
        else:
            storage.set(remove(tree, name, hash(name)))


def _lookup_or_empty(tree: Tree, name: str) -> Any:
    try:
        return lookup(tree, name)
    except KeyError:
        return EMPTY


def complete(cls: type) -> None:
    """Do what there is to be done to Local or a subclass: nothing, in Python."""
