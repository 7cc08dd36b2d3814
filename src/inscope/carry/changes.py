"""What was bound otherwise: the difference between two Contexts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inscope._core.arrival import ARRIVED
from inscope._core.declared import declared
from inscope._core.ledger import INNERMOST
from inscope._core.stack import StackView
from inscope._core.var import Token
from inscope.carry.subjects import context_var_of, is_local, plain_value

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


class SecretChange(Change):
    """That of a secret: it does not show the values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "secret"


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
            f"{var.name}: {change!r}"
            if isinstance(change, SecretChange)
            else f"{var.name}: {change.before!r} -> {change.after!r}"
            for var, change in self._changed.items()
        )
        return f"<Changes {{{', '.join(rows)}}}>"


OUR_OWN: Final = (ARRIVED, INNERMOST)
"""Variables in which inscope keeps what is no value of anybody's."""


def changes_between(before: Context, after: Context) -> Changes:
    """Return what *after* has otherwise than *before*; both must be copies."""
    changed: dict[ContextVar[Any], Change] = {}
    secret = {var._cells for _, var, declaration in declared if declaration.secret}
    for var in [*before, *(var for var in after if var not in before)]:
        old, new = before.get(var, Token.MISSING), after.get(var, Token.MISSING)
        if old is new or var in OUR_OWN:
            continue
        kind = SecretChange if var in secret else Change
        change = kind(*(plain_value(var, value) for value in (old, new)))
        looks_in = is_local(var) or StackView in (type(old), type(new))
        if not _is_same(*change, looks_in=looks_in):
            changed[var] = change
    return Changes(changed)


def _is_same(before: Any, after: Any, *, looks_in: bool) -> bool:
    """Tell whether both are one object; or, if one *looks_in*, have the same objects.

    To write into a Local, or push and pop, makes a new map or stack each time.
    """
    if before is after or not looks_in:
        return before is after
    if Token.MISSING in (before, after) or len(before) != len(after):
        return False
    keys: Any = getattr(before, "keys", None)  # a stack has none
    names: Any = range(len(before)) if keys is None else keys()
    return all(
        (keys is None or name in after) and after[name] is before[name]
        for name in names
    )
