"""Where context has been lost or kept in Dramatiq: a test for each of these.

The recipe is ``examples/engines/dramatiq_context.py``. One thread works, so that each
message meets what the last one has left.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from engine_recipes import KINDS, NOTHING, forged, recipe

pytest.importorskip("dramatiq")
pytest.importorskip("itsdangerous")

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, Middleware, SkipMessage

MILLISECONDS = 60_000
QUEUE = "default"
STAGES = ("one", "two")
USERS = ("ann", "bob")
SOON = {"min_backoff": 1, "max_backoff": 1}


class Shop:
    """A broker, and actors that note what they see."""

    def __init__(self, made: ModuleType, refused: type[Exception], broker: Any) -> None:
        self.made = made
        self.customer: Any = made.customer
        self.refused = refused
        self.broker = broker
        self.seen: list[tuple[str, str]] = []
        self.see = self.actor(self.tell, "see")

    def tell(self, label: str = "task", *_: Any) -> None:
        """Note what is seen, under the name of *label*."""
        self.seen.append((label, self.now()))

    def now(self) -> str:
        """Return what is seen here."""
        try:
            return str(self.customer.get(NOTHING))
        except self.refused:
            return "refused"

    def actor(self, function: Callable[..., Any], name: str, **options: Any) -> Any:
        """Make an actor of *function*, which is not tried again."""
        options = {"max_retries": 0, **options}
        return dramatiq.actor(
            function, actor_name=name, broker=self.broker, queue_name=QUEUE, **options
        )

    def works(self) -> None:
        """Let a worker do all there is to do, and what comes of that."""
        worker = dramatiq.Worker(self.broker, worker_timeout=10, worker_threads=1)
        worker.start()
        try:
            self.broker.join(QUEUE, timeout=MILLISECONDS)
        finally:
            worker.stop()

    def pipe(self, *labels: str) -> Any:
        """Make a pipeline whose stages note what they see."""
        stages = [self.see.message(label) for label in labels]
        return dramatiq.pipeline(stages, broker=self.broker)

    def put(self, message: Any) -> None:
        """Put *message* into the queue as a sender does that knows nothing of this."""
        self.broker.queues[QUEUE].put(message.encode())

    def sent(self) -> list[Any]:
        """Return the options of the messages that wait."""
        return [json.loads(one)["options"] for one in self.broker.queues[QUEUE].queue]


@pytest.fixture
def plain(inscope: ModuleType, core: str) -> Iterator[Shop]:
    """Dramatiq as it is."""
    broker = StubBroker()
    broker.fail_fast_default = False
    yield Shop(recipe("dramatiq", core), inscope.ContextRefused, broker)
    broker.close()


@pytest.fixture
def shop(plain: Shop) -> Shop:
    """Dramatiq with the recipe."""
    plain.made.install(plain.broker)
    return plain


class Watching(Middleware):
    """Notes what is seen where the recipe has not yet entered, or has left."""

    def __init__(self, shop: Shop) -> None:
        self.tell = shop.tell

    def before_process_message(self, broker: Any, message: Any) -> None:
        """Before the recipe's."""
        self.tell("before")

    def after_process_message(self, broker: Any, message: Any, **_: Any) -> None:
        """After the recipe's."""
        self.tell("after")

    def after_skip_message(self, broker: Any, message: Any) -> None:
        """After the recipe's."""
        self.tell("skipped")


class Raising(Middleware):
    """A hook that fails."""

    def __init__(self, hook: str, error: Exception) -> None:
        self.error = error
        setattr(self, hook, self.failing)

    def failing(self, *_: Any, **__: Any) -> None:
        """Fail."""
        raise self.error


def test_a_hook_that_fails_lets_the_actor_run_bare(
    plain: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault: what restores a context raises, Dramatiq logs it and goes on."""
    error = ValueError("cannot be restored")
    plain.broker.add_middleware(Raising("before_process_message", error))
    plain.see.send()
    plain.works()

    assert [("task", NOTHING)] == plain.seen
    assert "Unexpected failure in before_process_message" in caplog.text


def test_a_hook_that_fails_lets_the_message_go_bare(plain: Shop) -> None:
    """The fault: the sender is not told that its values could not be written."""
    plain.broker.add_middleware(Raising("before_enqueue", ValueError("too large")))
    plain.see.send()

    assert 1 == len(plain.sent())


def test_middleware_that_is_last_loses_the_context_of_a_pipeline(plain: Shop) -> None:
    """The fault: it has left before ``Pipelines`` sends the second stage."""
    plain.broker.add_middleware(plain.made.ContextMiddleware())
    with plain.customer.bind("ann"):
        plain.pipe(*STAGES).run()
    plain.works()

    assert [("one", "ann"), ("two", NOTHING)] == plain.seen


def test_a_pipeline_keeps_the_context(shop: Shop) -> None:
    """Each stage, since the recipe leaves after all others."""
    with shop.customer.bind("ann"):
        shop.pipe("one", "two", "three").run()
    shop.works()

    assert [("one", "ann"), ("two", "ann"), ("three", "ann")] == shop.seen


def test_a_pipeline_that_is_sent_twice_is_each_senders(shop: Shop) -> None:
    """Its messages are objects that stay: no sender finds another's values in them."""
    pipe = shop.pipe(*STAGES)
    for name in ("ann", "bob"):
        with shop.customer.bind(name):
            pipe.run()
        shop.works()
    pipe.run()
    shop.works()

    expected = [(label, name) for name in ("ann", "bob", NOTHING) for label in STAGES]
    assert expected == shop.seen


def test_actors_see_who_has_sent_them(shop: Shop) -> None:
    """One user's message after the other's, on one thread; and nobody's."""
    for name in ("ann", "bob"):
        with shop.customer.bind(name):
            shop.see.send(name)
    shop.see.send("nobody")
    shop.works()

    assert [("ann", "ann"), ("bob", "bob"), ("nobody", NOTHING)] == shop.seen


def test_actors_of_actors_see_the_same(shop: Shop) -> None:
    """Those that are sent at once, with a delay, and as somebody else."""

    def outer() -> None:
        shop.see.send("inner")
        with shop.customer.bind("bob"):
            shop.see.send("as bob")
        shop.see.send_with_options(args=("later",), delay=1)

    sending = shop.actor(outer, "outer")
    with shop.customer.bind("ann"):
        sending.send()
    shop.works()

    assert [("as bob", "bob"), ("inner", "ann"), ("later", "ann")] == sorted(shop.seen)


@pytest.mark.parametrize("name", ["ann", ""])
def test_a_retry_has_the_values_of_the_first_attempt(shop: Shop, name: str) -> None:
    """Also if that were none, and the first attempt has left others."""

    attempts: list[str] = []

    def failing() -> None:
        attempts.append(shop.now())
        shop.customer.set("of the attempt")
        if len(attempts) < 3:
            raise ValueError

    actor = shop.actor(failing, "failing", max_retries=5, **SOON)
    if name:
        with shop.customer.bind(name):
            actor.send()
    else:
        shop.put(actor.message())
    shop.see.send("other")
    shop.works()

    assert [name or NOTHING] * 3 == attempts
    assert [("other", NOTHING)] == shop.seen


def test_callbacks_see_who_has_sent_the_message(shop: Shop) -> None:
    """``Callbacks`` sends them in a hook of its own."""

    def told(label: str) -> Any:
        return shop.actor(lambda *_: shop.tell(label), f"told {label}")

    def failing() -> None:
        raise ValueError

    succeeded, failed = told("succeeded"), told("failed")
    actor = shop.actor(failing, "failing", on_failure=failed.actor_name)
    with shop.customer.bind("ann"):
        actor.send()
        shop.see.send_with_options(on_success=succeeded.actor_name)
    shop.works()

    expected = [("failed", "ann"), ("succeeded", "ann"), ("task", "ann")]
    assert expected == sorted(shop.seen)


@pytest.mark.parametrize("kind", ["done", "failed", "skipped"])
def test_nothing_is_left_on_the_thread(shop: Shop, kind: str) -> None:
    """Neither what came with the message nor what the actor has bound."""

    def working() -> None:
        shop.customer.set("of the actor")
        if kind == "failed":
            raise ValueError

    actor = shop.actor(working, "working")
    if kind == "skipped":
        shop.broker.add_middleware(Raising("before_process_message", SkipMessage()))
    first = type(shop.broker.middleware[0])
    shop.broker.add_middleware(Watching(shop), before=first)
    with shop.customer.bind("ann"):
        actor.send()
    shop.works()

    after = "skipped" if kind == "skipped" else "after"
    assert [("before", NOTHING), (after, NOTHING)] == shop.seen


def test_what_lies_about_on_the_thread_is_not_seen(shop: Shop) -> None:
    """A message without a payload, from a sender without the recipe."""

    class Leaving(Watching):
        def before_process_message(self, broker: Any, message: Any) -> None:
            shop.customer.set("of the thread")

    first = type(shop.broker.middleware[0])
    shop.broker.add_middleware(Leaving(shop), before=first)
    shop.put(shop.see.message())
    shop.works()

    assert [("task", NOTHING), ("after", "of the thread")] == shop.seen


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forged_is_refused_in_the_actor(
    shop: Shop, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No hook fails; and what the actor sends is refused, too, and not bare."""

    def outer() -> None:
        shop.tell("outer")
        shop.see.send("inner")

    actor = shop.actor(outer, "outer")
    with shop.customer.bind("ann"):
        text = shop.made.dump(shop.made.DRAMATIQ).text
    options = {shop.made.FIELD: forged(text)[kind]}
    shop.put(actor.message_with_options(**options))
    shop.see.send("other")
    shop.works()

    expected = [("inner", "refused"), ("other", NOTHING), ("outer", "refused")]
    assert expected == sorted(shop.seen)
    assert "Unexpected failure" not in caplog.text


def test_a_read_of_what_is_forged_fails_the_message(
    shop: Shop, inscope: ModuleType
) -> None:
    """By ``ContextRefused``, as any error of the actor does."""
    actor = shop.actor(lambda: shop.customer.get("nobody"), "reading")
    shop.put(actor.message_with_options(**{shop.made.FIELD: "admin"}))
    shop.works()

    (dead,) = shop.broker.dead_letters
    assert isinstance(dead._exception, inscope.ContextRefused)


@pytest.mark.parametrize("value", [5, "x" * 5000], ids=["no string", "large"])
def test_what_cannot_be_sent_is_an_error_of_the_sender(shop: Shop, value: Any) -> None:
    """And nothing is sent; the error is of a class that Dramatiq lets through."""
    with (
        shop.customer.bind(value),
        pytest.raises(shop.made.NotSentError, match="'customer' cannot be sent"),
    ):
        shop.see.send()

    assert [] == shop.sent()


def test_actors_that_are_coroutine_functions_see_it_too(shop: Shop) -> None:
    """They run in the thread of a loop."""

    async def later() -> None:
        shop.tell("coroutine")
        shop.see.send("inner")

    shop.broker.add_middleware(AsyncIO())
    actor = shop.actor(later, "later")
    for name in ("ann", "bob"):
        with shop.customer.bind(name):
            actor.send()
    shop.works()

    expected = [(label, name) for label in ("coroutine", "inner") for name in USERS]
    assert expected == sorted(shop.seen)


def test_a_real_broker_carries_it(
    plain: Shop, redis: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Redis, with a pipeline, a delay and a retry; nobody has asked last."""
    from dramatiq.brokers.redis import RedisBroker

    caplog.set_level(logging.CRITICAL, "dramatiq")
    broker = RedisBroker(url=redis.url, namespace=f"dramatiq-{id(plain)}")
    shop = Shop(plain.made, plain.refused, broker)
    shop.made.install(broker)
    failed: list[str] = []

    def failing() -> None:
        if shop.now() not in failed:
            failed.append(shop.now())
            raise ValueError
        shop.tell("again")

    actor = shop.actor(failing, "failing", max_retries=1, **SOON)
    try:
        for name in USERS:
            with shop.customer.bind(name):
                shop.pipe(*STAGES).run()
                shop.see.send_with_options(args=("later",), delay=1)
                actor.send()
        shop.see.send("nobody")
        shop.works()
    finally:
        broker.close()
        broker.client.connection_pool.disconnect()  # its own: the client leaves it open

    labels = ("again", "later", "one", "two")
    expected = [(label, name) for label in labels for name in USERS]
    assert sorted([*expected, ("nobody", NOTHING)]) == sorted(shop.seen)
