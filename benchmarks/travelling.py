"""The rows of ``travel``: declared values as text, written and read.

By hand is what a program would write for it that checks nothing: a dictionary of four
context variables as JSON, and back into a new context. Read are all four, in there.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any

from benchmarks.results import BY_HAND, OURS, Row
from benchmarks.timing import alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.timing import Effort, Timer

PLAIN = "write and load four strings"
SIGNED = "write and load four strings, signed"
QUICK = "write and load four strings, by msgspec"
READ = "the same, and read all four"

VALUES = {
    "user": "ann-1234567",
    "tenant": "acme-corporation",
    "locale": "de_CH",
    "request_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
}
"""Of the sizes that ids have."""

KEY = "a key of thirty-two characters 12"


def measure(effort: Effort) -> list[Row]:
    """Return the rows."""
    import msgspec
    from itsdangerous import Signer

    from inscope import Var
    from inscope.travel import Boundary, dump, load
    from inscope.travel.text import quick, standard

    declared: list[Any] = []
    for name, value in VALUES.items():
        var = Var(name, wire=str, travels_to={"http", "process"})
        var.set(value)
        declared.append(var)
    signed = Boundary("http", keys=[KEY], max_age=60)

    def read() -> None:
        for var in declared:
            var.get()

    def ours(boundary: Any, after: str = "") -> Timer:
        statement = f"load(dump(boundary).text, boundary){after}"
        names = {"dump": dump, "load": load, "boundary": boundary, "read": read}
        return timed(statement, **names)

    signer = Signer(KEY)
    encode = msgspec.json.Encoder().encode
    by_hand = ByHand(json.dumps, json.loads)
    rows: dict[str, dict[str, Timer]] = {
        PLAIN: {
            BY_HAND: timed("go()", go=by_hand.go),
            OURS: _by(standard(), ours("process")),
        },
        READ: {
            BY_HAND: timed("go().run(read)", go=by_hand.go, read=by_hand.read),
            OURS: _by(standard(), ours("process", ".run(read)")),
        },
        SIGNED: {
            BY_HAND: timed(
                "go()",
                go=ByHand(
                    lambda data: signer.sign(json.dumps(data)),
                    lambda text: json.loads(signer.unsign(text)),
                ).go,
            ),
            OURS: _by(standard(), ours(signed)),
        },
        QUICK: {
            BY_HAND: timed("go()", go=ByHand(encode, msgspec.json.Decoder().decode).go),
            OURS: _by(quick(), ours("process")),
        },
    }
    return [
        Row(name, "", (), alternate(timers, effort)) for name, timers in rows.items()
    ]


class ByHand:
    """Four context variables, and how they are written and read."""

    def __init__(
        self, write: Callable[[Any], Any], parse: Callable[[Any], Any]
    ) -> None:
        self._write = write
        self._parse = parse
        self._variables = {name: ContextVar[str](name) for name in VALUES}
        for name, value in VALUES.items():
            self._variables[name].set(value)

    def go(self) -> Context:
        """Write all of them, and load them into a new context."""
        text = self._write({name: var.get() for name, var in self._variables.items()})
        context = Context()
        context.run(self._bind, self._parse(text))
        return context

    def _bind(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self._variables[name].set(value)

    def read(self) -> None:
        """Read all of them."""
        for var in self._variables.values():
            var.get()


def _by(functions: tuple[Any, Any, Any, Any], timer: Timer) -> Timer:
    """Return *timer*, with JSON by these functions of ``inscope.travel.text``."""

    def run(loops: int) -> float:
        with _written_by(functions):
            return timer(loops)

    return run


@contextmanager
def _written_by(functions: tuple[Any, Any, Any, Any]) -> Iterator[None]:
    from inscope.travel import arrival, payload

    before = payload.enveloped, arrival.shaped
    _, _, arrival.shaped, payload.enveloped = functions  # type: ignore[misc]
    try:
        yield
    finally:
        payload.enveloped, arrival.shaped = before  # type: ignore[misc]
