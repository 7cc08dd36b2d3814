"""The Local of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

from types import WrapperDescriptorType

from inscope._core.names import EMPTY_TREE, remove
from inscope._core.native._native import (
    BareLocal,
    allow_own_names,
    configure,
    set_local_access,
)
from inscope.errors import UnboundNameError

__all__ = ["BareLocal", "complete"]

configure(
    empty_tree=EMPTY_TREE,
    copy_plain=dict,
    remove_name=remove,
    unbound_name=UnboundNameError,
)


def complete(cls: type) -> None:
    """Let *cls*, Local or a subclass, have its names read by ``_native``."""
    if cls.__dictoffset__ and isinstance(
        vars(BareLocal)["__setattr__"], WrapperDescriptorType
    ):
        allow_own_names()
    mro = cls.__mro__
    names = {name for owner in mro[: mro.index(BareLocal)] for name in vars(owner)}
    if "__getattribute__" in names:
        return
    if "__getattr__" in names:
        # Python's order: what the class has, then its __getattr__.
        type.__setattr__(cls, "__getattribute__", object.__getattribute__)
    else:
        set_local_access(cls)
