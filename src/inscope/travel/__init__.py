"""Declared values go where the work goes, out of the process: as text, and checked.

``dump`` and ``load`` are what all of it rests on; ``Boundary`` has the keys and limits.
``celery.py``, ``dask.py``, … need these libraries, and are imported by themselves.
"""

from inscope._core.codecs import JSON, Codec
from inscope.travel.arrival import Arrival, load
from inscope.travel.boundary import Boundary
from inscope.travel.entering import Entering
from inscope.travel.payload import Payload, dump
from inscope.travel.processes import (
    Travelling,
    TravellingExecutor,
    environment,
    from_environment,
    travelling,
)

__all__ = [
    "JSON",
    "Arrival",
    "Boundary",
    "Codec",
    "Entering",
    "Payload",
    "Travelling",
    "TravellingExecutor",
    "dump",
    "environment",
    "from_environment",
    "load",
    "travelling",
]
