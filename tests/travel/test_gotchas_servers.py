"""What a request finds on a worker that has served others: a test for each server.

Each runs with one worker, so that whoever comes next meets what the last one has left.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pipelined import pipelined
from worker_cores import CORES

pytest.importorskip("werkzeug")
pytest.importorskip("itsdangerous")

HERE = Path(__file__).parent
SECONDS = 60.0
KEY = "a key of the tests"
LISTENING = re.compile(r"(?:Listening at:|Serving on) http://[\d.]+:(\d+)")

GUNICORN = ("gunicorn", "--bind=127.0.0.1:0", "--workers=1")
SERVERS: dict[str, tuple[str, ...]] = {
    "waitress": ("waitress", "--listen=127.0.0.1:0", "--threads=1"),
    "gunicorn sync": GUNICORN,
    "gunicorn gthread": (*GUNICORN, "--worker-class=gthread", "--threads=1"),
    "gunicorn gevent": (*GUNICORN, "--worker-class=gevent"),
}
KEEPS_ALIVE = {"waitress", "gunicorn gthread", "gunicorn gevent"}
"""Those that serve several requests by one connection."""

LEAKS_ANYWHERE = {"waitress", "gunicorn sync", "gunicorn gthread"}
"""Those on which a plain context variable is seen by other connections, too."""


@pytest.fixture(scope="module", params=list(SERVERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Which server it is."""
    needs = request.param.split()
    for name in needs[:1] + [one for one in needs[1:] if one == "gevent"]:
        if find_spec(name) is None:
            pytest.skip(f"needs {name}")
    if needs[0] == "gunicorn" and sys.platform == "win32":
        pytest.skip("gunicorn needs fork")
    return str(request.param)


@pytest.fixture(scope="module", params=CORES)
def served(
    request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    """A function that opens connections to the server, on each core."""
    log = tmp_path_factory.mktemp("served") / "log"
    command = [sys.executable, "-m", *SERVERS[kind], "served:application"]
    environment = os.environ | {"INSCOPE_CORE": request.param, "TEST_KEY": KEY}
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=HERE,
            env=environment | {"HOME": str(log.parent)},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield Ask(_port(process, log), request.param)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return where the server listens, as soon as it says so."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = LISTENING.search(log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(log.read_text())


class Ask:
    """Asks the server: as some names, one after the other."""

    def __init__(self, port: int, core: str) -> None:
        self.port = port
        self.core = core

    def __call__(
        self,
        path: str,
        *names: str,
        keeps_alive: bool = False,
        headers: dict[str, str] | None = None,
    ) -> list[list[str]]:
        """Return what each found: of the server, of inscope there, and in the way."""
        found: list[list[str]] = []
        connection: Any = None
        for name in names:
            if connection is None:
                connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=SECONDS
                )
            connection.request("GET", f"{path}?{name}", headers=headers or {})
            response = connection.getresponse()
            *told, core = json.loads(response.read())
            assert (200, self.core) == (response.status, core)
            found.append(told)
            if not keeps_alive:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()
        return found


def test_a_request_finds_a_context_variable_of_another_ones(
    kind: str, served: Ask
) -> None:
    """The fault: on these, also by other connections than that which has set it."""
    served("/scope", "ann")
    expected = "ann" if kind in LEAKS_ANYWHERE else "nobody"
    assert [expected] == [plain for plain, *_ in served("/scope", "bob")]

    if kind in KEEPS_ALIVE:
        alive = served("/scope", "ann", "bob", "eve", keeps_alive=True)
        assert ["ann", "bob"] == [plain for plain, *_ in alive[1:]]


WAYS = pytest.mark.parametrize("path", ["/travel", "/web", "/manager", "/scope"])


@WAYS
@pytest.mark.parametrize("keeps_alive", [False, True])
def test_a_request_finds_nothing_of_another_ones(
    served: Ask, path: str, keeps_alive: bool
) -> None:
    """By none of the ways; nor does the server keep what was set inside of one."""
    names = ["ann", "bob", "eve"]
    found = served(path, *names, keeps_alive=keeps_alive)
    assert [["nobody", "nobody"]] * 3 == [rest for _, *rest in found]


@pytest.mark.parametrize("keeps_alive", [False, True])
def test_the_user_of_a_header_is_gone_with_the_request(
    served: Ask, inscope: ModuleType, travel: ModuleType, keeps_alive: bool
) -> None:
    """The next one that comes without, by the same connection or not, is nobody's."""
    user = inscope.Var("served.user", wire=str, travels_to={"http"}, identity=True)
    with user.bind("ann"):
        text = travel.dump(travel.Boundary("http", keys=[KEY])).text
    headers = {"Inscope-Context": text}

    for _ in range(3):
        [signed] = served("/travel", "x", headers=headers)
        assert "ann" == signed[2]
        found = served("/travel", "bob", "eve", keeps_alive=keeps_alive)
        assert [["nobody", "nobody"]] * 2 == [rest for _, *rest in found]


# uvicorn, where requests are sent before the one before is answered


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_request_that_is_pipelined_behind_a_users_is_nobodys(
    inscope: ModuleType, travel: ModuleType, http: str
) -> None:
    """uvicorn begins it in the context of the one before, which has not ended."""
    plain: ContextVar[str] = ContextVar("plain", default="nobody")
    user = inscope.Var(
        "pipelined_user", default="nobody", wire=str, travels_to={"http"}, identity=True
    )
    boundary = travel.Boundary("http", keys=[KEY])

    async def app(asgi_scope: Any, receive: Any, send: Any) -> None:
        try:
            found = user.get()
        except inscope.ContextRefused:
            found = "refused"
        body = f"{plain.get()} {found}".encode()
        plain.set(found)
        user.set("left")
        headers = [(b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    requests = []
    for name in ("ann", "", "bob", "forged", ""):
        with user.bind(name):
            text = travel.dump(boundary).text if name else ""
        text = text.replace("forged", "admin")
        requests.append(("/", {"Inscope-Context": text} if name else {}))
    middleware = importlib.import_module("inscope.travel.http").ASGIMiddleware
    found = pipelined(middleware(app, boundary), http, requests)

    assert ["ann", "nobody", "bob", "refused", "nobody"] == [
        one.split()[1] for one in found
    ]
    # The fault, of a context variable: each has that of the one before.
    assert ["nobody", "ann", "nobody", "bob", "refused"] == [
        one.split()[0] for one in found
    ]
