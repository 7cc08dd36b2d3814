"""Where context has been lost or kept in gRPC: a test for each of these.

The recipe is ``examples/engines/grpc_context.py``. One thread serves, so that each
call meets what the last one has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from engine_recipes import KINDS, NOTHING, forged, recipe

pytest.importorskip("grpc")
pytest.importorskip("itsdangerous")

import grpc

SECONDS = 60
USERS = ("ann", "bob")


class Service:
    """A server, and channels to it."""

    def __init__(self, made: ModuleType, inscope: ModuleType) -> None:
        self.made = made
        self.caller: Any = made.caller
        self.refused = inscope.ContextRefused
        self.extra: Any = inscope.Var("grpc_extra")
        self.trace: Any = inscope.Var("grpc_trace")
        self.pool = ThreadPoolExecutor(1)
        self.closed: list[str] = []
        interceptors = [Tracing(self), made.ServerContext()]
        self.server = grpc.server(self.pool, interceptors=interceptors)
        handlers = {
            "See": grpc.unary_unary_rpc_method_handler(self.see),
            "Steps": grpc.unary_stream_rpc_method_handler(self.steps),
            "Each": grpc.stream_stream_rpc_method_handler(self.each),
            "All": grpc.stream_unary_rpc_method_handler(self.all),
            "On": grpc.unary_unary_rpc_method_handler(self.on),
            "Leave": grpc.unary_unary_rpc_method_handler(self.leave),
            "Read": grpc.unary_unary_rpc_method_handler(self.read),
            "Trace": grpc.unary_unary_rpc_method_handler(self.traced),
        }
        self.server.add_registered_method_handlers("Numbers", handlers)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.plain = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.channel = grpc.intercept_channel(self.plain, made.ClientContext())

    def stop(self) -> None:
        """Close all."""
        self.plain.close()
        self.server.stop(None).wait(SECONDS)
        self.pool.shutdown()

    def now(self) -> bytes:
        """Return what is seen here."""
        try:
            return str(self.caller.get(NOTHING)).encode()
        except self.refused:
            return b"refused"

    def see(self, request: bytes, _: Any) -> bytes:
        """Return what is seen."""
        return self.now()

    def steps(self, request: bytes, _: Any) -> Iterator[bytes]:
        """Yield what is seen, and go on as another if that is asked for."""
        try:
            yield self.now()
            with self.extra.bind(1):
                yield self.now()
                if request:
                    self.caller.set(request.decode())
                yield self.now()
                assert 1 == self.extra.get()
        finally:
            self.closed.append(self.now().decode())

    def each(self, requests: Iterator[bytes], _: Any) -> Iterator[bytes]:
        """Yield it for each request."""
        for request in requests:
            yield request + self.now()

    def all(self, requests: Iterator[bytes], _: Any) -> bytes:
        """Return it for all requests."""
        return b" ".join([request + self.now() for request in requests])

    def on(self, request: bytes, _: Any) -> bytes:
        """Return what a call of here would carry: the one thread is busy."""
        details = grpc.ClientCallDetails()
        details.metadata = [(self.made.FIELD, "of another"), ("kept", "1")]
        pairs: list[tuple[str, str]] = self.made.Details(details).metadata
        assert ["kept", self.made.FIELD] == [name for name, _ in pairs]
        return dict(pairs)[self.made.FIELD].encode()

    def leave(self, request: bytes, _: Any) -> bytes:
        """Leave a value on the thread."""
        self.caller.set(request.decode())
        return self.now()

    def read(self, request: bytes, _: Any) -> bytes:
        """Read, come what may."""
        return str(self.caller.get("nobody")).encode()

    def traced(self, request: bytes, _: Any) -> bytes:
        """Return what another interceptor has bound."""
        return str(self.trace.get(NOTHING)).encode()

    def call(self, name: str, *args: Any, channel: Any = None, **options: Any) -> str:
        """Call the method *name* and return what it says."""
        method = (channel or self.channel).unary_unary(f"/Numbers/{name}")
        answer = method(*(args or (b"",)), timeout=SECONDS, **options)
        return str(answer.decode())

    def stream(self, request: bytes = b"") -> Any:
        """Return the answers of a call that has several."""
        method = self.channel.unary_stream("/Numbers/Steps")
        return method(request, timeout=SECONDS)


class Tracing(grpc.ServerInterceptor):
    """One that was there before: it binds where the handler is called."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Bind around handlers with one answer."""
        handler = continuation(details)
        if handler is None or handler.response_streaming or handler.request_streaming:
            return handler

        def traced(request: bytes, context: Any) -> Any:
            with self.service.trace.bind("traced"):
                return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(traced)


@pytest.fixture
def service(inscope: ModuleType, core: str) -> Iterator[Service]:
    """A server on a free port."""
    service = Service(recipe("grpc", core), inscope)
    yield service
    service.stop()


def test_metadata_that_is_not_ascii_fails_the_call(service: Service) -> None:
    """The fault: a name, as it is, in metadata."""
    with pytest.raises(grpc.RpcError) as error:
        service.call("See", channel=service.plain, metadata=[("user", "José")])

    assert grpc.StatusCode.INTERNAL is error.value.code()


def test_metadata_that_is_large_fails_the_call(service: Service) -> None:
    """The fault: more than 16 KiB are refused, by whoever receives them."""
    with pytest.raises(grpc.RpcError) as error:
        service.call("See", channel=service.plain, metadata=[("user", "x" * 20_000)])

    assert grpc.StatusCode.RESOURCE_EXHAUSTED is error.value.code()


def test_any_name_goes_with_a_call(service: Service) -> None:
    """The text of a payload is ASCII, whatever the values are."""
    with service.caller.bind("José 家"):
        assert "José 家" == service.call("See")


def test_what_is_too_large_is_an_error_of_the_caller(
    service: Service, inscope: ModuleType
) -> None:
    """Long before gRPC would refuse it, and it says which Var it is."""
    with (
        service.caller.bind("x" * 5000),
        pytest.raises(inscope.NotPortableError, match="caller"),
    ):
        service.call("See")


def test_handlers_see_who_has_called(service: Service) -> None:
    """One user after the other; and nobody, by either channel."""
    found = []
    for name in (*USERS, ""):
        with service.caller.bind(name or NOTHING):
            channel = service.channel if name else service.plain
            found.append(service.call("See", channel=channel))
    found.append(service.call("See"))

    assert [*USERS, NOTHING, NOTHING] == found


def test_what_a_handler_leaves_is_not_seen_by_the_next(service: Service) -> None:
    """Nor what somebody has left on the thread that serves."""
    assert "left" == service.call("Leave", b"left")
    service.pool.submit(service.caller.set, "of the thread").result(SECONDS)

    assert NOTHING == service.call("See")
    assert NOTHING == service.call("See", channel=service.plain)
    assert b"of the thread" == service.pool.submit(service.now).result(SECONDS)


def test_each_step_of_a_stream_sees_who_has_called(service: Service) -> None:
    """And what the steps before it have bound."""
    for name in USERS:
        with service.caller.bind(name):
            answers = service.stream(b"eve")
        assert [name, name, "eve"] == [answer.decode() for answer in answers]

    assert [NOTHING] * 3 == [answer.decode() for answer in service.stream()]
    assert ["eve", "eve", NOTHING] == service.closed


def test_a_stream_that_is_given_up_leaves_nothing(service: Service) -> None:
    """Its generator is still suspended when the thread serves the next call."""
    with service.caller.bind("ann"):
        answers = service.stream()
        assert b"ann" == next(answers)
        answers.cancel()

    assert NOTHING == service.call("See", channel=service.plain)
    assert b"nothing" == service.pool.submit(service.now).result(SECONDS)


def test_calls_with_several_requests_see_who_has_called(service: Service) -> None:
    """With one answer, and with one for each."""
    each = service.channel.stream_stream("/Numbers/Each")
    at_once = service.channel.stream_unary("/Numbers/All")
    for name in USERS:
        with service.caller.bind(name):
            answers = each(iter([b"1 ", b"2 "]), timeout=SECONDS)
            answer = at_once(iter([b"1 ", b"2 "]), timeout=SECONDS)
        expected = [f"1 {name}".encode(), f"2 {name}".encode()]
        assert expected == list(answers)
        assert b" ".join(expected) == answer


def test_calls_of_handlers_carry_the_same(service: Service) -> None:
    """In place of what was in the metadata already, beside what else is there."""
    with service.caller.bind("ann"):
        text = service.call("On")

    found = service.made.load(text, service.made.GRPC)
    assert "ann" == found.run(service.caller.get)


def test_what_other_interceptors_bind_stays(service: Service) -> None:
    """In the context in which the handler is called."""
    with service.caller.bind("ann"):
        assert "traced" == service.call("Trace")


def test_a_method_that_is_not_there_is_none(service: Service) -> None:
    """As without interceptors."""
    with pytest.raises(grpc.RpcError) as error:
        service.call("Missing")

    assert grpc.StatusCode.UNIMPLEMENTED is error.value.code()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forged_is_refused_in_the_handler(service: Service, kind: str) -> None:
    """Not by the interceptor: a handler that asks nobody's name is called."""
    with service.caller.bind("ann"):
        text = service.made.dump(service.made.GRPC).text
    metadata = [(service.made.FIELD, forged(text)[kind])]
    found = service.call("See", channel=service.plain, metadata=metadata)
    assert "refused" == found

    with pytest.raises(grpc.RpcError, match="was refused"):
        service.call("Read", channel=service.plain, metadata=metadata)
    assert NOTHING == service.call("See")
