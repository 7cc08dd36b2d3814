"""What may be given as ``like``: classes and what stands for one, nothing else."""

from __future__ import annotations

import inspect
import io
import os
import pydoc
import types
import typing
import zipfile
from collections import abc
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

import pytest


class Sized(Protocol):
    """A protocol with one method."""

    def __len__(self) -> int: ...


class Box(typing.Generic[TypeVar("T")]):
    """A generic class."""

    def __getitem__(self, index: int) -> int:
        return index


def unbound(inscope: ModuleType, like: Any) -> Any:
    """Return an unbound proxy that is shaped as *like*."""
    return inscope.LocalProxy(ContextVar("var"), like=like)


@pytest.mark.parametrize(
    ("like", "same_as"),
    [
        (list[int], list),
        (typing.List[int], list),  # noqa: UP006  (what is tested)
        (typing.List, list),  # noqa: UP006
        (typing.Annotated[int, "units"], int),
        (typing.Annotated[list[int], "units"], list),
        (Box[int], Box),
        (abc.Iterable[int], abc.Iterable),
        (typing.Iterable[int], abc.Iterable),
        (typing.Callable[[int], str], abc.Callable),
        (type[int], type),
    ],
)
def test_an_alias_is_like_its_class(
    inscope: ModuleType, like: Any, same_as: type
) -> None:
    """Generic aliases and Annotated stand for the class that they are of."""
    assert type(unbound(inscope, same_as)) is type(unbound(inscope, like))


def test_a_protocol_or_an_abc_gives_its_methods(inscope: ModuleType) -> None:
    """A proxy has what the Protocol or ABC asks for, and no more."""
    sized = inscope.LocalProxy(lambda: [1], like=Sized)
    iterator = unbound(inscope, abc.Iterator)

    assert 1 == len(sized)
    assert not isinstance(unbound(inscope, Sized), abc.Iterable)
    assert isinstance(iterator, abc.Iterator)
    assert not isinstance(iterator, abc.Sized)


def test_a_proxied_class_gives_what_its_class_has(inscope: ModuleType) -> None:
    """The mixin for annotations adds nothing to the shape."""
    proxied = types.new_class("ListProxy", (inscope.Proxied[list], list))

    assert type(unbound(inscope, list)) is type(unbound(inscope, proxied))


def test_var_and_proxy_take_like_too(inscope: ModuleType) -> None:
    """``var.proxy(like=…)`` and ``proxy(…, like=…)`` give the same type."""
    var = inscope.Var("var")
    made = [var.proxy(like=int), inscope.proxy(var, like=int), unbound(inscope, int)]

    assert 1 == len({*map(type, made)})
    assert {inscope.LocalProxy} == {type(var.proxy()), type(unbound(inscope, None))}


class Instance:
    """Its instances have a repr to be named by."""

    def __repr__(self) -> str:
        return "Instance()"


@pytest.mark.parametrize(
    ("like", "named"),
    [
        (int | str, "int | str"),
        (typing.Union[int, str], "int"),  # noqa: UP007  (what is tested)
        (typing.Optional[int], "int"),  # noqa: UP045
        (typing.Annotated[int | str, "units"], "Annotated"),
        (Any, "Any"),
        (Instance(), "Instance()"),
        ("int", "'int'"),
        (TypeVar("T"), "~T"),
        (typing.Literal[1], "Literal[1]"),
        (42, "42"),
        (len, "<built-in function len>"),
    ],
)
def test_what_is_no_class_is_refused(
    inscope: ModuleType, like: Any, named: str
) -> None:
    """It is a TypeError that names what was given."""
    with pytest.raises(TypeError) as caught:
        unbound(inscope, like)

    assert "'like' must be a class" in str(caught.value)
    assert named in str(caught.value)


def test_a_subclass_takes_no_like(inscope: ModuleType) -> None:
    """It has methods of its own; the error names it."""

    class Subclass(inscope.LocalProxy):  # type: ignore[misc]
        pass

    with pytest.raises(TypeError, match=r"'like' shapes a LocalProxy.* Subclass"):
        Subclass(int, like=int)


def test_a_path_shaped_proxy_opens_files(inscope: ModuleType, tmp_path: Path) -> None:
    """``os.fspath`` and ``open`` take it."""
    proxy = inscope.LocalProxy(lambda: tmp_path / "file", like=Path)

    proxy.write_text("text")

    with open(proxy) as file:
        assert "text" == file.read()


def test_a_proxy_without_a_shape_is_a_path_only_if_its_object_is(
    inscope: ModuleType, tmp_path: Path
) -> None:
    """It answers ``os.fspath``, yet nobody takes a proxied list for a path."""
    path, items = inscope.LocalProxy(lambda: tmp_path), inscope.LocalProxy(list)
    nothing = inscope.LocalProxy(ContextVar("nothing"))

    assert str(tmp_path) == os.fspath(path)
    assert isinstance(path, os.PathLike)
    assert not isinstance(items, os.PathLike)
    assert not isinstance(nothing, os.PathLike)
    assert not issubclass(inscope.LocalProxy, os.PathLike)
    with pytest.raises(TypeError, match="not list"):
        os.fspath(items)


def test_a_proxied_file_is_a_file_to_the_library(inscope: ModuleType) -> None:
    """What asks for a path first goes on to the file that it was given."""
    stream = io.BytesIO()

    with zipfile.ZipFile(inscope.LocalProxy(lambda: stream), "w") as archive:
        archive.writestr("name", "text")

    with zipfile.ZipFile(stream) as archive:
        assert b"text" == archive.read("name")


def test_a_subclass_that_is_a_path_says_so(inscope: ModuleType) -> None:
    """Its own ``__fspath__`` is no secret."""

    class Folder(inscope.LocalProxy):  # type: ignore[misc]
        def __fspath__(self) -> str:
            return "folder"

    folder = Folder(list)

    assert isinstance(folder, os.PathLike)
    assert "folder" == os.fspath(folder)


def test_the_type_of_a_proxy_can_be_looked_at(inscope: ModuleType) -> None:
    """``inspect`` and ``help`` find what it inherits from and what it has."""
    kind = inscope.LocalProxy

    assert kind is inspect.getmro(kind)[0]
    assert "__add__" in {entry.name for entry in inspect.classify_class_attrs(kind)}
    assert "class LocalProxy" in pydoc.render_doc(kind, renderer=pydoc.plaintext)
