"""The Python core: the readable reference, and the fallback of the native one.

``source.py`` finds a proxy's object, ``proxy.py`` and ``shape.py`` forward to it;
``local.py``, ``stack.py`` and ``var.py`` keep values, ``bind.py`` and ``ledger.py``
bind them.
"""

from __future__ import annotations

from inscope._core.failures import is_unbound
from inscope._core.nothing import EMPTY, Missing
from inscope._core.python.bind import Bind, SeveralBind, VarBind
from inscope._core.python.ledger import LocalBind, PlainBind, StackBind
from inscope._core.python.local import Local, set_storage
from inscope._core.python.proxy import BareProxy, LocalProxy, current, is_proxy, unwrap
from inscope._core.python.stack import LocalStack, StackView
from inscope._core.python.storage import IdentStorage
from inscope._core.python.var import CellVar, Token

__all__ = [
    "EMPTY",
    "BareProxy",
    "Bind",
    "CellVar",
    "IdentStorage",
    "Local",
    "LocalBind",
    "LocalProxy",
    "LocalStack",
    "Missing",
    "PlainBind",
    "SeveralBind",
    "StackBind",
    "StackView",
    "Token",
    "VarBind",
    "current",
    "is_proxy",
    "is_unbound",
    "set_storage",
    "unwrap",
]
