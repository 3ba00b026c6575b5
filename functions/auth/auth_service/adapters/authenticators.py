"""What authenticators answer, verified with python-fido2 (WebAuthn Level 3, 7.1 and 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_service.domain.passkeys import Assertion, FactorRefusedError, NewCredential, Passkey, decoded, encoded
from auth_service.domain.relying_party import ALGORITHMS, RelyingParty

_ALGORITHM = 3
"""The label of a COSE_Key's ``alg`` (RFC 9052, 7.1)."""


class Authenticators:
    """Verifies for one relying party. The library is imported when first needed: a fiftieth of a second."""

    def __init__(self, party: RelyingParty) -> None:
        self._party = party

    def register(self, credential: Mapping[str, Any], challenge: bytes) -> NewCredential:
        """The credential that an authenticator says it has made (RegistrationResponseJSON).

        Raises:
            FactorRefusedError: it is not for this challenge and page, or not what was asked for.
        """
        from fido2.server import Fido2Server  # noqa: PLC0415
        from fido2.webauthn import AttestationConveyancePreference, PublicKeyCredentialRpEntity  # noqa: PLC0415

        server = Fido2Server(
            PublicKeyCredentialRpEntity(name=self._party.id, id=self._party.id),
            attestation=AttestationConveyancePreference.NONE,
            verify_origin=self._is_origin,
        )
        try:
            self._check_frame(credential)
            made = server.register_complete(_state(challenge, must_verify=True), credential)
        except Exception as error:  # whatever a parser of hostile octets raises
            raise _refused(error) from error
        about = made.credential_data
        if about is None or about.public_key.get(_ALGORITHM) not in ALGORITHMS:
            raise FactorRefusedError("the key's algorithm was not offered")
        if made.is_backed_up() and not made.is_backup_eligible():
            raise FactorRefusedError("backed up, and not eligible for it")
        return NewCredential(
            credential_id=about.credential_id,
            public_key=_cbor(about.public_key),
            sign_count=made.counter,
            backup_eligible=made.is_backup_eligible(),
            backed_up=made.is_backed_up(),
            transports=tuple(credential["response"].get("transports") or ()),
        )

    def verify(
        self, credential: Mapping[str, Any], challenge: bytes, passkey: Passkey, *, must_verify: bool
    ) -> Assertion:
        """What a passkey proves (AuthenticationResponseJSON). ``must_verify``: whoever used it has shown the
        authenticator that they are its owner.

        Raises:
            FactorRefusedError: nothing, for this challenge and page.
        """
        from fido2.cbor import decode  # noqa: PLC0415
        from fido2.cose import CoseKey  # noqa: PLC0415
        from fido2.server import Fido2Server  # noqa: PLC0415
        from fido2.webauthn import (  # noqa: PLC0415
            Aaguid,
            AttestedCredentialData,
            AuthenticatorData,
            PublicKeyCredentialRpEntity,
        )

        server = Fido2Server(
            PublicKeyCredentialRpEntity(name=self._party.id, id=self._party.id), verify_origin=self._is_origin
        )
        try:
            self._check_frame(credential)
            stored: Any = decode(decoded(passkey.public_key))
            key = CoseKey.parse(stored)
            known = AttestedCredentialData.create(Aaguid.NONE, decoded(passkey.credential_id), key)
            server.authenticate_complete(_state(challenge, must_verify=must_verify), [known], credential)
            proven = AuthenticatorData(decoded(credential["response"]["authenticatorData"]))
        except Exception as error:  # as above
            raise _refused(error) from error
        return Assertion(
            sign_count=proven.counter, backup_eligible=proven.is_backup_eligible(), backed_up=proven.is_backed_up()
        )

    def _is_origin(self, origin: str) -> bool:
        return origin == self._party.origin

    def _check_frame(self, credential: Mapping[str, Any]) -> None:
        """Refuses what was asked for by a page in somebody else's frame (7.1, step 10; 7.2, step 13)."""
        from fido2.webauthn import CollectedClientData  # noqa: PLC0415

        if CollectedClientData(decoded(credential["response"]["clientDataJSON"])).cross_origin:
            raise FactorRefusedError("asked for in a frame of another site")


def _state(challenge: bytes, *, must_verify: bool) -> dict[str, Any]:
    """What the library keeps of a ceremony."""
    from fido2.webauthn import UserVerificationRequirement as Verification  # noqa: PLC0415

    wanted = Verification.REQUIRED if must_verify else Verification.PREFERRED
    return {"challenge": encoded(challenge), "user_verification": wanted}


def _refused(error: Exception) -> FactorRefusedError:
    """The library's sentences hold nothing secret; those of parsers may quote what was sent."""
    return FactorRefusedError(str(error) if type(error) in (ValueError, FactorRefusedError) else type(error).__name__)


def _cbor(key: Mapping[int, Any]) -> bytes:
    from fido2.cbor import encode  # noqa: PLC0415

    return encode(dict(key))
