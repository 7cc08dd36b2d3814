"""Who is measured: proxies and storages, and what kind of thing each one is.

A contestant that is not installed is left out, and said so: the bench goes on.
"""

from __future__ import annotations

import threading
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import BY_HAND, OURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar

    Make = Callable[[ContextVar[Any]], Any]

NO_PROXY = "no proxy"
EACH_TIME = "looks the object up at each operation"
ONCE = "looks it up once, then keeps it"
NEVER = "holds the object, looks nothing up"

EXTRA = "pip install 'inscope[bench]'"


class Contestant(NamedTuple):
    """A library, and how one of its kind is made.

    Attributes:
        name: The title of its column.
        package: The distribution to install.
        kind: What it is and what it does at each operation, in a line.
        load: Imports it and returns what makes one.
        way: How a proxy comes to its object.
    """

    name: str
    package: str
    kind: str
    load: Callable[[], Callable[..., Any]]
    way: str = ""


def by_hand() -> Make:
    """Proxies are compared with no proxy: the variable itself."""
    return lambda var: var


def our_proxy() -> Make:
    """Over a ContextVar, as werkzeug's."""
    import inscope

    return inscope.LocalProxy


def werkzeug_proxy() -> Make:
    """The one that Flask uses."""
    from werkzeug.local import LocalProxy

    return LocalProxy


def celery_proxy() -> Make:
    """The one behind ``celery.current_app``."""
    from celery.local import Proxy

    return lambda var: Proxy(var.get)


def django_lazy() -> Make:
    """Made for texts to be translated: ``gettext_lazy``."""
    from django.utils.functional import lazy

    of = cache(lambda var: lazy(var.get, type(var.get())))
    return lambda var: of(var)()


def django_object() -> Make:
    """The one behind ``request.user``."""
    from django.utils.functional import SimpleLazyObject

    return lambda var: SimpleLazyObject(var.get)


def lazy_proxy() -> Make:
    """The implementation in C, where it was built."""
    from lazy_object_proxy import Proxy

    return lambda var: Proxy(var.get)


def wrapt_proxy() -> Make:
    """What its users derive from; for a function they take another class."""
    from wrapt import CallableObjectProxy, ObjectProxy

    def make(var: ContextVar[Any]) -> Any:
        target = var.get()
        function = isinstance(target, FunctionType)
        return (CallableObjectProxy if function else ObjectProxy)(target)

    return make


def zope_proxy() -> Make:
    """The class that zope.security's proxies are based on."""
    from zope.proxy import ProxyBase

    return lambda var: ProxyBase(var.get())


PROXIES = (
    Contestant(
        BY_HAND,
        "",
        "No proxy: what a careful user writes, `var.get()` of the ContextVar.",
        by_hand,
        NO_PROXY,
    ),
    Contestant(
        OURS,
        "inscope",
        "`LocalProxy` over the ContextVar; looks the object up at each operation.",
        our_proxy,
        EACH_TIME,
    ),
    Contestant(
        "werkzeug",
        "werkzeug",
        "`LocalProxy` over the ContextVar; looks the object up at each operation.",
        werkzeug_proxy,
        EACH_TIME,
    ),
    Contestant(
        "celery",
        "celery",
        "`celery.local.Proxy` over `get`; calls it at each operation.",
        celery_proxy,
        EACH_TIME,
    ),
    Contestant(
        "Django lazy",
        "Django",
        "`lazy()` over `get`; calls it at each operation; has what the class named"
        " to it has, but no instance attributes.",
        django_lazy,
        EACH_TIME,
    ),
    Contestant(
        "Django object",
        "Django",
        "`SimpleLazyObject` over `get`; calls it once and keeps the object.",
        django_object,
        ONCE,
    ),
    Contestant(
        "lazy-object-proxy",
        "lazy-object-proxy",
        "`Proxy` over `get`, in C; calls it once and keeps the object.",
        lazy_proxy,
        ONCE,
    ),
    Contestant(
        "wrapt",
        "wrapt",
        "`ObjectProxy` (`CallableObjectProxy` for a function), in C; holds the object"
        " and looks nothing up.",
        wrapt_proxy,
        NEVER,
    ),
    Contestant(
        "zope.proxy",
        "zope.proxy",
        "`ProxyBase`, in C; holds the object and looks nothing up: with wrapt, the"
        " floor of what a proxy costs.",
        zope_proxy,
        NEVER,
    ),
)


def our_local() -> Callable[[], Any]:
    """Kept in context variables."""
    import inscope

    return inscope.Local


def thread_local() -> Callable[[], Any]:
    """The standard library's."""
    return threading.local


def werkzeug_local() -> Callable[[], Any]:
    """A dict in one ContextVar, copied at each write."""
    from werkzeug.local import Local

    return Local


def asgiref_local() -> Callable[[], Any]:
    """Django's, for code that is both sync and async."""
    from asgiref.local import Local

    return Local


def gevent_local() -> Callable[[], Any]:
    """By greenlet."""
    from gevent.local import local

    return local


LOCALS = (
    Contestant(
        "threading.local",
        "",
        "The standard library's, in C; by thread, so asyncio's tasks share it.",
        thread_local,
    ),
    Contestant(OURS, "inscope", "`Local`, on context variables.", our_local),
    Contestant(
        "werkzeug",
        "werkzeug",
        "`Local`: a dict in a context variable, copied at each write.",
        werkzeug_local,
    ),
    Contestant(
        "asgiref",
        "asgiref",
        "`Local`, on a context variable; what Django uses between sync and async.",
        asgiref_local,
    ),
    Contestant(
        "gevent",
        "gevent",
        "`gevent.local.local`, in Cython; by greenlet, so asyncio's tasks share it.",
        gevent_local,
    ),
)


def loaded(
    contestants: tuple[Contestant, ...],
) -> tuple[dict[str, Callable[..., Any]], dict[str, str]]:
    """Import the contestants.

    Returns:
        What makes one, by name, of those that are installed; and of the others,
        what to say.
    """
    makers: dict[str, Callable[..., Any]] = {}
    missing = {}
    for contestant in contestants:
        try:
            makers[contestant.name] = contestant.load()
        except ImportError:
            missing[contestant.name] = (
                f"{contestant.package} is not installed, so the column"
                f" '{contestant.name}' stays empty: {EXTRA} installs it"
            )
    return makers, missing


def packages() -> list[str]:
    """Return the distributions whose versions a run is kept with."""
    found = {rival.package: None for rival in (*PROXIES, *LOCALS) if rival.package}
    return [*found, "Flask", "starlette", "pyperf"]
