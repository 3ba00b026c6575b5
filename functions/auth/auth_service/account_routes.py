"""The routes of accounts."""

from __future__ import annotations

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers
from auth_service.messages import RegisterBody, Session, User
from auth_service.registration import Registration
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_account_routes(
    app: Service, *, registration: Registration, access_tokens: AccessTokens, answers: Answers
) -> None:
    """Registers them with the application."""

    @app.operation(
        "POST",
        "/v1/auth/register",
        summary="Make an account and log in",
        access=Open.ANYONE,
        body=RegisterBody,
        answer=Session,
        status=201,
        errors=(ErrorCode.EMAIL_TAKEN, ErrorCode.WEAK_PASSWORD),
    )
    def register(call: Call[RegisterBody, Empty]) -> Answer[Session]:
        body = call.body
        done = registration.register(
            email=body.email,
            password=body.password,
            display_name=body.display_name,
            origin=answers.origin(call),
        )
        return answers.session(done, in_cookie=body.session == "cookie")

    @app.operation(
        "GET", "/v1/auth/me", summary="The account of the bearer", access=Permission.ACCOUNT_READ, answer=User
    )
    def me(call: Call[Empty, Empty]) -> Answer[User]:
        return Answer(body=answers.user(access_tokens.account_of(call.caller)))
