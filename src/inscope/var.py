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
    from collections.abc import Callable
    from typing import Literal, TypeAlias

    from inscope._core import Bind, Local, LocalProxy, LocalStack
    from inscope._core.source import Holder

    AfterExit: TypeAlias = Literal["keep", "revoke"]
    Source: TypeAlias = "Holder[T] | Proxied[T]"

__all__ = [
    "Proxied",
    "Token",
    "Var",
    "bind",
    "bound",
    "is_bound",
    "is_proxy",
    "proxy",
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

    Raises:
        TypeError: *name* is not a string, *factory* cannot be called, or both
            *default* and *factory* are given.
        ValueError: *after_exit* is neither of the two.

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

    __slots__ = ()

    @overload
    def __init__(
        self, name: str, *, factory: None = None, after_exit: AfterExit = "keep"
    ) -> None: ...

    @overload
    def __init__(
        self, name: str, *, default: T, factory: None = ..., after_exit: AfterExit = ...
    ) -> None: ...

    @overload
    def __init__(
        self, name: str, *, factory: Callable[[], T], after_exit: AfterExit = "keep"
    ) -> None: ...

    def __init__(
        self,
        name: str,
        *,
        default: Any = _EMPTY,
        factory: Callable[[], T] | None = None,
        after_exit: str = "keep",
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
        super().__init__(name, default, factory, revoke=after_exit == "revoke")

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
        message = f"cannot copy or pickle {self!r}: import it where it is needed"
        raise TypeError(message)


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


@overload
def proxy(
    source: object,
    follow: Callable[[Any], Any] | str | None = None,
    /,
    *,
    unbound_message: str | None = None,
    like: type[P],
) -> P: ...


@overload
def proxy(
    source: Source[T], /, *, unbound_message: str | None = None, like: Any = None
) -> T: ...


@overload
def proxy(
    source: Callable[[], T], /, *, unbound_message: str | None = None, like: Any = None
) -> T: ...


@overload
def proxy(
    source: Source[T],
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(
    source: Callable[[], T],
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(  # a proxy, typed as its object
    source: T,
    follow: Callable[[T], U],
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> U: ...


@overload
def proxy(
    source: object,
    follow: str,
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> Any: ...


def proxy(
    source: Any,
    follow: Any = None,
    /,
    *,
    unbound_message: str | None = None,
    like: Any = None,
) -> Any:
    """Return a proxy that a type checker takes for the object itself.

    Args:
        source: A ``Var``, a ``ContextVar``, a ``LocalStack``, a callable, a
            ``Local`` (with a name), or another proxy.
        follow: What to do with the object found there: a function, or the
            (dotted) name of an attribute, which checkers see as ``Any``.
        unbound_message: See :class:`LocalProxy`.
        like: See :class:`LocalProxy`; a :class:`Proxied` class also gives the
            proxy its type.

    Raises:
        TypeError: An argument is of the wrong kind.

    Example:
        >>> from inscope import Var, proxy
        >>> user: Var[str] = Var("user")
        >>> initial = proxy(user, lambda name: name[0])
        >>> with user.bind("ann"):
        ...     print(initial)
        a
    """
    if unbound_message is None:
        unbound_message = _unbound_message(source)
    made: LocalProxy[Any] = core.LocalProxy(
        source, follow, unbound_message=unbound_message, like=like
    )
    return made


def _unbound_message(source: object) -> str | None:
    """Return the text that names *source*, if it is a Var."""
    if is_proxy(source) or not isinstance(source, Var):
        return None
    return f"{source.name} is not bound"


def is_bound(obj: object) -> bool:
    """Tell whether there is an object behind *obj*.

    A proxy is resolved to find out, so a callable behind it is called. Of
    anything but a proxy or a ``Var``, the answer is yes.

    Example:
        >>> from inscope import Var, is_bound
        >>> user = Var("user")
        >>> is_bound(user.proxy()), is_bound("ann")
        (False, True)
    """
    if not is_proxy(obj):
        return obj.is_bound() if isinstance(obj, core.CellVar) else True
    try:
        core.current(obj)
    except Exception as error:
        if core.is_unbound(error):
            return False
        raise
    return True
