"""What ``./run`` says and does without a network: the one door to the project."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dev import lint
from dev.failures import SetupError
from dev.processes import follow

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "run"
COMMANDS = ("demo", "cluster", "test", "bench", "docs", "lint", "matrix", "wheel")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("run", str(SCRIPT))
    spec = importlib.util.spec_from_loader("run", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
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
    shutil.copy(SCRIPT, script)
    shutil.copytree(ROOT / "dev", tmp_path / "dev")
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


def test_a_command_ends_with_the_code_of_its_program() -> None:
    """The exit code is passed on; death by a signal is 128 more than its number."""
    exits = [sys.executable, "-c", "raise SystemExit(7)"]
    dies = [sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]

    assert [7, 143] == [follow(exits), follow(dies)]


def test_a_setup_that_fails_is_told_without_a_traceback(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason goes to the error stream and the code is 1."""

    def fail(arguments: list[str]) -> int:
        raise SetupError("no room on the disk")

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
        return follow([sys.executable, "-c", code])

    monkeypatch.setitem(run.COMMANDS, "test", command)

    assert 130 == run.main(["test"])
    assert ("cleaned up\n", "") == capfd.readouterr()


def test_lint_runs_every_check_and_names_those_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that fails does not hide what the ones after it have to say."""
    codes = {"ruff": 0, "mypy": 1, "pyright": 2, "codespell": 0}
    monkeypatch.setattr(lint, "main_environment", lambda *_: Path("/env"))
    monkeypatch.setattr(lint, "follow", lambda command: codes[Path(command[0]).name])

    assert 1 == lint.lint([])
    summary = capsys.readouterr().out.partition("== summary\n")[2]
    assert ["ok", "ok", "FAILED", "FAILED", "ok"] == [
        line.split()[-1] for line in summary.splitlines()
    ]
