"""``__init__`` twice, never, and in the middle of what it initialises."""

from __future__ import annotations

import textwrap

import pytest
from child import Run

AGAIN = """
def again(proxy):
    LocalProxy.__init__(proxy, lambda: "new")
    gc.collect()
    [object() for _ in range(1000)]  # what was freed is used for something else
"""

RESOLVERS = {
    "a callable": "proxy = LocalProxy(lambda: again(proxy) or 'old')",
    "a callable that fails": "proxy = LocalProxy(lambda: again(proxy) or 1 / 0)",
    "a factory": """
        proxy = LocalProxy(Var("var", factory=lambda: again(proxy) or "old"))
    """,
    "a property of a Local": """
        class Own(Local):
            @property
            def user(self):
                again(proxy)
                raise AttributeError("own")
        proxy = LocalProxy(Own(), "user")
    """,
    "a __getattr__ of a Local": """
        class Own(Local):
            def __getattr__(self, name):
                again(proxy)
                return super().__getattr__(name)
        proxy = LocalProxy(Own(), "user")
    """,
    "the ident function of a Local": """
        local = Local()
        manager = LocalManager([local], ident_func=lambda: again(proxy))
        proxy = LocalProxy(local, "user")
        del local, manager
    """,
    "the ident function of a stack": """
        stack = LocalStack()
        manager = LocalManager([stack], ident_func=lambda: again(proxy))
        proxy = LocalProxy(stack)
        del stack, manager
    """,
    "a list that is asked for its length": """
        class Own(list):
            def __bool__(self):
                again(proxy)
                return False
            __len__ = __bool__
        var = ContextVar("var")
        var.set(Own())
        proxy = LocalProxy(LocalStack(var))
    """,
    "a proxy": "proxy = LocalProxy(LocalProxy(lambda: again(proxy) or 'old'))",
    "a proxy that fails": """
        inner = LocalProxy(lambda: again(proxy) or 1 / 0)
        proxy = LocalProxy(inner, unbound_message="message")
        del inner
    """,
    "a property on the way": """
        class Own:
            @property
            def user(self):
                again(proxy)
                return "old"
        var = Var("var", default=Own())
        proxy = LocalProxy(var, "user")
        del var
    """,
    "an override": """
        class Own(LocalProxy):
            def _get_current_object(self):
                again(self)
                return super()._get_current_object()
        proxy = Own(lambda: "old")
    """,
}


USES = """
str(proxy)
proxy.upper()
repr(proxy)
bool(proxy)
proxy.user
proxy + 1
proxy.__class__
proxy.__wrapped__
proxy._get_current_object()
proxy.__doc__
setattr(proxy, "user", 1)
isinstance(proxy, str)
unwrap(proxy)
is_bound(proxy)
"""


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_a_proxy_may_be_made_again_while_it_resolves(run: Run, resolver: str) -> None:
    """The last reference to what it looked in goes; then it is what it was made."""
    setup = textwrap.dedent(RESOLVERS[resolver])
    program = f"""
for use in {USES.strip().splitlines()}:
    exec({setup!r})
    try:
        eval(use)
    except Exception:
        pass
    assert str(proxy) == "new", use
print("made again")
"""
    assert "made again\n" == run(AGAIN + program)


KINDS = {
    "LocalProxy": "LocalProxy(lambda: [1])",
    "Local": "Local()",
    "LocalStack": "LocalStack()",
    "Var": "Var('var')",
    "Token": "Var('var').set(1)",
    "bind": "Var('var').bind(1)",
    "StackView": "LocalStack().push(1)",
    "shaped": "LocalProxy(lambda: [1], like=list)",
    "Scope": "Scope()",
    "scope with a hook": "type('Own', (Scope,), {'on_pop': bool})()",
    "slot of scopes": "Scope._scope_slot",
    "iterator in a scope": "_core.iterate_in_scope(Scope(), list)",
    "Done": "Scope().__aenter__()",
}


@pytest.mark.parametrize("kind", KINDS)
def test_without_init_every_method_raises(run: Run, kind: str) -> None:
    """Each method that the type has, or inherits, with none to three arguments."""
    printed = run(
        f"""
        from inscope import _core
        cls = type({KINDS[kind]})
        try:
            made = cls.__new__(cls)
        except TypeError as error:
            print("refused")
            sys.exit()
        names = sorted({{name for owner in type.mro(cls) for name in vars(owner)}})
        others = [1, "a", None, made, cls, cls.__new__(cls)]
        for name in names:
            if name in ("__init__", "__class_getitem__", "__subclasshook__"):
                continue
            method = next(vars(o)[name] for o in type.mro(cls) if name in vars(o))
            if not hasattr(type(method), "__get__"):
                continue
            for number in range(4):
                for other in others:
                    try:
                        bound = type(method).__get__(method, made, cls)
                        bound(*[other] * number)
                    except SystemError as error:
                        print(name, number, error)
                    except Exception:
                        pass
            for other in others:
                try:
                    type(method).__set__(method, made, other)
                except SystemError as error:
                    print("set", name, error)
                except Exception:
                    pass
            try:
                type(method).__delete__(method, made)
            except SystemError as error:
                print("del", name, error)
            except Exception:
                pass
        """
    )

    assert printed in ("", "refused\n")


def test_names_that_are_no_strings_are_refused(run: Run) -> None:
    """By every way in which one can be asked for."""
    printed = run(
        r"""
        proxy, local = LocalProxy(lambda: "x"), Local()
        class Own(LocalProxy): pass
        class OwnLocal(Local): pass
        odd = [10**30, -5, b"abc", (1, 2), (), [1], {}, object(), None, 1.5, int]
        odd += ["\ud800"]
        for name in odd:
            for thing in (proxy, Own(lambda: "x"), local, OwnLocal(),
                          LocalProxy(lambda: "x", like=str)):
                kind = type(thing)
                for method in ("__getattribute__", "__setattr__", "__delattr__"):
                    args = (1,) if method == "__setattr__" else ()
                    for do in (lambda: getattr(kind, method)(thing, name, *args),
                               lambda: getattr(object, method)(thing, name, *args)):
                        try:
                            do()
                        except (AttributeError, TypeError):
                            pass
            release_local(local)
        """
    )

    assert "" == printed


JUNK = (
    "[], [1, 2], [None] * 62, [None] * 60 + [{}, 3], [None] * 60 + [5, 3], 5, '', None"
)


def test_junk_in_the_callers_variable_is_an_error(run: Run) -> None:
    """A ``ContextVar`` that is not ours may hold anything."""
    printed = run(
        f"""
        var = ContextVar("var")
        local, stack = Local(var), LocalStack(var)
        for junk in [{JUNK}, {{1: 2}}, (1,), object()]:
            for act in (lambda: local.x, lambda: setattr(local, "x", 1),
                        lambda: delattr(local, "x"), lambda: "x" in local,
                        lambda: dict(local), lambda: stack.push(1), stack.pop,
                        lambda: stack.top, lambda: repr(stack), lambda: stack() + 1,
                        lambda: bound(local, x=1).__enter__(),
                        lambda: pushed(stack, 1).__enter__()):
                var.set(junk)
                try:
                    act()
                except Exception as error:
                    assert not isinstance(error, SystemError), error
        """
    )

    assert "" == printed


def test_junk_in_our_own_variables_is_an_error(run: Run) -> None:
    """They can be found in the context, and so be set by anybody."""
    printed = run(
        f"""
        local, stack, var = Local(), LocalStack(), Var("var")
        local.x = 1
        stack.push(1)
        var.set(1)
        for found in list(copy_context()):
            if found.name == "inscope.innermost_bind":
                continue
            for junk in [{JUNK}, {{1: 2}}, {{}}, object()]:
                for act in (lambda: local.x, lambda: setattr(local, "y", 1),
                            lambda: delattr(local, "x"), lambda: stack.push(2),
                            stack.pop, lambda: stack.top, var.get, var.is_bound,
                            lambda: var.set(1), lambda: var.proxy() + 1,
                            lambda: var.bind(1).__enter__()):
                    found.set(junk)
                    try:
                        act()
                    except Exception as error:
                        assert not isinstance(error, SystemError), error
        """
    )

    assert "" == printed


def test_a_proxy_that_leads_back_to_itself_ends(run: Run) -> None:
    """Every operation on one is an error, though no callable is ever called."""
    printed = run(
        """
        import math
        var, other, stack, local = Var("var"), Var("other"), LocalStack(), Local()
        p, q, top, name = var.proxy(), other.proxy(), stack(), local("user")
        for source, bind in (p, lambda: var.set(p)), (top, lambda: stack.push(top)), (
            name, lambda: setattr(local, "user", name)
        ), (p, lambda: (var.set(q), other.set(p))), (
            p, lambda: var.set(LocalProxy(p, like=int))
        ):
            bind()
            for act in (operator.index, len, hash, iter, repr, str, bool, dir, next,
                        lambda p: p + 1, lambda p: 1 + p, lambda p: p == 1,
                        lambda p: p[0], lambda p: 1 in p, lambda p: p.name,
                        lambda p: setattr(p, "name", 1), lambda p: delattr(p, "name"),
                        lambda p: p(), lambda p: pow(p, 2, 3), float, math.floor,
                        lambda p: p.__class__, lambda p: operator.iadd(p, 1),
                        lambda p: operator.setitem(p, 0, 0), round, abs,
                        lambda p: operator.delitem(p, 0), aiter, reversed, bytes):
                try:
                    act(source)
                except (RecursionError, TypeError):
                    pass
                else:
                    print("no error")
        print("ended")
        """
    )

    assert "ended\n" == printed
