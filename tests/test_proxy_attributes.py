"""Attributes of a proxy, its class as others see it, and subclasses of LocalProxy."""

from __future__ import annotations

import gc
import inspect
import weakref
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest
from operations import Plain

T = TypeVar("T")


class User:
    """A user."""

    role: str = "reader"

    def __init__(self, name: str) -> None:
        self.name = name

    def greet(self, word: str = "hello") -> str:
        """Return a greeting."""
        return f"{word} {self.name}"


class Resource:
    """An object to which everything that is done is told."""

    def __getattribute__(self, name: str) -> Any:
        return ("get", name) if name != "log" else object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.log.append(("set", name, value))

    def __delattr__(self, name: str) -> None:
        self.log.append(("delete", name))

    def __dir__(self) -> list[str]:
        return ["told"]


# Attributes


@pytest.mark.parametrize(
    "name",
    [
        *("__module__", "__dict__", "__class__", "__doc__", "__init__", "__eq__"),
        *("__sizeof__", "__annotations__", "__hash__", "__format__"),
        *("__init_subclass__", "__subclasshook__", "__dir__", "name", "greet", "role"),
    ],
)
def test_an_attribute_is_that_of_the_object(inscope: ModuleType, name: str) -> None:
    """Also a name that the class of the proxy has itself."""
    user = User("ann")
    proxy = inscope.LocalProxy(lambda: user)

    assert getattr(user, name) == getattr(proxy, name)


@pytest.mark.parametrize(
    "name",
    ["__name__", "__qualname__", "__mro__", "__bases__", "__module__", "__doc__"],
)
def test_an_attribute_of_a_class_is_that_of_the_class(
    inscope: ModuleType, name: str
) -> None:
    """A proxy to a class has the class's name, bases and docstring."""
    assert getattr(User, name) == getattr(inscope.LocalProxy(lambda: User), name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "_resolve",
            "_source",
            "_shape",
            "__slots__",
            "__weakref__",
            "__parameters__",
        ),
        *("__orig_class__", "__orig_bases__", "__wrapped__", "__mro_entries__"),
        *("__get__", "__set_name__", "__call__", "__iter__", "absent"),
    ],
)
def test_a_proxy_has_no_attribute_that_its_object_has_not(
    inscope: ModuleType, name: str
) -> None:
    """Nothing of the machinery shows; the error is the object's."""
    with pytest.raises(AttributeError) as direct:
        getattr(5, name)
    proxy = inscope.LocalProxy(lambda: 5)

    with pytest.raises(AttributeError) as through:
        getattr(proxy, name)

    assert str(direct.value) == str(through.value)
    assert 5 == through.value.obj
    assert not hasattr(proxy, name)


def test_attributes_are_set_and_deleted_on_the_object(inscope: ModuleType) -> None:
    """Dunders and the names of the proxy's own machinery, too."""
    user = User("ann")
    proxy = inscope.LocalProxy(lambda: user)
    names = ["name", "_resolve", "_get_current_object", "__doc__", "__wrapped__"]

    for name in names:
        setattr(proxy, name, name)
    proxy.__class__ = Plain
    assert dict(zip(names, names, strict=True)) == vars(user) == vars(proxy)
    assert type(user) is Plain
    for name in names:
        delattr(proxy, name)

    assert {} == vars(user)


def test_an_object_sees_each_access(inscope: ModuleType) -> None:
    """``__getattribute__``, ``__setattr__`` and their like of the object run."""
    resource = Resource()
    object.__setattr__(resource, "log", [])
    proxy = inscope.LocalProxy(lambda: resource)

    proxy.a = 1
    del proxy.b

    assert ("get", "c") == proxy.c
    assert [("set", "a", 1), ("delete", "b")] == proxy.log
    assert ["told"] == dir(proxy)


def test_a_bound_method_is_that_of_the_object(inscope: ModuleType) -> None:
    """A method kept from a proxy keeps the object that was bound then."""
    var: ContextVar[User] = ContextVar("var")
    proxy = inscope.LocalProxy(var)
    var.set(User("ann"))

    greet = proxy.greet
    var.set(User("bob"))

    assert ("hello ann", "hi bob") == (greet(), proxy.greet(word="hi"))


@pytest.mark.parametrize("given", [int, "int", User, TypeVar("X")])
def test_a_parametrised_proxy_leaves_no_mark(inscope: ModuleType, given: Any) -> None:
    """``LocalProxy[T](…)`` never sets ``__orig_class__`` on the object."""

    class Marked(inscope.LocalProxy[T], Generic[T]):  # type: ignore[misc]
        pass

    user = User("ann")

    made = [
        inscope.LocalProxy[given](lambda: user),
        inscope.LocalProxy[given](lambda: user, like=User),
        Marked[given](lambda: user),
    ]

    assert [{"name": "ann"}] * 3 == [vars(proxy) for proxy in made]


def test_a_mark_for_the_object_reaches_it(inscope: ModuleType) -> None:
    """Of a generic class, ``__orig_class__`` is set as any other attribute."""
    user = User("ann")

    inscope.LocalProxy(lambda: user).__orig_class__ = list[int]

    assert {"name": "ann", "__orig_class__": list[int]} == vars(user)


def test_making_a_parametrised_unbound_proxy_is_no_error(inscope: ModuleType) -> None:
    """The mark is not sent to an object that is not there."""
    assert "<LocalProxy unbound>" == repr(inscope.LocalProxy[int](ContextVar("var")))


def test_a_proxy_kept_in_a_class_stays_the_proxy(inscope: ModuleType) -> None:
    """Its object is no descriptor there, and is not told of the class."""
    told: list[Any] = []

    class Descriptor:
        def __get__(self, instance: object, owner: type) -> str:
            return "got"

        def __set_name__(self, owner: type, name: str) -> None:
            told.append(name)

    descriptor = Descriptor()

    class Holder:
        held = inscope.LocalProxy(lambda: descriptor)

    assert inscope.is_proxy(Holder.held)
    assert inscope.is_proxy(Holder().held)
    assert [] == told


# The class of a proxy


def test_isinstance_follows_the_object(inscope: ModuleType) -> None:
    """A proxy is an instance of its object's classes, and of LocalProxy."""
    proxy = inscope.LocalProxy(lambda: True)

    assert isinstance(proxy, bool)
    assert isinstance(proxy, (str, int))
    assert not isinstance(proxy, str)
    assert isinstance(proxy, inscope.LocalProxy)
    assert proxy.__class__ is bool
    assert type(proxy) is inscope.LocalProxy


def test_issubclass_follows_the_object(inscope: ModuleType) -> None:
    """A proxy to a class stands on either side of ``issubclass``."""
    proxy = inscope.LocalProxy(lambda: bool)

    assert issubclass(proxy, int)
    assert not issubclass(proxy, str)
    assert issubclass(bool, proxy)
    assert not issubclass(int, proxy)
    assert isinstance(True, proxy)
    assert not isinstance(1, proxy)
    assert issubclass(type(proxy), inscope.LocalProxy)
    assert not issubclass(proxy, inscope.LocalProxy)


def test_other_objects_are_no_proxies(inscope: ModuleType) -> None:
    """``isinstance`` and ``issubclass`` of LocalProxy say no, and refuse no class."""
    assert not isinstance(5, inscope.LocalProxy)
    assert not issubclass(int, inscope.LocalProxy)
    with pytest.raises(TypeError, match="issubclass"):
        issubclass(5, inscope.LocalProxy)  # type: ignore[arg-type]


def test_a_class_can_be_defined_from_a_proxy(inscope: ModuleType) -> None:
    """``class X(proxy)`` has the class behind the proxy as base."""
    proxy = inscope.LocalProxy(lambda: User)

    class Admin(proxy, Plain):  # type: ignore[misc]
        role = "writer"

    assert (Admin, User, Plain) == Admin.__mro__[:3]
    assert "hello ann" == Admin("ann").greet()


def test_a_class_can_be_defined_from_a_proxy_to_an_alias(inscope: ModuleType) -> None:
    """An object with ``__mro_entries__`` of its own, as ``list[int]``, is asked."""
    proxy = inscope.LocalProxy(lambda: list[int])

    class Numbers(proxy):  # type: ignore[misc]
        pass

    assert (list,) == Numbers.__bases__


def test_a_class_cannot_be_defined_from_a_proxy_to_no_class(
    inscope: ModuleType,
) -> None:
    """It is a TypeError, in terms of what the user wrote."""
    with pytest.raises(TypeError) as caught:

        class Number(inscope.LocalProxy(lambda: 5)):  # type: ignore[misc]
            pass

    assert "BareProxy" not in str(caught.value)


def test_a_class_cannot_be_defined_from_an_unbound_proxy(inscope: ModuleType) -> None:
    """It is the error of any operation on a proxy with nothing bound."""
    with pytest.raises(inscope.UnboundError):

        class Number(inscope.LocalProxy(ContextVar("var"))):  # type: ignore[misc]
            pass


def test_signature_tells_the_parameters(inscope: ModuleType) -> None:
    """``inspect.signature`` knows the constructor, and the function behind a proxy."""
    signature = inspect.signature(inscope.LocalProxy)
    greet = inscope.LocalProxy(lambda: User.greet)

    assert ["local", "name", "unbound_message", "like"] == list(signature.parameters)
    assert inspect.signature(User.greet) == inspect.signature(greet)


# Subclasses


def test_a_subclass_has_attributes_and_methods_of_its_own(inscope: ModuleType) -> None:
    """What the subclass defines is found first, the object's next."""

    class Tagged(inscope.LocalProxy):  # type: ignore[misc]
        tag = "own"

        def shout(self) -> str:
            return f"{self.greet()}!"

        @property
        def size(self) -> int:
            return len(self.name)

        @classmethod
        def make(cls, name: str) -> Any:
            return cls(lambda: User(name))

    proxy = Tagged.make("ann")

    assert ("own", "hello ann!", 3, "ann") == (
        *(proxy.tag, proxy.shout(), proxy.size, proxy.name),
    )
    assert proxy.__module__ == User.__module__
    assert isinstance(proxy, User)
    assert isinstance(proxy, Tagged)


def test_a_subclass_has_slots_of_its_own(inscope: ModuleType) -> None:
    """A slot set through ``object.__setattr__`` is the proxy's."""

    class Slotted(inscope.LocalProxy):  # type: ignore[misc]
        __slots__ = ("tag",)

    user = User("ann")
    proxy = Slotted(lambda: user)
    object.__setattr__(proxy, "tag", "own")

    assert "own" == proxy.tag
    assert {"name": "ann"} == vars(user)
    with pytest.raises(AttributeError):
        object.__setattr__(proxy, "other", 1)


def test_a_subclass_has_a_dictionary_of_its_own(inscope: ModuleType) -> None:
    """Any name fits in it; ``proxy.__dict__`` is the object's."""

    class Roomy(inscope.LocalProxy):  # type: ignore[misc]
        pass

    user = User("ann")
    proxy = Roomy(lambda: user)
    object.__setattr__(proxy, "tag", "own")

    assert "own" == proxy.tag
    assert {"name": "ann"} == proxy.__dict__
    proxy.tag = "the object's"
    assert ("own", "the object's") == (proxy.tag, user.tag)


def test_a_subclass_finds_its_object_by_its_own_method(inscope: ModuleType) -> None:
    """An overridden ``_get_current_object`` serves every operation."""

    class Doubled(inscope.LocalProxy):  # type: ignore[misc]
        def _get_current_object(self) -> Any:
            return 2 * super()._get_current_object()

    var: ContextVar[int] = ContextVar("var")
    proxy = Doubled(var, unbound_message="absent")

    assert ("<Doubled unbound>", False) == (repr(proxy), bool(proxy))
    with pytest.raises(inscope.UnboundError) as caught:
        len(proxy)
    assert "absent" == str(caught.value)
    var.set(4)
    assert (8, 9, 8, 8) == (
        *(proxy, proxy + 1, inscope.unwrap(proxy), inscope.LocalProxy(proxy).real),
    )
    assert isinstance(proxy, int)


def test_a_subclass_may_have_another_signature(inscope: ModuleType) -> None:
    """Its ``__init__`` takes what it likes, a parameter called *like* included."""

    class Constant(inscope.LocalProxy):  # type: ignore[misc]
        def __init__(self, value: Any, *more: Any, sep: str = " ") -> None:
            text = sep.join([value, *more])
            super().__init__(lambda: text)

    assert "a-b-c" == Constant("a", "b", "c", sep="-")
    parameters = inspect.signature(Constant).parameters
    assert ["value", "more", "sep"] == list(parameters)


def test_a_subclass_may_override_a_special_method(inscope: ModuleType) -> None:
    """Operators and attribute access find the subclass's, ``super`` the object's."""

    class Longer(inscope.LocalProxy):  # type: ignore[misc]
        def __len__(self) -> int:
            return super().__len__() + 1

        def __repr__(self) -> str:
            return f"longer {super().__repr__()}"

    proxy = Longer(lambda: [1])

    assert (2, 2, "longer [1]") == (len(proxy), proxy.__len__(), repr(proxy))
    assert "longer <Longer unbound>" == repr(Longer(ContextVar("var")))


def test_a_subclass_of_a_subclass_has_what_both_define(inscope: ModuleType) -> None:
    """Attributes are found along the whole MRO, of a mixin as well."""

    class Mixin:
        __slots__ = ()
        mixed = "mixed"

    class First(inscope.LocalProxy):  # type: ignore[misc]
        first = tag = "first"

    class Second(Mixin, First):
        tag = "second"

    proxy = Second(lambda: User("ann"))

    assert ("first", "second", "mixed", "ann") == (
        *(proxy.first, proxy.tag, proxy.mixed, proxy.name),
    )


def test_a_subclass_may_answer_for_missing_attributes(inscope: ModuleType) -> None:
    """``__getattr__`` and ``__getattribute__`` of a subclass work as in any class."""

    class Patient(inscope.LocalProxy):  # type: ignore[misc]
        def __getattr__(self, name: str) -> str:
            return f"no {name}"

    class Guarded(inscope.LocalProxy):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            if name == "secret":
                raise AttributeError(name)
            return super().__getattribute__(name)

    assert ("ann", "no age") == (
        *(Patient(lambda: User("ann")).name, Patient(lambda: User("ann")).age),
    )
    guarded = Guarded(lambda: User("ann"))
    assert "ann" == guarded.name
    assert not hasattr(guarded, "secret")


def test_a_subclass_has_its_own_docstring_when_unbound(inscope: ModuleType) -> None:
    """``__doc__`` and ``__class__`` unbound are those of the proxy's type."""

    class Described(inscope.LocalProxy):  # type: ignore[misc]
        """A described proxy."""

    unbound = Described(ContextVar("var"))

    assert ("A described proxy.", Described) == (unbound.__doc__, unbound.__class__)
    assert "A user." == Described(lambda: User("ann")).__doc__


# Weak references


def test_a_weak_reference_is_to_the_proxy(inscope: ModuleType) -> None:
    """It dies with the proxy, while the object lives on."""
    user = User("ann")
    proxy = inscope.LocalProxy(lambda: user)
    reference = weakref.ref(proxy)

    assert proxy is reference()
    del proxy
    gc.collect()
    assert reference() is None


def test_a_dying_proxy_leaves_its_object_alone(inscope: ModuleType) -> None:
    """The object's ``__del__`` is not called for the proxy."""
    ended: list[str] = []

    class Ending:
        def __del__(self) -> None:
            ended.append("object")

    behind = [Ending()]
    proxy = inscope.LocalProxy(lambda: behind[0])
    assert isinstance(proxy, Ending)

    del proxy
    gc.collect()
    assert [] == ended
    behind.clear()
    gc.collect()
    assert ["object"] == ended
