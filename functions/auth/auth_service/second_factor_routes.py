"""The routes that end logins: with a second factor, or with a passkey alone; and step-up."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers, waiting, wants_cookie
from auth_service.domain.second_factors import Method
from auth_service.entry import Entry
from auth_service.factor_checks import CodeProof
from auth_service.factor_messages import (
    BegunCeremony,
    Credential,
    LoginTokenBody,
    PasskeyLoginBody,
    PublicKey,
    SecondFactorBody,
    SecondFactorRequired,
    StepUpBody,
)
from auth_service.messages import Session
from auth_service.passkey_login import PasskeyLogin
from auth_service.step_up import StepUp
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service

_OF_A_LOGIN = (ErrorCode.LOGIN_ATTEMPT_INVALID, ErrorCode.PERMISSION_DENIED)


def add_second_factor_routes(app: Service, *, entry: Entry, answers: Answers) -> None:
    """Registers those with the application that finish a login with a second factor."""

    @app.operation(
        "GET",
        "/v1/auth/login/second-factor",
        summary="What the login waits for that a provider's page has come back from",
        access=Open.ANYONE,
        answer=SecondFactorRequired,
        errors=_OF_A_LOGIN,
        limit="login",
    )
    def waiting_login(call: Call[Empty, Empty]) -> Answer[SecondFactorRequired]:
        return Answer(body=waiting(entry.waiting(answers.waiting_token(call))))

    @app.operation(
        "POST",
        "/v1/auth/login/second-factor/passkey-options",
        summary="What a browser needs to finish a login with a passkey",
        access=Open.ANYONE,
        body=LoginTokenBody,
        answer=PublicKey,
        errors=(*_OF_A_LOGIN, ErrorCode.PASSKEYS_UNAVAILABLE),
        limit="login",
    )
    def second_factor_options(call: Call[LoginTokenBody, Empty]) -> Answer[PublicKey]:
        return Answer(body=PublicKey(public_key=entry.passkey_options(answers.login_token_of(call))))

    @app.operation(
        "POST",
        "/v1/auth/login/second-factor",
        summary="Finish a login with a second factor",
        access=Open.ANYONE,
        body=SecondFactorBody,
        answer=Session,
        errors=(
            *_OF_A_LOGIN,
            ErrorCode.FACTOR_INVALID,
            ErrorCode.ACCOUNT_SUSPENDED,
            ErrorCode.PASSKEYS_UNAVAILABLE,
        ),
        limit="login",
    )
    def finish_login(call: Call[SecondFactorBody, Empty]) -> Answer[Session]:
        in_cookie, body = wants_cookie(call), call.body
        given = credential_of(body.credential) if body.method == "passkey" else _code_of(body.method, body.code)
        device = answers.device_of(call)
        done = entry.finish(answers.login_token_of(call), given, device=device, origin=answers.origin(call))
        return answers.finished(call, done, in_cookie=in_cookie)


def add_passkey_login_routes(app: Service, *, passkeys: PasskeyLogin, answers: Answers) -> None:
    """Registers those with the application by which people log in with a passkey alone."""

    @app.operation(
        "POST",
        "/v1/auth/passkeys/login-options",
        summary="What a browser needs to log somebody in with any passkey of this page",
        access=Open.ANYONE,
        answer=BegunCeremony,
        errors=(ErrorCode.PASSKEYS_UNAVAILABLE,),
        limit="login",
    )
    def passkey_login_options(_: Call[Empty, Empty]) -> Answer[BegunCeremony]:
        ceremony, public_key = passkeys.options()
        return Answer(body=BegunCeremony(ceremony=ceremony, public_key=public_key))

    @app.operation(
        "POST",
        "/v1/auth/passkeys/login",
        summary="Log in with a passkey",
        access=Open.ANYONE,
        body=PasskeyLoginBody,
        answer=Session,
        errors=(
            ErrorCode.CEREMONY_INVALID,
            ErrorCode.FACTOR_INVALID,
            ErrorCode.PERMISSION_DENIED,
            ErrorCode.ACCOUNT_SUSPENDED,
            ErrorCode.PASSKEYS_UNAVAILABLE,
        ),
        limit="login",
    )
    def passkey_login(call: Call[PasskeyLoginBody, Empty]) -> Answer[Session]:
        in_cookie = wants_cookie(call)
        done = passkeys.log_in(call.body.ceremony, credential_of(call.body.credential), origin=answers.origin(call))
        return answers.session(done, in_cookie=in_cookie)


def add_step_up_routes(app: Service, *, step_up: StepUp, access_tokens: AccessTokens, answers: Answers) -> None:
    """Registers those with the application by which somebody proves again who they are."""

    @app.operation(
        "POST",
        "/v1/auth/step-up/passkey-options",
        summary="What a browser needs to prove a session with a passkey",
        access=Permission.ACCOUNT_WRITE,
        answer=BegunCeremony,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.PASSKEYS_UNAVAILABLE),
    )
    def step_up_options(call: Call[Empty, Empty]) -> Answer[BegunCeremony]:
        ceremony, public_key = step_up.passkey_options(access_tokens.bearer(call.caller))
        return Answer(body=BegunCeremony(ceremony=ceremony, public_key=public_key))

    @app.operation(
        "POST",
        "/v1/auth/step-up",
        summary="Prove again who one is, before something dangerous",
        access=Permission.ACCOUNT_WRITE,
        body=StepUpBody,
        answer=None,
        status=204,
        errors=(
            ErrorCode.SESSION_EXPIRED,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.FACTOR_INVALID,
            ErrorCode.CEREMONY_INVALID,
            ErrorCode.STEP_UP_REQUIRED,
            ErrorCode.PASSKEYS_UNAVAILABLE,
            ErrorCode.RATE_LIMITED,
        ),
    )
    def prove_session(call: Call[StepUpBody, Empty]) -> Answer[None]:
        body, origin, device = call.body, answers.origin(call), answers.device_of(call)
        bearer = access_tokens.bearer(call.caller)
        if body.password is not UNSET:
            if body.method is not UNSET:
                raise InvalidFieldError("method", "A password, or a method: not both.")
            step_up.with_password(bearer, body.password, device=device, origin=origin)
        elif body.method is UNSET:
            raise InvalidFieldError("method", "This takes a password, or a method.")
        elif body.method == "passkey":
            if body.ceremony is UNSET:
                raise InvalidFieldError("ceremony", "A passkey needs it.")
            step_up.with_passkey(bearer, body.ceremony, credential_of(body.credential), origin=origin)
        else:
            step_up.with_code(bearer, _code_of(body.method, body.code), device=device, origin=origin)
        return Answer(body=None)


def credential_of(credential: Credential | UnsetType) -> dict[str, Any]:
    """The standard's JSON again.

    Raises:
        InvalidFieldError: it is missing.
    """
    if credential is UNSET:
        raise InvalidFieldError("credential", "A passkey needs it.")
    plain: dict[str, Any] = msgspec.to_builtins(credential)
    return plain


def _code_of(method: str, code: str | UnsetType) -> CodeProof:
    if code is UNSET:
        raise InvalidFieldError("code", "This method needs a code.")
    return CodeProof(method=Method(method), code=code)
