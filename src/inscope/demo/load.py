"""The client: many users' requests over keep-alive connections, and the check.

``cli`` makes a plan with :func:`plan_requests`, has it sent by :func:`fire`, and
hands each :class:`Reply` to an :class:`Outcome`, which counts what was wrong.
A connection is one thread with one ``http.client`` connection; all of them take
their next request from the same queue, so each serves many users in turn.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, cast

from inscope.demo.identity import WAYS
from inscope.demo.layers import LAYERS, PAUSES, Request
from inscope.demo.servers import COSTS_PATH, HOST

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from inscope.demo.layers import Answer

NAMES = ("ann", "bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ivo", "jo")
ANONYMOUS_SHARE = 0.1
PAUSE_MILLISECONDS = (1.0, 5.0)
TIMEOUT_SECONDS = 5.0
# A connection that fails this often in a row gives up.
MAX_FAILURES = 3


@dataclass(frozen=True)
class Reply:
    """What became of one request.

    Attributes:
        request: What was asked.
        connection: The number of the connection it went over.
        answer: What came back, or None.
        failure: Why nothing (sensible) came back.
    """

    request: Request
    connection: int
    answer: Answer | None = None
    failure: str | None = None

    def wrong_ways(self) -> list[str]:
        """Return the ways that named another user at one of the layers."""
        if self.answer is None:
            return []
        seen = [sighting["names"] for sighting in self.answer["sightings"]]
        user = self.request.user
        return [way for way in WAYS if any(names[way] != user for names in seen)]


@dataclass
class Outcome:
    """All replies of one server, counted.

    Attributes:
        kind: What the server's workers are.
        planned: How many requests were to be sent.
        replies: Those that were answered.
        failures: Why others were not, and how many.
        wrong: Of each way, how many requests it got wrong.
        connections: How many connections were opened.
        costs: Of each way, nanoseconds for one read.
    """

    kind: str
    planned: int
    replies: list[Reply] = field(default_factory=list[Reply])
    failures: Counter[str] = field(default_factory=Counter[str])
    wrong: Counter[str] = field(default_factory=Counter[str])
    connections: int = 0
    costs: dict[str, float] | None = None

    @property
    def unanswered(self) -> int:
        """How many of the planned requests have no answer."""
        return self.planned - len(self.replies)

    def add(self, reply: Reply) -> None:
        """Count *reply*."""
        if reply.answer is None:
            self.failures[reply.failure or "no reason known"] += 1
            return
        self.replies.append(reply)
        self.wrong.update(reply.wrong_ways())


def plan_requests(count: int, users: int, seed: int) -> list[Request]:
    """Choose who asks, in which order, and how long they pause.

    One request in ten is anonymous. The same seed gives the same plan.
    """
    chance = random.Random(seed)
    names = [user_name(number) for number in range(users)]

    def request() -> Request:
        anonymous = chance.random() < ANONYMOUS_SHARE
        user = None if anonymous else chance.choice(names)
        pauses = (round(chance.uniform(*PAUSE_MILLISECONDS), 2) for _ in range(PAUSES))
        return Request(user, tuple(pauses))

    return [request() for _ in range(count)]


def user_name(number: int) -> str:
    """Return the name of the user with this number."""
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f"{name}{number // len(NAMES) + 1}"


def fire(
    port: int, requests: Sequence[Request], connections: int, outcome: Outcome
) -> Generator[Reply]:
    """Send *requests* concurrently; yield each reply as it comes.

    Every reply is added to *outcome* before it is yielded. Left early (an
    exception, ``close()``), it cuts the connections and waits for its threads.
    """
    waiting: SimpleQueue[Request] = SimpleQueue()
    for request in requests:
        waiting.put(request)
    replies: SimpleQueue[Reply | None] = SimpleQueue()
    clients = [Client(port, number, waiting, replies) for number in range(connections)]
    started: list[Client] = []
    try:
        for client in clients:
            client.start()
            started.append(client)
        running = len(clients)
        while running:
            reply = replies.get()
            if reply is None:
                running -= 1
                continue
            outcome.add(reply)
            yield reply
    finally:
        for client in started:
            client.cut()
        for client in started:
            client.join()
        outcome.connections = sum(client.opened for client in clients)


class Client(threading.Thread):
    """One connection, and the thread that sends requests over it.

    Args:
        port: The server's.
        number: The connection's.
        waiting: Requests to send, shared by all connections.
        replies: Where each reply is put, and None at the end.
    """

    def __init__(
        self,
        port: int,
        number: int,
        waiting: SimpleQueue[Request],
        replies: SimpleQueue[Reply | None],
    ) -> None:
        super().__init__(name=f"connection {number}", daemon=True)
        self.opened: int = 0
        self._number = number
        self._waiting = waiting
        self._replies = replies
        self._cut = False
        self._http = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)

    def run(self) -> None:
        """Send requests until none waits, or too many in a row failed."""
        failures = 0
        try:
            while failures < MAX_FAILURES and not self._cut:
                reply = self._send(self._waiting.get_nowait())
                failures = 0 if reply.answer else failures + 1
                self._replies.put(reply)
        except Empty:
            pass
        finally:
            self._http.close()
            self._replies.put(None)

    def cut(self) -> None:
        """Make the thread end soon, also while it waits for a reply."""
        self._cut = True
        connected = self._http.sock
        if connected is not None:
            with suppress(OSError):  # it may have been closed just now
                connected.shutdown(socket.SHUT_RDWR)

    def _send(self, request: Request) -> Reply:
        try:
            if self._http.sock is None:
                self._http.connect()
                self.opened += 1
            if self._cut:  # before there was anything to cut
                raise ConnectionAbortedError("cut while it was opened")
            answer = self._ask(request)
        except (OSError, HTTPException, ValueError) as error:
            self._http.close()
            failure = str(error) or type(error).__name__
            return Reply(request, self._number, failure=failure)
        return Reply(request, self._number, answer)

    def _ask(self, request: Request) -> Answer:
        self._http.request("GET", f"/?{request.to_query()}")
        response = self._http.getresponse()
        body = response.read()
        if response.status != 200:
            message = f"the server answered {response.status} {response.reason}"
            raise ValueError(message)
        return check_shape(json.loads(body))


def check_shape(answer: object) -> Answer:
    """Return *answer* if it is one.

    Raises:
        ValueError: It is something else.
    """
    try:
        found = cast("Answer", answer)
        whole = all(set(WAYS) <= set(seen["names"]) for seen in found["sightings"])
        whole = whole and len(found["sightings"]) == len(LAYERS)
        whole = whole and found["began"] <= found["ended"] and bool(found["worker"])
    except (KeyError, TypeError):
        whole = False
    if not whole:
        message = f"the server answered something else: {str(answer)[:80]}"
        raise ValueError(message)
    return cast("Answer", answer)


def ask_costs(port: int) -> dict[str, float]:
    """Have the server measure what a read costs in each way, in nanoseconds.

    Raises:
        OSError: It does not answer.
    """
    connection = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS * 4)
    try:
        connection.request("GET", COSTS_PATH)
        costs: dict[str, float] = json.loads(connection.getresponse().read())
    except (HTTPException, ValueError) as error:
        message = f"no costs from the server: {error}"
        raise OSError(message) from error
    finally:
        connection.close()
    return costs
