"""What the tests let other processes do; these import it by its name."""

from __future__ import annotations

import os
from typing import Any

from inscope import ContextRefused, Var

tenant: Var[str] = Var("process_tenant", default="-", wire=str, travels_to={"process"})
user: Var[str] = Var(
    "process_user", wire=str, travels_to={"process", "http"}, identity=True
)
cart: Var[str] = Var("process_cart", default="no cart")


def seen(*args: Any) -> tuple[Any, ...]:
    """Return what this process sees, and where."""
    return tenant.get(), user.get("nobody"), cart.get(), *args


def left_behind(name: str) -> str:
    """Leave a value bound."""
    tenant.set(name)
    cart.set(name)
    return tenant.get()


def failing() -> None:
    """Raise an error that says who asked."""
    raise ValueError(tenant.get())


def refused() -> str:
    """Return why reading failed."""
    try:
        return tenant.get()
    except ContextRefused as error:
        return error.reason


def dying(path: str) -> str:
    """End the process at the first call."""
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.write(tenant.get())
        os._exit(1)
    return tenant.get()
