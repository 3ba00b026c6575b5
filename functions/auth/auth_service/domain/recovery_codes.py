"""Recovery codes: each opens an account once whose other second factors are lost."""

from __future__ import annotations

import hashlib
from typing import Final

from functions.serverless.ids import base32

COUNT: Final = 10
CODE_BYTES: Final = 10
"""80 random bits: nothing slower than SHA-256 is needed to keep them."""
_GROUP = 4


def written(octets: bytes) -> str:
    """A code as its owner keeps it: 16 letters and digits in groups of four."""
    text = base32(octets)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def code_hash(code: str, *, user_id: str) -> str:
    """What is kept of a code, in hex. Case, spaces and hyphens do not matter; codes have no 0 and no 1."""
    plain = "".join(code.lower().split()).replace("-", "").replace("0", "o").replace("1", "l")
    return hashlib.sha256(f"parley recovery code {user_id} {plain}".encode("utf-8", "surrogatepass")).hexdigest()


def without(hashes: tuple[str, ...], code: str, *, user_id: str) -> tuple[str, ...] | None:
    """The hashes that are left when a code is used; None if it is not among them."""
    used = code_hash(code, user_id=user_id)
    return tuple(each for each in hashes if each != used) if used in hashes else None
