"""Random programs do the same on both cores, step by step."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from types import ModuleType

import pytest
from cores import Both
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from program import GROUPS, Machine, Step
from recorded import Lines, Record

SETTINGS = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],  # not what explains by tracing
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
few, many = st.integers(0, 5), st.integers(0, 250)


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged."""
    handler, logger = Lines(), logging.getLogger("inscope")
    logger.addHandler(handler)
    logger.propagate = False
    yield handler
    logger.propagate = True
    logger.removeHandler(handler)


def _programs(group: str) -> st.SearchStrategy[list[Step]]:
    """Return programs of a group; of most, with few things to choose from."""
    numbers = many if group in ("everything", "proxies") else few
    steps = st.tuples(st.sampled_from(GROUPS[group]), numbers, many, few)
    return st.lists(steps, max_size=25)


@pytest.mark.parametrize("group", GROUPS)
@settings(SETTINGS, max_examples=500)
@given(data=st.data())
def test_a_random_program_does_the_same(
    both: Both, lines: Lines, group: str, data: st.DataObject
) -> None:
    """Value, error, text, notes, cause and what is logged agree at every step."""
    program = data.draw(_programs(group))

    def run(inscope: ModuleType) -> list[tuple[Step, Record, Record, list[str]]]:
        machine = Machine(inscope)
        done = [
            (step, machine.run(step), machine.seen(), lines.taken()) for step in program
        ]
        return [*done, (("end", 0, 0, 0), machine.end(), machine.seen(), lines.taken())]

    gc.disable()  # what it drops, it would drop at another step
    try:
        expected, actual = both.each(run)
    finally:
        gc.enable()

    for before, after in zip(expected, actual, strict=True):
        assert before == after
