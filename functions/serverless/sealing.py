"""Secrets that stand in a table, sealed: AES-256-GCM (NIST SP 800-38D) with a key from Secrets Manager, made on first
use.

Whose secret it is, is authenticated with each: a sealed text that is copied to another account does not open there. A
text names its key, so that a new key can be put in front of the old ones, which still open what they have sealed; where
a text is used anyway it is sealed anew, so that an old key can go in the end.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
CACHE_S: Final = 300
"""Keys are read again after so many seconds: a new one seals everywhere by then."""
RETRY_S: Final = 30
"""Where they cannot be read again, those that are known stay, and the next try is so many seconds later."""


class SealingError(Exception):
    """The keys cannot be read, or a text does not open with them. The text holds neither."""


class SealingKey(Struct, frozen=True, kw_only=True):
    """A key: its name, and itself in base64."""

    id: str
    key: str

    def __repr__(self) -> str:
        return f"SealingKey(id={self.id!r})"


class SealingKeys(Struct, frozen=True, kw_only=True):
    """What the secret holds, as JSON: the key that seals first, then those that only open."""

    keys: tuple[SealingKey, ...]


class Sealing:
    """Seals and opens. ``purpose``: what the secrets are for; those of another purpose do not open. ``clock``: seconds
    since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        client: Callable[[], SecretsManagerClient],
        secret_id: str,
        purpose: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._purpose = purpose
        self._clock = clock
        self._randomness = randomness
        self._logger = logger
        self._known: dict[str, AESGCM] = {}
        self._read_again_at = 0.0

    def seal(self, secret: bytes, *, owner_id: str) -> str:
        """The secret as the table keeps it. ``owner_id``: of the account, or whatever else it is the secret of."""
        key_id, key = next(iter(self._keys().items()))
        nonce = self._randomness(NONCE_BYTES)
        sealed = nonce + key.encrypt(nonce, secret, self._about(owner_id))
        return f"{key_id}.{base64.b64encode(sealed).decode()}"

    def open(self, text: str, *, owner_id: str) -> bytes:
        """A secret that was sealed for an owner.

        Raises:
            SealingError: it was not, or its key is gone.
        """
        key_id, _, encoded = text.partition(".")
        key = self._keys().get(key_id) or self._newer_keys().get(key_id)
        if key is None:
            raise SealingError("the key of a sealed secret is not among those of the sealing secret")
        sealed = base64.b64decode(encoded)
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._about(owner_id))
        except InvalidTag as error:
            raise SealingError("a sealed secret does not open") from error

    def renewed(self, text: str, *, owner_id: str) -> str:
        """The same secret under the key that seals now. The text as it is where that is its key already, and where it
        cannot be opened or the keys cannot be had: this is done beside something else, which it must not hold up.
        """
        try:
            if text.partition(".")[0] == next(iter(self._keys())):
                return text
            return self.seal(self.open(text, owner_id=owner_id), owner_id=owner_id)
        except Exception as error:  # noqa: BLE001  (whatever it is, the old text is as good as before)
            self._logger.warning("not_sealed_anew", extra={"owner_id": owner_id, "error": repr(error)})
            return text

    def _about(self, owner_id: str) -> bytes:
        return f"parley {self._purpose} {owner_id}".encode()

    def _keys(self) -> dict[str, AESGCM]:
        """The keys as they were read five minutes ago at the most, or as they were when they could be read last."""
        now = self._clock()
        if not self._known:
            self._known, self._read_again_at = _usable(self._load() or self._create()), now + CACHE_S
        elif now >= self._read_again_at:
            self._read_again_at = now + RETRY_S
            try:
                self._newer_keys()
            except Exception as error:  # noqa: BLE001  (whatever it is, the known keys are as good as before)
                self._logger.warning("sealing_keys_not_read_again", extra={"error": repr(error)})
        return self._known

    def _newer_keys(self) -> dict[str, AESGCM]:
        """The keys as they are now: another process may have put one in front. None are made in the place of some that
        are known: what these have sealed would not open elsewhere."""
        self._known, self._read_again_at = _usable(self._load() or ""), self._clock() + CACHE_S
        return self._known

    def _load(self) -> str | None:
        client = self._client()
        try:
            return client.get_secret_value(SecretId=self._secret_id)["SecretString"]
        except client.exceptions.ResourceNotFoundException:
            return None  # no secret, or one without a value

    def _create(self) -> str:
        """The first key. Of two processes that make one at once, Secrets Manager refuses the second: the version's id
        is the same, the value is not."""
        client = self._client()
        key = base64.b64encode(self._randomness(KEY_BYTES)).decode()
        text = msgspec.json.encode(SealingKeys(keys=(SealingKey(id="1", key=key),))).decode()
        version = hashlib.sha256(f"{self._secret_id} first".encode()).hexdigest()
        try:
            client.put_secret_value(SecretId=self._secret_id, SecretString=text, ClientRequestToken=version)
        except client.exceptions.ResourceNotFoundException:
            try:
                client.create_secret(Name=self._secret_id, SecretString=text, ClientRequestToken=version)
            except client.exceptions.ResourceExistsException:
                return self._theirs()
        except client.exceptions.ResourceExistsException:
            return self._theirs()
        self._logger.info("sealing_key_created")
        return text

    def _theirs(self) -> str:
        text = self._load()
        if text is None:
            raise SealingError("another process has written the sealing keys, and they cannot be read")
        return text


def _usable(text: str) -> dict[str, AESGCM]:
    """The keys by name, the one that seals first.

    Raises:
        SealingError: these are none.
    """
    try:
        found = msgspec.json.decode(text, type=SealingKeys)
        keys = {each.id: AESGCM(base64.b64decode(each.key, validate=True)) for each in found.keys}
    except (msgspec.DecodeError, ValueError) as error:
        raise SealingError(f"the sealing keys cannot be read: {type(error).__name__}") from None
    if not keys or any("." in key_id for key_id in keys):
        raise SealingError("the sealing keys cannot be read: there is none, or one has a dot in its name")
    return keys
