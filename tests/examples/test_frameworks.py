"""The contexts of ``examples/frameworks`` stay as small as it is said they are.

``load`` is for the tests beside this one: it runs an example on the core under test.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import sys
import tokenize
from pathlib import Path
from types import ModuleType

import pytest

FRAMEWORKS = Path(__file__).parents[2] / "examples" / "frameworks"
LIMITS = {"flask_context": 90, "quart_contexts": 85, "starlette_local": 45}


def load(name: str) -> ModuleType:
    """Return the example of this name, new, on whatever is ``inscope`` now."""
    spec = importlib.util.spec_from_file_location(name, FRAMEWORKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines_of_code(source: str) -> int:
    """Return how many logical lines *source* has, imports and docstrings aside.

    A logical line is what Python takes for one, however it is wrapped.
    """
    aside = {
        node.end_lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    ends = [token.start[0] for token in tokens if token.type == tokenize.NEWLINE]
    return len([line for line in ends if line not in aside])


def test_lines_are_counted_as_python_sees_them() -> None:
    """Wrapped code is one line; comments, blanks, imports and docstrings are none."""
    source = '"""Text."""\n\nimport os\n\n# why\nx = (\n    1,\n)\nif x:\n    y = 2\n'
    assert 3 == lines_of_code(source)


@pytest.mark.parametrize("name", LIMITS)
def test_a_frameworks_contexts_take_less_than_a_hundred_lines(name: str) -> None:
    """Each file is under its limit, and is measured."""
    source = (FRAMEWORKS / f"{name}.py").read_text()
    assert lines_of_code(source) < LIMITS[name]


def test_each_example_is_measured() -> None:
    """A new one needs a limit."""
    assert sorted(LIMITS) == sorted(path.stem for path in FRAMEWORKS.glob("*.py"))


def test_loading_leaves_nothing_behind() -> None:
    """Each test has an example of its own."""
    pytest.importorskip("flask")
    assert load("flask_context") is not load("flask_context")
    assert "flask_context" not in sys.modules
