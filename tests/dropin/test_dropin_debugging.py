"""Flask's development server under the drop-in: the reloader and the debugger."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytest.importorskip("flask", reason="Flask is not installed")

APP = """
import flask
app = flask.Flask(__name__)

@app.get("/who")
def who():
    return f"{type(flask.request).__module__} VERSION"

@app.get("/fail/<name>")
def fail(name):
    flask.g.user = name
    raise ZeroDivisionError("on purpose")
"""


@pytest.fixture
def port() -> int:
    """A port of the loopback interface that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the application lies."""
    (tmp_path / "shop.py").write_text(APP.replace("VERSION", "one"))
    return tmp_path


@contextlib.contextmanager
def _serving(core: str, folder: Path, port: int) -> Iterator[None]:
    """Run the server with reloader and debugger, and end all of it."""
    options = ["--app", "shop.py", "run", "--debug", "--port", str(port)]
    command = [sys.executable, "-m", "inscope.dropin", "-m", "flask", *options]
    environment = {"INSCOPE_CORE": core, "WERKZEUG_DEBUG_PIN": "off"}
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that the reloader's child ends with it
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        print(log.read_text())


def _ask(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read().decode()


def _wait_for(expected: str, port: int, path: str) -> str:
    """Ask until the answer is *expected*, or half a minute; return the last one."""
    answer = ""
    deadline = time.monotonic() + 30
    while answer != expected and time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = _ask(port, path)
        time.sleep(0.05)
    return answer


def test_the_reloader_keeps_the_drop_in(core: str, folder: Path, port: int) -> None:
    """Edited while it is served, the application starts anew, on inscope again."""
    with _serving(core, folder, port):
        first = _wait_for("inscope one", port, "/who")
        (folder / "shop.py").write_text(APP.replace("VERSION", "two, longer"))
        second = _wait_for("inscope two, longer", port, "/who")

    assert first == "inscope one"
    assert second == "inscope two, longer"


def test_the_debugger_shows_the_request_that_failed(
    core: str, folder: Path, port: int
) -> None:
    """Werkzeug's debugger evaluates ``request`` and ``g`` in the frame that raised."""
    with _serving(core, folder, port):
        _wait_for("inscope one", port, "/who")
        page = _ask(port, "/fail/ann")
        _ask(port, "/fail/bob")
        secret = re.search(r'SECRET = "(\w+)"', page)
        frame = re.findall(r'id="frame-(\d+)"', page)[-1]
        assert secret is not None
        command = "(type(flask.request).__module__, flask.request.path, flask.g.user)"
        query = {"__debugger__": "yes", "cmd": command, "frm": frame, "s": secret[1]}
        shown = _ask(port, f"/fail/ann?{urlencode(query)}")

    assert "ZeroDivisionError: on purpose" in page
    answer = re.sub(r"<[^>]+>|&#39;", "", shown)
    assert "(inscope, /fail/ann, ann)" in answer
