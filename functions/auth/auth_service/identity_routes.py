"""The routes of the identities that an account can be logged in to with."""

from __future__ import annotations

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers, identity_id, identity_items
from auth_service.directory_logins import DirectoryLogins
from auth_service.domain.accounts import Account
from auth_service.domain.return_addresses import page_path
from auth_service.external_login import ExternalLogin
from auth_service.messages import Identities, LinkBegun, LinkBody, LinkDirectoryBody
from auth_service.oidc_logins import OidcLogins
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.problems import NotFoundError
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service

_LINK_ERRORS = (ErrorCode.NOT_FOUND, ErrorCode.SESSION_EXPIRED, ErrorCode.PROVIDER_UNAVAILABLE)


def add_identity_routes(
    app: Service,
    *,
    access_tokens: AccessTokens,
    oidc: OidcLogins,
    directories: DirectoryLogins,
    external: ExternalLogin,
    answers: Answers,
) -> None:
    """Registers them with the application."""

    @app.operation(
        "GET",
        "/v1/auth/identities",
        summary="One's identities at external providers",
        access=Permission.ACCOUNT_READ,
        answer=Identities,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def list_identities(call: Call[Empty, Empty]) -> Answer[Identities]:
        return Answer(body=_shown(access_tokens.bearer(call.caller).account))

    @app.operation(
        "POST",
        "/v1/auth/identities/{provider_id}/authorize",
        summary="Begin to link an identity at a provider of OpenID Connect",
        access=Permission.ACCOUNT_WRITE,
        body=LinkBody,
        answer=LinkBegun,
        errors=_LINK_ERRORS,
        fresh=True,
    )
    def begin_link(call: Call[LinkBody, Empty]) -> Answer[LinkBegun]:
        return_to = page_path(call.body.return_to)
        begun = oidc.begin(
            call.path["provider_id"], return_to=return_to, user_id=call.caller.sub, session_id=call.caller.sid
        )
        cookie = answers.attempt_cookie(begun.browser)
        return Answer(body=LinkBegun(authorization_url=begun.url), headers={"Set-Cookie": cookie})

    @app.operation(
        "POST",
        "/v1/auth/identities/{provider_id}/login",
        summary="Link an identity at a directory",
        access=Permission.ACCOUNT_WRITE,
        body=LinkDirectoryBody,
        answer=Identities,
        errors=(*_LINK_ERRORS, ErrorCode.INVALID_CREDENTIALS, ErrorCode.IDENTITY_TAKEN, ErrorCode.CONFLICT),
        fresh=True,
    )
    def link_directory(call: Call[LinkDirectoryBody, Empty]) -> Answer[Identities]:
        body, origin = call.body, answers.origin(call)
        account = access_tokens.bearer(call.caller).account
        person = directories.person(call.path["provider_id"], body.username, body.password, origin=origin)
        return Answer(body=_shown(external.link(account, person, origin=origin)))

    @app.operation(
        "DELETE",
        "/v1/auth/identities/{identity_id}",
        summary="Unlink an identity",
        access=Permission.ACCOUNT_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.LAST_LOGIN_METHOD, ErrorCode.SESSION_EXPIRED),
        fresh=True,
    )
    def unlink_identity(call: Call[Empty, Empty]) -> Answer[None]:
        account = access_tokens.bearer(call.caller).account
        for identity in account.identities:
            if identity_id(identity) == call.path["identity_id"]:
                external.unlink(account, identity, origin=answers.origin(call))
                return Answer(body=None)
        raise NotFoundError("There is no such identity.")


def _shown(account: Account) -> Identities:
    return Identities(items=identity_items(account), has_password=account.password_hash is not None)
