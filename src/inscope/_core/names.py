"""The persistent map behind a :class:`Local`: names to values, never changed in place.

A copied context shares its values with the original, so a map that two
contexts hold must not change. To copy all of it for each write would cost time
in proportion to its size; here a write copies one small dict and the nodes
above it:

.. code-block:: text

    up to LEAF names    a leaf   {"user": …, "db": …}

    beyond              a node   [ · · ■ · · · ■ · … · | first | count ]
                                       │       │          └─ the LEAF names
                                       │       │             that came first
                     by a part of      │       └─ a leaf  {"locale": …}
                     hash(name)        └───────── a node  [ · ■ … | first | count ]

A leaf that is full is never taken apart: it becomes the *first* of a new node,
and later names go to the node's children. So no single write pays for the
growth of the map. A node of few names becomes a leaf again when names go, and
memory follows the names. Every function returns the new tree and leaves the
old one as it was. Used by ``local.py`` and ``bind.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FAN: Final = 60
"""Children of a node: with the two other fields, 62 pointers, which is the most
that fits the 512 bytes up to which CPython allocates from its own pools. One
power of two more and now and then a write costs a system call."""

FIRST: Final = FAN
COUNT: Final = FAN + 1
LEAF: Final = 32
"""Names in a leaf. Tried 8 to 32: the most that still copies as fast."""

FEW: Final = 8
"""Names at or below which a node becomes a leaf again."""

Leaf = dict[Any, Any]
Node = list[Any]
Tree = Leaf | Node  # loosely typed: it is recursive, and no cast may slow it down

EMPTY_TREE: Final[Leaf] = {}


def lookup(tree: Tree | None, name: Any) -> Any:
    """Return the value of *name*; ``KeyError`` if there is none."""
    if type(tree) is dict:
        return tree[name]
    bits = hash(name)
    while type(tree) is list:
        if name in tree[FIRST]:
            return tree[FIRST][name]
        tree = tree[bits % FAN]
        bits //= FAN
    # Asked first: the caller's dict may have a __missing__.
    if tree is None or name not in tree:
        raise KeyError(name)
    return tree[name]


def assign(tree: Tree, name: str, value: Any, bits: int) -> Tree:
    """Return *tree* with *name* set to *value*; *bits* is what is left of its hash."""
    if type(tree) is dict:
        if len(tree) < LEAF or name in tree:
            leaf = tree.copy()
            leaf[name] = value
            return leaf
        node: Node = [None] * FAN
        node += tree, LEAF
    else:
        node = tree[:]
        if name in node[FIRST]:
            first = node[FIRST].copy()
            first[name] = value
            node[FIRST] = first
            return node
    index = bits % FAN
    child: Tree | None = node[index]
    if child is None:
        node[index] = {name: value}
        node[COUNT] += 1
    elif type(child) is dict and len(child) < LEAF:
        leaf = child.copy()
        leaf[name] = value
        node[index] = leaf
        node[COUNT] += len(leaf) - len(child)
    else:
        node[index] = new = assign(child, name, value, bits // FAN)
        node[COUNT] += count(new) - count(child)
    return node


def remove(tree: Tree, name: str, bits: int) -> Tree:
    """Return *tree* without *name*, which is there; *bits* as in ``assign``."""
    if type(tree) is dict:
        leaf = tree.copy()
        del leaf[name]
        return leaf
    node: Node = tree[:]
    if name in node[FIRST]:
        node[FIRST] = remove(node[FIRST], name, bits)
    else:
        node[bits % FAN] = remove(node[bits % FAN], name, bits // FAN) or None
    node[COUNT] -= 1
    return node if node[COUNT] > FEW else dict(items(node))


def items(tree: Tree) -> Iterator[tuple[str, Any]]:
    """Yield the ``(name, value)`` pairs of *tree*."""
    if not isinstance(tree, list):
        yield from tree.items()
        return
    yield from tree[FIRST].items()
    for child in tree[:FAN]:
        if child is not None:
            yield from items(child)


def count(tree: Tree) -> int:
    """Return the number of names in *tree*."""
    return len(tree) if type(tree) is dict else tree[COUNT]
