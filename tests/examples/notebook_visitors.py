"""Those who visit the notebook over HTTP, each with cookies and a language.

A :class:`Visitor` numbers its requests, so that an answer meant for another one
is seen. ``together`` has many visit at once.
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any, TypeVar

TIMEOUT_SECONDS = 30.0
GREETINGS = {"en": "Hello", "de": "Hallo"}
TITLES = {"en": "Notebook of", "de": "Notizbuch von"}
APOLOGIES = {
    "en": "Sorry, {}, this failed.",
    "de": "Das ging schief, {}; es tut uns leid.",
}
COUNTS = {"en": ("note", "notes"), "de": ("Notiz", "Notizen")}

R = TypeVar("R")


@dataclass(frozen=True)
class Answer:
    """What a server answered, and who of its workers did."""

    status: int
    text: str
    worker: str | None

    @property
    def content(self) -> Any:
        """What the text says, as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Page:
    """What a page of the notebook shows."""

    language: str
    title: str
    count: str
    notes: list[str]

    @classmethod
    def read(cls, text: str) -> Page:
        """Take a page apart."""
        text = html.unescape(text)
        return cls(
            language=_only(r'<html lang="(\w+)">', text),
            title=_only(r"<h1>(.*)</h1>", text),
            count=_only(r'<p class="count">(.*)</p>', text),
            notes=re.findall(r"<span>(.*)</span>", text),
        )


def _only(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text)
    return str(found)


class _Refusals(urllib.request.HTTPDefaultErrorHandler):
    """Takes an answer such as 500 or 401 for an answer, too."""

    def http_error_default(self, req: Any, fp: Any, *_: Any) -> Any:
        """Return the response, where urllib would raise."""
        return fp


@dataclass
class Visitor:
    """Somebody with a browser; *jar* has their cookies, *written* their notes."""

    name: str
    language: str
    jar: CookieJar = field(default_factory=CookieJar)
    written: list[str] = field(default_factory=list)
    last_id: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def open(self, url: str, **form: str) -> HTTPResponse:
        """Ask for *url*, by POST if there is a form; the caller closes."""
        self.last_id = f"{self.name}-{next(self._numbers)}"
        headers = {"Accept-Language": self.language, "X-Request-ID": self.last_id}
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(url, data, headers)
        response: HTTPResponse = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        return response

    @functools.cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        """What knows of cookies and redirects; not of TLS, which is slow to set up."""
        opener = urllib.request.OpenerDirector()
        opener.add_handler(urllib.request.HTTPCookieProcessor(self.jar))
        opener.add_handler(urllib.request.HTTPHandler())
        opener.add_handler(urllib.request.HTTPRedirectHandler())
        opener.add_handler(urllib.request.HTTPErrorProcessor())
        opener.add_handler(_Refusals())
        return opener

    def ask(self, url: str, **form: str) -> Answer:
        """Ask for *url* and return the whole answer."""
        with closing(self.open(url, **form)) as response:
            text = response.read().decode()
            return Answer(response.status, text, response.headers.get("X-Worker"))

    def register(self, website: str) -> Page:
        """Become a user of the website, and be logged in."""
        form = {"name": self.name, "password": "x", "language": self.language}
        return Page.read(self.ask(f"{website}/register", **form).text)

    def log_in(self, website: str) -> Page:
        """Log in again."""
        answer = self.ask(f"{website}/login", name=self.name, password="x")
        return Page.read(answer.text)

    def log_out(self, website: str) -> str:
        """Log out; return the page that comes then."""
        return self.ask(f"{website}/logout", logout="yes").text

    def write(self, website: str, text: str) -> Page:
        """Write a note; return the page that comes then."""
        self.written.append(text)
        return Page.read(self.ask(f"{website}/notes", text=text).text)

    def own_page(self) -> Page:
        """Return what the page of this visitor is to show."""
        one, many = COUNTS[self.language]
        count = len(self.written)
        return Page(
            self.language,
            f"{TITLES[self.language]} {self.name}",
            f"{count} {one if count == 1 else many}",
            self.written,
        )

    def own_who(self) -> dict[str, Any]:
        """Return what a server is to know of the visitor's last request."""
        return {
            "user": self.name,
            "language": self.language,
            "greeting": f"{GREETINGS[self.language]} {self.name}",
            "request_id": self.last_id,
            "left_behind": [],
        }


_numbers = itertools.count(1)


def new_visitors(count: int) -> list[Visitor]:
    """Return visitors of names that nobody had, every other one German."""
    languages = itertools.cycle(GREETINGS)
    return [Visitor(f"user{next(_numbers)}", next(languages)) for _ in range(count)]


def together(
    visitors: Sequence[Visitor], work: Callable[[Visitor], R], rounds: int = 1
) -> list[R]:
    """Have all *visitors* do *work*, each in a thread; every round starts at once."""
    meeting = threading.Barrier(len(visitors), timeout=TIMEOUT_SECONDS)

    def visit(visitor: Visitor) -> list[R]:
        try:
            return [work(visitor) for _ in range(rounds) if meeting.wait() >= 0]
        except BaseException:
            meeting.abort()
            raise

    with ThreadPoolExecutor(len(visitors)) as pool:
        jobs = [pool.submit(visit, visitor) for visitor in visitors]
    errors = [error for job in jobs if (error := job.exception()) is not None]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [answer for job in jobs for answer in job.result()]
