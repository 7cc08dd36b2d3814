"""The states of a scope, in the order in which it goes through them."""

from typing import Final

NEW: Final = "new"
ACTIVE: Final = "active"
CLOSING: Final = "closing"
CLOSED: Final = "closed"
