"""Lifetimes: a ``Scope`` opens, binds, owns resources, and closes in reverse order.

``scope.py`` is the class; each other file has one of the things it does.
"""

from inscope.scope.fields import fresh, shared
from inscope.scope.scope import Scope

__all__ = ["Scope", "fresh", "shared"]
