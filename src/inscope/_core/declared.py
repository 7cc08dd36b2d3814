"""What Vars are declared for: where their values may go, and who may see them.

``Var(…)`` declares here; ``inscope.travel`` and ``inscope.logs`` ask. Only a Var with
one of these options is known here, weakly, by its name: that is what processes have in
common.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from weakref import ref

from inscope._core.codecs import STRING, codec_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from inscope._core.var import CellVar

__all__ = ["BOUNDARIES", "Declaration", "Registry", "declared", "made_declaration"]

BOUNDARIES: Final = ("celery", "dask", "http", "process")
"""What values are carried across by inscope itself."""


class Declaration(NamedTuple):
    """What one Var is declared for.

    Attributes:
        codec: The ``Codec`` that writes its values for the wire and reads them;
            ``None`` if they stay.
        travels_to: The names of the boundaries that they cross.
        identity: Whether they say who somebody is, and are believed only if signed.
        secret: Whether they are never shown and never leave.
        log: Whether logs show them.
    """

    codec: Any
    travels_to: frozenset[str]
    identity: bool
    secret: bool
    log: bool


def made_declaration(
    name: str,
    wire: Any,
    travels_to: Any,
    *,
    identity: bool,
    secret: bool,
    log: bool,
) -> Declaration:
    """Return the declaration that the options of the Var *name* ask for.

    Raises:
        TypeError: *wire* or *travels_to* is not of a kind that can be used.
        ValueError: The options contradict each other, or name no boundary.
    """
    boundaries = frozenset(_names(name, travels_to))
    reason = None
    if boundaries and wire is None:
        reason = "travels_to=… needs wire=…, which says how its values are written"
    elif wire is not None and not boundaries:
        reason = (
            "wire=… needs travels_to={…}, which says where its values may go:"
            f" {_listed()}"
        )
    elif secret and (boundaries or log):
        reason = (
            "a secret is never logged and never leaves; carry an id, and look the"
            " secret up where it is needed"
        )
    elif identity and not boundaries:
        reason = "identity=True is about what arrives: it needs wire=… and travels_to"
    if reason is not None:
        message = f"Var {name!r}: {reason}"
        raise ValueError(message)
    codec = None if wire is None else codec_for(name, wire)
    return Declaration(codec, boundaries, identity, secret, log)


def _names(name: str, travels_to: Any) -> Iterator[str]:
    """Return the names of the boundaries in *travels_to*.

    A ``Boundary`` of somebody's own stands for itself; a name must be one of ours, or a
    slip would quietly keep the value here.
    """
    if isinstance(travels_to, str) or not hasattr(travels_to, "__iter__"):
        message = (
            f"Var {name!r}: travels_to takes a set of boundaries, such as"
            f" {{'http'}}, not {travels_to!r}"
        )
        raise TypeError(message)
    for one in travels_to:
        if not isinstance(one, str):
            own = getattr(one, "name", None)
            if not isinstance(own, str):
                message = f"Var {name!r}: {one!r} is neither a boundary nor its name"
                raise TypeError(message)
            yield own
        elif one in BOUNDARIES:
            yield one
        else:
            message = (
                f"Var {name!r}: there is no boundary {one!r}; there are {_listed()},"
                " and for one of your own a Boundary(name) in place of its name"
            )
            raise ValueError(message)


def _listed() -> str:
    return ", ".join(map(repr, BOUNDARIES))


PROGRAMS: Final = ("__main__", "__mp_main__")
"""What cannot be imported elsewhere."""


class Entry(NamedTuple):
    """One Var that is declared; what is hot of it comes first.

    Most values are strings of ASCII: *is_str* says that such a one may be written, and
    read, as it is, so that no codec is asked.
    """

    var: ref[CellVar[Any]]
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    is_str: bool
    identity: bool
    declaration: Declaration
    module: str


class ByBoundary(dict[str, dict[str, Entry]]):
    """What crosses each boundary, by name; found out when it is first asked for."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        super().__init__()
        self._entries = entries

    def __missing__(self, boundary: str) -> dict[str, Entry]:
        found = self[boundary] = {
            name: one
            for name, one in self._entries.items()
            if boundary in one.declaration.travels_to
        }
        return found


class Registry:
    """The Vars that are declared, by name; those that are gone are passed over.

    Attributes:
        crossing: What crosses each boundary, as of now: to be asked for each time.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = allocate_lock()
        self.crossing = ByBoundary({})

    def add(
        self, var: CellVar[Any], declaration: Declaration, module: str | None = None
    ) -> None:
        """Let *var* be what its name means.

        In the module that declared the name, another Var takes its place: the module
        is loaded again, or the cell of a notebook run again. Which module that is, the
        frames tell, if *module* does not.

        Raises:
            ValueError: Another module has declared the name.
        """
        name, module = var.name, module or _module_of_caller()
        with self._lock:
            present = self._entries.get(name)
            if present and self._alive(name) is not None and present.module != module:
                message = (
                    f"Var {name!r} is declared by {present.module} already, and now by"
                    f" {module}: other processes know a Var by its name, so it must be"
                    " unique. Import the one that is there"
                )
                raise ValueError(message)
            alive = {
                name: one
                for name, one in self._entries.items()
                if one.var() is not None
            }
            # New mappings, not changed ones: whoever reads has no lock.
            self._entries = {**alive, name: _entry(var, declaration, module)}
            self.crossing = ByBoundary(self._entries)

    def find(self, name: str, module: str) -> Any:
        """Return the Var *name*, which *module* declares if it can be imported.

        ``None`` if there is none: it was made in a program, and not in a module.
        """
        found = self._alive(name)
        if found is None and module not in PROGRAMS:
            import_module(module)
            found = self._alive(name)
        return found

    def _alive(self, name: str) -> Any:
        entry = self._entries.get(name)
        return None if entry is None else entry.var()

    def module_of(self, var: CellVar[Any]) -> str:
        """Return the module that declares *var*."""
        return self._entries[var.name].module

    def __iter__(self) -> Iterator[tuple[str, CellVar[Any], Declaration]]:
        for name, entry in self._entries.items():
            var = entry.var()
            if var is not None:
                yield name, var, entry.declaration


def _entry(var: CellVar[Any], declaration: Declaration, module: str) -> Entry:
    codec = declaration.codec
    return Entry(
        ref(var),
        encode=getattr(codec, "encode", refused),
        decode=getattr(codec, "decode", refused),
        is_str=codec is STRING,
        identity=declaration.identity,
        declaration=declaration,
        module=module,
    )


def refused(_: object) -> NoReturn:
    """Stand for the methods of a codec where there is none: nothing travels."""
    raise TypeError("it does not travel")


declared: Final = Registry()
"""Those of this process."""


def _module_of_caller() -> str:
    """Return the module whose code makes the Var, above the ``__init__`` of classes."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_code.co_name == "__init__":
        frame = frame.f_back
    name = None if frame is None else frame.f_globals.get("__name__")
    return str(name)
