"""``examples/cluster``: everybody is seen as himself, and nothing is left running.

Whatever is started has a mark in its environment, by which it is found again.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dev.redis import ABSENT, find_redis
from examples.cluster.parts import Part, free_ports, wait

psutil = pytest.importorskip("psutil")  # distributed has it
httpx = pytest.importorskip("httpx")
NEEDED = "celery", "distributed", "itsdangerous", "redis", "starlette", "uvicorn"
for needed in NEEDED:
    pytest.importorskip(needed)
if os.name != "posix":
    pytest.skip("it takes processes as POSIX has them", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "examples" / "cluster"
MARK = "CLUSTER_TEST"
SECONDS = 120.0
"""How long something may take that is not to fail on a slow machine."""

needs_redis = pytest.mark.skipif(not find_redis(), reason=ABSENT)

PEOPLE = {
    "ann of acme": "signs in",
    "bob of acme": "signs in",
    "cyd of duck": "signs in",
    "dee of duck": "by another service",
}
PLACES = ("view", "celery", "dask")

WITHOUT_REDIS = """
import pathlib, runpy, dev.redis
dev.redis.FOLDER = pathlib.Path("there is none")
runpy.run_module("examples.cluster", run_name="__main__")
"""

BY_COMMAND = """
import pathlib, runpy, sys, dev.programs
dev.programs.main_environment = lambda *_: pathlib.Path(sys.executable).parent
sys.argv[1:] = ["cluster"]
runpy.run_path("run", run_name="__main__")
"""

VERDICTS = """
import sys
from collections import Counter
from examples.cluster.__main__ import show
from examples.cluster.visitors import PLACES, Visitor

def verdict(*, dask="ann of acme", place="dask", lines=(1, 2, 3), status=401):
    ann = Visitor("ann", "acme")
    for one in PLACES:
        ann.seen[one] = Counter({"ann of acme": 3})
    ann.seen["dask"] = Counter({"ann of acme": 2}) + Counter([dask])
    logs = [f"[cluster.{one}] ann of acme: report {number}"
            for one in PLACES for number in (lines if one == place else (1, 2, 3))]
    return show([ann], status, chr(10).join(logs))

found = [verdict(), verdict(dask="bob of acme"), verdict(status=200)]
found += [verdict(place=one, lines=(1, 2)) for one in PLACES]
found += [verdict(place=one, lines=(1, 2, 3, 3)) for one in PLACES]
found += [verdict(place=one, lines=(1, 2, 3, 4)) for one in PLACES]
print(*found, file=sys.stderr)
"""


def _clean(variables: dict[str, str]) -> dict[str, str]:
    """Return an environment that has nothing of the tests' own, but *variables*."""
    dropped = ("PYTHON", "COVERAGE_", "BROKER", "DASK_", "CONTEXT_KEYS", "CELERY_")
    kept = {name for name in os.environ if not name.startswith(dropped)}
    environment = {name: os.environ[name] for name in kept}
    return environment | {"PYTHONDONTWRITEBYTECODE": "1"} | variables


@dataclass
class Marked:
    """Programs that are started here, and what is left of them."""

    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start Python with *arguments*."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            start_new_session=True,  # as of a terminal: signals are for all of it
            env=_clean({MARK: self.mark, **variables}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Return the exit code of such a program, and what it has said."""
        process = self.start(*arguments, **variables)
        said, complained = process.communicate(timeout=SECONDS)
        print(said, complained)
        return process.returncode, said, complained

    def processes(self) -> list[Any]:
        """Return the processes that are left."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == self.mark:
                    found.append(process)
        return found

    def assert_none_is_left(self) -> None:
        """Fail if there are processes; what was killed just now may take a moment."""
        deadline = time.monotonic() + 5
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [] == [process.cmdline() for process in left]


@pytest.fixture
def marked() -> Iterator[Marked]:
    """A mark of one's own; whatever has it is gone after the test."""
    programs = Marked()
    yield programs
    for process in programs.processes():
        with suppress(psutil.Error):
            process.kill()


@needs_redis
def test_everybody_is_seen_as_himself_everywhere(marked: Marked) -> None:
    """In the view, Celery's task, Dask's task, and the log lines of each."""
    code, said, complained = marked.run("-m", "examples.cluster")

    assert (0, "") == (code, complained)
    rows = [re.split(r"  +", line) for line in said.splitlines()]
    for name, how in PEOPLE.items():
        assert [name, how, *[f"{name} (3)"] * 3, "9 of 9"] in rows
    assert ["a swindler", "forges a header", "status 401"] in rows
    for place in PLACES:
        line = rf"^log: \[cluster\.{place}\] (.+): report [123]$"
        found = re.search(line, said, re.MULTILINE)
        assert found is not None, place
        assert found[1] in PEOPLE
    assert said.endswith("\nEverybody saw their own, everywhere.\n")
    marked.assert_none_is_left()


@needs_redis
@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["examples/cluster"], signal.SIGINT),
        (["examples/cluster"], signal.SIGTERM),
        (["-c", BY_COMMAND], signal.SIGINT),
    ],
    ids=["control_c", "kill", "control_c_of_run"],
)
def test_whoever_is_interrupted_leaves_nothing(
    marked: Marked, arguments: list[str], number: signal.Signals
) -> None:
    """By Ctrl-C or by ``kill``, when all parts have been started; ``./run`` as well."""
    process = marked.start(*arguments)
    assert process.stdout is not None
    for line in process.stdout:
        if "the application" in line:
            break
    assert len(marked.processes()) > 1
    os.killpg(process.pid, number)
    _, complained = process.communicate(timeout=SECONDS)

    assert (130, "stopped\n") == (process.returncode, complained)
    marked.assert_none_is_left()


def test_without_redis_it_says_how_to_get_one(marked: Marked) -> None:
    """Before anything is started."""
    code, said, complained = marked.run("-c", WITHOUT_REDIS, PATH="")

    assert (1, "") == (code, said)
    assert complained.startswith("there is no redis-server: apt install redis-server;")
    assert "or: BROKER=redis://… says where one is" in complained
    assert "or: ./run cluster, which fetches one" in complained
    marked.assert_none_is_left()


@pytest.mark.parametrize(
    ("broker", "reason"),
    [
        ("redis://:s3cr3t@127.0.0.1:1/0", "connecting to 127.0.0.1:1"),
        ("s3cr3t@somewhere", "must specify one of the following schemes"),
    ],
)
def test_a_broker_that_does_not_answer_is_an_error(
    marked: Marked, broker: str, reason: str
) -> None:
    """Its text says where none answers, and does not show the password."""
    code, said, complained = marked.run("-m", "examples.cluster", BROKER=broker)

    assert (1, "") == (code, said)
    assert complained.startswith("no Redis answers at BROKER: ")
    assert reason in complained
    assert "s3cr3t" not in complained
    marked.assert_none_is_left()


@needs_redis
def test_a_part_that_does_not_start_stops_the_others(marked: Marked) -> None:
    """The application takes keys; the text is its own."""
    code, said, complained = marked.run("-m", "examples.cluster", CONTEXT_KEYS="")

    assert 1 == code
    assert "Everybody" not in said
    assert complained.startswith("the application has ended:\n")
    assert "so it must be signed" in complained
    marked.assert_none_is_left()


def test_one_thing_that_is_wrong_is_enough(marked: Marked) -> None:
    """An answer, the swindler's status, a line too few or too many of any place."""
    code, said, complained = marked.run("-c", VERDICTS)

    assert (0, "0" + 11 * " 1" + "\n") == (code, complained)
    assert 1 == said.count("Everybody saw their own, everywhere.")
    assert 11 == said.count("Not all is well.")


def test_the_page_names_the_files_and_the_commands() -> None:
    """And the commands by which it starts the parts are the page's own."""
    page = (CLUSTER / "README.md").read_text()
    main = (CLUSTER / "__main__.py").read_text()
    files = [one.name for one in CLUSTER.glob("*.py")]

    assert [] == [name for name in files if f"({name})" not in page]
    for words in re.findall(r'^[A-Z]+ = \("-m", (.+)\)$', main, re.MULTILINE):
        assert f"`python -m {words.replace(', ', ' ').replace(chr(34), '')}`" in page


OPTIONS = {
    "dask scheduler": "--host 127.0.0.1 --port {dask} --no-dashboard --no-show",
    "dask worker": "--host 127.0.0.1 --no-dashboard",
    "celery": "--concurrency 1 --without-mingle --loglevel INFO",
    "uvicorn": "--port {web}",
    "redis-server": "--bind 127.0.0.1 --port {redis} --save '' --dir {folder}",
}
READY = {
    "dask scheduler": "Scheduler at:",
    "dask worker": "Registered to:",
    "celery": " ready.",
    "uvicorn": "Uvicorn running on",
    "redis-server": "Ready to accept connections",
}


@needs_redis
def test_each_part_is_started_alone_by_its_command(
    marked: Marked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page says; only addresses are added."""
    page = (CLUSTER / "README.md").read_text()
    commands = re.findall(r"^\|[^|]+\| `(python -m .+|redis-server)` \|$", page, re.M)
    ports = dict(zip(("dask", "web", "redis"), free_ports(3), strict=True))
    variables = {
        MARK: marked.mark,
        "BROKER": f"redis://127.0.0.1:{ports['redis']}/0",
        "DASK_SCHEDULER": f"tcp://127.0.0.1:{ports['dask']}",
        "CONTEXT_KEYS": "an old key,the new key",
    }
    environment = _clean(variables)
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with ExitStack() as running:
        parts = {}
        for command in commands:
            (kind,) = [kind for kind in READY if kind in command]
            options = OPTIONS[kind].format(**ports, folder=tmp_path)
            words = shlex.split(os.path.expandvars(f"{command} {options}"))
            program = [sys.executable] if words[0] == "python" else find_redis()
            where: Any = {"root": ROOT, "logs": tmp_path, "running": running}
            parts[kind] = Part(kind, [*program, *words[1:]], READY[kind], **where)
        wait(*parts.values())
        url = f"http://127.0.0.1:{ports['web']}/report/5"
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            for name in PEOPLE:
                headers = {"Sign-In": name.replace(" of ", "@")}
                answer = client.get(url, headers=headers)
                assert dict.fromkeys(PLACES, name) == answer.json()
            assert 401 == client.get(url).status_code
        logs = "\n".join(part.text for part in parts.values())

    assert READY.keys() == parts.keys()
    expected = sorted((place, name) for place in PLACES for name in PEOPLE)
    found = re.findall(r"^\[cluster\.(\w+)\] (.+): report 5$", logs, re.MULTILINE)
    assert expected == sorted(found)
    marked.assert_none_is_left()
