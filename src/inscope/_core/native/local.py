"""The Local of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

from inscope._core.names import EMPTY_TREE, remove
from inscope._core.native._native import BareLocal, configure
from inscope.errors import UnboundNameError

__all__ = ["BareLocal"]

configure(
    empty_tree=EMPTY_TREE,
    copy_plain=dict,
    remove_name=remove,
    unbound_name=UnboundNameError,
)
