"""The hot path: one contract, with its hot parts written twice.

``python/`` has them in Python and ``native/`` in C; ``choice.py`` decides which
are taken. Everything else is here, once. The names below are the whole core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inscope._core.bind import Bind, SeveralBind
from inscope._core.choice import CORE, CORES, taken
from inscope._core.failures import is_unbound
from inscope._core.ledger import LocalBind, PlainBind, StackBind
from inscope._core.local import Local, set_storage
from inscope._core.nothing import EMPTY, Missing
from inscope._core.scope import BareScope, ScopeSlot
from inscope._core.stack import LocalStack, StackView
from inscope._core.storage import IdentStorage
from inscope._core.var import CellVar, Token

if TYPE_CHECKING:
    from inscope._core.python.bind import VarBind
    from inscope._core.python.iterator import iterate_in_scope
    from inscope._core.python.proxy import (
        BareProxy,
        LocalProxy,
        current,
        is_proxy,
        unwrap,
    )
else:
    (VarBind,) = taken("bind", "VarBind")
    (iterate_in_scope,) = taken("iterator", "iterate_in_scope")
    BareProxy, LocalProxy, current, is_proxy, unwrap = taken(
        "proxy", "BareProxy", "LocalProxy", "current", "is_proxy", "unwrap"
    )


__all__ = [
    "CORE",
    "CORES",
    "EMPTY",
    "BareProxy",
    "BareScope",
    "Bind",
    "CellVar",
    "IdentStorage",
    "Local",
    "LocalBind",
    "LocalProxy",
    "LocalStack",
    "Missing",
    "PlainBind",
    "ScopeSlot",
    "SeveralBind",
    "StackBind",
    "StackView",
    "Token",
    "VarBind",
    "current",
    "is_proxy",
    "is_unbound",
    "iterate_in_scope",
    "set_storage",
    "unwrap",
]
