"""The names that the programs of the probes are written with.

``world(library)`` makes them anew for each run: the classes of the library, an
empty Local, stack and context variable, and things to put behind a proxy.
"""

from __future__ import annotations

import abc
import asyncio
import collections
import contextlib
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import io
import json
import math
import operator
import os
import pathlib
import pickle
import sys
import threading
import types
import typing
import unittest.mock
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from types import ModuleType
from typing import Any

from operations import drive

MODULES = (
    *(abc, asyncio, collections, contextlib, copy, dataclasses, datetime, decimal),
    *(enum, fractions, functools, inspect, io, json, math, operator, os, pathlib),
    *(pickle, sys, threading, types, typing, weakref),
)


class Point:
    """A point."""

    __match_args__ = ("x", "y")
    kind = "point"
    x: int
    y: int

    def __init__(self, x: int = 1, y: int = 2) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"Point({self.x}, {self.y})"

    def sum(self) -> int:
        """Return the sum of both."""
        return self.x + self.y

    @property
    def broken(self) -> int:
        """Raises an AttributeError that is not about this name."""
        raise AttributeError("inside the property")

    @property
    def outside(self) -> int:
        """Raises what a callable source raises when nothing is bound."""
        raise RuntimeError("inside the property")


@dataclasses.dataclass
class Data:
    """A dataclass."""

    a: int = 1


class Colour(enum.Enum):
    """An enumeration."""

    RED = 1


class MyRuntimeError(RuntimeError):
    """A subclass of what means unbound."""


class Released:
    """Not a Local, but can be released; counts, or raises, what it is given."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.times = 0
        self.error = error

    def __release_local__(self) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error


class Body(list[bytes]):
    """A response body whose ``close`` counts, and raises if told to."""

    closed = 0
    error: Exception | None = None

    def close(self) -> None:
        """Count."""
        self.closed += 1
        if self.error is not None:
            raise self.error


class NoBody(Body):
    """A response body that cannot be iterated over."""

    def __iter__(self) -> Iterator[bytes]:
        raise KeyError("iter")


def function(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


def stream(end: Exception | None = None) -> Iterator[bytes]:
    """Give a body piece by piece; raise *end* at its end."""
    yield b"piece"
    if end is not None:
        raise end


def raiser(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises *error*."""

    def fail(*_: Any) -> Any:
        raise error

    return fail


def caught(act: Callable[[], Any]) -> Any:
    """Return the error that *act* raises."""
    try:
        act()
    except BaseException as error:
        return error
    raise AssertionError("it does not raise")


def elsewhere(act: Callable[..., Any], *arguments: Any) -> Any:
    """Do it in a copy of the context."""
    return copy_context().run(act, *arguments)


def in_thread(act: Callable[[], Any]) -> Any:
    """Do it in a thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join()
    return found[0]


def matched(subject: Any) -> str:
    """Tell which pattern *subject* matches."""
    match subject:
        case int() | float():
            return "number"
        case None:
            return "None"
        case "word":
            return "value"
        case {"a": _}:
            return "mapping"
        case [_, *_]:
            return "sequence"
        case Point(1, y):
            return f"Point {y}"
    return "nothing"


async def _await(subject: Any) -> Any:
    return await subject


async def _async_for(subject: Any) -> list[Any]:
    return [item async for item in subject]


def served(library: ModuleType, app: Callable[..., Any], *others: Any) -> list[Any]:
    """Serve one request of *app* through the middleware, and tell what happened.

    The last word is whether the Local that was filled before is clean after.
    """
    local = library.Local()
    local.user = "ann"
    manager = library.LocalManager([*others, local])
    told: list[Any] = []
    try:
        body = manager.make_middleware(app)({}, None)
        told.append(b"".join(body))
        body.close()
        told.append("closed")
    except Exception as error:
        told.append(repr(error))
    return [*told, "stale" if hasattr(local, "user") else "clean"]


def filled(library: ModuleType, number: int) -> Any:
    """Return a Local of *number* names."""
    local = library.Local()
    for index in range(number):
        setattr(local, f"name{index}", index)
    return local


def world(library: ModuleType) -> dict[str, Any]:
    """Return the names of a probe's program."""

    def subclass(*bases: type, **body: Any) -> type:
        made = types.new_class(
            "Sub", (library.LocalProxy, *bases), {}, lambda names: names.update(body)
        )
        return typing.cast("type", made)

    names = {module.__name__: module for module in MODULES}
    ours = (
        *(Point, Data, Colour, MyRuntimeError, Released, Body, NoBody, ContextVar),
        *(function, stream, raiser, caught, elsewhere, in_thread, matched, drive),
    )
    return {
        **names,
        **{thing.__name__: thing for thing in ours},
        **{
            name: getattr(library, name)
            for name in ("Local", "LocalStack", "LocalProxy", "LocalManager")
        },
        "release_local": library.release_local,
        "local": library.Local(),
        "stack": library.LocalStack(),
        "var": ContextVar("var"),
        "unbound": library.LocalProxy(ContextVar("unbound")),
        "P": lambda value: library.LocalProxy(lambda: value),
        "point": Point(),
        "mock": unittest.mock,
        "subclass": subclass,
        "served": functools.partial(served, library),
        "filled": functools.partial(filled, library),
        "awaited": lambda subject: drive(_await(subject)),
        "async_for": lambda subject: drive(_async_for(subject)),
    }
