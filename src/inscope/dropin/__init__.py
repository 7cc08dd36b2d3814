"""Put inscope under werkzeug, Flask and Quart without editing them.

``replacement.py`` answers ``import werkzeug.local``; ``holders.py`` finds who already
has werkzeug's own classes; ``__main__.py`` runs a program that must not be edited.
"""

from inscope.dropin.replacement import install, installed, uninstall
from inscope.errors import AlreadyReplacedError, TooLateError

__all__ = [
    "AlreadyReplacedError",
    "TooLateError",
    "install",
    "installed",
    "uninstall",
]
