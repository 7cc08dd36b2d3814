"""A Celery app whose tasks tell a list in Redis what they see: workers load it.

Its environment says where Redis is, which queue tasks go to, and which boundary is
installed: none where there is no inscope. The tests load it, too, to send its tasks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

import redis
from celery import Celery, Task, signals

REDIS = os.environ["TEST_REDIS"]
BOUNDARY = os.environ.get("TEST_BOUNDARY", "")
WITHOUT = "without"
QUEUE = [os.environ.get("TEST_QUEUE", "")]
"""Where the tasks of here and now are sent."""

client: Any = redis.Redis.from_url(REDIS)

if BOUNDARY != WITHOUT:
    from inscope import ContextRefused, Var

    # Names that no other module has: those are known as long as this one is loaded.
    tenant = Var("task.tenant", wire=str, travels_to={"celery"})
    user = Var("task.user", wire=str, travels_to={"celery"}, identity=True)
    stays = Var[str]("task.stays")


def route(*_: Any, **__: Any) -> dict[str, str]:
    """Return where each task goes."""
    return {"queue": QUEUE[0]}


app = Celery("celery_app", broker=REDIS, backend=REDIS, set_as_current=bool(QUEUE[0]))
app.conf.update(
    task_routes=(route,),
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": float(os.environ.get("TEST_VISIBILITY", "3600")),
        "unacked_restore_interval": 0.2,
        "unacked_restore_throttle": 1,
    },
    result_expires=60,
)

if BOUNDARY not in ("", WITHOUT):
    from inscope.travel import Boundary
    from inscope.travel.celery import install

    install(Boundary("celery", **json.loads(BOUNDARY)))


def sees(var: Any) -> str:
    """Return what *var* has here and now, in words."""
    try:
        return str(var.get("nothing"))
    except ContextRefused as error:
        return f"refused: {error.reason}"


def tell(key: str, label: str) -> None:
    """Add what is seen to the list *key*: under the name of *label*."""
    if BOUNDARY == WITHOUT:
        seen = ["with" if "inscope" in sys.modules else WITHOUT]
    else:
        seen = [sees(tenant), sees(user), sees(stays)]
    client.rpush(key, json.dumps([label, *seen]))


@signals.worker_ready.connect
def on_ready(**_: Any) -> None:
    """Tell that the worker takes tasks now."""
    client.rpush(f"ready:{QUEUE[0]}", "ready")


@app.task
def see(*_: Any, key: str, label: str = "task") -> None:
    """Tell what is seen."""
    tell(key, label)


@app.task
def outer(key: str) -> None:
    """Tell it, and send a task."""
    tell(key, "outer")
    see.delay(key=key, label="inner")


@app.task(bind=True)
def retrying(self: Any, key: str) -> None:
    """Tell it, and bind something else, which the second attempt is not to see."""
    tell(key, f"attempt {self.request.retries}")
    if not self.request.retries:
        tenant.set("of the first attempt")
        raise self.retry(countdown=0)


@app.task(bind=True, autoretry_for=(ValueError,), retry_kwargs={"countdown": 0})
def retried(self: Any, key: str) -> None:
    """The same, but retried by Celery."""
    tell(key, f"attempt {self.request.retries}")
    if not self.request.retries:
        raise ValueError


@app.task
def fail(key: str) -> None:
    """Tell it, and raise."""
    tell(key, "failing")
    raise ValueError(key)


@app.task
def errback(task_id: str, key: str) -> None:
    """Tell it, as a task of its own."""
    tell(key, "errback")


@app.task
def errback_in_place(request: Any, error: Any, traceback: Any, key: str) -> None:
    """Tell it, as a function that the worker calls."""
    tell(key, "errback in place")


@app.task
def rebind(key: str, value: Any) -> None:
    """Tell it, and leave something else bound."""
    tell(key, "rebinding")
    tenant.set(value)
    stays.set(value)


@app.task(acks_late=True, reject_on_worker_lost=True)
def killed_once(key: str) -> None:
    """Tell it; the first time, the process is killed then."""
    tell(key, "killed once")
    if client.set(f"{key}:killed", "yes", nx=True):
        tenant.set("of the killed")
        os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True)
def held_once(key: str) -> None:
    """Tell it; the first time, wait for the whole worker to be killed."""
    tell(key, "held once")
    if client.set(f"{key}:held", "yes", nx=True):
        tenant.set("of the held")
        time.sleep(60)


@app.task(time_limit=1)
def overdue(key: str) -> None:
    """Tell it, and take more time than there is."""
    tell(key, "overdue")
    tenant.set("of the overdue")
    time.sleep(60)


class Telling(Task):
    """A class of tasks that tell it in each method that Celery calls."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tell(args[0], "__call__")
        return super().__call__(*args, **kwargs)

    def before_start(self, task_id: Any, args: Any, kwargs: Any) -> None:
        tell(args[0], "before_start")

    def on_success(self, retval: Any, task_id: Any, args: Any, kwargs: Any) -> None:
        tell(args[0], "on_success")

    def on_failure(
        self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        tell(args[0], "on_failure")

    def on_retry(
        self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        tell(args[0], "on_retry")

    def after_return(
        self, status: Any, retval: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        tell(args[0], "after_return")


@app.task(base=Telling, bind=True)
def told(self: Any, key: str, how: str) -> None:
    """End by success or failure, perhaps after one more attempt."""
    if how == "retry" and not self.request.retries:
        raise self.retry(countdown=0)
    if how == "failure":
        raise ValueError


def _on(name: str) -> None:
    def receive(sender: Any = None, **_: Any) -> None:
        if isinstance(sender, Telling):
            tell(sender.request.args[0], name)

    getattr(signals, name).connect(receive, weak=False)


for _name in (
    "task_prerun",
    "task_postrun",
    "task_success",
    "task_failure",
    "task_retry",
):
    _on(_name)
