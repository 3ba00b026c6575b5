"""Bodies of the routes of second factors, passkeys and step-up. Those of authenticators are WebAuthn Level 3's JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from auth_service.domain.login_steps import TOKEN_PATTERN
from auth_service.domain.second_factors import Method

SessionMode = Annotated[
    Literal["body", "cookie"],
    Meta(description="Where the refresh token goes: into the answer, or the cookie __Host-parley_refresh."),
]
Code = Annotated[str, Meta(min_length=1, max_length=64, description="Six digits, or a recovery code.")]
Token = Annotated[str, Meta(pattern=TOKEN_PATTERN)]
PasskeyName = Annotated[str, Meta(min_length=1, max_length=64, description="How its owner calls it.")]
Octets = Annotated[str, Meta(min_length=1, max_length=8_192, pattern=r"^[A-Za-z0-9_-]+$", description="base64url.")]
UserHandle = Annotated[
    str, Meta(min_length=1, max_length=86, pattern=r"^[A-Za-z0-9_-]+$", description="base64url of 64 octets at most.")
]
CodeMethod = Literal["totp", "recovery_code"]
FactorMethod = Literal["passkey", "totp", "recovery_code"]
Transport = Annotated[str, Meta(min_length=1, max_length=32)]


class AttestationResponse(Struct, frozen=True, kw_only=True, rename="camel"):
    """AuthenticatorAttestationResponseJSON; what else browsers tell in it is passed over."""

    client_data_json: Octets = field(name="clientDataJSON")
    attestation_object: Octets
    transports: Annotated[tuple[Transport, ...], Meta(max_length=8)] = ()


class NewCredential(Struct, frozen=True, kw_only=True, rename="camel"):
    """RegistrationResponseJSON: what PublicKeyCredential.toJSON() gives."""

    id: Octets
    raw_id: Octets
    response: AttestationResponse
    type: Literal["public-key"]


class AssertionResponse(Struct, frozen=True, kw_only=True, rename="camel"):
    """AuthenticatorAssertionResponseJSON."""

    client_data_json: Octets = field(name="clientDataJSON")
    authenticator_data: Octets
    signature: Octets
    user_handle: UserHandle | None = None


class Credential(Struct, frozen=True, kw_only=True, rename="camel"):
    """AuthenticationResponseJSON: what PublicKeyCredential.toJSON() gives."""

    id: Octets
    raw_id: Octets
    response: AssertionResponse
    type: Literal["public-key"]


class SecondFactorRequired(Struct, frozen=True, kw_only=True):
    """A login that waits for a second factor. ``login_token``: finishes it, with one; left out where it is in a cookie.
    ``expires_in``: seconds. ``methods``: what the account has, the best liked first."""

    expires_in: int
    methods: tuple[Method, ...]
    login_token: str | UnsetType = UNSET
    status: Literal["second_factor_required"] = "second_factor_required"


class LoginTokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without: that of the cookie ``__Host-parley_second_factor``."""

    login_token: Token | UnsetType = UNSET


class SecondFactorBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code`` or ``credential``, as the method has it."""

    method: FactorMethod
    login_token: Token | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    credential: Credential | UnsetType = UNSET
    session: SessionMode = "body"


class PasskeyLoginBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ceremony: Token
    credential: Credential
    session: SessionMode = "body"


class StepUpBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``password`` alone, or a method with ``code``, or with ``ceremony`` and ``credential``."""

    password: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    method: FactorMethod | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    ceremony: Token | UnsetType = UNSET
    credential: Credential | UnsetType = UNSET


class NewPasskeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ceremony: Token
    credential: NewCredential
    name: PasskeyName


class RenamePasskeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: PasskeyName


class CodeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code


class PublicKey(Struct, frozen=True, kw_only=True):
    """What the browser takes: PublicKeyCredential.parseRequestOptionsFromJSON()."""

    public_key: dict[str, Any] = field(name="publicKey")


class BegunCeremony(Struct, frozen=True, kw_only=True):
    """What the browser takes (parseCreationOptionsFromJSON or parseRequestOptionsFromJSON), and the name of this
    ceremony, which its answer comes back with."""

    ceremony: str
    public_key: dict[str, Any] = field(name="publicKey")


class PasskeyItem(Struct, frozen=True, kw_only=True):
    """A passkey, as its owner sees it. ``backed_up``: it is in its maker's cloud, on other devices perhaps."""

    id: str
    name: str
    created_at: str
    last_used_at: str | None
    backed_up: bool


class TotpItem(Struct, frozen=True, kw_only=True):
    enrolled_at: str


class Factors(Struct, frozen=True, kw_only=True):
    """``required``: the account must have a second factor."""

    totp: TotpItem | None
    passkeys: tuple[PasskeyItem, ...]
    recovery_codes_left: int
    required: bool


class TotpBegun(Struct, frozen=True, kw_only=True):
    """A secret for an authenticator app, which counts once it has shown a code. ``otpauth_uri``: for a QR code."""

    secret: str
    otpauth_uri: str


class RecoveryCodes(Struct, frozen=True, kw_only=True):
    """Shown this once."""

    recovery_codes: tuple[str, ...]


class FirstRecoveryCodes(Struct, frozen=True, kw_only=True):
    """Shown this once, with the first second factor; null with others."""

    recovery_codes: tuple[str, ...] | None


class NewPasskey(Struct, frozen=True, kw_only=True):
    """``recovery_codes``: shown this once, with the first second factor; null with others."""

    passkey: PasskeyItem
    recovery_codes: tuple[str, ...] | None
