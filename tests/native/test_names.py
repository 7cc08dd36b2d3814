"""The map of names: what C writes is what Python writes, and each reads the other's."""

from __future__ import annotations

import random
from typing import Any

import pytest

import inscope
from inscope import Local
from inscope._core import names

native = pytest.importorskip("inscope._core.native._native", reason="it is not built")
if inscope.CORE != "native":
    pytest.skip("the package runs on the Python core", allow_module_level=True)


class Fixed(str):
    """A name whose hash is given."""

    __slots__ = ("bits",)
    bits: int

    def __hash__(self) -> int:
        return self.bits


def fixed(text: str, bits: int) -> Fixed:
    """Return a name of that hash."""
    name = Fixed(text)
    name.bits = bits
    return name


HASHES = (-2, -(2**61), 2**61 - 2, 0, 1, 59, 60, -60, -61, 60**3 - 1, -(60**3))


def _keys(number: int) -> list[str]:
    """Return names: plain ones, and others with few hashes between them."""
    plain = [f"name{index}" for index in range(number)]
    return plain + [
        fixed(f"fixed{index}", HASHES[index % len(HASHES)]) for index in range(number)
    ]


def _tree(local: Any) -> Any:
    return native.BareLocal.__dict__["_Local__storage"].__get__(local).get()


def _shape(tree: Any) -> Any:
    """Return a tree without its values: the keys of leaves, the children of nodes."""
    if isinstance(tree, dict):
        return sorted(tree)
    if not isinstance(tree, list):
        return tree
    children = [_shape(child) for child in tree[: names.FAN]]
    return children, _shape(tree[names.FIRST]), tree[names.COUNT]


def test_the_constants_agree() -> None:
    """FAN and LEAF stand in C as they stand in Python."""
    assert (names.FAN, names.LEAF) == (native.FAN, native.LEAF)


@pytest.mark.parametrize("number", [1, 16, 17, 40, 200])
def test_c_builds_the_tree_that_python_builds(number: int) -> None:
    """Node for node and leaf for leaf, whatever the hashes and whatever goes."""
    keys = _keys(number)
    random.Random(number).shuffle(keys)
    local, tree = Local(), names.EMPTY_TREE

    for key in keys:
        tree = names.assign(tree, key, key, hash(key))
        setattr(local, key, key)
        assert names.count(tree) == len(local)
    assert _shape(tree) == _shape(_tree(local))

    for key in keys[::2]:
        tree = names.remove(tree, key, hash(key))
        delattr(local, key)
    assert _shape(tree) == _shape(_tree(local))


def test_python_reads_what_c_writes_and_c_what_python_writes() -> None:
    """Every name, by the functions of the other."""
    keys = _keys(300)
    local, other, tree = Local(), Local(), names.EMPTY_TREE
    for key in keys:
        setattr(local, key, key)
        tree = names.assign(tree, key, key, hash(key))
    native.BareLocal.__dict__["_Local__storage"].__get__(other).set(tree)

    assert keys == [names.lookup(_tree(local), key) for key in keys]
    assert keys == [getattr(other, key) for key in keys]
    with pytest.raises(KeyError):
        names.lookup(_tree(local), fixed("absent", -2))
    with pytest.raises(AttributeError, match="absent"):
        getattr(other, fixed("absent", -2))


def test_ten_thousand_names_come_and_go() -> None:
    """None is lost, and at the end nothing is left of the tree."""
    local = Local()
    keys = [f"name{index}" for index in range(10_000)]
    for key in keys:
        setattr(local, key, key)

    assert keys == [getattr(local, key) for key in keys]
    assert keys == sorted((name for name, _ in local), key=lambda name: int(name[4:]))

    for key in keys[:-1]:
        delattr(local, key)
    assert [(keys[-1], keys[-1])] == list(local)
    delattr(local, keys[-1])
    assert {} == _tree(local)


@pytest.mark.parametrize("method", ["__hash__", "__eq__"])
def test_a_name_that_raises_leaves_everything_as_it_was(method: str) -> None:
    """Its error is the caller's; no name is lost and none is half there."""
    local = Local()
    for key in _keys(100):
        setattr(local, key, key)
    before = dict(local)

    class Broken(str):
        """A name whose hash or comparison fails when it is told to."""

        __slots__ = ()
        broken = False

        def __hash__(self) -> int:
            if method == "__hash__" and Broken.broken:
                raise ZeroDivisionError
            return hash("name5")

        def __eq__(self, other: object) -> bool:
            if method == "__eq__" and Broken.broken:
                raise ZeroDivisionError
            return False

    name = Broken("name5")
    Broken.broken = True

    for act in (getattr, delattr, lambda local, name: setattr(local, name, 1)):
        with pytest.raises(ZeroDivisionError):
            act(local, name)
    assert before == dict(local)


def test_a_name_may_release_the_local_as_it_is_compared() -> None:
    """The tree that is read stays until it has been read."""
    local = Local()

    class Releasing(str):
        """A name that empties the Local it is looked for in."""

        __slots__ = ()

        def __hash__(self) -> int:
            return hash("name7")

        def __eq__(self, other: object) -> bool:
            inscope.release_local(local)
            return str.__eq__(self, other)

    for act in (getattr, delattr, lambda local, name: setattr(local, name, 1)):
        for number in (20, 200):
            for index in range(number):
                setattr(local, f"name{index}", [index])
            act(local, Releasing("name7"))
    assert not isinstance(local.name7, list)
