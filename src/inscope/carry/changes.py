"""What was bound otherwise: the difference between two Contexts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from inscope._core.ledger import INNERMOST
from inscope._core.var import Token
from inscope.carry.subjects import context_var_of, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Context, ContextVar

__all__ = ["Change", "Changes", "changes_between"]


class Change(NamedTuple):
    """What became of one value; ``Token.MISSING`` stands for none.

    Attributes:
        before: The value in the earlier snapshot.
        after: The value in the later one.
    """

    before: Any
    after: Any


class Changes(Mapping[Any, Change]):
    """What ``Snapshot.diff`` returns: the variables that changed, and how.

    It is asked by a ``Var``, a ``ContextVar``, a Local, a stack or a class of scopes,
    and gives the context variables when it is iterated over.
    """

    def __init__(self, changed: dict[ContextVar[Any], Change]) -> None:
        self._changed = changed

    def __getitem__(self, subject: Any) -> Change:
        try:
            return self._changed[context_var_of(subject, "Changes")]
        except TypeError:
            raise KeyError(subject) from None

    def __iter__(self) -> Iterator[ContextVar[Any]]:
        return iter(self._changed)

    def __len__(self) -> int:
        return len(self._changed)

    def __repr__(self) -> str:
        rows = (
            f"{var.name}: {change.before!r} -> {change.after!r}"
            for var, change in self._changed.items()
        )
        return f"<Changes {{{', '.join(rows)}}}>"


def changes_between(before: Context, after: Context) -> Changes:
    """Return what *after* has otherwise than *before*; both must be copies."""
    changed: dict[ContextVar[Any], Change] = {}
    for var in [*before, *(var for var in after if var not in before)]:
        old, new = before.get(var, Token.MISSING), after.get(var, Token.MISSING)
        if old is new or var is INNERMOST:
            continue
        change = Change(*(plain_value(var, value) for value in (old, new)))
        if _identity(change.before) != _identity(change.after):
            changed[var] = change
    return Changes(changed)


def _identity(value: Any) -> Any:
    """Return what two values have in common if there is no change between them.

    The names of a Local and the objects on a stack are looked into.
    """
    objects: Any = value
    if isinstance(value, list):
        return [id(one) for one in objects]
    if isinstance(value, dict):
        return {name: id(one) for name, one in objects.items()}
    return id(value)
