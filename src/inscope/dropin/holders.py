"""Who has werkzeug's own classes already: modules that took them, and objects.

Called by ``replacement.py`` before it replaces anything. Nothing here touches a
value but by its type: a proxy, asked for anything else, would resolve.
"""

from __future__ import annotations

import gc
import sys
from functools import partial
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

NAMES = ("Local", "LocalManager", "LocalProxy", "LocalStack", "release_local")


def holders(local: ModuleType) -> dict[str, list[str]]:
    """Return the modules that hold something of the module *local*, and its names.

    That is the module itself, one of its classes or functions, a subclass, or an
    object made from one; also in a container, a function's defaults or a closure.
    What only *local* and its package hold does not count.
    """
    kept = {id(local), *(id(vars(local).get(name)) for name in NAMES)}
    classes = _classes(local)
    found: dict[str, list[str]] = {}
    for module_name, namespace in _namespaces(besides=local):
        held = _with_attributes(module_name, namespace)
        names = [
            name
            for name, value in held
            if any(
                id(thing) in kept or _comes_from(thing, classes)
                for thing in (value, *_inside(value))
            )
        ]
        if names:
            found[module_name] = names
    return found


def objects(local: ModuleType) -> list[str]:
    """Return the class of each living object that was made from *local*'s classes."""
    classes = _classes(local)
    kinds: list[type] = [type(thing) for thing in gc.get_objects()]
    return [kind.__name__ for kind in kinds if not classes.isdisjoint(_mro(kind))]


def _classes(local: ModuleType) -> set[type]:
    values = (vars(local).get(name) for name in NAMES)
    return {value for value in values if isinstance(value, type)}


def _namespaces(besides: ModuleType) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and values of every module loaded; loads no lazy one."""
    for name, module in list(sys.modules.items()):
        if module is besides or name == "werkzeug":
            continue
        try:
            yield name, dict(object.__getattribute__(module, "__dict__"))
        except (AttributeError, TypeError):  # not a module: anything may stand there
            continue


def _with_attributes(
    module: str, namespace: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a module, and of the classes it defines."""
    for name, value in namespace.items():
        yield name, value
        if type(value) is type and value.__module__ == module:
            for attribute, held in list(vars(value).items()):
                yield f"{name}.{attribute}", held


def _inside(value: Any) -> list[Any]:
    """Return what *value* holds, if it is one of the things that hold others."""
    kind = cast("type[object]", type(value))
    if kind is dict:
        return [] if value is sys.modules else list(value.values())
    if kind in (list, tuple, set, frozenset):
        return list(value)
    if kind is partial:
        return [value.func, *value.args, *value.keywords.values()]
    if kind is FunctionType:
        named: dict[str, Any] = value.__kwdefaults__ or {}
        cells: tuple[CellType, ...] = value.__closure__ or ()
        given: tuple[Any, ...] = value.__defaults__ or ()
        return [*given, *named.values(), *map(_content, cells)]
    return []


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing was assigned yet
        return None


def _comes_from(value: object, classes: set[type]) -> bool:
    """Tell whether *value* is an instance or a subclass of one of *classes*."""
    kind = type(value)
    line = _mro(value if type in _mro(kind) else kind)
    return not classes.isdisjoint(line)


def _mro(cls: Any) -> tuple[type, ...]:
    """Return what *cls* inherits from, whatever its metaclass says."""
    mro: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
    return mro
