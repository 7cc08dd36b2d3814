"""What ``./run`` says and does without a network: the one door to the project."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "run"
COMMANDS = ("demo", "test", "bench", "lint", "matrix")

NETWORK_IS_DOWN = """\
WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/rich/
ERROR: Could not find a version that satisfies the requirement rich
ERROR: No matching distribution found for rich
"""
NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement gevent>=24.11
ERROR: No matching distribution found for gevent>=24.11
"""
REPORT = """\
<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10" /></testsuites>
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script as a module, for a project that lives in *tmp_path*."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("run", str(SCRIPT))
    spec = importlib.util.spec_from_loader("run", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("first")
    return module


def _run(
    *arguments: str, script: Path = SCRIPT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script as a user does."""
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command(arguments: tuple[str, ...]) -> None:
    """Without a command, or asked for help, it says in a line what each one does."""
    done = _run(*arguments)

    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    described = [words[0] for words in lines if len(words) == 2]
    assert set(COMMANDS) <= set(described)
    assert 0 == done.returncode


def test_an_unknown_command_lists_the_known_ones() -> None:
    """A mistyped command is named, all commands are listed, and the code is 2."""
    done = _run("tset")

    assert "no command 'tset'" in done.stderr
    assert all(f"  {name} " in done.stderr for name in COMMANDS)
    assert 2 == done.returncode


def test_the_script_can_be_executed() -> None:
    """It has its executable bit, so that ``./run`` works in a fresh clone."""
    assert os.access(SCRIPT, os.X_OK)


def test_an_old_python_can_read_the_script() -> None:
    """Every line is in the syntax of Python 3.7, or its message would never show."""
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 3.11 the script ends with the version it needs and Debian's package."""
    code = compile(SCRIPT.read_text(), "run", "exec", dont_inherit=True)
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))

    with pytest.raises(SystemExit) as ended:
        exec(code, {"__name__": "__main__"})

    message = str(ended.value)
    assert "needs Python 3.11 or newer, and this is Python 3.10" in message
    assert "apt install python3 python3-venv" in message


def test_without_ensurepip_it_names_the_package_to_install(tmp_path: Path) -> None:
    """Where Debian's venv package is missing, it is named with its version."""
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "ensurepip.py").write_text("raise ImportError('No module ensurepip')")
    script = tmp_path / "run"
    script.write_bytes(SCRIPT.read_bytes())
    (tmp_path / "pyproject.toml").touch()

    done = _run("test", script=script, PYTHONPATH=str(absent))

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"apt install python{version}-venv" in done.stderr
    assert "No module ensurepip" in done.stderr
    assert "Traceback" not in done.stderr
    assert 1 == done.returncode
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def control_c() -> Iterator[None]:
    """Ctrl-C interrupts, also if the suite was started where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def steps(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to an environment, noted instead of done."""
    noted: list[str] = []

    def make(environment: Path, python: str) -> None:
        (environment / "bin").mkdir(parents=True, exist_ok=True)
        noted.append(f"make for {Path(python).name}")

    def install(python: Path, extras: list[str]) -> None:
        noted.append(f"install {','.join(extras)}")

    monkeypatch.setattr(run, "make", make)
    monkeypatch.setattr(run, "install", install)
    return noted


def test_an_environment_is_made_once(
    run: ModuleType, steps: list[str], tmp_path: Path
) -> None:
    """The second time the same extras are asked for, nothing is done."""
    for _ in range(2):
        programs = run.prepared(tmp_path / "env", "/old", "test")
        assert tmp_path / "env" / "bin" == programs

    assert ["make for old", "install test"] == steps


def test_an_environment_is_updated_when_the_project_changes(
    run: ModuleType, steps: list[str], tmp_path: Path
) -> None:
    """A new pyproject.toml is installed into the environment that is there."""
    run.prepared(tmp_path / "env", "/old", "test")
    (tmp_path / "pyproject.toml").write_text("second")

    run.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "install test", "install test"] == steps


def test_an_environment_keeps_the_extras_it_has(
    run: ModuleType, steps: list[str], tmp_path: Path
) -> None:
    """Another command's extras are added, and asking for fewer changes nothing."""
    run.prepared(tmp_path / "env", "/old", "demo")
    run.prepared(tmp_path / "env", "/old", "bench")
    run.prepared(tmp_path / "env", "/old", "demo")

    assert ["make for old", "install demo", "install bench,demo"] == steps


def test_an_environment_is_made_anew_for_another_python(
    run: ModuleType, steps: list[str], tmp_path: Path
) -> None:
    """An environment serves only the interpreter it was made from."""
    run.prepared(tmp_path / "env", "/old", "test")
    run.prepared(tmp_path / "env", "/new", "test")

    assert ["make for new", "install test"] == steps[2:]


def test_an_environment_that_was_not_finished_is_made_anew(
    run: ModuleType,
    steps: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a failed installation nothing is taken to be there."""

    def fail(python: Path, extras: list[str]) -> None:
        raise run.SetupError("the network is down")

    with monkeypatch.context() as patched:
        patched.setattr(run, "install", fail)
        with pytest.raises(run.SetupError, match="network"):
            run.prepared(tmp_path / "env", "/old", "test")
    run.prepared(tmp_path / "env", "/old", "test")

    assert ["make for old", "make for old", "install test"] == steps


def test_a_network_that_is_down_is_explained(run: ModuleType) -> None:
    """pip's own words come first, then a sentence that says what is needed."""
    error = run.install_error("inscope[demo]", NETWORK_IS_DOWN)

    assert str(error).startswith(NETWORK_IS_DOWN)
    assert "inscope[demo] could not be installed" in str(error)
    assert "needs a package index" in str(error)
    assert not isinstance(error, run.NoBuildError)


def test_a_dependency_without_a_build_is_named(run: ModuleType) -> None:
    """What pip found no wheel of is told apart from a network that is down."""
    error = run.install_error("inscope[test]", NO_WHEEL)

    assert isinstance(error, run.NoBuildError)
    assert "there is no build of gevent" == run.last_line(str(error))


def test_a_command_ends_with_the_code_of_its_program(run: ModuleType) -> None:
    """The exit code is passed on; death by a signal is 128 more than its number."""
    exits = [sys.executable, "-c", "raise SystemExit(7)"]
    dies = [sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]

    assert [7, 143] == [run.follow(exits), run.follow(dies)]


def test_a_setup_that_fails_is_told_without_a_traceback(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason goes to the error stream and the code is 1."""

    def fail(arguments: list[str]) -> int:
        raise run.SetupError("no room on the disk")

    monkeypatch.setitem(run.COMMANDS, "test", fail)

    assert 1 == run.main(["test"])
    assert "run: no room on the disk\n" == capsys.readouterr().err


@pytest.mark.usefixtures("control_c")
def test_control_c_ends_quietly_and_lets_the_program_end_first(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The program gets to clean up; there is no traceback and the code is 130."""
    code = (
        "import os, signal, time\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "time.sleep(0.5); print('cleaned up')"
    )

    def command(arguments: list[str]) -> int:
        return int(run.follow([sys.executable, "-c", code]))

    monkeypatch.setitem(run.COMMANDS, "test", command)

    assert 130 == run.main(["test"])
    assert ("cleaned up\n", "") == capfd.readouterr()


def _fake_python(folder: Path, name: str, says: str, code: int = 0) -> None:
    """Put a program into *folder* that answers the script's question."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)


def test_the_matrix_finds_each_version_once_in_order(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each version counts once; what is broken, or no interpreter, is left out."""
    path, pyenv = tmp_path / "path", tmp_path / "pyenv"
    _fake_python(path, "python-running", "3.11.9 /a")
    _fake_python(path, "python3.11-config", "3.11.8 /a")
    _fake_python(path, "python3.12", "", code=127)
    _fake_python(path, "python3.13t", "3.13.1t /b")
    _fake_python(path, "python3.14", "3.14.2 /c")
    _fake_python(pyenv, "python3.13", "3.13.1 /d")
    _fake_python(pyenv, "python3.14", "3.14.2 /e")
    monkeypatch.setattr(sys, "executable", str(path / "python-running"))
    monkeypatch.setattr(run, "folders", lambda: [path, pyenv])

    found = run.find_interpreters()

    assert [
        ("3.11.9", "3.11", "/a"),
        ("3.13.1", "3.13", "/d"),
        ("3.13.1t", "3.13t", "/b"),
        ("3.14.2", "3.14", "/c"),
    ] == [(one.version, one.minor, one.path) for one in found]


def test_the_matrix_searches_path_and_pyenv(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PATH comes first, then the system's folders, then what pyenv has."""
    program = tmp_path / "versions" / "3.14.2" / "bin"
    program.mkdir(parents=True)
    monkeypatch.setenv("PATH", "/one:/two")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    found = [str(folder) for folder in run.folders()]

    assert ["/one", "/two", "/usr/local/bin", "/usr/bin", str(program)] == found


def test_the_interpreter_that_runs_is_recognised(run: ModuleType) -> None:
    """The real question put to the real interpreter gives version and place."""
    found = run.probe(Path(sys.executable))

    assert found.version.startswith("{}.{}.{}".format(*sys.version_info))
    assert os.path.realpath(sys.executable) == found.path


def test_the_matrix_ends_with_a_table(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each version, then those that were looked for and not found."""
    versions = ["3.11.9", "3.12.1", "3.14.0t"]
    found = [run.Interpreter(version, "/a") for version in versions]
    monkeypatch.setattr(run, "find_interpreters", lambda: found)
    monkeypatch.setattr(
        run, "try_on", lambda one, _: run.Outcome(one.version, True, "all well")
    )

    assert 0 == run.matrix([])
    lines = capsys.readouterr().out.splitlines()
    assert [f"{version:<10} all well" for version in versions] == lines[-4:-1]
    assert "not found: 3.13, 3.13t, 3.14, 3.15" == lines[-1]


def test_the_matrix_fails_if_one_version_does(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failure among several is enough."""
    found = [run.Interpreter(version, "/a") for version in ("3.11.9", "3.12.1")]
    monkeypatch.setattr(run, "find_interpreters", lambda: found)
    monkeypatch.setattr(
        run, "try_on", lambda one, _: run.Outcome(*one[:1], one.minor == "3.11", "")
    )

    assert 1 == run.matrix([])


@pytest.mark.parametrize(
    ("error", "path", "good"),
    [
        ("NoBuildError", "/another/python", True),
        ("NoBuildError", os.path.realpath(sys.executable), False),
        ("SetupError", "/another/python", False),
    ],
)
def test_only_a_missing_build_for_another_python_is_no_failure(
    run: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: str,
    path: str,
    good: bool,
) -> None:
    """A version that cannot be set up is reported, and counts as failed otherwise."""

    def fail(*_: object) -> Path:
        raise getattr(run, error)("pip's words\nthe reason")

    monkeypatch.setattr(run, "prepared", fail)

    outcome = run.try_on(run.Interpreter("3.15.0", path), [])

    assert ("3.15.0", good, "not set up: the reason") == outcome
    assert "pip's words" in capsys.readouterr().err


def test_the_matrix_counts_what_passed(run: ModuleType, tmp_path: Path) -> None:
    """Errors count as failures; what is neither failed nor skipped has passed."""
    (tmp_path / "report.xml").write_text(REPORT)

    expected = ["4", "passed", "3", "failed", "3", "skipped"]
    assert expected == run.counts(tmp_path / "report.xml").split()
    assert "ended before it could report" == run.counts(tmp_path / "none.xml")


def test_lint_runs_every_check_and_names_those_that_failed(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that fails does not hide what the ones after it have to say."""
    codes = {"ruff": 0, "mypy": 1, "pyright": 2, "codespell": 0}
    monkeypatch.setattr(run, "main_environment", lambda *_: Path("/env"))
    monkeypatch.setattr(run, "follow", lambda command: codes[Path(command[0]).name])

    assert 1 == run.lint([])
    summary = capsys.readouterr().out.partition("== summary\n")[2]
    assert ["ok", "ok", "FAILED", "FAILED", "ok"] == [
        line.split()[-1] for line in summary.splitlines()
    ]
