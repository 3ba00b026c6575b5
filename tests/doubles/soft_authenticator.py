"""An authenticator in software (WebAuthn Level 3, section 6) that can lie wherever a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT = 1, 4, 8, 16, 64
ES256, EDDSA, RS256, ES384 = -7, -8, -257, -35


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """RFC 8949, as far as authenticators need it: integers, octets, texts and maps."""
    match value:
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case dict():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
        case _:
            raise TypeError(type(value))


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, (size, format_) in enumerate(((1, ">B"), (2, ">H"), (4, ">I")), 24):
        if number < 256**size:
            return bytes([kind << 5 | code]) + struct.pack(format_, number)
    raise ValueError(number)


@dataclass
class SoftAuthenticator:
    """One passkey. ``counts``: whether it has a counter; ``flags``: what it says with each proof."""

    algorithm: int = ES256
    counts: bool = True
    flags: int = UP | UV
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    counter: int = 0
    user_handle: str = ""
    rp_id: str = ""

    def __post_init__(self) -> None:
        self.key: Any
        match self.algorithm:
            case -8:
                self.key = ed25519.Ed25519PrivateKey.generate()
            case -257:
                self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
            case _:
                curve = ec.SECP256R1() if self.algorithm == ES256 else ec.SECP384R1()
                self.key = ec.generate_private_key(curve)

    def create(self, options: dict[str, Any], origin: str, **lies: Any) -> dict[str, Any]:
        """Makes a passkey as the options ask, and says so (RegistrationResponseJSON). ``lies``: see `_said`."""
        self.user_handle, self.rp_id = options["user"]["id"], options["rp"]["id"]
        client_data, said = self._said("webauthn.create", options["challenge"], origin, lies)
        key = cbor(self._cose_key())
        data = said + bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + key
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"clientDataJSON": b64(client_data), "attestationObject": b64(attestation), "transports": ["usb"]}
        return self._answer(response)

    def get(self, options: dict[str, Any], origin: str, **lies: Any) -> dict[str, Any]:
        """Proves that it has its key (AuthenticationResponseJSON). ``lies``: see `_said`."""
        client_data, said = self._said("webauthn.get", options["challenge"], origin, lies)
        signature = self._sign(said + hashlib.sha256(client_data).digest())
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(said),
            "signature": b64(signature),
            "userHandle": lies.get("user_handle", self.user_handle),
        }
        return self._answer(response)

    def _said(self, kind: str, challenge: str, origin: str, lies: dict[str, Any]) -> tuple[bytes, bytes]:
        """What the client collects, and the first part of the authenticator data. ``lies``: other values of ``kind``,
        ``challenge``, ``rp_id``, ``flags``, ``counter``, ``cross_origin``."""
        self.counter += int(self.counts)
        client = {
            "type": lies.get("kind", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": origin,
            "crossOrigin": lies.get("cross_origin", False),
        }
        flags = lies.get("flags", self.flags) | (AT if kind == "webauthn.create" else 0)
        hashed = hashlib.sha256(lies.get("rp_id", self.rp_id).encode()).digest()
        return json.dumps(client).encode(), hashed + struct.pack(">BI", flags, lies.get("counter", self.counter))

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        raw_id = b64(self.credential_id)
        return {
            "id": raw_id,
            "rawId": raw_id,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }

    def _cose_key(self) -> dict[int, Any]:
        """RFC 9053, 7, and RFC 8230, 4."""
        public = self.key.public_key()
        match self.algorithm:
            case -8:
                return {1: 1, 3: self.algorithm, -1: 6, -2: public.public_bytes_raw()}
            case -257:
                numbers = public.public_numbers()
                return {1: 3, 3: self.algorithm, -1: numbers.n.to_bytes(256), -2: numbers.e.to_bytes(3)}
            case _:
                size, curve = (32, 1) if self.algorithm == ES256 else (48, 2)
                numbers = public.public_numbers()
                x, y = numbers.x.to_bytes(size), numbers.y.to_bytes(size)
                return {1: 2, 3: self.algorithm, -1: curve, -2: x, -3: y}

    def _sign(self, octets: bytes) -> bytes:
        match self.algorithm:
            case -8:
                return bytes(self.key.sign(octets))
            case -257:
                return bytes(self.key.sign(octets, padding.PKCS1v15(), hashes.SHA256()))
            case -7:
                return bytes(self.key.sign(octets, ec.ECDSA(hashes.SHA256())))
            case _:
                return bytes(self.key.sign(octets, ec.ECDSA(hashes.SHA384())))
