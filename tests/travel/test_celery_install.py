"""``install`` in the process that sends, which may also run tasks at once."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("celery")

from celery import Celery, Task, chain, group, signals
from celery.app.trace import trace_task

Send = Callable[[Any], Any]

SENDS: dict[str, Send] = {
    "delay": lambda see: see.delay(),
    "apply_async": lambda see: see.apply_async(),
    "send_task": lambda see: see.app.send_task(see.name),
    "chain": lambda see: chain(see.si(), see.si()).delay(),
    "group": lambda see: group(see.si(), see.si()).delay(),
    "apply": lambda see: see.apply(),
    "a group, applied": lambda see: group(see.si(), see.si()).apply(),
}
"""Ways to send or run a task."""


@pytest.fixture
def celery(inscope: ModuleType) -> ModuleType:
    """``inscope.travel.celery``, of the copy of the package under test."""
    return importlib.import_module("inscope.travel.celery")


@pytest.fixture
def world(inscope: Any, celery: ModuleType) -> Iterator[Any]:
    """An app whose messages stay in memory, with a task that returns what it sees."""
    tenant = inscope.Var("eager.tenant", wire=str, travels_to={"celery", "http"})
    user = inscope.Var("eager.user", wire=str, travels_to={"celery"}, identity=True)
    app = Celery("eager", broker="memory://", set_as_current=False)
    ran: list[str] = []

    @app.task(name="see", ignore_result=True)
    def see() -> str:
        ran.append("ran")
        return str(tenant.get("nothing"))

    yield SimpleNamespace(app=app, tenant=tenant, user=user, see=see, ran=ran)
    app.close()


def _sent(world: Any) -> list[dict[str, Any]]:
    """Return the headers of the messages that were sent."""
    with world.app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        found = []
        while len(queue):
            message = queue.get_nowait()
            message.ack()
            found.append(message.headers)
        queue.close()
    return found


def _headers(world: Any) -> list[Any]:
    """Return our header of each message that was sent."""
    return [headers.get("inscope-context") for headers in _sent(world)]


@pytest.mark.parametrize("way", list(SENDS))
def test_what_cannot_be_sent_is_an_error_of_who_sends(
    inscope: Any, celery: Any, world: Any, way: str
) -> None:
    """Who somebody is is not sent without a signature; nor is any task."""
    raises = pytest.raises(inscope.NotPortableError, match="give the boundary keys")
    with celery.install(), world.user.bind("ann"), raises:
        SENDS[way](world.see)

    assert ([], []) == (_sent(world), world.ran)


def test_what_was_refused_elsewhere_is_an_error_of_who_sends(
    inscope: Any, celery: Any, travel: Any, world: Any
) -> None:
    """A request whose header was forged sends no tasks."""
    raises = pytest.raises(inscope.ContextRefused, match="by 'http' was refused")
    with celery.install(), travel.load("forged", "http").entered(), raises:
        world.see.delay()

    assert [] == _sent(world)


def test_nothing_is_sent_where_nothing_is_bound(celery: Any, world: Any) -> None:
    """There is no header, not an empty one."""
    with celery.install():
        world.see.delay()

    assert ["inscope-context" in headers for headers in _sent(world)] == [False]


def test_the_headers_of_the_program_stay_as_they_are(celery: Any, world: Any) -> None:
    """They are sent, and its own dictionary is not changed."""
    headers = {"of": "the program"}
    with celery.install(), world.tenant.bind("acme"):
        world.see.apply_async(headers=headers)

    assert {"of": "the program"} == headers
    [sent] = _sent(world)
    assert ("the program", True) == (sent["of"], '["eager.tenant","acme"]' in str(sent))


def test_a_header_that_is_there_is_kept(celery: Any, world: Any) -> None:
    """That is how a retry has the values of the first attempt."""
    with celery.install(), world.tenant.bind("acme"):
        world.see.apply_async(headers={"inscope-context": "of the first"})

    assert ["of the first"] == _headers(world)


@pytest.mark.parametrize("always", [False, True], ids=["apply", "task_always_eager"])
def test_a_task_that_is_run_at_once_sees_what_it_would_see_elsewhere(
    celery: Any, world: Any, always: bool
) -> None:
    """Its values are written and read, and what it leaves bound is gone."""
    world.app.conf.task_always_eager = always

    @world.app.task
    def rebind() -> str:
        seen = world.tenant.get("nothing")
        world.tenant.set("left")
        return str(seen)

    with celery.install(), world.tenant.bind("acme"):
        ran = rebind.delay() if always else rebind.apply()
        assert "acme" == ran.get()
        assert "acme" == world.tenant.get()


def test_a_task_at_once_in_another_sees_what_that_one_has(
    celery: Any, world: Any
) -> None:
    """As a task that it sends does."""

    @world.app.task
    def outer() -> list[str]:
        with world.tenant.bind("inner"):
            inner = world.see.apply().get()
        return [inner, world.tenant.get()]

    with celery.install(), world.tenant.bind("acme"):
        assert ["inner", "acme"] == outer.apply().get(disable_sync_subtasks=False)


def test_a_task_that_fails_at_once_leaves_nothing(celery: Any, world: Any) -> None:
    """Also if its error goes through to who has run it."""

    @world.app.task
    def fail() -> None:
        world.tenant.set("left")
        raise ValueError("as it is")

    with celery.install(), world.tenant.bind("acme"):
        with pytest.raises(ValueError, match="as it is"):
            fail.apply(throw=True)
        assert "acme" == world.tenant.get()


def test_a_retry_at_once_sees_what_the_first_attempt_has_seen(
    celery: Any, world: Any
) -> None:
    """Though the first has bound something else."""
    seen = []

    @world.app.task(bind=True)
    def retrying(self: Any) -> None:
        seen.append(world.tenant.get())
        world.tenant.set("of the first attempt")
        if not self.request.retries:
            raise self.retry(countdown=0)

    with celery.install(), world.tenant.bind("acme"):
        retrying.apply()

    assert ["acme", "acme"] == seen


def test_a_task_that_is_refused_at_once_passes_that_on(
    inscope: Any, celery: Any, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What it sends is refused wherever it comes; each is logged once, as a warning."""

    @world.app.task
    def outer() -> None:
        world.see.delay()
        world.see.apply()

    with celery.install(), caplog.at_level(logging.WARNING, "inscope.travel"):
        outer.apply(headers={"inscope-context": "forged"})

    message = (
        "the context that came by 'celery' was refused: it is no payload of inscope's"
    )
    expected = [("inscope.travel", logging.WARNING, message)] * 2
    assert expected == [
        one for one in caplog.record_tuples if one[0] == "inscope.travel"
    ]
    assert ["refused"] == _headers(world)


@pytest.mark.parametrize("headers", [None, {}, {"of": "the program"}])
def test_a_task_at_once_needs_no_headers(celery: Any, world: Any, headers: Any) -> None:
    """It sees nothing where nothing is bound."""
    with celery.install():
        assert "nothing" == world.see.apply(headers=headers).get()


def test_handlers_see_what_the_task_has_left(celery: Any, world: Any) -> None:
    """Those of ``task_postrun`` that were connected after it, too."""
    seen = []

    def ended(**_: Any) -> None:
        seen.append(world.tenant.get("nothing"))

    with celery.install():
        signals.task_postrun.connect(ended)
        with world.tenant.bind("acme"):
            world.see.apply()
        signals.task_postrun.disconnect(ended)

    assert ["acme"] == seen


def test_a_block_undoes_the_installation(celery: Any, world: Any) -> None:
    """Celery is as before, and its tasks at once see what is bound where they run."""
    before = (Celery.send_task, Task.apply)
    receivers = [*signals.task_prerun.receivers, *signals.task_postrun.receivers]
    with celery.install(), world.tenant.bind("acme"):
        assert before != (Celery.send_task, Task.apply)
        world.see.apply()
    with world.tenant.bind("acme"):
        world.see.delay()

    assert [None] == _headers(world)
    assert before == (Celery.send_task, Task.apply)
    now = [*signals.task_prerun.receivers, *signals.task_postrun.receivers]
    assert receivers == now


def test_what_was_put_around_it_since_stays(
    celery: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others patch the same method; without the installation, theirs goes on."""
    installation = celery.install()
    ours, called = Celery.send_task, []

    def theirs(*args: Any, **options: Any) -> Any:
        called.append(args[1])
        return ours(*args, **options)

    monkeypatch.setattr(Celery, "send_task", theirs)
    installation.uninstall()
    with world.tenant.bind("acme"):
        world.see.delay()
    monkeypatch.setattr(Celery, "send_task", ours.__wrapped__)

    assert (["see"], [None]) == (called, _headers(world))


def test_once_more_does_nothing(celery: Any, world: Any) -> None:
    """Neither with the same boundary, nor to undo it, which the first can alone."""
    with celery.install() as first:
        with celery.install("celery") as second:
            assert second is not first
        second.uninstall()
        with world.tenant.bind("acme"):
            world.see.delay()
        first.uninstall()
        first.uninstall()

    [header] = _headers(world)
    assert '["eager.tenant","acme"]' in header


def test_two_boundaries_are_one_too_many(celery: Any, travel: Any) -> None:
    """Which of them a task would travel by could not be told."""
    raises = pytest.raises(RuntimeError, match=r"call install\(\) once")
    with celery.install(), raises:
        celery.install(travel.Boundary("celery", keys=["a key"]))
    with celery.install(travel.Boundary("celery", keys=["a key"])):
        pass


def test_a_task_that_is_running_when_it_ends_leaves_nothing(
    celery: Any, world: Any
) -> None:
    """What it has hidden is there again after it."""
    installation = celery.install()

    @world.app.task
    def end() -> None:
        world.tenant.set("left")
        installation.uninstall()

    with world.tenant.bind("acme"):
        end.apply()
        assert "acme" == world.tenant.get()
    signals.task_postrun.disconnect(installation._leave)


def test_a_task_that_is_running_when_it_begins_is_left_alone(
    celery: Any, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends as it has begun: without."""

    @world.app.task
    def begin() -> None:
        installed.append(celery.install())
        world.see.apply()
        world.tenant.set("left")

    installed: list[Any] = []
    with world.tenant.bind("acme"):
        begin.apply()
        assert ("left", []) == (world.tenant.get(), caplog.records)
        world.tenant.set("acme")
    installed[0].uninstall()


def test_a_header_of_a_message_is_what_the_task_sees(celery: Any, world: Any) -> None:
    """A worker calls it in a place that has values of its own."""
    with world.tenant.bind("acme"), celery.install():
        world.see.delay()
    [headers] = _sent(world)

    with world.tenant.bind("emca"), celery.install():
        request = {**headers, "delivery_info": {}}
        traced = trace_task(world.see, "an id", (), {}, request, app=world.app)
        assert ("acme", "emca") == (traced.retval, world.tenant.get())


@pytest.mark.parametrize("name", ["process", "dask"])
def test_a_boundary_that_believes_what_is_not_signed_is_an_error(
    celery: Any, travel: Any, name: str
) -> None:
    """Who can write to a broker cannot run code in a worker."""
    for boundary in (name, travel.Boundary(name)):
        with pytest.raises(ValueError, match="a broker is not"):
            celery.install(boundary)
    with celery.install(travel.Boundary(name, keys=["k"])):
        pass


def test_a_task_that_begins_twice_leaves_nothing(celery: Any, world: Any) -> None:
    """If somebody else sends Celery's signals; nor do they break on no task."""
    task = world.see
    with celery.install():
        with world.tenant.bind("acme"):
            text = importlib.import_module("inscope.travel").dump("celery").text
        task.push_request(headers={"inscope-context": text})
        for _ in range(2):
            signals.task_prerun.send(sender=task, task=task)
            assert "acme" == world.tenant.get()
        signals.task_postrun.send(sender=task, task=task)
        task.pop_request()
        assert not world.tenant.is_bound()
        for signal in (signals.task_prerun, signals.task_postrun):
            for _, error in signal.send(sender=None):
                assert error is None


def test_headers_may_be_given_by_place(celery: Any, world: Any) -> None:
    """As ``Task.apply`` takes them."""
    with celery.install(), world.tenant.bind("acme"):
        for headers in (None, {"mine": 1}):
            found = world.see.apply(*[None] * 9, headers)
            assert "acme" == found.get()


@pytest.mark.parametrize(
    ("boundary", "kind"), [(1, TypeError), (None, TypeError), ("kafka", ValueError)]
)
def test_what_is_no_boundary_is_an_error(
    celery: Any, boundary: Any, kind: type[Exception]
) -> None:
    """It says what can be given."""
    with pytest.raises(kind, match=r"install\(\)"):
        celery.install(boundary)


@pytest.mark.parametrize("absent", ["celery", "celery.signals"])
def test_it_says_how_to_get_celery(
    inscope: Any, celery: Any, absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error inside of Celery stays what it is."""
    for name in list(sys.modules):
        if name.partition(".")[0] == "celery" or name == "inscope.travel.celery":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, absent, None)

    expected = inscope.MissingExtraError if absent == "celery" else ModuleNotFoundError
    with pytest.raises(ImportError) as raised:
        importlib.import_module("inscope.travel.celery")
    assert expected is raised.type
