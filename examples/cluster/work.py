"""What Dask does, for whoever the Celery task works for.

``python -m examples.cluster.work`` runs a small cluster on this machine, until it is
told to end. The workers of a larger one only import this module.
"""

from __future__ import annotations

import signal
import sys
from urllib.parse import urlsplit

from dask.distributed import LocalCluster

from examples.cluster.context import (
    DASK_SCHEDULER,
    current_tenant,
    current_user,
    log,
)


def count(number: int) -> str:
    """Say whose figures were counted for the report *number*."""
    log.getChild("dask").info("report %d", number)
    return f"{current_user} of {current_tenant}"


def main() -> None:
    """Run a scheduler at ``DASK_SCHEDULER``, and two workers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    address = urlsplit(DASK_SCHEDULER)
    with LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        host=address.hostname,
        scheduler_port=address.port or 8786,
        dashboard_address=None,
    ):
        print("the cluster is ready", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
