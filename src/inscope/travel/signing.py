"""Signatures, by itsdangerous: HMAC with SHA-256, and keys that can be changed."""

from __future__ import annotations

import hashlib
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from inscope.errors import MissingExtraError

try:
    from itsdangerous import Signer
    from itsdangerous.encoding import base64_encode
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
        """Return *text* without its signature; ``None`` if that is wrong.

        Signatures are compared as they are written: the last letter has bits that mean
        nothing, and only one of those letters is right.
        """
        plain, _, signature = text.rpartition(".")
        signed, given = plain.encode(), signature.encode()
        for secret_key in reversed(self.secret_keys):
            key = self.derive_key(secret_key)
            right = base64_encode(self.algorithm.get_signature(key, signed))
            if compare_digest(given, right):
                return plain
        return None
