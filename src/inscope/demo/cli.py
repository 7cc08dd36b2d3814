"""``python -m inscope demo``: the options, the order of things, the exit code.

0: every request was answered, inscope was never wrong, and the plain global
was. 1: not so. 2: it could not be run (an option, a library, a port).
130 and 143: ended by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inscope.demo.load import Outcome, ask_costs, fire, plan_requests
from inscope.demo.picture import draw
from inscope.demo.processes import ServerStartError, require, running
from inscope.demo.servers import SOFTWARE
from inscope.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from inscope.demo.processes import Server

MAX_PORT = 65535
# Each is a thread of the client, and waitress accepts no more than 100.
MAX_CONNECTIONS = 64


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the options; ends with code 2 and a line on what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m inscope demo",
        description="Start real servers, send them requests of many users at once,"
        " and ask each handler who its user is: by a plain global,"
        " threading.local, contextvars and inscope.",
    )
    parser.add_argument(
        "--requests",
        type=_count,
        default=1000,
        metavar="N",
        help="for each server (%(default)s)",
    )
    parser.add_argument(
        "--users",
        type=_count,
        default=8,
        metavar="N",
        help="who send them (%(default)s)",
    )
    parser.add_argument(
        "--connections",
        type=_connections,
        default=12,
        metavar="N",
        help="open at once (%(default)s)",
    )
    parser.add_argument(
        "--servers",
        type=_kinds,
        default=",".join(SOFTWARE),
        metavar="KINDS",
        help="which servers, separated by commas (%(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="of users and pauses (%(default)s)",
    )
    parser.add_argument(
        "--output",
        type=_output,
        default="inscope-demo.svg",
        metavar="PATH",
        help="where the picture goes (%(default)s)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="of the first server, the others take the next (any free ones)",
    )
    options = parser.parse_args(arguments)
    if options.port and options.port + len(options.servers) - 1 > MAX_PORT:
        parser.error(f"argument --port: no {len(options.servers)} ports from there on")
    return options


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        message = f"must be a whole number above zero, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return number


def _connections(text: str) -> int:
    connections = _count(text)
    if connections > MAX_CONNECTIONS:
        message = f"must be at most {MAX_CONNECTIONS}, not {text}"
        raise argparse.ArgumentTypeError(message)
    return connections


def _port(text: str) -> int:
    port = _count(text)
    if port > MAX_PORT:
        message = f"must be at most {MAX_PORT}, not {text}"
        raise argparse.ArgumentTypeError(message)
    return port


def _kinds(text: str) -> list[str]:
    kinds = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for kind in kinds:
        if kind not in SOFTWARE:
            message = f"there is no server {kind!r}; there are {', '.join(SOFTWARE)}"
            raise argparse.ArgumentTypeError(message)
    return kinds


def _output(text: str) -> Path:
    """Check before the run that the picture can be written."""
    path = Path(text)
    if path.is_dir():
        message = f"{text} is a folder; give the name of a file in it"
        raise argparse.ArgumentTypeError(message)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent}"
        raise argparse.ArgumentTypeError(message)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        message = f"{text} may not be written"
        raise argparse.ArgumentTypeError(message)
    return path


def main(arguments: list[str]) -> int:
    """Run the demo and return its exit code."""
    options = parse(arguments)
    try:
        with interruptible():
            return run(options)
    except MissingExtraError as error:
        remedy = f"pip install 'inscope[{error.extra}]'"
        return _refuse(f"the demo needs {error.name}: {remedy}")
    except (ServerStartError, OSError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("\ninterrupted; the servers have been stopped", file=sys.stderr)
        return 128 + signal.SIGINT


def _refuse(message: str) -> int:
    print(f"inscope demo: {message}", file=sys.stderr)
    return 2


@contextmanager
def interruptible() -> Generator[None]:
    """Let Ctrl-C and SIGTERM unwind once; a second one does not disturb the end."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def unwind(number: int, frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, unwind)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(options: argparse.Namespace) -> int:
    """Start the servers, send the requests, show what came out."""
    require("rich", *(SOFTWARE[kind] for kind in options.servers))
    from inscope.demo import report

    console = report.make_console()
    console.print(
        f"{options.requests} requests to each server, from {options.users} users and"
        f" now and then nobody, over {options.connections} keep-alive connections,"
        f" seed {options.seed}"
    )
    outcomes = [Outcome(kind, options.requests) for kind in options.servers]
    with running(options.servers, options.port) as servers:
        report.show_servers(console, servers)
        with report.progress(console, outcomes) as advance:
            for server, outcome in zip(servers, outcomes, strict=True):
                requests = plan_requests(options.requests, options.users, options.seed)
                replies = fire(server.port, requests, options.connections, outcome)
                with closing(replies):
                    for _ in replies:
                        advance(outcome)
                report.show_done(console, outcome)
                outcome.costs = costs_of(server)
        last_words = [server.last_words() for server in servers]
    software = [server.software for server in servers]
    console.print(report.make_table(outcomes, software))
    options.output.write_text(draw(outcomes, software), encoding="utf-8")
    complaints = [
        complaint
        for outcome, words in zip(outcomes, last_words, strict=True)
        for complaint in report.complaints(outcome, words)
    ]
    for complaint in complaints:
        console.print(complaint, style="red", markup=False)
    if not complaints:
        console.print("every request was answered, and inscope was never wrong")
    console.print(f"picture: {options.output.resolve()}", markup=False)
    return 1 if complaints else 0


def costs_of(server: Server) -> dict[str, float] | None:
    """Ask *server* for the costs; None if it is gone."""
    try:
        return ask_costs(server.port)
    except OSError:
        return None
