"""The routes of one's own second factors: an authenticator app, recovery codes, passkeys."""

from __future__ import annotations

import msgspec

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers, passkey_item
from auth_service.factor_messages import (
    BegunCeremony,
    CodeBody,
    Factors,
    FirstRecoveryCodes,
    NewPasskey,
    NewPasskeyBody,
    PasskeyItem,
    RecoveryCodes,
    RenamePasskeyBody,
    TotpBegun,
)
from auth_service.own_factors import OwnFactors
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_factor_routes(app: Service, *, factors: OwnFactors, access_tokens: AccessTokens, answers: Answers) -> None:
    """Registers those of the list, the authenticator app and the recovery codes with the application."""

    @app.operation(
        "GET",
        "/v1/auth/factors",
        summary="One's second factors",
        access=Permission.ACCOUNT_READ,
        answer=Factors,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def list_factors(call: Call[Empty, Empty]) -> Answer[Factors]:
        return Answer(body=answers.factors(access_tokens.bearer(call.caller).account))

    @app.operation(
        "POST",
        "/v1/auth/factors/totp",
        summary="Begin to set up an authenticator app",
        access=Permission.ACCOUNT_WRITE,
        answer=TotpBegun,
        errors=(ErrorCode.SESSION_EXPIRED,),
        fresh=True,
    )
    def begin_totp(call: Call[Empty, Empty]) -> Answer[TotpBegun]:
        secret, uri = factors.begin_totp(access_tokens.bearer(call.caller))
        return Answer(body=TotpBegun(secret=secret, otpauth_uri=uri))

    @app.operation(
        "POST",
        "/v1/auth/factors/totp/confirm",
        summary="Set up the authenticator app, with its first code",
        access=Permission.ACCOUNT_WRITE,
        body=CodeBody,
        answer=FirstRecoveryCodes,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.FACTOR_INVALID, ErrorCode.CONFLICT, ErrorCode.RATE_LIMITED),
        fresh=True,
    )
    def confirm_totp(call: Call[CodeBody, Empty]) -> Answer[FirstRecoveryCodes]:
        codes = factors.confirm_totp(
            access_tokens.bearer(call.caller),
            call.body.code,
            device=answers.device_of(call),
            origin=answers.origin(call),
        )
        return Answer(body=FirstRecoveryCodes(recovery_codes=None if codes is None else tuple(codes)))

    @app.operation(
        "DELETE",
        "/v1/auth/factors/totp",
        summary="Remove the authenticator app",
        access=Permission.ACCOUNT_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        fresh=True,
    )
    def remove_totp(call: Call[Empty, Empty]) -> Answer[None]:
        factors.remove_totp(access_tokens.bearer(call.caller), origin=answers.origin(call))
        return Answer(body=None)

    @app.operation(
        "POST",
        "/v1/auth/factors/recovery-codes",
        summary="Make new recovery codes; the old ones are void",
        access=Permission.ACCOUNT_WRITE,
        answer=RecoveryCodes,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.CONFLICT),
        fresh=True,
    )
    def renew_recovery_codes(call: Call[Empty, Empty]) -> Answer[RecoveryCodes]:
        codes = factors.renew_codes(access_tokens.bearer(call.caller), origin=answers.origin(call))
        return Answer(body=RecoveryCodes(recovery_codes=tuple(codes)))


def add_passkey_routes(app: Service, *, factors: OwnFactors, access_tokens: AccessTokens, answers: Answers) -> None:
    """Registers those of one's own passkeys with the application."""

    @app.operation(
        "POST",
        "/v1/auth/passkeys/registration-options",
        summary="What a browser needs to have a passkey made",
        access=Permission.ACCOUNT_WRITE,
        answer=BegunCeremony,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.PASSKEYS_UNAVAILABLE, ErrorCode.CONFLICT),
        fresh=True,
    )
    def passkey_registration_options(call: Call[Empty, Empty]) -> Answer[BegunCeremony]:
        ceremony, public_key = factors.passkey_options(access_tokens.bearer(call.caller))
        return Answer(body=BegunCeremony(ceremony=ceremony, public_key=public_key))

    @app.operation(
        "POST",
        "/v1/auth/passkeys",
        summary="Add a passkey that was made",
        access=Permission.ACCOUNT_WRITE,
        body=NewPasskeyBody,
        answer=NewPasskey,
        status=201,
        errors=(
            ErrorCode.SESSION_EXPIRED,
            ErrorCode.CEREMONY_INVALID,
            ErrorCode.PASSKEYS_UNAVAILABLE,
            ErrorCode.CONFLICT,
        ),
        fresh=True,
    )
    def add_passkey(call: Call[NewPasskeyBody, Empty]) -> Answer[NewPasskey]:
        passkey, codes = factors.add_passkey(
            access_tokens.bearer(call.caller),
            call.body.ceremony,
            msgspec.to_builtins(call.body.credential),
            name=call.body.name,
            origin=answers.origin(call),
        )
        body = NewPasskey(passkey=passkey_item(passkey), recovery_codes=None if codes is None else tuple(codes))
        return Answer(body=body)

    @app.operation(
        "PATCH",
        "/v1/auth/passkeys/{id}",
        summary="Name a passkey",
        access=Permission.ACCOUNT_WRITE,
        body=RenamePasskeyBody,
        answer=PasskeyItem,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.NOT_FOUND),
        fresh=True,
    )
    def rename_passkey(call: Call[RenamePasskeyBody, Empty]) -> Answer[PasskeyItem]:
        bearer = access_tokens.bearer(call.caller)
        renamed = factors.rename_passkey(bearer, call.path["id"], call.body.name, origin=answers.origin(call))
        return Answer(body=passkey_item(renamed))

    @app.operation(
        "DELETE",
        "/v1/auth/passkeys/{id}",
        summary="Remove a passkey",
        access=Permission.ACCOUNT_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.NOT_FOUND, ErrorCode.LAST_LOGIN_METHOD, ErrorCode.CONFLICT),
        fresh=True,
    )
    def remove_passkey(call: Call[Empty, Empty]) -> Answer[None]:
        bearer = access_tokens.bearer(call.caller)
        factors.remove_passkey(bearer, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)
