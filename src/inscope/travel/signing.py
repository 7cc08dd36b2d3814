"""Signatures, by itsdangerous: HMAC with SHA-256, and keys that can be changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from inscope.errors import MissingExtraError

try:
    from itsdangerous import BadSignature, Signer
    from itsdangerous.encoding import base64_decode, base64_encode
except ModuleNotFoundError as _error:
    raise MissingExtraError("itsdangerous", "travel") from _error

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Keys"]

SALT: Final = "inscope.travel/1"


class Keys(Signer):
    """The keys of a boundary: the last one signs, all of them are accepted."""

    def __init__(self, keys: Iterable[Any]) -> None:
        super().__init__(
            keys, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256
        )
        self._derived: dict[Any, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return what *secret_key* becomes for this purpose; computed once."""
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived

    def signed(self, text: str) -> str:
        """Return *text* with its signature."""
        return self.sign(text).decode()

    def unsigned(self, text: str) -> str | None:
        """Return *text* without its signature; ``None`` if that is wrong."""
        _, _, signature = text.rpartition(".")
        try:
            plain = self.unsign(text).decode()
            # The last letter has bits that mean nothing: only one of them is right.
            is_exact = base64_encode(base64_decode(signature)) == signature.encode()
        except (BadSignature, UnicodeError):
            return None
        return plain if is_exact else None
