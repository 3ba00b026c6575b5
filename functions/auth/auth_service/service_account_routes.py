"""The routes of service accounts and their API keys, and the one where a key becomes an access token."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

from msgspec import UNSET

from auth_service.answers import Answers
from auth_service.errors import InvalidClientError
from auth_service.service_accounts import ServiceAccounts
from auth_service.service_messages import (
    KeyAnswer,
    KeyBody,
    KeyList,
    PageQuery,
    ServiceAccountAnswer,
    ServiceAccountBody,
    ServiceAccountPage,
    TokenAnswer,
    TokenBody,
)
from contracts.access_control import Permission, scope_of
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.cursors import Place, cursor_at, place_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service

_PATH = "/v1/auth/service-accounts"


def add_service_account_routes(app: Service, *, service_accounts: ServiceAccounts, answers: Answers) -> None:
    """Registers them with the application."""
    _add_accounts(app, service_accounts, answers)
    _add_keys(app, service_accounts, answers)
    _add_token(app, service_accounts, answers)


def _add_accounts(app: Service, service_accounts: ServiceAccounts, answers: Answers) -> None:
    @app.operation(
        "GET",
        _PATH,
        summary="Service accounts, the newest first",
        access=Permission.SERVICE_ACCOUNTS_READ,
        query=PageQuery,
        answer=ServiceAccountPage,
    )
    def list_service_accounts(call: Call[Empty, PageQuery]) -> Answer[ServiceAccountPage]:
        after = place_of(call.query.cursor) if call.query.cursor else None
        page = service_accounts.page(after=after, limit=call.query.limit + 1)
        shown = page[: call.query.limit]
        last = shown[-1] if len(page) > len(shown) else None
        cursor = None if last is None else cursor_at(Place(time=last.created_at, id=last.id))
        items = tuple(ServiceAccountAnswer.of(account) for account in shown)
        return Answer(body=ServiceAccountPage(items=items, next_cursor=cursor))

    @app.operation(
        "POST",
        _PATH,
        summary="Make a service account, which may do no more than its maker",
        access=Permission.SERVICE_ACCOUNTS_WRITE,
        body=ServiceAccountBody,
        answer=ServiceAccountAnswer,
        status=201,
        errors=(ErrorCode.CONFLICT,),
        idempotency_key=True,
        fresh=True,
    )
    def create_service_account(call: Call[ServiceAccountBody, Empty]) -> Answer[ServiceAccountAnswer]:
        made = service_accounts.create(
            call.caller,
            name=call.body.name,
            permissions=frozenset(call.body.permissions),
            request_key=call.idempotency_key(),
            origin=answers.origin(call),
        )
        return Answer(body=ServiceAccountAnswer.of(made), headers={"Location": f"{_PATH}/{made.id}"})

    @app.operation(
        "GET",
        f"{_PATH}/{{id}}",
        summary="A service account",
        access=Permission.SERVICE_ACCOUNTS_READ,
        answer=ServiceAccountAnswer,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def read_service_account(call: Call[Empty, Empty]) -> Answer[ServiceAccountAnswer]:
        return Answer(body=ServiceAccountAnswer.of(service_accounts.find(call.path["id"])))

    @app.operation(
        "DELETE",
        f"{_PATH}/{{id}}",
        summary="End a service account, and all of its keys",
        access=Permission.SERVICE_ACCOUNTS_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.NOT_FOUND,),
        fresh=True,
    )
    def delete_service_account(call: Call[Empty, Empty]) -> Answer[None]:
        service_accounts.delete(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)


def _add_keys(app: Service, service_accounts: ServiceAccounts, answers: Answers) -> None:
    @app.operation(
        "GET",
        f"{_PATH}/{{id}}/keys",
        summary="The API keys of a service account, without their secrets",
        access=Permission.SERVICE_ACCOUNTS_READ,
        answer=KeyList,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def list_api_keys(call: Call[Empty, Empty]) -> Answer[KeyList]:
        keys = service_accounts.keys_of(call.path["id"])
        return Answer(body=KeyList(items=tuple(KeyAnswer.of(key) for key in keys)))

    @app.operation(
        "POST",
        f"{_PATH}/{{id}}/keys",
        summary="Make an API key, which is shown this once",
        access=Permission.SERVICE_ACCOUNTS_WRITE,
        body=KeyBody,
        answer=KeyAnswer,
        status=201,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        idempotency_key=True,
        fresh=True,
    )
    def create_api_key(call: Call[KeyBody, Empty]) -> Answer[KeyAnswer]:
        wanted = call.body.permissions
        key, secret = service_accounts.create_key(
            call.caller,
            call.path["id"],
            permissions=None if wanted is UNSET else frozenset(wanted),
            expires_in_days=call.body.expires_in_days,
            request_key=call.idempotency_key(),
            origin=answers.origin(call),
        )
        return Answer(body=KeyAnswer.of(key, secret.encode()))

    @app.operation(
        "DELETE",
        f"{_PATH}/{{id}}/keys/{{key_id}}",
        summary="Revoke an API key",
        access=Permission.SERVICE_ACCOUNTS_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def revoke_api_key(call: Call[Empty, Empty]) -> Answer[None]:
        service_accounts.revoke_key(call.caller, call.path["id"], call.path["key_id"], origin=answers.origin(call))
        return Answer(body=None)


def _add_token(app: Service, service_accounts: ServiceAccounts, answers: Answers) -> None:
    @app.operation(
        "POST",
        "/v1/auth/token",
        summary="Exchange an API key for an access token (RFC 6749, 4.4)",
        access=Open.CLIENT_CREDENTIALS,
        body=TokenBody,
        answer=TokenAnswer,
        errors=(ErrorCode.INVALID_CLIENT, ErrorCode.INVALID_SCOPE),
        form=True,
        limit="token",
    )
    def exchange_api_key(call: Call[TokenBody, Empty]) -> Answer[TokenAnswer]:
        client_id, key = _credentials(call)
        done = service_accounts.exchange(
            key,
            client_id=client_id,
            scope=given(call.body.scope),
            origin=answers.origin(call),
        )
        body = TokenAnswer(access_token=done.access_token, expires_in=done.expires_in, scope=scope_of(done.permissions))
        return Answer(body=body)


def _credentials(call: Call[TokenBody, Any]) -> tuple[str | None, str]:
    """The service account's id, if it is named, and its key: from HTTP Basic or the body, not both (RFC 6749, 2.3).

    Raises:
        InvalidClientError: there is no key, or there are two.
    """
    body = call.body
    header = call.headers.get("authorization")
    if header is None:
        if body.client_secret is UNSET:
            raise InvalidClientError("There is no API key, neither in the body nor as HTTP Basic.")
        return given(body.client_id), body.client_secret
    scheme, _, encoded = header.strip().partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        text = ""
    client_id, colon, key = text.partition(":")
    if not colon or not key or body.client_secret is not UNSET:
        raise InvalidClientError("The API key is sent as HTTP Basic, or in the body, once.")
    return unquote_plus(client_id) or None, unquote_plus(key)
