"""Starts all parts on this machine, asks as several users at once, says who saw whom.

``./run cluster``, which installs what it takes, or ``python -m examples.cluster``, from
the project's folder. Each part is a process, which is started as on a machine of its
own; only the addresses are those of this machine.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import secrets
import signal
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

# For ``python examples/cluster``.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.cluster.parts import Part, PartError, free_ports, wait

if TYPE_CHECKING:
    from examples.cluster.visitors import Visitor

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "celery",
    "distributed",
    "httpx",
    "itsdangerous",
    "redis",
    "starlette",
    "uvicorn",
)
WEB = ("-m", "uvicorn", "examples.cluster.web:app")
CELERY = ("-m", "celery", "-A", "examples.cluster.tasks", "worker")
DASK = ("-m", "examples.cluster.work")

LINE = re.compile(r"^\[cluster\.(\w+)\] (.+): report (\d+)$", re.MULTILINE)


def main() -> int:
    """Run the demonstration; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory() as logs, ExitStack() as running:
            return demonstrate(Path(logs), running)
    except PartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def demonstrate(logs: Path, running: ExitStack) -> int:
    """Start all parts, for *running* to stop; ask, and print what came of it."""
    check_libraries()
    web_port, dask_port, redis_port = free_ports(3)
    os.environ.setdefault("CONTEXT_KEYS", secrets.token_hex(32))
    os.environ["DASK_SCHEDULER"] = f"tcp://127.0.0.1:{dask_port}"

    def start(name: str, command: list[str], ready: str) -> Part:
        print(f"starting {name}", flush=True)
        return Part(name, command, ready, root=ROOT, logs=logs, running=running)

    if not os.environ.get("BROKER"):
        command = [*redis_command(), "--port", str(redis_port), "--dir", str(logs)]
        command += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        wait(start("Redis", command, "Ready to accept connections"))
        os.environ["BROKER"] = f"redis://127.0.0.1:{redis_port}/0"
    check_broker(os.environ["BROKER"])

    python = sys.executable
    here = ["--host", "127.0.0.1", "--port", str(web_port)]
    workers = ["--concurrency", "2", "--loglevel", "INFO", "--without-mingle"]
    parts = [
        start("Dask", [python, *DASK], "the cluster is ready"),
        start("Celery", [python, *CELERY, *workers], " ready."),
        start("the application", [python, *WEB, *here], "Uvicorn running on"),
    ]
    wait(*parts)

    # It reads the environment, which has not been ready before.
    import httpx

    from examples.cluster.visitors import ask_all

    try:
        visitors, status = asyncio.run(ask_all(f"http://127.0.0.1:{web_port}"))
    except httpx.HTTPError as error:
        raise PartError(f"the application does not answer: {error!r}") from error
    code = show(visitors, status, "\n".join(part.text for part in parts))
    for part in parts if code else ():
        print(f"\n{part.name} has said:\n{part.last_lines}", file=sys.stderr)
    return code


def check_libraries() -> None:
    """Raise unless all libraries are installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise PartError(
            f"{', '.join(missing)}: not installed; ./run cluster does that;"
            " or: pip install '.[examples]'"
        )


def redis_command() -> list[str]:
    """Return what starts a Redis."""
    from dev.redis import find_redis

    found = find_redis()
    if not found:
        raise PartError(
            "there is no redis-server: apt install redis-server; or: BROKER=redis://…"
            " says where one is; or: ./run cluster, which fetches one from Debian"
        )
    return found


def check_broker(broker: str) -> None:
    """Raise unless a Redis answers at *broker*."""
    import redis

    try:
        with redis.Redis.from_url(broker, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise PartError(f"no Redis answers at BROKER: {error}") from None


def show(visitors: list[Visitor], status: int, logs: str) -> int:
    """Print what each place saw of each visitor; return the exit code."""
    from examples.cluster.visitors import PLACES, REPORTS

    lines = Counter(LINE.findall(logs))
    rows = [("who", "how", *PLACES.values(), "log lines")]
    everybody = status == 401
    for one in visitors:
        expected = [(place, one.expected, str(n)) for place in PLACES for n in REPORTS]
        right = sum(lines.pop(line, 0) == 1 for line in expected)
        everybody &= one.was_seen and right == len(expected)
        seen = [
            ", ".join(f"{who} ({n})" for who, n in one.seen[place].items())
            for place in PLACES
        ]
        rows.append((one.expected, one.how, *seen, f"{right} of {len(expected)}"))
    rows.append(("a swindler", "forges a header", f"status {status}", "", "", ""))
    print(f"\n{table(rows)}\n")
    for place in PLACES:
        found = re.search(rf"^\[cluster\.{place}\].*", logs, re.MULTILINE)
        print("log:", found[0] if found else f"nothing of {place}")
    for place, who, number in lines:  # of nobody who has asked, or once too often
        print(f"not expected in the logs: {place}, {who}, report {number}")
        everybody = False
    print()
    print("Everybody saw their own, everywhere." if everybody else "Not all is well.")
    return 0 if everybody else 1


def table(rows: list[tuple[str, ...]]) -> str:
    """Return *rows* with columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [map(str.ljust, row, widths) for row in rows]
    return "\n".join("  ".join(line).rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main())
