"""The routes of sessions: log in, refresh, log out."""

from __future__ import annotations

from auth_service.answers import Answers, refresh_token_of
from auth_service.errors import SessionExpiredError
from auth_service.login import Login
from auth_service.messages import LoginBody, RefreshBody, Session
from auth_service.sessions import Sessions
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_session_routes(app: Service, *, logins: Login, sessions: Sessions, answers: Answers) -> None:
    """Registers them with the application."""

    @app.operation(
        "POST",
        "/v1/auth/login",
        summary="Log in with e-mail address and password",
        access=Open.ANYONE,
        body=LoginBody,
        answer=Session,
        errors=(ErrorCode.INVALID_CREDENTIALS,),
    )
    def login(call: Call[LoginBody, Empty]) -> Answer[Session]:
        done = logins.log_in(email=call.body.email, password=call.body.password, origin=answers.origin(call))
        return answers.session(done, in_cookie=call.body.session == "cookie")

    @app.operation(
        "POST",
        "/v1/auth/refresh",
        summary="Exchange a refresh token for new tokens",
        access=Open.REFRESH_TOKEN,
        body=RefreshBody,
        answer=Session,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.PERMISSION_DENIED),
    )
    def refresh(call: Call[RefreshBody, Empty]) -> Answer[Session]:
        token, in_cookie = refresh_token_of(call)
        if token is None:
            raise SessionExpiredError("There is no refresh token, neither in the body nor as a cookie.")
        return answers.session(sessions.refresh(token, origin=answers.origin(call)), in_cookie=in_cookie)

    @app.operation(
        "POST",
        "/v1/auth/logout",
        summary="End the session of a refresh token",
        access=Open.REFRESH_TOKEN,
        body=RefreshBody,
        answer=None,
        status=204,
        errors=(ErrorCode.PERMISSION_DENIED,),
    )
    def logout(call: Call[RefreshBody, Empty]) -> Answer[None]:
        token, in_cookie = refresh_token_of(call)
        if token is not None:
            sessions.log_out(token, origin=answers.origin(call))
        return answers.logged_out(in_cookie=in_cookie)
