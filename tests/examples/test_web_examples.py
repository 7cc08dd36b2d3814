"""The applications of ``examples/web`` answer over HTTP, under their real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from notebook_servers import CORES, EXAMPLES, Place, Server, require, warnings_in

httpx = pytest.importorskip("httpx")

WAITRESS = ("-m", "waitress", "--listen=127.0.0.1:0", "--threads=8")
UVICORN = ("-m", "uvicorn", "--port=0")
APPLICATIONS = {
    "bare WSGI": (*WAITRESS, "bare_wsgi:app"),
    "Flask": (*WAITRESS, "with_flask:app"),
    "Django": (*WAITRESS, "with_django:app"),
    "Starlette": (*UVICORN, "with_starlette:app"),
    "FastAPI": (*UVICORN, "with_fastapi:app"),
    "aiohttp": ("with_aiohttp.py",),
}
NEEDED = {"bare WSGI": "waitress"}
VISITORS = 20


@pytest.fixture(params=CORES, scope="module")
def way(request: pytest.FixtureRequest) -> str:
    """The core that the application runs on."""
    return str(request.param)


@pytest.fixture(params=APPLICATIONS, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    """The name of the application."""
    require(NEEDED.get(request.param, request.param.lower()))
    return str(request.param)


@pytest.fixture(scope="module")
def server(
    name: str, way: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The application, served."""
    folder = tmp_path_factory.mktemp("web")
    log = folder / "log"
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("PYTHON")
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *APPLICATIONS[name]],
            cwd=EXAMPLES / "web",
            env=environment
            | {
                "INSCOPE_CORE": way,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                "PYTHONWARNINGS": "default",
            },
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    served = Server(Place(folder, way), process, log)
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
        served.show_news()
    assert [] == warnings_in(served.text())
    assert "Traceback" not in served.text()


def test_each_visitor_is_greeted_and_counted(server: Server, name: str) -> None:
    """By a cookie, which nobody else has."""
    with httpx.Client(base_url=server.url) as ann, httpx.Client() as bob:
        for visit in (1, 2, 3):
            text = ann.get("/", params={"name": "ann"}).text
            assert f"hello ann, visit {visit}, by {name}" == text
        assert (
            f"hello bob, visit 1, by {name}" == bob.get(f"{server.url}/?name=bob").text
        )


def test_a_forged_cookie_is_a_first_visit(server: Server, name: str) -> None:
    """And no error."""
    cookies = {"session": "forged"}
    answer = httpx.get(f"{server.url}/", params={"name": "eve"}, cookies=cookies)
    assert (200, f"hello eve, visit 1, by {name}") == (answer.status_code, answer.text)


def test_visitors_at_once_do_not_meet(server: Server, name: str) -> None:
    """Each is greeted by the own name."""

    def visit(number: int) -> str:
        params = {"name": f"visitor {number}"}
        return str(httpx.get(f"{server.url}/", params=params, timeout=60).text)

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(visit, range(VISITORS)))
    expected = [f"hello visitor {one}, visit 1, by {name}" for one in range(VISITORS)]
    assert expected == texts


BY_HAND = """
import asyncio, json
import with_aiohttp as example
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from inscope.web import after_this_request, g, session

closed = []

@example.app.teardown_request
async def note(error):
    closed.append(type(error).__name__)

async def change(response):
    response.headers["X-Visitor"] = g.visitor

def use():
    g.visitor = "ann"
    session["visits"] = 5
    after_this_request(change)

async def answers(_):
    use()
    return web.Response(text="hello")

async def raises(_):
    use()
    raise web.HTTPFound("/")

async def is_replaced(_):
    use()
    after_this_request(lambda response: web.Response(status=404))
    raise web.HTTPFound("/")

for work in (answers, raises, is_replaced):
    example.website.router.add_get(f"/{work.__name__}", work)

async def main():
    async with TestClient(TestServer(example.website)) as client:
        for path in ("/answers", "/raises", "/is_replaced"):
            answer = await client.get(path, allow_redirects=False)
            visitor, cookies = answer.headers.get("X-Visitor"), answer.cookies
            print(json.dumps([answer.status, visitor, [*cookies], closed.pop()]))

asyncio.run(main())
"""


@pytest.mark.parametrize("core", CORES)
def test_what_waits_for_a_response_of_aiohttp_changes_it(core: str) -> None:
    """Of one that is raised, too; and a teardown function runs."""
    require("aiohttp")
    done = subprocess.run(
        [sys.executable, "-c", BY_HAND],
        cwd=EXAMPLES / "web",
        env=os.environ | {"INSCOPE_CORE": core, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    assert [
        [200, "ann", ["session"], "NoneType"],
        [302, "ann", ["session"], "HTTPFound"],
        [404, None, ["session"], "NoneType"],
    ] == [json.loads(line) for line in done.stdout.splitlines()]


def test_the_page_on_the_examples_names_them_all() -> None:
    """With how to run each."""
    folder: Path = EXAMPLES / "web"
    page = (folder / "README.md").read_text()
    files = sorted(one.name for one in folder.glob("*.py") if one.name != "greeting.py")
    assert len(APPLICATIONS) == len(files)
    assert [] == [name for name in files if f"[{name}]({name})" not in page]
