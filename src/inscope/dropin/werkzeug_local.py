"""What a program gets that imports ``werkzeug.local`` while the drop-in is installed.

Loaded under that name by ``replacement.py``. Two names are there for programs that
are older than werkzeug 2.2: ``get_ident``, and ``ContextVar``, which Flask 2.0 takes
from there.
"""

from contextvars import ContextVar

from inscope import (
    Local,
    LocalManager,
    LocalProxy,
    LocalStack,
    get_ident,
    release_local,
)

__all__ = [
    "ContextVar",
    "Local",
    "LocalManager",
    "LocalProxy",
    "LocalStack",
    "get_ident",
    "release_local",
]
