"""``install`` and ``uninstall``: who answers ``import werkzeug.local``.

A finder at the head of ``sys.meta_path`` does, with ``werkzeug_local.py``. Being
there is all the state there is. The import system does the rest, so the module is
a real one: bound in its package, reloadable, with a file that a debugger can show.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from inscope.dropin.holders import holders, objects
from inscope.errors import AlreadyReplacedError, TooLateError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

NAME = "werkzeug.local"
FILE = Path(__file__).with_name("werkzeug_local.py")


class Finder:
    """Answers the import of ``werkzeug.local`` with inscope's classes.

    Args:
        before: werkzeug's own module, if it had been imported; put back on removal.
    """

    def __init__(self, before: ModuleType | None) -> None:
        self.before = before

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """Return what the import system loads for *name*; ``None``: not ours."""
        return spec_from_file_location(NAME, FILE) if name == NAME else None


def install() -> None:
    """Let inscope take the place of ``werkzeug.local`` in this process.

    Everything that imports it from now on, Flask and Quart among them, gets
    inscope's ``Local``, ``LocalStack``, ``LocalProxy``, ``LocalManager`` and
    ``release_local``. To be called before the first such import. A second call does
    nothing. Forked processes inherit it; one that starts anew calls it itself, or
    is started by ``python -m inscope.dropin``.

    Raises:
        TooLateError: A module has taken werkzeug's own classes already.
        AlreadyReplacedError: Something else has taken their place.

    Example:
        >>> import inscope.dropin
        >>> inscope.dropin.install()
        >>> from werkzeug.local import LocalProxy
        >>> LocalProxy is inscope.LocalProxy
        True
        >>> inscope.dropin.uninstall()
    """
    if installed():
        return
    before = sys.modules.get(NAME)
    if NAME in sys.modules:
        _check(before)
        _forget()
    sys.meta_path.insert(0, Finder(before))
    if before is not None:  # its importers may have reached it through the package
        importlib.import_module(NAME)


def uninstall() -> None:
    """Undo ``install()``: the next import of ``werkzeug.local`` gets werkzeug's own.

    For tests. Who has taken inscope's classes keeps them; drop those modules from
    ``sys.modules`` to import them anew. Does nothing if nothing is installed.

    Example:
        >>> import inscope.dropin
        >>> inscope.dropin.uninstall()
        >>> inscope.dropin.installed()
        False
    """
    for finder in [found for found in sys.meta_path if isinstance(found, Finder)]:
        sys.meta_path.remove(finder)
        if _is_ours(sys.modules.get(NAME)):
            _forget()
            if finder.before is not None:
                _put_back(finder.before)


def installed() -> bool:
    """Tell whether an import of ``werkzeug.local`` gives inscope's classes now.

    Example:
        >>> import inscope.dropin
        >>> inscope.dropin.installed()
        False
    """
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        return False
    return NAME not in sys.modules or _is_ours(sys.modules[NAME])


def _check(local: ModuleType | None) -> None:
    """Raise unless *local* is werkzeug's own module and nobody has taken from it."""
    if not isinstance(local, ModuleType) or not _is_werkzeugs(local):
        raise AlreadyReplacedError(
            NAME, getattr(local, "__file__", None) or repr(local)
        )
    modules, made = holders(local), objects(local)
    if modules or made:
        raise TooLateError(NAME, modules, made)


def _is_werkzeugs(local: ModuleType) -> bool:
    """Tell whether *local* is the file of the package, with the classes it defines."""
    file = getattr(local, "__file__", None)
    package = getattr(sys.modules.get("werkzeug"), "__path__", [])
    proxy = vars(local).get("LocalProxy")
    if file is None or not isinstance(proxy, type):
        return False
    return str(Path(file).parent) in package and proxy.__module__ == NAME


def _is_ours(local: ModuleType | None) -> bool:
    return getattr(local, "__file__", None) == str(FILE)


def _forget() -> None:
    """Drop the module from ``sys.modules`` and from its package."""
    local = sys.modules.pop(NAME)
    package = sys.modules.get("werkzeug")
    if package is not None and vars(package).get("local") is local:
        del vars(package)["local"]


def _put_back(local: ModuleType) -> None:
    sys.modules[NAME] = local
    package = sys.modules.get("werkzeug")
    if package is not None:
        vars(package)["local"] = local
