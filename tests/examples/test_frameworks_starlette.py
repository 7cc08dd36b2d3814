"""``examples/frameworks/starlette_local.py`` gives each request its own locals.

Asked in this process, and under uvicorn over HTTP and by a websocket.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_frameworks import FRAMEWORKS, load

pytest.importorskip("starlette")
httpx: Any = pytest.importorskip("httpx")

REQUESTS = 8
START_SECONDS = 60.0
STOP_SECONDS = 20.0
AUTHORS = [f"author{number}" for number in range(REQUESTS)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the notes are kept."""
    return tmp_path / "notes.sqlite"


@pytest.fixture
def local(inscope: ModuleType, database: Path) -> ModuleType:
    """The example, on the core under test."""
    module = load("starlette_local")
    module.app.state.database = database
    return module


def _notes(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM notes")]


def _run(main: Callable[[Any], Awaitable[Any]], app: Any) -> Any:
    """Run *main* with a client of *app*, in this process."""

    async def with_client() -> Any:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as one:
            return await main(one)

    return asyncio.run(with_client())


def _add(local: ModuleType, path: str, view: Callable[..., Any]) -> None:
    local.app.add_route(path, view)


def test_whatever_is_called_finds_the_request(
    local: ModuleType, database: Path
) -> None:
    """In the event loop's thread and in another one; what was written stays."""

    async def main(client: Any) -> list[Any]:
        headers = {"x-author": "ann"}
        written = await client.post("/notes", content="milk", headers=headers)
        return [written.json(), (await client.get("/notes", headers=headers)).json()]

    expected = {"author": "ann", "notes": ["milk"]}
    assert [expected, expected] == _run(main, local.app)
    assert ["milk"] == _notes(database)


def test_requests_at_once_do_not_meet(local: ModuleType) -> None:
    """Each has its own headers, its own connection, and reads its own notes."""
    from starlette.responses import JSONResponse

    arrived: set[int] = set()
    all_here = asyncio.Event()

    async def meet(_: Any) -> JSONResponse:
        from inscope import unwrap

        arrived.add(id(unwrap(local.db)))
        if len(arrived) == REQUESTS:
            all_here.set()
        await all_here.wait()
        return JSONResponse(local.author())

    async def main(client: Any) -> list[str]:
        asking = [client.get("/meet", headers={"x-author": name}) for name in AUTHORS]
        return [answer.json() for answer in await asyncio.gather(*asking)]

    _add(local, "/meet", meet)
    assert AUTHORS == _run(main, local.app)


def test_a_request_that_fails_leaves_no_note(local: ModuleType, database: Path) -> None:
    """The connection rolls back, and is closed; the next one works."""

    async def main(client: Any) -> list[int]:
        texts = ("milk", "fail", "bread")
        answers = [await client.post("/notes", content=text) for text in texts]
        return [answer.status_code for answer in answers]

    assert [200, 500, 200] == _run(main, local.app)
    assert ["milk", "bread"] == _notes(database)


def test_who_does_not_use_the_database_does_not_connect(
    local: ModuleType, database: Path
) -> None:
    """It is made when it is first used."""

    async def main(client: Any) -> int:
        return int((await client.get("/nowhere")).status_code)

    assert 404 == _run(main, local.app)
    assert not database.exists()


def test_the_connection_is_closed_with_the_request(local: ModuleType) -> None:
    """Whoever has kept it can use it no more."""
    from starlette.responses import PlainTextResponse

    kept: list[sqlite3.Connection] = []

    def keep(_: Any) -> PlainTextResponse:
        from inscope import unwrap

        kept.append(unwrap(local.db))
        return PlainTextResponse("kept")

    async def main(client: Any) -> None:
        await client.get("/keep")

    _add(local, "/keep", keep)
    _run(main, local.app)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        kept[0].execute("SELECT 1")


def test_a_test_may_replace_the_database(local: ModuleType, database: Path) -> None:
    """For as long as a block runs, in all requests."""

    async def main(client: Any) -> Any:
        return (await client.get("/notes")).json()

    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as fake:
        fake.execute("CREATE TABLE notes (author, text)")
        fake.execute("INSERT INTO notes VALUES ('anonymous', 'fake')")
        with local.RequestScope.override(local.db, fake):
            assert ["fake"] == _run(main, local.app)["notes"]
    assert not database.exists()


def test_a_task_that_outlives_its_request_is_refused(
    inscope: ModuleType, local: ModuleType
) -> None:
    """It is told so, and does not see the next request."""
    from starlette.responses import PlainTextResponse

    tasks: list[asyncio.Task[str]] = []

    async def linger(ended: asyncio.Event) -> str:
        await ended.wait()
        return str(local.author())

    async def main(client: Any) -> None:
        ended = asyncio.Event()

        async def begin(_: Any) -> PlainTextResponse:
            tasks.append(asyncio.create_task(linger(ended)))
            return PlainTextResponse("begun")

        _add(local, "/begin", begin)
        await client.get("/begin")
        ended.set()
        with pytest.raises(inscope.ScopeClosedError, match="RequestScope is closed"):
            await tasks[0]

    _run(main, local.app)


def test_a_task_in_the_background_of_a_response_belongs_to_the_request(
    local: ModuleType, database: Path
) -> None:
    """Starlette runs it before the application returns."""
    from starlette.background import BackgroundTask
    from starlette.responses import PlainTextResponse

    def keep(text: str) -> None:
        local.db.execute("INSERT INTO notes VALUES (?, ?)", (local.author(), text))

    async def later(_: Any) -> PlainTextResponse:
        return PlainTextResponse("soon", background=BackgroundTask(keep, "late"))

    async def main(client: Any) -> None:
        await client.get("/later")

    _add(local, "/later", later)
    _run(main, local.app)
    assert ["late"] == _notes(database)


def test_the_local_does_not_read_the_body(local: ModuleType) -> None:
    """It would be gone for the view."""

    async def view(http: Any) -> Any:
        from starlette.responses import PlainTextResponse

        assert not hasattr(local.request, "body")
        return PlainTextResponse(await http.body())

    async def main(client: Any) -> str:
        return str((await client.post("/body", content="milk")).text)

    local.app.add_route("/body", view, methods=["POST"])
    assert "milk" == _run(main, local.app)


def test_outside_of_a_request_there_is_none(
    inscope: ModuleType, local: ModuleType
) -> None:
    """Neither a request nor what it would have."""
    with pytest.raises(inscope.UnboundError) as caught:
        local.author()
    assert "no request is being answered here" == str(caught.value)
    assert not inscope.is_bound(local.db)


def test_starting_and_stopping_the_application_is_no_request(
    inscope: ModuleType, local: ModuleType
) -> None:
    """The lifespan passes through."""
    said = []

    async def inner(asgi_scope: Any, receive: Any, send: Any) -> None:
        said.append((asgi_scope["type"], inscope.is_bound(local.request)))

    middleware = local.RequestScopeMiddleware(inner)
    for kind in ("lifespan", "http", "websocket"):
        asyncio.run(middleware({"type": kind, "headers": []}, None, None))
    assert [("lifespan", False), ("http", True), ("websocket", True)] == said


# Under a server


@pytest.fixture
def website(core: str, database: Path, tmp_path: Path) -> Iterator[str]:
    """Where uvicorn serves the example, on the core under test."""
    pytest.importorskip("uvicorn")
    log = tmp_path / "uvicorn.log"
    environment = os.environ | {
        "INSCOPE_CORE": core,
        "NOTES_DATABASE": str(database),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "uvicorn", "--port=0", "starlette_local:app"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=FRAMEWORKS, env=environment, stdout=output, stderr=output
        )
    try:
        yield _address(server, log)
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        finally:
            server.kill()
            server.wait()
            print(log.read_text())


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"running on http://([\d.]+:\d+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"no server within {START_SECONDS} s\n{log.read_text()}")


def _ask(website: str, author: str, text: str | None = None) -> tuple[int, Any]:
    """Write *text*, or only read; return the status and what was answered."""
    data = None if text is None else text.encode()
    asked = urllib.request.Request(f"http://{website}/notes", data)
    asked.add_header("x-author", author)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=START_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def test_visitors_at_once_have_their_own_notes_under_uvicorn(
    website: str, database: Path
) -> None:
    """Each reads what it wrote; of the request that fails nothing is kept."""

    def visit(author: str) -> list[tuple[int, Any]]:
        texts = (f"{author}'s note", "fail", None)
        return [_ask(website, author, text) for text in texts]

    with ThreadPoolExecutor(REQUESTS) as pool:
        visits = list(pool.map(visit, AUTHORS))
    own = [{"author": name, "notes": [f"{name}'s note"]} for name in AUTHORS]
    assert [[(200, one), (500, None), (200, one)] for one in own] == visits
    assert sorted(f"{name}'s note" for name in AUTHORS) == sorted(_notes(database))


def test_a_websocket_has_a_scope_under_uvicorn(website: str) -> None:
    """It reads the notes of whoever opened it, on a connection of its own."""
    client: Any = pytest.importorskip("websockets.sync.client")

    _ask(website, "ann", "milk")
    headers = {"x-author": "ann"}
    address = f"ws://{website}/notes/live"
    with client.connect(address, additional_headers=headers, proxy=None) as socket:
        assert {"author": "ann", "notes": ["milk"]} == json.loads(socket.recv())
