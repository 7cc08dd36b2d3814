"""Who asks, in every process: what is declared once, and imported by all parts.

A part is told where the others are, and with which keys to sign, by its environment.
"""

from __future__ import annotations

import logging
import os

from inscope import Var
from inscope.logs import ContextFilter
from inscope.travel import Boundary

EVERYWHERE = {"http", "celery", "dask"}

user: Var[str] = Var("user", wire=str, travels_to=EVERYWHERE, identity=True, log=True)
tenant: Var[str] = Var("tenant", wire=str, travels_to=EVERYWHERE, log=True)

current_user = user.proxy()
current_tenant = tenant.proxy()

BROKER = os.environ.get("BROKER", "redis://127.0.0.1:6379/0")
DASK_SCHEDULER = os.environ.get("DASK_SCHEDULER", "tcp://127.0.0.1:8786")

# Without keys the application does not begin, and a task is refused. Dask needs none.
KEYS = [key for key in os.environ.get("CONTEXT_KEYS", "").split(",") if key]
HTTP = Boundary("http", keys=KEYS, max_age=60)
CELERY = Boundary("celery", keys=KEYS, max_age=3600)

log = logging.getLogger("cluster")
"""Its lines say for whom the work is done; each place writes into a child of it."""

_handler = logging.StreamHandler()
_handler.setFormatter(
    logging.Formatter("[%(name)s] %(user)s of %(tenant)s: %(message)s")
)
_handler.addFilter(ContextFilter({"user": "nobody", "tenant": "nobody"}))
log.addHandler(_handler)
log.setLevel(logging.INFO)
log.propagate = False  # Celery's handlers would write each line again
