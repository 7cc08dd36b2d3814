"""The table of special methods, row by row, against the objects themselves."""

from __future__ import annotations

import array
import collections
import io
import sys
import types
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from types import ModuleType
from typing import Any

import pytest
from operations import OPERATIONS, TARGETS, Operation, describe, outcome
from sources import MESSAGE, in_own_context, proxies_raising, raiser, unbound_proxies

from inscope._core import special_methods
from inscope._core.special_methods import FORWARDED, TABLE

NEEDS_BUFFERS = "a Python class cannot export a buffer before Python 3.12"

FALLBACK = [row.name for row in FORWARDED if row.unbound]
RAISING = [row.name for row in FORWARDED if not row.unbound]


def skip_without_buffers(name: str, core: str) -> None:
    """Skip a test of ``__buffer__`` where the core cannot have it."""
    if name == "__buffer__" and core == "python" and sys.version_info < (3, 12):
        pytest.skip(NEEDS_BUFFERS)


def error_of(operation: Operation, subject: Any) -> BaseException:
    """Return the error that *operation* raises for *subject*."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011  (any, to be compared)
        operation(subject)
    return caught.value


def test_every_forwarded_method_has_an_operation_here() -> None:
    """The operations under test are those of the table, none missing."""
    assert {row.name for row in FORWARDED} == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_it_gives_for_the_object(
    inscope: ModuleType, core: str, name: str
) -> None:
    """Value, error class, error text and effect are those of the object itself."""
    skip_without_buffers(name, core)
    expected, actual = {}, {}

    for kind, make in TARGETS.items():
        for number, operation in enumerate(OPERATIONS[name]):
            target, behind = make(), make()
            proxy = inscope.LocalProxy(lambda behind=behind: behind)
            case = f"{kind} {number}"
            expected[case] = outcome(operation, target), describe(target)
            actual[case] = outcome(operation, proxy), describe(behind)

    assert expected == actual
    assert "value" in {result[0] for result, _ in expected.values()}


@pytest.mark.parametrize("name", RAISING)
def test_an_unbound_proxy_raises_the_unbound_message(
    inscope: ModuleType, core: str, name: str
) -> None:
    """Each operation without a fallback raises UnboundError, whatever the source."""
    skip_without_buffers(name, core)

    for proxy in unbound_proxies(inscope, unbound_message=MESSAGE).values():
        for operation in OPERATIONS[name]:
            error = error_of(operation, proxy)

            # __sizeof__ is a name that is looked up: tools probe for dunders.
            assert isinstance(error, inscope.UnboundError)
            assert MESSAGE == str(error)
            assert (name == "__sizeof__") is isinstance(error, AttributeError)


@pytest.mark.parametrize("name", RAISING)
def test_without_a_message_of_its_own_an_unbound_proxy_has_the_default(
    inscope: ModuleType, core: str, name: str
) -> None:
    """The default ``unbound_message`` is that of werkzeug."""
    skip_without_buffers(name, core)

    for proxy in unbound_proxies(inscope).values():
        assert "object is not bound" == str(error_of(OPERATIONS[name][0], proxy))


def test_six_things_answer_on_an_unbound_proxy(inscope: ModuleType) -> None:
    """``repr``, ``bool`` and ``dir`` have fallbacks, for every kind of source."""
    answers = {"__repr__": "<LocalProxy unbound>", "__bool__": False, "__dir__": []}

    assert answers.keys() == set(FALLBACK)
    for proxy in unbound_proxies(inscope, unbound_message=MESSAGE).values():
        for name, answer in answers.items():
            assert answer == OPERATIONS[name][0](proxy)


class RefusedError(Exception):
    """An error that only a resolver here raises."""


def _faults(inscope: ModuleType) -> list[BaseException]:
    """Return errors out of a resolver that do not mean "unbound"."""
    return [
        ZeroDivisionError("fault"),
        KeyError("fault"),
        IndexError("fault"),
        AttributeError("fault"),
        TypeError("fault"),
        ValueError("fault"),
        RecursionError("fault"),
        NotImplementedError("fault"),
        MemoryError("fault"),
        RefusedError("fault"),
        inscope.ProxyNotInitializedError("fault"),
        KeyboardInterrupt("fault"),
        SystemExit("fault"),
        GeneratorExit("fault"),
    ]


def _absences(inscope: ModuleType) -> list[Exception]:
    """Return errors out of a resolver that do mean "unbound"."""
    return [
        RuntimeError("outside"),
        LookupError("outside"),
        inscope.UnboundError("outside"),
        inscope.UnboundVarError("outside"),
        inscope.UnboundNameError("outside"),
    ]


@pytest.mark.parametrize("name", OPERATIONS)
@in_own_context
def test_a_fault_of_the_resolver_reaches_the_caller_as_it_is(
    inscope: ModuleType, core: str, name: str
) -> None:
    """Only unboundness is swallowed: any other error is the very object raised."""
    skip_without_buffers(name, core)

    for fault in _faults(inscope):
        for source, proxy in proxies_raising(inscope, fault).items():
            if name == "__length_hint__" and isinstance(fault, TypeError):
                continue  # Python asks __len__ first and drops its TypeError
            assert fault is error_of(OPERATIONS[name][0], proxy), (source, fault)


@pytest.mark.parametrize("name", OPERATIONS)
@in_own_context
def test_an_absence_told_by_the_resolver_counts_as_unbound(
    inscope: ModuleType, core: str, name: str
) -> None:
    """It is swallowed by the fallbacks, and the very object raised everywhere else."""
    skip_without_buffers(name, core)
    operation = OPERATIONS[name][0]

    for absence in _absences(inscope):
        for source, proxy in proxies_raising(inscope, absence).items():
            if name in FALLBACK:
                fallback = {"__repr__": "<LocalProxy unbound>", "__dir__": []}
                assert fallback.get(name, False) == operation(proxy), source
            elif name != "__sizeof__":
                assert absence is error_of(operation, proxy), source
            else:
                error = error_of(operation, proxy)
                assert isinstance(error, AttributeError)
                assert (error is absence) is isinstance(absence, AttributeError)
                assert "outside" == str(error)


def test_a_chain_retells_an_absence_if_it_has_a_message(inscope: ModuleType) -> None:
    """A proxy over a proxy with its own ``unbound_message`` raises that."""
    absence = RuntimeError("outside")
    inner = inscope.LocalProxy(raiser(absence))

    error = error_of(len, inscope.LocalProxy(inner, unbound_message=MESSAGE))

    assert inscope.UnboundError is type(error)
    assert MESSAGE == str(error)
    assert absence is error.__cause__


@in_own_context
def test_a_chain_with_a_message_lets_a_fault_through(inscope: ModuleType) -> None:
    """The message is for unboundness alone."""
    for fault in _faults(inscope):
        for inner in proxies_raising(inscope, fault).values():
            chain = inscope.LocalProxy(inner, unbound_message=MESSAGE)

            assert fault is error_of(bool, chain)


@pytest.mark.parametrize("path", ["name", "name.real"])
def test_a_missing_name_of_another_kind_is_not_retold(
    inscope: ModuleType, path: str
) -> None:
    """What a property of a Local raises is unbound, and the very object raised."""

    class OwnNameError(inscope.UnboundNameError):  # type: ignore[misc]
        pass

    absence = OwnNameError("own")

    class Named(inscope.Local):  # type: ignore[misc]
        name = property(lambda self: raiser(absence)())

    proxy = inscope.LocalProxy(Named(), path, unbound_message=MESSAGE)

    assert absence is error_of(len, proxy)
    assert "<LocalProxy unbound>" == repr(proxy)


def test_a_subclass_of_the_unbound_errors_is_a_fault(inscope: ModuleType) -> None:
    """``type(e) is RuntimeError``: ``bool`` does not hide a subclass."""

    class OutsideError(RuntimeError):
        pass

    fault = OutsideError()

    assert fault is error_of(bool, inscope.LocalProxy(raiser(fault)))


def test_a_proxy_becomes_unbound_between_entering_and_leaving(
    inscope: ModuleType,
) -> None:
    """``with proxy`` asks again on leaving, and says that nothing is bound."""
    var = inscope.Var("manager")
    proxy = var.proxy(unbound_message=MESSAGE)
    token = var.set(TARGETS["Manager"]())

    with pytest.raises(inscope.UnboundError) as caught, proxy:
        var.reset(token)

    assert MESSAGE == str(caught.value)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_a_row_says_how_or_why_not(row: special_methods.SpecialMethod) -> None:
    """A row has an expression, or the reason why it has none."""
    forwards = row.rule in (special_methods.FORWARD, special_methods.FALLBACK)

    assert forwards is bool(row.expression)
    assert forwards is not bool(row.reason)
    assert (row.rule == special_methods.FALLBACK) is bool(row.unbound)


def test_no_method_has_two_rows() -> None:
    """Each name stands in the table once."""
    names = [row.name for row in TABLE]

    assert sorted(set(names)) == sorted(names)


def test_every_documented_special_method_has_a_row() -> None:
    """The table has every name that the library's documentation tells of."""
    documented = {f"__{name}__" for name in DOCUMENTED.split()}

    assert set() == documented - {row.name for row in TABLE}


def test_every_special_method_of_the_builtin_types_has_a_row() -> None:
    """The table has every slot that a type of this interpreter fills."""
    known = {row.name for row in TABLE}
    known |= {f"__{name}__" for name in NOT_SPECIAL.split()}

    unknown = {
        f"{kind.__name__}.{name}"
        for kind in KINDS
        for name in dir(kind)
        if name.startswith("__") and name.endswith("__") and name not in known
        if isinstance(getattr(kind, name, None), types.WrapperDescriptorType)
        or callable(_static(kind, name))
    }

    assert set() == unknown


def _static(kind: type, name: str) -> Any:
    """Return the attribute *name* of *kind* as it lies in a class's dictionary."""
    return next(vars(c)[name] for c in (*kind.__mro__, type) if name in vars(c))


def test_left_out_methods_are_left_out(inscope: ModuleType) -> None:
    """A proxy is no descriptor, has no finaliser, and answers no ``__missing__``."""
    names = "__get__ __set__ __delete__ __set_name__ __del__ __missing__ __prepare__"

    assert set() == set(names.split()) & set(dir(inscope.LocalProxy))
    assert set(names.split()) <= {row.name for row in TABLE if row.reason}


@pytest.mark.parametrize("readonly", [True, False])
def test_a_buffer_is_that_of_the_object(
    inscope: ModuleType, core: str, readonly: bool
) -> None:
    """``memoryview(proxy)`` reads and writes the object's memory, and lets it go."""
    skip_without_buffers("__buffer__", core)
    data: Any = b"word" if readonly else bytearray(b"word")
    proxy = inscope.LocalProxy(lambda: data)

    with memoryview(proxy) as view:
        assert (b"word", readonly) == (view.tobytes(), view.readonly)
        if not readonly:
            view[0] = ord("l")
            with pytest.raises(BufferError):
                data.append(1)
    if not readonly:
        data.append(ord("s"))
        assert bytearray(b"lords") == data
        assert 3 == io.BytesIO(b"abc").readinto(proxy)
        assert bytearray(b"abcds") == data


async def _coroutine() -> None:
    """Give the type of coroutines."""


async def _async_generator() -> Any:
    yield


_made = _coroutine()
_made.close()

KINDS: list[type] = [
    *(object, type, int, bool, float, complex, str, bytes, bytearray, memoryview),
    *(list, tuple, dict, set, frozenset, range, slice, type(None), type(...)),
    *(property, staticmethod, classmethod, super),
    *(enumerate, zip, map, filter, reversed),
    *(BaseException, BaseExceptionGroup, type(_made), type(_async_generator())),
    *(types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.CodeType),
    *(types.GeneratorType, types.ModuleType, types.FrameType, types.TracebackType),
    *(types.GenericAlias, types.UnionType, types.SimpleNamespace),
    *(types.MappingProxyType, types.CellType, type(iter([])), type(iter({}))),
    *(array.array, collections.deque, collections.OrderedDict, collections.Counter),
    *(collections.defaultdict, collections.ChainMap, collections.UserDict),
    *(io.StringIO, io.BytesIO, io.TextIOWrapper, Decimal, Fraction, PurePath),
]

NOT_SPECIAL = """
    alloc getformat subclasses typing_unpacked_tuple_args
    annotations base bases basicsize code globals name qualname mro dictoffset flags
    itemsize weakrefoffset text_signature abstractmethods type_params vfspath
"""
"""Methods and attributes of single types that no operation looks up."""

DOCUMENTED = """
    new init del repr str bytes format lt le eq ne gt ge hash bool
    getattr getattribute setattr delattr dir class doc dict slots module
    get set delete set_name objclass
    init_subclass mro_entries prepare instancecheck subclasscheck subclasshook
    class_getitem call
    len length_hint getitem setitem delitem missing iter next reversed contains
    add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or
    radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift
    rand rxor ror
    iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior
    neg pos abs invert complex int float index round trunc floor ceil
    enter exit match_args buffer release_buffer
    await aiter anext aenter aexit
    fspath sizeof copy deepcopy replace
    reduce reduce_ex getstate setstate getnewargs getnewargs_ex
    wrapped weakref
"""
"""From the data model, and from copy, functools, os, pickle, sys and weakref."""
