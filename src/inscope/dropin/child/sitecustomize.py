"""Installs the drop-in in the processes that a program run with it starts anew.

``python -m inscope.dropin`` puts this folder on ``PYTHONPATH``; Python imports a
module of this name when it starts. One that the environment has of its own, which
this one hides, is imported then.
"""

import sys
from importlib.util import find_spec
from pathlib import Path


def _install() -> None:
    if sys.version_info < (3, 11) or find_spec("inscope") is None:
        return  # a Python of another environment
    from inscope.dropin import install

    install()


def _import_hidden() -> None:
    """Import the environment's own ``sitecustomize``, if there is one."""
    here = Path(__file__).parent
    sys.path[:] = [entry for entry in sys.path if Path(entry) != here]
    this = sys.modules.pop(__name__)
    if find_spec(__name__) is None:
        sys.modules[__name__] = this
    else:
        __import__(__name__)


try:
    _install()
finally:
    _import_hidden()
