"""A run: the groups of rows, in order, and what each needs."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import (
    builds,
    carrying,
    engines,
    flask_page,
    growth,
    memory,
    operations,
    requests,
    scopes,
    sources,
    storage,
    threads,
    travelling,
    variables,
    whose,
)
from benchmarks.contestants import LOCALS, PROXIES, loaded, packages
from benchmarks.proxies import Operation, measure_row
from benchmarks.results import (
    BY_HAND,
    FIRST_ROW,
    NOTHING,
    OURS,
    Group,
    Result,
    Row,
)
from benchmarks.starts import in_new_processes, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.timing import Effort

    Makers = dict[str, Callable[..., Any]]

WITH_WERKZEUG = (OURS, "werkzeug")


class Field(NamedTuple):
    """All contestants that could be imported, and what to say of the others."""

    proxies: Makers
    locals_: Makers
    missing: list[str]

    @property
    def rivals(self) -> tuple[str, ...]:
        """The names of those that can be measured."""
        return (*self.proxies, *self.locals_)


def field() -> Field:
    """Import all contestants."""
    proxies, no_proxies = loaded(PROXIES)
    locals_, no_locals = loaded(LOCALS)
    return Field(proxies, locals_, [*{**no_locals, **no_proxies}.values()])


class Plan(NamedTuple):
    """How a group is measured and shown.

    Attributes:
        columns: The contestants.
        baseline: See ``results.Group``.
        measure: Returns the rows.
        short: It is measured in several processes, one after the other.
    """

    columns: tuple[str, ...]
    baseline: str
    measure: Callable[[Field, Effort], list[Row]]
    short: bool = False


def _each(
    found: Iterable[Operation],
) -> Callable[[Field, Effort], list[Row]]:
    """Return what measures a row for each operation."""
    return lambda field, effort: [
        Context().run(measure_row, operation, field.proxies, effort)
        for operation in found
    ]


_PROXIES = tuple(contestant.name for contestant in PROXIES)
_LOCALS = tuple(contestant.name for contestant in LOCALS)
_MEMORY = tuple(dict.fromkeys((*_PROXIES, *_LOCALS)))

GROUPS: dict[str, Plan] = {
    "attributes": Plan(_PROXIES, BY_HAND, _each(operations.ATTRIBUTES), short=True),
    "operations": Plan(_PROXIES, BY_HAND, _each(operations.operations())),
    "sources": Plan(
        (BY_HAND, *WITH_WERKZEUG),
        BY_HAND,
        lambda field, effort: sources.measure(effort, field.rivals),
        short=True,
    ),
    "variables": Plan(
        (BY_HAND, OURS),
        BY_HAND,
        lambda _, effort: variables.measure(variables.VARIABLES, effort),
        short=True,
    ),
    "binding": Plan(
        (BY_HAND, OURS),
        BY_HAND,
        lambda _, effort: variables.measure(variables.BINDING, effort),
        short=True,
    ),
    "scopes": Plan(
        (BY_HAND, OURS, scopes.FLASK),
        BY_HAND,
        lambda _, effort: scopes.measure(effort),
        short=True,
    ),
    "open_scopes": Plan(
        (scopes.OPEN, scopes.BYTES),
        FIRST_ROW,
        lambda _, effort: scopes.measure_open(effort),
    ),
    "requests": Plan(
        (requests.AS_IT_IS, BY_HAND, OURS),
        requests.AS_IT_IS,
        lambda _, effort: requests.measure(effort),
        short=True,
    ),
    "carry": Plan(
        (BY_HAND, OURS), BY_HAND, lambda _, effort: carrying.measure(effort), short=True
    ),
    "carried_tasks": Plan(
        (BY_HAND, OURS), BY_HAND, lambda _, effort: carrying.measure_tasks(effort)
    ),
    "travel": Plan(
        (BY_HAND, OURS),
        BY_HAND,
        lambda _, effort: travelling.measure(effort),
        short=True,
    ),
    "engines": Plan(
        (engines.AS_IT_IS, OURS),
        engines.AS_IT_IS,
        lambda _, effort: engines.measure(effort),
    ),
    "whose": Plan(whose.COLUMNS, NOTHING, lambda _, effort: whose.measure(effort)),
    "locals": Plan(
        _LOCALS,
        "threading.local",
        lambda field, effort: storage.measure_locals(field.locals_, effort),
        short=True,
    ),
    "growth": Plan(
        WITH_WERKZEUG,
        FIRST_ROW,
        lambda field, effort: growth.measure(growth.makers(field.rivals), effort),
    ),
    "stacks": Plan(
        (BY_HAND, *WITH_WERKZEUG),
        FIRST_ROW,
        lambda field, effort: storage.measure_stacks(
            storage.stack_makers(field.rivals), effort
        ),
        short=True,
    ),
    "threads": Plan(
        threads.COLUMNS,
        FIRST_ROW,
        lambda field, effort: threads.measure(field.proxies, effort),
    ),
    "memory": Plan(
        _MEMORY,
        NOTHING,
        lambda field, effort: memory.measure(field.proxies, field.locals_, effort),
    ),
    "flask": Plan(
        ("werkzeug", OURS), "werkzeug", lambda _, effort: flask_page.measure(effort)
    ),
}
"""By name, in the order in which they run."""


def measure_group(
    name: str, effort: Effort, contestants: Field | None = None
) -> list[Row]:
    """Return the rows of the group of this name, measured in this process."""
    # By what runs before it a context fills, and setting costs more in it.
    return Context().run(GROUPS[name].measure, contestants or field(), effort)


def groups_of_a_full_run() -> list[str]:
    """Return their names: without the GIL, of what only then can be measured."""
    return ["threads"] if threads.free_threaded() else list(GROUPS)


def measure(
    names: Iterable[str],
    effort: Effort,
    field: Field,
    tell: Callable[[str], None],
) -> Result:
    """Run the groups of these names and return what was found."""
    about = builds.about(packages())
    groups = {}
    for name in names:
        tell(name)
        plan = GROUPS[name]
        if plan.short and effort.starts > 1:
            runs = in_new_processes(measure_group, name, effort)
            rows = [merged(row) for row in zip(*runs, strict=True)]
        else:
            rows = measure_group(name, effort, field)
        groups[name] = Group(name, plan.columns, tuple(rows), plan.baseline)
    return Result(builds.name_of(about), about, groups)
