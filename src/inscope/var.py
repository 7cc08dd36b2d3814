"""``Var`` and what is done with one: bind it, read it, stand a proxy in for it.

The values lie in cells (``_core/cells.py``); the blocks that bind them are in
``_core/bind.py``. Here are the options and the typing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from inscope import _core as core
from inscope._core import Token, is_proxy, unwrap
from inscope._core.place import place_of_caller
from inscope._core.proxied import Proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal, TypeAlias

    from inscope._core import Bind, Local, LocalProxy, LocalStack
    from inscope._core.declared import Declaration

    AfterExit: TypeAlias = Literal["keep", "revoke"]

__all__ = [
    "Proxied",
    "Token",
    "Var",
    "bind",
    "bound",
    "is_proxy",
    "pushed",
    "unwrap",
]

T = TypeVar("T")
U = TypeVar("U")
L = TypeVar("L", bound="Local")
P = TypeVar("P", bound="Proxied[Any]")

_EMPTY: Any = core.EMPTY


class Var(core.CellVar[T]):
    """One name whose value depends on where the code runs.

    Each thread, asyncio task and greenlet sees what was bound there; a task
    starts with what was bound where it was made.

    Args:
        name: For errors and logs.
        default: The value where nothing is bound. Counts as bound.
        factory: Makes that value instead: called at the first read in a
            context. Contexts copied from it later see the value it made.
        after_exit: What contexts that were copied inside a ``bind`` (a task, a
            timer) read after its end: ``"keep"``, the value they captured, or
            ``"revoke"``, what was bound before. Revoked values are freed, and
            what was ``set`` on top of them; what was bound on top stays.

        wire: How its values are written for other processes: ``str``, ``int``,
            ``bool``, ``UUID``, ``datetime``, ``inscope.travel.JSON``, a type that
            msgspec knows, or a ``Codec``. Without it they never leave this one.
        travels_to: Where its values go, such as ``{"http", "celery"}``: ``"process"``,
            ``"http"``, ``"celery"``, ``"dask"``, and any ``Boundary``.
        identity: Its value says who somebody is: it is believed only if signed.
        secret: Its value is never logged, shown in a ``repr``, or sent anywhere.
        log: ``inscope.logs`` adds its value to log records.

    Raises:
        TypeError: *name* is not a string, *factory* cannot be called, both
            *default* and *factory* are given, or *wire* or *travels_to* is of
            no kind that can be used.
        ValueError: *after_exit* is neither of the two, the other options
            contradict each other, or another module has declared a Var of that name
            for other processes or for logs.

    Example:
        >>> from inscope import Var
        >>> user: Var[str] = Var("user")
        >>> current_user = user.proxy()
        >>> def greet() -> str:
        ...     return f"hello {current_user}"
        >>> with user.bind("ann"):
        ...     greet()
        'hello ann'
    """

    __slots__ = ("_declaration",)

    @overload
    def __init__(
        self,
        name: str,
        *,
        factory: None = None,
        after_exit: AfterExit = "keep",
        wire: Any = ...,
        travels_to: Iterable[Any] = ...,
        identity: bool = ...,
        secret: bool = ...,
        log: bool = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        default: T,
        factory: None = ...,
        after_exit: AfterExit = ...,
        wire: Any = ...,
        travels_to: Iterable[Any] = ...,
        identity: bool = ...,
        secret: bool = ...,
        log: bool = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        factory: Callable[[], T],
        after_exit: AfterExit = "keep",
        wire: Any = ...,
        travels_to: Iterable[Any] = ...,
        identity: bool = ...,
        secret: bool = ...,
        log: bool = ...,
    ) -> None: ...

    def __init__(
        self,
        name: str,
        *,
        default: Any = _EMPTY,
        factory: Callable[[], T] | None = None,
        after_exit: str = "keep",
        wire: Any = None,
        travels_to: Iterable[Any] = (),
        identity: bool = False,
        secret: bool = False,
        log: bool = False,
    ) -> None:
        if not isinstance(name, str):
            message = f"a Var's name must be a string, not {name!r}"
            raise TypeError(message)
        if factory is not None and not callable(factory):
            message = f"'factory' must be callable, not {factory!r}"
            raise TypeError(message)
        if factory is not None and default is not _EMPTY:
            message = f"Var {name!r}: give a default or a factory, not both"
            raise TypeError(message)
        if after_exit not in ("keep", "revoke"):
            message = f"'after_exit' must be 'keep' or 'revoke', not {after_exit!r}"
            raise ValueError(message)
        declaration = None
        if wire is not None or travels_to != () or identity or secret or log:
            declaration = _declaration(
                name, wire, travels_to, identity=identity, secret=secret, log=log
            )
        super().__init__(
            name,
            default,
            factory,
            revoke=after_exit == "revoke",
            travels=wire is not None,
        )
        self._declaration: Declaration | None = declaration
        if declaration is not None:
            _declare(self, declaration)

    @classmethod
    def over(cls, context_var: ContextVar[U]) -> Var[U]:
        """Return a Var over somebody else's plain ``ContextVar``.

        The variable goes on holding plain values. A bind that is left in
        another Context cannot withdraw its value from the one it was entered
        in; it is logged all the same.

        Raises:
            TypeError: *context_var* is not a ``ContextVar``.

        Example:
            >>> from contextvars import ContextVar
            >>> from inscope import Var
            >>> theirs = ContextVar("theirs", default=0)
            >>> with Var.over(theirs).bind(1):
            ...     theirs.get()
            1
        """
        return PlainVar(context_var)

    def update(self, change: Callable[[T], T]) -> T:
        """Set the Var to ``change(value)`` and return that.

        Raises:
            UnboundVarError: Nothing is bound.

        Example:
            >>> from inscope import Var
            >>> depth = Var("depth", default=0)
            >>> depth.update(lambda n: n + 1)
            1
        """
        value = change(self.get())
        self.set(value)
        return value

    @overload
    def proxy(self, *, unbound_message: str | None = None, like: type[P]) -> P: ...

    @overload
    def proxy(self, *, unbound_message: str | None = None, like: Any = None) -> T: ...

    def proxy(self, *, unbound_message: str | None = None, like: Any = None) -> Any:
        """Return a proxy to the value, typed as the value.

        Args:
            unbound_message: The text of the error where nothing is bound; by
                default it names the Var.
            like: See :class:`LocalProxy`; a :class:`Proxied` class also gives
                the proxy its type.
        """
        if unbound_message is None:
            unbound_message = f"{self.name} is not bound"
        made: LocalProxy[T] = core.LocalProxy(
            self, unbound_message=unbound_message, like=like
        )
        return made

    def __repr__(self) -> str:
        return f"<Var {self.name!r}>"

    def __reduce__(self) -> Any:
        """Pickle a Var that travels by its name: there, it is the one of that name.

        Engines that pickle a notebook's functions pickle what these refer to.
        """
        declaration = self._declaration
        if declaration is None or not declaration.travels_to:
            message = f"cannot copy or pickle {self!r}: import it where it is needed"
            raise TypeError(message)
        from inscope._core.declared import declared

        default = () if self._default is _EMPTY else (self._default,)
        made_of = declaration, default, self._factory, self._revoke
        return _refound, (self.name, declared.module_of(self), *made_of)


class PlainVar(Var[T]):
    """What ``Var.over`` returns: the same operations on plain values."""

    __slots__ = ()

    def __init__(self, context_var: ContextVar[T]) -> None:
        if not isinstance(context_var, ContextVar):
            message = f"Var.over() takes a ContextVar, not {context_var!r}"
            raise TypeError(message)
        super().__init__(context_var.name)
        self._cells = context_var

    def resolver(self) -> Callable[[], T]:
        return self._lookup_plain

    def _lookup_plain(self) -> T:
        try:
            return cast("T", self._cells.get())
        except LookupError:
            raise core.Missing from None

    def get(self, default: Any = _EMPTY, /) -> Any:
        try:
            return self._cells.get() if default is _EMPTY else self._cells.get(default)
        except LookupError:
            raise self._unbound() from None

    def is_bound(self) -> bool:
        try:
            self._cells.get()
        except LookupError:
            return False
        return True

    def set(self, value: T) -> Token[T]:
        token = self._cells.set(value)
        return Token(self, token, token.old_value)

    def bind(self, value: T) -> Bind[T]:
        return core.PlainBind(self._cells, value, place_of_caller())


def bind(values: Mapping[Var[Any], Any]) -> Bind[None]:
    """Return a block in which several Vars are bound, and that ends as one.

    Args:
        values: The Vars and the values to bind them to.

    Raises:
        TypeError: *values* is not a mapping of Vars.

    Example:
        >>> from inscope import Var, bind
        >>> user, tenant = Var("user"), Var("tenant")
        >>> with bind({user: "ann", tenant: 7}):
        ...     user.get(), tenant.get()
        ('ann', 7)
    """
    if not isinstance(values, Mapping):
        message = f"bind() takes a mapping of Vars to values, not {values!r}"
        raise TypeError(message)
    for var in values:
        if not isinstance(var, Var):
            message = f"bind() binds Vars, not {var!r}; for a Local there is bound()"
            raise TypeError(message)
    place = place_of_caller()
    binds: list[Bind[Any]] = [
        core.PlainBind(var._cells, value, place)
        if isinstance(var, PlainVar)
        else core.VarBind(var, value, place)
        for var, value in values.items()
    ]
    return core.SeveralBind(binds, place)


def bound(local: L, /, **values: Any) -> Bind[L]:
    """Return a block in which names of *local* have the given values.

    ``as`` gives *local*. Afterwards each name has the value that it had before,
    or none. Ends as ``Var.bind`` does; left in another Context, what was
    assigned by hand inside the block stays.

    Raises:
        TypeError: *local* is not a ``Local``.

    Example:
        >>> from inscope import Local, bound
        >>> local = Local()
        >>> with bound(local, user="ann"):
        ...     local.user
        'ann'
        >>> "user" in local
        False
    """
    local = unwrap(local)
    if not isinstance(local, core.Local):
        message = f"bound() takes a Local, not {local!r}; a Var has var.bind(value)"
        raise TypeError(message)
    return core.LocalBind(local, values, place_of_caller())


def pushed(stack: LocalStack[T], obj: T) -> Bind[T]:
    """Return a block in which *obj* is on top of *stack*.

    ``as`` gives *obj*. Afterwards the stack is as it was before. Ends as
    ``Var.bind`` does; left in another Context, what was pushed by hand inside
    the block stays.

    Raises:
        TypeError: *stack* is not a ``LocalStack``.

    Example:
        >>> from inscope import LocalStack, pushed
        >>> stack = LocalStack()
        >>> with pushed(stack, "a"):
        ...     stack.top
        'a'
        >>> stack.top is None
        True
    """
    stack = unwrap(stack)
    if not isinstance(stack, core.LocalStack):
        message = f"pushed() takes a LocalStack, not {stack!r}"
        raise TypeError(message)
    return core.StackBind(stack, obj, place_of_caller())


def _declaration(name: str, *options: Any, **flags: bool) -> Declaration:
    # Not imported by itself: most programs declare nothing.
    from inscope._core.declared import made_declaration

    return made_declaration(name, *options, **flags)


def _declare(
    var: Var[Any], declaration: Declaration, module: str | None = None
) -> None:
    from inscope._core.declared import declared

    declared.add(var, declaration, module)


def _refound(
    name: str,
    module: str,
    declaration: Declaration,
    default: tuple[Any, ...],
    factory: Any,
    revoke: bool,
) -> Var[Any]:
    """Return the Var *name*, which was pickled; make it if nothing here has.

    That is so where it was made in a program, and not in a module to be imported.
    """
    from inscope._core.declared import declared

    found: Var[Any] | None = declared.find(name, module)
    if found is not None:
        return found
    kind: Any = Var
    made: Var[Any] = kind.__new__(kind)
    base: Any = core.CellVar
    initial = default[0] if default else _EMPTY
    base.__init__(made, name, initial, factory, revoke=revoke, travels=True)
    made._declaration = declaration
    _declare(made, declaration, module)
    return made
