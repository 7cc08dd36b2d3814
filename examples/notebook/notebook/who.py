"""Who answers, and whose the proxies are: what ``/who`` tells on both parts."""

from __future__ import annotations

import os
import threading


def worker() -> str:
    """Return the process and the thread that answer."""
    return f"{os.getpid()}/{threading.get_ident()}"


def libraries(**proxies: object) -> dict[str, str]:
    """Return the module that the type of each proxy comes from, not its object's."""
    return {name: type(proxy).__module__ for name, proxy in proxies.items()}
