"""Declaring a Var: what the options mean, and which contradict each other."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import types
from contextvars import copy_context
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"travels_to": {"http"}}, ValueError, "needs wire=…"),
    ({"wire": str}, ValueError, "needs travels_to={…}.*'celery', 'dask', 'http'"),
    ({"wire": str, "travels_to": "http"}, TypeError, "takes a set of boundaries"),
    ({"wire": str, "travels_to": 5}, TypeError, "takes a set of boundaries"),
    ({"wire": str, "travels_to": [5]}, TypeError, "neither a boundary nor its name"),
    ({"wire": str, "travels_to": {"htpp"}}, ValueError, "no boundary 'htpp'"),
    ({"secret": True, "log": True}, ValueError, "never logged and never leaves"),
    (
        {"secret": True, "wire": str, "travels_to": {"http"}},
        ValueError,
        "carry an id",
    ),
    ({"identity": True}, ValueError, "it needs wire=… and travels_to"),
    ({"wire": object(), "travels_to": {"http"}}, TypeError, "is no codec"),
    ({"wire": "str", "travels_to": {"http"}}, TypeError, "is no codec"),
]


@pytest.mark.parametrize(("options", "kind", "text"), OPTIONS)
def test_options_that_contradict_each_other_are_refused(
    inscope: ModuleType, options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """The error names the Var and says what would do; nothing is declared."""
    pytest.importorskip("msgspec")

    with pytest.raises(kind, match=text) as caught:
        inscope.Var("contradictory", **options)

    assert "'contradictory'" in str(caught.value)
    declared = inscope._core.declared.declared
    assert "contradictory" not in [name for name, _, _ in declared]


@pytest.mark.parametrize("wire", [str, int, bool, UUID, datetime, list[int], "JSON"])
def test_a_type_is_a_codec(travel: ModuleType, inscope: ModuleType, wire: Any) -> None:
    """The plain ones need nothing, others msgspec."""
    pytest.importorskip("msgspec")
    wire = travel.JSON if wire == "JSON" else wire

    assert "typed" == inscope.Var("typed", wire=wire, travels_to=["process"]).name


def test_what_msgspec_would_do_names_its_extra(
    inscope: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it there are the plain types."""
    monkeypatch.setitem(__import__("sys").modules, "msgspec", None)

    with pytest.raises(inscope.MissingExtraError, match=r"inscope\[msgspec\]"):
        inscope.Var("numbers", wire=list[int], travels_to={"process"})
    inscope.Var("numbers", wire=int, travels_to={"process"})


def test_a_boundary_of_ones_own_stands_for_its_name(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Its name alone could be a slip for one of ours."""
    kafka = travel.Boundary("kafka")
    topic = inscope.Var("topic", wire=str, travels_to={kafka})

    with topic.bind("orders"):
        payload = travel.dump(kafka)

    assert ("topic",) == payload.names
    assert "orders" == travel.load(payload.text, kafka).run(topic.get)


def test_two_modules_cannot_declare_one_name(inscope: ModuleType) -> None:
    """Another process could not tell them apart; both modules are named."""
    kept = inscope.Var("taken", wire=str, travels_to={"process"})
    other = types.ModuleType("another.module")
    other.__dict__["Var"] = inscope.Var
    program = "var = Var('taken', log=True)"

    with pytest.raises(ValueError, match=r"'taken' is declared by .*another\.module"):
        exec(program, other.__dict__)

    del kept
    gc.collect()
    exec(program, other.__dict__)  # now it is free


def test_a_module_that_is_loaded_again_declares_its_names_again(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """So may the cell of a notebook: the last one is what the name means."""
    first = inscope.Var("reloaded", wire=str, travels_to={"process"})
    second = inscope.Var("reloaded", wire=int, travels_to={"process"})

    with first.bind("old"), second.bind(5):
        payload = travel.dump("process")

    assert 5 == travel.load(payload.text, "process").run(second.get)


def test_a_subclass_declares_for_the_module_that_uses_it(inscope: ModuleType) -> None:
    """Not for that of the class, whose ``__init__`` calls ours."""

    class Wired(inscope.Var):  # type: ignore[misc, name-defined]
        def __init__(self, name: str) -> None:
            super().__init__(name, wire=str, travels_to={"process"})

    made = Wired("wired")
    entry = inscope._core.declared.declared.crossing["process"]["wired"]
    assert (made, __name__) == (entry.var(), entry.module)


def test_a_var_that_is_gone_is_declared_no_more(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """It is known weakly."""
    var = inscope.Var("fleeting", wire=str, travels_to={"process"}, log=True)
    context = __import__("contextvars").copy_context()
    context.run(var.set, "value")
    del var
    gc.collect()

    assert () == context.run(travel.dump, "process").names


def test_a_var_without_options_is_known_to_nobody(inscope: ModuleType) -> None:
    """It costs what it did."""
    var = inscope.Var("private")

    assert var._declaration is None
    assert not var._travels


def test_a_var_that_travels_is_pickled_by_its_name(
    travel: ModuleType, inscope: ModuleType
) -> None:
    """Where it is known, it is the same one; no value goes along."""
    var = inscope.Var("pickled", wire=str, travels_to={"process"}, default="-")
    with var.bind("s3cr3t"):
        text = pickle.dumps(var)

    assert b"s3cr3t" not in text
    assert var is pickle.loads(text)
    assert var is copy.deepcopy([var])[0]
    with pytest.raises(TypeError, match="import it where it is needed"):
        pickle.dumps(inscope.Var("not pickled", log=True))


@pytest.mark.parametrize("module", ["__main__", "declared_elsewhere"])
def test_a_pickled_var_that_is_not_known_is_imported_or_made(
    travel: ModuleType,
    inscope: ModuleType,
    module: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The functions of a notebook bring theirs along; others are imported."""
    code = "Var('unknown', wire=JSON, travels_to={'process'}, factory=list)"
    program = (
        f"from inscope import Var\nfrom inscope.travel import JSON\nvar = {code}\n"
    )
    (tmp_path / "declared_elsewhere.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    made = types.ModuleType(module)
    gc.collect()
    exec(program, made.__dict__)
    text = pickle.dumps(made.__dict__.pop("var"))
    gc.collect()
    assert "unknown" not in [name for name, _, _ in inscope._core.declared.declared]

    var = pickle.loads(text)
    again = pickle.loads(text)

    assert var is again
    assert [] == copy_context().run(var.get)  # which binds what is made
    arrival = travel.load(
        travel.dump("process", only=[]).text.replace("[]", '[["unknown",[1]]]'),
        "process",
    )
    assert [1] == arrival.run(var.get)
    if module != "__main__":
        assert var is sys.modules.pop(module).var
