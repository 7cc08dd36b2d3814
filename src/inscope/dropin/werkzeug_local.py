"""What a program gets that imports ``werkzeug.local`` while the drop-in is installed.

Loaded under that name by ``replacement.py``. ``get_ident``, which werkzeug dropped
in 2.1, is there for programs older than that.
"""

from inscope import (
    Local,
    LocalManager,
    LocalProxy,
    LocalStack,
    get_ident,
    release_local,
)

__all__ = [
    "Local",
    "LocalManager",
    "LocalProxy",
    "LocalStack",
    "get_ident",
    "release_local",
]
