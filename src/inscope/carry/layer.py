"""What ``@scoped`` lets in: the caller's changes, where there are none of its own.

A generator that is scoped runs in a ``Context`` of its own. Before a step, what the
caller has changed since the last one is brought in, variable by variable, unless the
generator has bound that variable itself:

.. code-block:: text

    caller       user: "ann"    lang: "en"          user: "bob"    lang: "fr"
                      │              │                   │              │
                      ▼              ▼                   ▼              ·
    generator    user: "ann"    lang: "de" (own)    user: "bob"    lang: "de" (own)

Nothing is replaced: a Context stays the one in which the generator's tokens and binds
were made, so that they are valid there whoever advances or closes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from inscope._core.cells import NOTHING, Cell, is_cell, live
from inscope._core.names import EMPTY_TREE, assign, items, remove
from inscope._core.nothing import EMPTY
from inscope._core.stack import BOTTOM
from inscope.carry.subjects import is_local

if TYPE_CHECKING:
    from contextvars import Context, ContextVar, Token

    from inscope._core.cells import LinkedCell

__all__ = ["Layer"]


class Layer:
    """What has been brought into one Context; called in it, before a step."""

    __slots__ = ("_given", "_tokens")

    def __init__(self) -> None:
        self._given: dict[ContextVar[Any], Any] = {}
        self._tokens: dict[ContextVar[Any], Token[Any]] = {}

    def __call__(self, now: Context) -> bool:
        """Bring in what the caller has *now*.

        Returns:
            Whether that is all. If not, something of the generator's own is before it:
            that may end any time, and what is behind it be wanted.
        """
        given, settled = self._given, True
        for var, value in now.items():
            before = given.get(var, EMPTY)
            if before is not value and not self._bring(var, before, value):
                settled = False
        for var in [var for var in given if var not in now]:
            if not self._take_away(var, given[var]):
                settled = False
        return settled

    def _bring(self, var: ContextVar[Any], before: Any, value: Any) -> bool:
        own = var.get(EMPTY)
        if own is before or (_is_nothing(own) and _is_nothing(before)):
            token = var.set(value)
            if before is EMPTY:
                self._tokens[var] = token
        elif is_cell(own) and _rebase(own, before, value):
            pass
        elif is_local(var):
            return self._bring_names(var, before, value, own)
        else:
            return False
        self._given[var] = value
        return True

    def _take_away(self, var: ContextVar[Any], before: Any) -> bool:
        own = var.get(EMPTY)
        if own is before:
            self._unset(var, own)
        elif is_cell(own) and _rebase(own, before, None):
            self._tokens.pop(var, None)
        elif is_local(var):
            return self._bring_names(var, before, EMPTY_TREE, own)
        else:
            return False
        del self._given[var]
        return True

    def _unset(self, var: ContextVar[Any], own: Any) -> None:
        token = self._tokens.pop(var, None)
        if token is not None:
            var.reset(token)
        elif is_cell(own):
            var.set(NOTHING)

    def _bring_names(
        self, var: ContextVar[Any], before: Any, value: Any, own: Any
    ) -> bool:
        """Do with each name of a Local what is done with a variable."""
        old = {} if before is EMPTY else dict(items(before))
        new, mine = dict(items(value)), dict(items(own))
        left: dict[str, Any] = {}
        tree = own
        for name in {**old, **new}:
            was, will = old.get(name, EMPTY), new.get(name, EMPTY)
            has = mine.get(name, EMPTY)
            if was is will or has is will:
                continue
            if has is not was:
                left[name] = was
            elif will is EMPTY:
                tree = remove(tree, name, hash(name))
            else:
                tree = assign(tree, name, will, hash(name))
        if tree is not own:
            var.set(tree)
        given = {**new, **left} if left else value
        if left:
            given = {name: one for name, one in given.items() if one is not EMPTY}
        self._given[var] = given
        return not left


def _is_nothing(value: Any) -> bool:
    """Tell whether *value* stands for none: that of a bind that ended, of a stack."""
    if is_cell(value):
        return live(value) is None
    return value is EMPTY or value is BOTTOM


def _rebase(own: Cell, before: Any, value: Any) -> bool:
    """Let the generator's outermost bind, above *before*, end with *value* instead.

    *value* is a cell, or ``None`` for nothing. A bind sees, when it ends, that what is
    to be there is not what was there on entering, and puts the former back.
    """
    if before is not EMPTY and not is_cell(before):
        return False
    # A bind skips the empty cells below it.
    below = (before, live(before)) if is_cell(before) else (None,)
    node: Cell | None = own
    while node is not None and node is not before:
        if node.previous in below:
            if node.bind is None:
                return False  # made by set: its token is for what was there
            cast("LinkedCell", node).previous = value
            return True
        node = node.previous
    return False
