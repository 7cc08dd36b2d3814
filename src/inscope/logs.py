"""Log records that say whose they are: by the Vars declared with ``log=True``.

Three ways into a program's logging, one of which is enough: ``ContextFilter`` on a
handler, ``record_factory`` for every record there is, ``add_context`` for structlog.
The values are those of where the record is made; a queue or a thread that writes it
later changes nothing.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from inscope._core import is_unbound
from inscope._core.declared import declared
from inscope.errors import ContextRefused

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

__all__ = ["ContextFilter", "add_context", "context", "record_factory"]

REFUSED = "<refused>"
"""Shown for a value that came from elsewhere and must not be believed."""

_asking: ContextVar[bool] = ContextVar("inscope.logs.asking", default=False)
"""Whether the values are being asked for: a factory that logs would do so again."""


def context() -> dict[str, Any]:
    """Return the values of the Vars declared with ``log=True``, by their names.

    A Var with no value here is not in it. Its default counts, as ever; a line that its
    factory logs has no values.

    Example:
        >>> from inscope import Var, logs
        >>> tenant, token = Var("tenant", log=True), Var("token", secret=True)
        >>> with tenant.bind("acme"), token.bind("s3cr3t"):
        ...     logs.context()
        {'tenant': 'acme'}
    """
    if _asking.get():
        return {}
    token = _asking.set(True)
    try:
        return _found()
    finally:
        _asking.reset(token)


def _found() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, var, declaration in declared:
        if declaration.log:
            try:
                found[name] = var.get()
            except ContextRefused:
                found[name] = REFUSED
            except Exception as error:
                if not is_unbound(error):  # a factory's own
                    raise
    return found


class ContextFilter(logging.Filter):
    """A filter that adds the values to each record; it holds none back.

    On a handler it sees the records of all loggers that use it; ``%(tenant)s`` in a
    format is then the value of the Var ``tenant``. What a record has of its own, by
    ``extra={…}`` say, stays.

    Args:
        names: Names for which a format asks in any case, and what it shows where there
            is no value.

    Raises:
        TypeError: *names* is no mapping.

    Example:
        >>> import logging, sys
        >>> from inscope import Var
        >>> from inscope.logs import ContextFilter
        >>> tenant = Var("tenant", log=True)
        >>> handler = logging.StreamHandler(sys.stdout)
        >>> handler.setFormatter(logging.Formatter("%(tenant)s: %(message)s"))
        >>> handler.addFilter(ContextFilter({"tenant": "-"}))
        >>> log = logging.getLogger("shop")
        >>> log.addHandler(handler)
        >>> with tenant.bind("acme"):
        ...     log.warning("sold out")
        acme: sold out
        >>> log.warning("closed")
        -: closed
        >>> log.removeHandler(handler)
    """

    def __init__(self, names: dict[str, Any] | None = None) -> None:
        super().__init__()
        if names is not None and not hasattr(names, "items"):
            message = (
                f"ContextFilter takes names and what to show without a value,"
                f" {{'tenant': '-'}} say, not {names!r}"
            )
            raise TypeError(message)
        self._names = dict(names or {})

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the values to *record*."""
        add(record, {**self._names, **context()})
        return True


def record_factory(
    inner: Callable[..., logging.LogRecord] | None = None,
) -> Callable[..., logging.LogRecord]:
    """Return a factory of records that have the values: for ``setLogRecordFactory``.

    logging adds ``extra={…}`` after that, and refuses a name that is there by a
    ``KeyError``: where a program uses the name of a Var in it, take ``ContextFilter``.

    Args:
        inner: What makes the records; by default the factory that is set now.

    Example:
        >>> import logging
        >>> from inscope.logs import record_factory
        >>> before = logging.getLogRecordFactory()
        >>> logging.setLogRecordFactory(record_factory())
        >>> logging.setLogRecordFactory(before)
    """
    make = logging.getLogRecordFactory() if inner is None else inner

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        add(record, context())
        return record

    return factory


def add(record: logging.LogRecord, values: dict[str, Any]) -> None:
    """Add *values* to *record*, but for those it has."""
    own = vars(record)
    for name, value in values.items():
        own.setdefault(name, value)


def add_context(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the values to the *event* of structlog: a processor, to be put first.

    What the event has of its own stays.

    Example:
        >>> import structlog
        >>> from inscope import Var
        >>> from inscope.logs import add_context
        >>> tenant = Var("tenant", log=True)
        >>> log = structlog.wrap_logger(
        ...     structlog.PrintLogger(),
        ...     processors=[add_context, structlog.processors.KeyValueRenderer()],
        ... )
        >>> with tenant.bind("acme"):
        ...     log.info("sold out")
        event='sold out' tenant='acme'
    """
    for name, value in context().items():
        event.setdefault(name, value)
    return event
