"""gRPC: a handler has the values of who calls it, for each step of a stream, too.

``python grpc_context.py`` serves, and calls itself. Use channels with TLS in earnest:
metadata is signed, and not encrypted.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from inscope import Var
from inscope.carry import Snapshot
from inscope.travel import Boundary, dump, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = os.environ.get("CONTEXT_KEY", "the same in both services")
GRPC = Boundary("grpc", keys=[KEY], max_age=60)
FIELD = "inscope-context"
CALL = ("method", "timeout", "credentials", "wait_for_ready", "compression")

caller: Var[str] = Var("caller", wire=str, travels_to={GRPC}, identity=True)


class Details(grpc.ClientCallDetails):
    """Those of a call, with the values of here and now in their metadata."""

    def __init__(self, details: Any) -> None:
        for name in CALL:
            setattr(self, name, getattr(details, name, None))
        others = [pair for pair in details.metadata or () if pair[0] != FIELD]
        self.metadata = [*others, (FIELD, dump(GRPC).text)]


class ClientContext(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """For channels to services that may know who calls: ``intercept_channel``."""

    def intercept_unary_unary(self, continuation: Any, details: Any, sent: Any) -> Any:
        """Call with the values of here and now."""
        return continuation(Details(details), sent)

    intercept_unary_stream = intercept_unary_unary
    intercept_stream_unary = intercept_unary_unary
    intercept_stream_stream = intercept_unary_unary


class ServerContext(grpc.ServerInterceptor):
    """For a server whose handlers are functions: ``interceptors=[…]``."""

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Let the handler have what came: it is called later, by another thread."""
        handler = continuation(details)
        if handler is None:
            return None
        text = dict(details.invocation_metadata).get(FIELD)
        kind = "stream_" if handler.request_streaming else "unary_"
        kind += "stream" if handler.response_streaming else "unary"
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        function = arriving(text, getattr(handler, kind), handler.response_streaming)
        return make(function, handler.request_deserializer, handler.response_serializer)


def arriving(
    text: Any, function: Callable[..., Any], is_stream: bool
) -> Callable[..., Any]:
    """Return *function* with what *text* says, beside what others keep in a context."""

    def answer(*args: Any) -> Any:
        with load(text, GRPC).entered():
            here = Snapshot.capture()
        answered = here.run(function, *args)
        return here.iter(answered) if is_stream else answered

    return answer


if __name__ == "__main__":

    def count(request: bytes, _: Any) -> Iterator[bytes]:
        """Say who has called."""
        for number in range(2):
            yield f"{number}, for {caller.get()}".encode()

    server = grpc.server(ThreadPoolExecutor(1), interceptors=[ServerContext()])
    handlers = {"Count": grpc.unary_stream_rpc_method_handler(count)}
    server.add_registered_method_handlers("Numbers", handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = grpc.intercept_channel(channel, ClientContext()).unary_stream(
            "/Numbers/Count"
        )
        for name in ("ann", "bob"):
            with caller.bind(name):
                print(*[answer.decode() for answer in call(b"")], sep="; ")
    server.stop(None).wait()
