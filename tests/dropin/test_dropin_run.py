"""``python -m inscope.dropin``: a program runs as it would without, on inscope."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from programs import python

WHO = """
import os, sys
from werkzeug.local import LocalProxy
print(LocalProxy.__module__, __name__, __spec__ and __spec__.name)
print(os.path.basename(sys.argv[0]), sys.argv[1:])
print(os.path.basename(sys.path[0]), os.path.isabs(sys.path[0]))
print(os.path.isabs(__file__), __builtins__)
"""
"""A program that tells whose classes it has, and what Python told it."""

PLACED = "True <module 'builtins' (built-in)>"
"""What it tells of its own file: an absolute path, as Python gives it."""


def _printed(*arguments: str | Path, core: str, folder: Path) -> list[str]:
    done = python("-m", "inscope.dropin", *arguments, core=core, folder=folder)
    assert "" == done.stderr
    assert done.returncode == 0
    return done.stdout.splitlines()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with a script, a package and an archive; each tells who it is."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "script.py").write_text(WHO)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__main__.py").write_text(WHO)
    with zipfile.ZipFile(tmp_path / "shop.pyz", "w") as archive:
        archive.writestr("__main__.py", WHO)
    return tmp_path


def test_a_file_runs_as_a_script(core: str, programs: Path) -> None:
    """``__main__``, the arguments and the folder on sys.path are the script's."""
    expected = ["inscope __main__ None", "script.py ['-m', '--x', 'y']", "bin True"]

    printed = _printed("bin/script.py", "-m", "--x", "y", core=core, folder=programs)

    assert [*expected, PLACED] == printed


def test_a_module_runs_as_with_m(core: str, programs: Path) -> None:
    """``-m shop`` runs ``shop/__main__.py`` from the working folder."""
    expected = ["inscope __main__ shop.__main__", "__main__.py ['a']"]
    expected += [f"{programs.name} True", PLACED]

    assert expected == _printed("-m", "shop", "a", core=core, folder=programs)


@pytest.mark.parametrize("name", ["shop", "shop.pyz"])
def test_a_folder_and_an_archive_run_their_main(
    core: str, name: str, programs: Path
) -> None:
    """Their ``__main__`` runs, with the folder or archive first on sys.path."""
    printed = _printed(name, "a", core=core, folder=programs)

    expected = ["inscope __main__ __main__", f"{name} ['a']", f"{name} True", PLACED]
    assert expected == printed


def test_python_itself_tells_the_same(core: str, programs: Path) -> None:
    """What the programs above print, they print without the drop-in, names aside."""
    for arguments in (["bin/script.py", "a"], ["-m", "shop", "a"], ["shop.pyz", "a"]):
        plain = python(*arguments, core=core, folder=programs)
        assert "" == plain.stderr
        expected = plain.stdout.replace("werkzeug.local", "inscope").splitlines()

        assert expected == _printed(*arguments, core=core, folder=programs)


def test_an_installed_program_runs(core: str, tmp_path: Path) -> None:
    """``flask`` and its like are found by name beside the interpreter."""
    pytest.importorskip("flask", reason="Flask is not installed")
    (tmp_path / "app.py").write_text(
        "import click, flask, sys\napp = flask.Flask('app')\n"
        "@app.cli.command()\ndef who():\n"
        "    main = sys.modules['__main__']\n"
        "    tell = f'{type(flask.g).__module__} {sys.argv[0]} {main.__file__}'\n"
        "    click.echo(f'{tell} {main.__package__}')\n"
    )
    (line,) = _printed("flask", "who", core=core, folder=tmp_path)

    origin, program, file, package = line.split()
    assert (origin, file, package) == ("inscope", program, "None")
    assert Path(program).name == "flask"
    assert Path(program).parent == Path(sys.executable).parent


LATE = """
import atexit, pickle, threading, time

def job(): ...

def late():
    time.sleep(0.05)  # the last line has run by then
    print(pickle.loads(pickle.dumps(job)) is job)

atexit.register(late)
threading.Thread(target=late).start()
"""


@pytest.mark.parametrize("arguments", [["late.py"], ["-m", "late"]])
def test_the_program_outlives_its_last_line(
    core: str, arguments: list[str], tmp_path: Path
) -> None:
    """A thread that goes on and an exit handler still find it as ``__main__``."""
    (tmp_path / "late.py").write_text(LATE)

    assert ["True", "True"] == _printed(*arguments, core=core, folder=tmp_path)


def test_a_script_has_no_features_of_ours(core: str, tmp_path: Path) -> None:
    """It is compiled as Python compiles it: its annotations are evaluated."""
    code = "def f(x: int): ...\nprint(f.__annotations__)\n"
    (tmp_path / "script.py").write_text(code)

    printed = _printed("script.py", core=core, folder=tmp_path)

    assert ["{'x': <class 'int'>}"] == printed


def test_a_pipe_runs_as_a_script(core: str, tmp_path: Path) -> None:
    """``python -m inscope.dropin <(…)``: what can be read can be run."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["print(__name__)\n"])
    writer.start()

    printed = _printed(pipe, core=core, folder=tmp_path)

    writer.join()
    assert ["__main__"] == printed


def test_after_the_program_its_names_can_be_asked(core: str, tmp_path: Path) -> None:
    """``python -i`` shows them, as it does without the drop-in."""
    (tmp_path / "script.py").write_text("number = 5\n")
    command = [sys.executable, "-i", "-m", "inscope.dropin", "script.py"]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"INSCOPE_CORE": core},
        input="print(number + 1)\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "6\n"
    assert "Traceback" not in done.stderr


def test_a_compiled_script_runs(core: str, tmp_path: Path) -> None:
    """As ``python script.pyc`` does."""
    (tmp_path / "script.py").write_text(WHO)
    py_compile.compile(str(tmp_path / "script.py"), str(tmp_path / "script.pyc"))

    first, *_ = _printed("script.pyc", core=core, folder=tmp_path)

    assert first == "inscope __main__ None"


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(7)", 7), ("raise SystemExit", 0), ("raise ValueError('x')", 1)],
)
def test_the_exit_code_is_the_programs(
    core: str, ending: str, code: int, tmp_path: Path
) -> None:
    """However the program ends, Python ends in the same way."""
    (tmp_path / "script.py").write_text(f"import sys\n{ending}\n")

    done = python("-m", "inscope.dropin", "script.py", core=core, folder=tmp_path)

    assert code == done.returncode


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "usage: python -m inscope.dropin"),
        (["-m"], "-m needs the name of a module"),
        ([""], "there is no file ''"),
        (["."], "there is no file '.'"),
        (["nothing.py"], "there is no file 'nothing.py'"),
        (["pytest_"], "is it a module? Then: -m pytest_"),
        (["--reload"], "there is no option '--reload'"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    core: str, arguments: list[str], reason: str, tmp_path: Path
) -> None:
    """Exit code 2, the reason and the remedy; no traceback."""
    done = python("-m", "inscope.dropin", *arguments, core=core, folder=tmp_path)

    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    "name", ["nowhere", "nowhere.to", "json.nowhere", "script.py", "os.path.x", ".x"]
)
def test_a_module_that_is_not_there_is_told_as_python_tells_it(
    core: str, name: str, tmp_path: Path
) -> None:
    """The same line and exit code as of ``python -m``."""
    (tmp_path / "script.py").write_text(WHO)
    plain = python("-m", name, core=core, folder=tmp_path)

    done = python("-m", "inscope.dropin", "-m", name, core=core, folder=tmp_path)

    assert plain.stderr == done.stderr
    assert plain.returncode == done.returncode == 1


def test_a_folder_does_not_hide_the_program_of_its_name(
    core: str, tmp_path: Path
) -> None:
    """``gunicorn`` runs beside a folder ``gunicorn`` that cannot be run."""
    pytest.importorskip("flask", reason="Flask is not installed")
    (tmp_path / "flask").mkdir()

    done = python(
        "-m", "inscope.dropin", "flask", "--version", core=core, folder=tmp_path
    )

    assert "Werkzeug" in done.stdout


@pytest.mark.parametrize(
    "change", ["sys.argv[:] = []", "sys.argv = []", "del sys.argv"]
)
def test_a_program_may_do_with_its_arguments_what_it_likes(
    core: str, change: str, tmp_path: Path
) -> None:
    """They are not touched again."""
    (tmp_path / "script.py").write_text(f"import sys\n{change}\n")

    assert [] == _printed("script.py", "a", core=core, folder=tmp_path)
    assert [] == _printed("-m", "script", "a", core=core, folder=tmp_path)


def test_help_shows_how_it_is_used(core: str) -> None:
    """``--help`` is an answer, not an error."""
    done = python("-m", "inscope.dropin", "--help", core=core)

    assert done.stdout.startswith("usage: python -m inscope.dropin")
    assert done.returncode == 0


def test_a_failing_import_of_a_package_is_not_hidden(core: str, tmp_path: Path) -> None:
    """``-m broken.part`` where ``broken`` raises shows what it raised."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("import not_installed_here")

    done = python(
        "-m", "inscope.dropin", "-m", "broken.part", core=core, folder=tmp_path
    )

    assert "No module named 'not_installed_here'" in done.stderr


def test_too_late_is_said_in_one_line(core: str, tmp_path: Path) -> None:
    """Started where Flask is imported already, it refuses and names who holds what."""
    (tmp_path / "site").mkdir()
    early = "import flask_like\n"
    (tmp_path / "site" / "sitecustomize.py").write_text(early)
    (tmp_path / "site" / "flask_like.py").write_text(
        "from werkzeug.local import LocalProxy\n"
    )

    done = python(
        "-m",
        "inscope.dropin",
        "-m",
        "this",
        core=core,
        PYTHONPATH=str(tmp_path / "site"),
    )

    assert "too late" in done.stderr
    assert "by flask_like." in done.stderr
    assert "Traceback" not in done.stderr
    assert "" == done.stdout
    assert done.returncode == 2


# Other processes

SERVER = """
import multiprocessing, os, subprocess, sys
import werkzeug.local

def whose(_=None):
    import werkzeug.local
    return werkzeug.local.LocalProxy.__module__

if __name__ == "__main__":
"""


def _program(folder: Path, body: str) -> Path:
    file = folder / "server.py"
    indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
    file.write_text(SERVER + indented)
    return file


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_have_it_too(core: str, method: str, tmp_path: Path) -> None:
    """A forked worker inherits it; a spawned one installs it as it starts."""
    body = f"""
with multiprocessing.get_context("{method}").Pool(2) as pool:
    print(set(pool.map(whose, range(4))))
"""
    done = _printed(_program(tmp_path, body), core=core, folder=tmp_path)

    assert ["{'inscope'}"] == done


def test_a_reloader_that_starts_python_anew_keeps_it(core: str, tmp_path: Path) -> None:
    """The command by which werkzeug's reloader restarts has the drop-in again."""
    body = """
from werkzeug._reloader import _get_args_for_reloading
print(whose(), flush=True)
if not os.environ.get("AGAIN"):
    os.environ["AGAIN"] = "1"
    sys.exit(subprocess.call(_get_args_for_reloading()))
"""
    done = _printed(_program(tmp_path, body), core=core, folder=tmp_path)

    assert ["inscope", "inscope"] == done


def test_a_program_that_replaces_itself_keeps_it(core: str, tmp_path: Path) -> None:
    """``os.execv`` of the bare script, as gunicorn's upgrade does it, keeps it too."""
    body = """
print(whose(), flush=True)
if not os.environ.get("AGAIN"):
    os.environ["AGAIN"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.argv])
"""
    done = _printed(_program(tmp_path, body), core=core, folder=tmp_path)

    assert ["inscope", "inscope"] == done


def test_an_environments_own_sitecustomize_still_runs(
    core: str, tmp_path: Path
) -> None:
    """The one that ours hides runs in each process, and may change sys.path."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys; sys.path.append('/added')\n")
    body = """
child = "import sys; print('/added' in sys.path, sys.modules['sitecustomize'].__file__)"
print(subprocess.check_output([sys.executable, "-c", child], text=True), end="")
"""
    file = _program(tmp_path, body)
    done = python(
        "-m", "inscope.dropin", file, core=core, PYTHONPATH=str(site)
    ).stdout.split()

    assert ["True", str(site / "sitecustomize.py")] == done


def test_a_python_without_inscope_is_left_alone(core: str, tmp_path: Path) -> None:
    """A child of another environment starts as ever."""
    body = """
child = [sys.executable, "-S", "-c", "import sitecustomize; print('fine')"]
print(subprocess.check_output(child, text=True, stderr=subprocess.STDOUT), end="")
"""
    done = _printed(_program(tmp_path, body), core=core, folder=tmp_path)

    assert ["fine"] == done


def test_the_entries_of_the_path_are_kept(core: str, tmp_path: Path) -> None:
    """An empty one stands for the working folder of the child."""
    body = """
child = "import os, sys; print(os.getcwd() in sys.path[1:])"
print(subprocess.check_output([sys.executable, "-c", child], text=True), end="")
"""
    file = _program(tmp_path, body)

    done = python(
        *("-m", "inscope.dropin", file),
        core=core,
        folder=tmp_path,
        PYTHONPATH=f"/else{os.pathsep}",
    )

    assert done.stdout == "True\n"


def test_the_folder_is_on_the_path_once(core: str, tmp_path: Path) -> None:
    """Started within itself, the drop-in does not add to PYTHONPATH again."""
    body = (
        "print(os.environ['PYTHONPATH'].count('child'), os.environ['PYTHONPATH'][-5:])"
    )
    file = _program(tmp_path, body)

    done = python(
        *("-m", "inscope.dropin", "-m", "inscope.dropin", file),
        core=core,
        PYTHONPATH="/else",
    )

    assert done.stdout == "1 /else\n"


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "pdb", "-c", "continue", "-c", "quit", "-m", "inscope.dropin", "FILE"],
        ["-m", "inscope.dropin", "-m", "pdb", "-c", "continue", "-c", "quit", "FILE"],
        ["-m", "trace", "--count", "-C", "OUT", "--module", "inscope.dropin", "FILE"],
        ["-m", "cProfile", "-m", "inscope.dropin", "FILE"],
    ],
    ids=["pdb-first", "pdb-inside", "trace", "profile"],
)
def test_it_works_under_a_debugger(
    core: str, command: list[str], tmp_path: Path
) -> None:
    """Debuggers and profilers stay attached: the program runs in their process."""
    file = _program(tmp_path, "print('whose:', whose(), os.getppid())")
    named = {"FILE": str(file), "OUT": str(tmp_path)}

    done = python(*(named.get(word, word) for word in command), core=core)

    assert f"whose: inscope {os.getpid()}" in done.stdout, done.stderr
