"""The authentication service's edge and composition root: routes, cookies, and the parts put together."""

from __future__ import annotations

import os
import time
from typing import Any

from auth_service.accounts import Accounts, LoggedIn
from auth_service.adapters.passwords import Passwords
from auth_service.adapters.repository import Repository
from auth_service.domain.accounts import Account
from auth_service.domain.sessions import Lifetimes
from auth_service.errors import CrossSiteError, SessionExpiredError
from auth_service.messages import LoginBody, RefreshBody, RegisterBody, Session, User
from auth_service.settings import AuthSettings
from chalice.app import CloudWatchEvent, Rate
from msgspec import UNSET

from contracts.access_token import LIFETIME_S
from contracts.error_codes import ErrorCode
from contracts.jwks import CLOCK_SKEW_S
from contracts.key_ring import JWKS_MAX_AGE_S
from functions.serverless import aws, openapi
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Security, Service
from functions.serverless.signing_keys import Jwks, SigningKeys
from functions.serverless.times import rfc3339
from telemetry.logs import service_logger

COOKIE = "parley_refresh"

settings = AuthSettings.from_environ(os.environ)
logger = service_logger("auth")
app = Service("parley-auth", logger=logger, is_outage=aws.is_outage)
signing_keys = SigningKeys(
    client=aws.secrets_client,
    secret_id=settings.signing_secret,
    token_lifetime_s=LIFETIME_S + CLOCK_SKEW_S,
    clock=time.time,
    logger=logger,
)
accounts = Accounts(
    repository=Repository(aws.dynamodb_client, settings.table),
    passwords=Passwords(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
    ),
    signing_keys=signing_keys,
    issuer=settings.issuer,
    lifetimes=Lifetimes(idle_s=settings.session_idle_s, max_s=settings.session_max_s, grace_s=settings.refresh_grace_s),
    administrators=frozenset(settings.administrators),
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)


@app.operation(
    "POST",
    "/v1/auth/register",
    summary="Make an account and log in",
    body=RegisterBody,
    answer=Session,
    status=201,
    errors=(ErrorCode.EMAIL_TAKEN, ErrorCode.WEAK_PASSWORD),
)
def register(call: Call[RegisterBody, Empty]) -> Answer[Session]:
    body = call.body
    done = accounts.register(email=body.email, password=body.password, display_name=body.display_name)
    return _session(done, in_cookie=body.session == "cookie")


@app.operation(
    "POST",
    "/v1/auth/login",
    summary="Log in with e-mail address and password",
    body=LoginBody,
    answer=Session,
    errors=(ErrorCode.INVALID_CREDENTIALS,),
)
def login(call: Call[LoginBody, Empty]) -> Answer[Session]:
    done = accounts.log_in(email=call.body.email, password=call.body.password)
    return _session(done, in_cookie=call.body.session == "cookie")


@app.operation(
    "POST",
    "/v1/auth/refresh",
    summary="Exchange a refresh token for new tokens",
    body=RefreshBody,
    answer=Session,
    security=Security.REFRESH_TOKEN,
    errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.PERMISSION_DENIED),
)
def refresh(call: Call[RefreshBody, Empty]) -> Answer[Session]:
    token, in_cookie = _refresh_token(call)
    if token is None:
        raise SessionExpiredError("There is no refresh token, neither in the body nor as a cookie.")
    return _session(accounts.refresh(token), in_cookie=in_cookie)


@app.operation(
    "POST",
    "/v1/auth/logout",
    summary="End the session of a refresh token",
    body=RefreshBody,
    answer=None,
    status=204,
    security=Security.REFRESH_TOKEN,
    errors=(ErrorCode.PERMISSION_DENIED,),
)
def logout(call: Call[RefreshBody, Empty]) -> Answer[None]:
    token, in_cookie = _refresh_token(call)
    if token is not None:
        accounts.log_out(token)
    return Answer(body=None, headers={"Set-Cookie": _cookie("", max_age=0)} if in_cookie else {})


@app.operation("GET", "/v1/auth/me", summary="The account of the bearer", answer=User, security=Security.USER)
def me(call: Call[Empty, Empty]) -> Answer[User]:
    return Answer(body=_user(accounts.who_is(call.bearer_token())))


@app.operation("GET", "/v1/auth/.well-known/jwks.json", summary="The public keys of access tokens", answer=Jwks)
def jwks(_: Call[Empty, Empty]) -> Answer[Jwks]:
    return Answer(body=signing_keys.published(), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"})


@app.operation("GET", "/v1/auth/openapi.json", summary="This API, as an OpenAPI document", answer=dict)
def openapi_document(_: Call[Empty, Empty]) -> Answer[dict[str, Any]]:
    document = openapi.document(app.operations, title="Parley authentication service", version="0.1.0")
    return Answer(body=document, headers={"Cache-Control": "public, max-age=300"})


@app.schedule(Rate(1, unit=Rate.HOURS), name="rotate-signing-keys")
def rotate_signing_keys(_: CloudWatchEvent) -> None:
    """Publishes the next signing key when it is time, and drops the keys whose last token has expired."""
    signing_keys.rotate()


def _session(done: LoggedIn, *, in_cookie: bool) -> Answer[Session]:
    token = done.refresh_token.encode()
    body = Session(
        access_token=done.access_token,
        expires_in=done.expires_in,
        user=_user(done.account),
        refresh_token=UNSET if in_cookie else token,
    )
    return Answer(
        body=body, headers={"Set-Cookie": _cookie(token, max_age=settings.session_idle_s)} if in_cookie else {}
    )


def _user(account: Account) -> User:
    return User(
        id=account.id,
        email=account.email,
        display_name=account.display_name,
        created_at=rfc3339(account.created_at),
        administrator=accounts.is_administrator(account),
    )


def _refresh_token(call: Call[RefreshBody, Empty]) -> tuple[str | None, bool]:
    """The refresh token, and whether it came as a cookie; the body goes before the cookie."""
    if call.body.refresh_token is not UNSET:
        return call.body.refresh_token, False
    token = call.cookie(COOKIE)
    if token is not None and call.is_cross_site():
        raise CrossSiteError
    return token, token is not None


def _cookie(value: str, *, max_age: int) -> str:
    """RFC 6265bis. The path keeps it away from every other service."""
    secure = "; Secure" if settings.secure_cookies else ""
    return f"{COOKIE}={value}; Max-Age={max_age}; Path=/v1/auth; HttpOnly; SameSite=Strict{secure}"
