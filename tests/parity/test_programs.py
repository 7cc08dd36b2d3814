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
from program import STEPS, Machine, Step
from recorded import Lines, Record

SETTINGS = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],  # not what explains by tracing
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
numbers = st.integers(0, 250)
programs = st.lists(
    st.tuples(st.sampled_from(STEPS), numbers, numbers, numbers), max_size=25
)


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged."""
    handler, logger = Lines(), logging.getLogger("inscope")
    logger.addHandler(handler)
    logger.propagate = False
    yield handler
    logger.propagate = True
    logger.removeHandler(handler)


@settings(SETTINGS, max_examples=1500)
@given(program=programs)
def test_a_random_program_does_the_same(
    both: Both, lines: Lines, program: list[Step]
) -> None:
    """Value, error, text, notes, cause and what is logged agree at every step."""

    def run(inscope: ModuleType) -> list[tuple[Step, Record, list[str]]]:
        machine = Machine(inscope)
        done = [(step, machine.run(step), lines.taken()) for step in program]
        return [*done, (("end", 0, 0, 0), machine.end(), lines.taken())]

    gc.disable()  # what it drops, it would drop at another step
    expected, actual = both.each(run)
    gc.enable()

    for before, after in zip(expected, actual, strict=True):
        assert before == after
