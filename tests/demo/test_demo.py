"""The demo as its users run it: the real command, in a process of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

for package in ("waitress", "uvicorn", "gevent", "rich"):
    pytest.importorskip(package)

KINDS = ("threads", "asyncio", "greenlets")
WAYS = ("plain global", "threading.local", "contextvars", "inscope")
COMMAND = [sys.executable, "-m", "inscope", "demo"]
SVG = "{http://www.w3.org/2000/svg}"
# Long enough to be ended in the middle of it, however fast the machine is.
ENDLESS = ["--requests", "100000"]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Undo what a shell does to commands in the background: ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=folder, capture_output=True, text=True, check=False
    )


@contextmanager
def _started(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, running; killed if it is still there at the exit."""
    with _interruptible():
        process = subprocess.Popen(
            [*COMMAND, *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _server_pids(process: subprocess.Popen[str], count: int = len(KINDS)) -> list[int]:
    """Wait until the servers are up and return their processes' numbers."""
    assert process.stdout is not None
    pids: list[int] = []
    for line in process.stdout:
        pids += [int(pid) for pid in re.findall(r"process (\d+)", line)]
        if len(pids) == count:
            return pids
    message = "the demo ended before its servers were up"
    raise AssertionError(message)


def _alive(pids: Sequence[int]) -> list[int]:
    """Those of *pids* that still run."""
    left: list[int] = []
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        left.append(pid)
    return left


def _rows(output: str) -> dict[tuple[str, str], tuple[int, int]]:
    """The table: (server, way) to (requests, wrong answers)."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    kind = ""
    for line in output.splitlines():
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if len(cells) == 5 and cells[1] in WAYS:
            kind = cells[0] if cells[0] in KINDS else kind
            found[kind, cells[1]] = (int(cells[2]), int(cells[3]))
            assert float(cells[4]) > 0
    return found


def test_the_demo_shows_who_is_wrong_on_three_servers(tmp_path: Path) -> None:
    """All is answered; the global is wrong, inscope never; the picture has lanes."""
    done = _demo(tmp_path, "--requests", "60")

    assert done.returncode == 0, done.stdout + done.stderr
    rows = _rows(done.stdout)
    assert {(kind, way) for kind in KINDS for way in WAYS} == set(rows)
    assert {60} == {requests for requests, _ in rows.values()}
    for kind in KINDS:
        assert rows[kind, "plain global"][1] > 0
        assert rows[kind, "contextvars"][1] == 0
        assert rows[kind, "inscope"][1] == 0
        through = rf"{kind}: 60 of 60 requests answered over (\d+) connections"
        opened = re.search(through, done.stdout)
        assert opened is not None
        assert int(opened[1]) <= 12  # kept alive: none was opened again
    assert rows["asyncio", "threading.local"][1] > 0
    assert rows["threads", "threading.local"][1] == 0
    assert rows["greenlets", "threading.local"][1] == 0
    picture = tmp_path / "inscope-demo.svg"
    assert f"picture: {picture}" in done.stdout
    drawn = ET.parse(picture).getroot()
    panels = {group.get("id"): group for group in drawn.iter(f"{SVG}g")}
    for kind in KINDS:
        bars = panels[kind].findall(f".//{SVG}g[@class='request']")
        assert len(bars) > 1
        assert panels[kind].findall(f".//{SVG}circle[@class='wrong']")


def test_too_few_requests_show_nothing(tmp_path: Path) -> None:
    """One request meets no other: the code is 1, and the text says what to do."""
    done = _demo(tmp_path, "--requests", "1", "--servers", "threads")

    assert done.returncode == 1
    assert "the plain global was never wrong" in done.stdout
    assert "--requests" in done.stdout


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_servers_too(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Ctrl-C and SIGTERM in the middle leave no process and show no traceback."""
    with _started(tmp_path, *ENDLESS) as process:
        pids = _server_pids(process)
        assert pids == _alive(pids)
        os.killpg(process.pid, number)  # as a terminal does
        _, errors = process.communicate()

    assert code == process.returncode
    assert "Traceback" not in errors
    assert [] == _alive(pids)


def test_ctrl_c_during_the_start_is_clean(tmp_path: Path) -> None:
    """Ctrl-C before the servers are ready ends the demo without a traceback."""
    with _started(tmp_path, *ENDLESS) as process:
        assert process.stdout is not None
        process.stdout.readline()  # what is planned; the servers are not up yet
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()

    assert process.returncode == 130
    assert "Traceback" not in errors


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_servers_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    """A demo that cannot clean up any more leaves no server behind either."""
    with _started(tmp_path, *ENDLESS) as process:
        ends = [os.pidfd_open(pid) for pid in _server_pids(process)]
        process.kill()
        process.communicate()

    for end in ends:  # readable as soon as the process has ended
        ended, _, _ = select.select([end], [], [], 30)
        os.close(end)
        assert [end] == ended


def test_on_a_terminal_the_progress_is_a_live_bar(tmp_path: Path) -> None:
    """The bar is drawn on a terminal, with the counts of wrong answers beside it."""
    outer, inner = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [*COMMAND, "--requests", "60"], cwd=tmp_path, stdout=inner, env=environment
    ) as process:
        os.close(inner)
        shown = b"".join(_chunks(outer)).decode("utf-8")
    os.close(outer)

    assert process.returncode == 0
    for kind in KINDS:
        assert re.search(rf"{kind} +[^\n]*━━━[^\n]*60/60[^\n]*inscope 0", shown)


def _chunks(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal, until nobody holds it open any more."""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end
            return
        if not chunk:
            return
        yield chunk


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    """A port that is taken ends the demo with code 2 and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = _demo(tmp_path, "--servers", "threads", "--port", str(port))

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in done.stderr
    assert "--port" in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_a_server_that_dies_is_reported(tmp_path: Path) -> None:
    """What was not answered is counted, and the demo ends with code 1."""
    with _started(tmp_path, *ENDLESS, "--servers", "threads") as process:
        (pid,) = _server_pids(process, 1)
        os.kill(pid, signal.SIGKILL)
        output, errors = process.communicate()

    assert process.returncode == 1, errors
    assert "the threads server ended during the run" in output
    assert "code -9" in output
    assert "of 100000 requests were not answered" in output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--servers", "fibres"], "there is no server 'fibres'"),
        (["--requests", "0"], "must be a whole number above zero, not '0'"),
        (["--connections", "65"], "must be at most 64"),
        (["--port", "65536"], "must be at most 65535"),
        (["--port", "65535"], "no 3 ports from there on"),
        (["--output", "missing/demo.svg"], "there is no folder missing"),
        (["--output", "."], ". is a folder"),
    ],
)
def test_bad_options_are_refused(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    """Each wrong value is named before anything is started."""
    done = _demo(tmp_path, *options)

    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("package", ["waitress", "uvicorn", "gevent", "rich"])
def test_a_missing_library_is_named(tmp_path: Path, package: str) -> None:
    """Without a library of the extra, one line says which and how to get it."""
    code = (
        f"import sys; sys.modules[{package!r}] = None"
        "; from inscope.demo.cli import main; sys.exit(main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    expected = f"the demo needs {package}: pip install 'inscope[demo]'"
    assert f"inscope demo: {expected}\n" == done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 0), (["--help"], 0), (["--version"], 0), (["x"], 2)]
)
def test_the_command_line_lists_its_commands(arguments: list[str], code: int) -> None:
    """Without a command, or with an unknown one, those that exist are listed."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "inscope", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert code == done.returncode
    assert "inscope" in done.stdout or "there is no command 'x'" in done.stderr
    assert "inscope.demo" not in done.stderr.replace("inscope._core", "")
