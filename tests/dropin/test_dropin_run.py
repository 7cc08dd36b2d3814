"""``python -m inscope.dropin``: a program runs as it would without, on inscope."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from programs import python

WHO = """
import os, sys
from werkzeug.local import LocalProxy
print(LocalProxy.__module__, __name__, __spec__ and __spec__.name)
print(os.path.basename(sys.argv[0]), sys.argv[1:])
print(os.path.basename(sys.path[0]))
"""
"""A program that tells whose classes it has, and what Python told it."""

SPEC = {"file": "None", "package": "shop.__main__", "folder": "__main__"}


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
    expected = ["inscope __main__ None", "script.py ['-m', '--x', 'y']", "bin"]

    printed = _printed("bin/script.py", "-m", "--x", "y", core=core, folder=programs)

    assert expected == printed


def test_a_module_runs_as_with_m(core: str, programs: Path) -> None:
    """``-m shop`` runs ``shop/__main__.py`` from the working folder."""
    expected = ["inscope __main__ shop.__main__", "__main__.py ['a']", programs.name]

    assert expected == _printed("-m", "shop", "a", core=core, folder=programs)


@pytest.mark.parametrize("name", ["shop", "shop.pyz"])
def test_a_folder_and_an_archive_run_their_main(
    core: str, name: str, programs: Path
) -> None:
    """Their ``__main__`` runs, with the folder or archive first on sys.path."""
    printed = _printed(name, "a", core=core, folder=programs)

    assert ["inscope __main__ __main__", f"{name} ['a']", name] == printed


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
        "    click.echo(f'{type(flask.g).__module__} {sys.argv[0]}')\n"
    )
    (line,) = _printed("flask", "who", core=core, folder=tmp_path)

    origin, program = line.split()
    assert origin == "inscope"
    assert Path(program).name == "flask"
    assert Path(program).parent == Path(sys.executable).parent


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
        (["-m", "nowhere"], "there is no module named 'nowhere'"),
        (["-m", "nowhere.to"], "there is no module named 'nowhere.to'"),
        (["-m", "json.nowhere"], "there is no module named 'json.nowhere'"),
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
