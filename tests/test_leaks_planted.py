"""``./run leaks`` finds what was planted, and nothing where nothing was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from dev.leaks.sanitizers import FLAGS, runtime, under_sanitizers
from dev.leaks.suite import run_with_errors_in

ROOT = Path(__file__).parent.parent

KEEPS_AN_OBJECT = """\
import subprocess
import sys

from inscope import LocalProxy

kept = []

def test_keeps():
    kept.append(LocalProxy(list))

def test_keeps_nothing():
    LocalProxy(list)

def test_fills_a_cache():
    if not kept[20:]:
        kept.append(LocalProxy(list))

def test_starts_a_process():
    subprocess.run([sys.executable, "-c", ""], check=True)
    kept.append(LocalProxy(list))
"""

MODULE = """\
#include <Python.h>

static PyObject *
lose(PyObject *module, PyObject *ignored)
{
    void *volatile lost = malloc(77);
    lost = NULL;
    return Py_NewRef(lost == NULL ? Py_None : Py_True);
}

static PyObject *
overrun(PyObject *module, PyObject *ignored)
{
    char *block = malloc(8);
    volatile int after = 8;
    block[after] = 1;
    free(block);
    return Py_NewRef(Py_None);
}

static PyObject *
overflow(PyObject *module, PyObject *ignored)
{
    volatile int most = 2147483647;
    return PyLong_FromLong(most + 1);
}

static PyObject *
nothing(PyObject *module, PyObject *ignored)
{
    return Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"lose", lose, METH_NOARGS},
    {"overrun", overrun, METH_NOARGS},
    {"overflow", overflow, METH_NOARGS},
    {"nothing", nothing, METH_NOARGS},
    {NULL},
};

static struct PyModuleDef planted = {
    PyModuleDef_HEAD_INIT, "planted", NULL, 0, functions};

PyMODINIT_FUNC
PyInit_planted(void)
{
    return PyModuleDef_Init(&planted);
}
"""


@pytest.mark.parametrize("processes", [0, 2])
def test_an_object_that_is_kept_each_time_is_found(
    tmp_path: Path, processes: int
) -> None:
    """A test that keeps one fails; its neighbours pass, one of them run only once."""
    (tmp_path / "test_it.py").write_text(KEEPS_AN_OBJECT)
    options = ["-p", "dev.leaks.counting", "-p", "no:cacheprovider", "-q", "-rA"]
    options += ["-n", str(processes), "test_it.py"]
    command = [sys.executable, "-m", "pytest", *options]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | paths,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "our objects: a leak" in done.stdout
    assert "FAILED test_it.py::test_keeps" in done.stdout
    assert "PASSED test_it.py::test_keeps_nothing" in done.stdout
    assert "or is slow: 1 tests" in done.stdout
    assert "1 failed, 3 passed" in done.stdout


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an extension module with faults, built as the core is."""
    if not runtime():
        pytest.skip("gcc has no sanitizers: apt install gcc")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("without the GIL Python takes no other allocator than its own")
    headers = sysconfig.get_path("include")
    if not Path(headers, "Python.h").exists():
        pytest.skip("the headers of Python are missing: apt install python3-dev")
    folder = tmp_path_factory.mktemp("planted")
    source = folder / "planted.c"
    source.write_text(MODULE)
    target = folder / f"planted{sysconfig.get_config_var('EXT_SUFFIX')}"
    gcc = shutil.which("gcc") or "gcc"
    options = ["-shared", "-fPIC", "-g", "-O1", *FLAGS.split(), f"-I{headers}"]
    command = [gcc, *options, str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return folder


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("lose", "Direct leak of"),
        ("overrun", "runtime error: store to address"),
        ("overflow", "runtime error: signed integer overflow"),
        ("nothing", ""),
    ],
)
def test_what_a_sanitizer_sees_is_in_its_report(
    fault: str, words: str, planted: Path, tmp_path: Path
) -> None:
    """A leak, a write past the end and an overflow are each reported."""
    environment = under_sanitizers(runtime(), tmp_path)
    code = f"import planted\nfor _ in range(3): planted.{fault}()"

    command = [sys.executable, "-c", code]
    run_with_errors_in(tmp_path / "stderr", command, planted, environment)

    reports = [file.read_text() for file in tmp_path.iterdir()]
    mine = [text for text in reports if f"in {fault}" in text]
    assert bool(words) == bool(mine)
    assert words in "".join(mine)
