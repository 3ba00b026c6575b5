"""The routes of sessions: log in, refresh, log out, see and end one's own."""

from __future__ import annotations

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers, wants_cookie
from auth_service.errors import SessionExpiredError
from auth_service.factor_messages import SecondFactorRequired
from auth_service.login import Login
from auth_service.messages import EndSessionsQuery, LoginBody, RefreshBody, Session, SessionList
from auth_service.sessions import Sessions
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_session_routes(
    app: Service, *, logins: Login, sessions: Sessions, access_tokens: AccessTokens, answers: Answers
) -> None:
    """Registers them with the application."""

    @app.operation(
        "POST",
        "/v1/auth/login",
        summary="Log in with e-mail address and password; 202: a second factor is needed, too",
        access=Open.ANYONE,
        limit="login",
        body=LoginBody,
        answer=Session,
        also={202: SecondFactorRequired},
        errors=(
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.PERMISSION_DENIED,
            ErrorCode.ACCOUNT_SUSPENDED,
            ErrorCode.PASSWORD_CHANGE_REQUIRED,
        ),
    )
    def login(call: Call[LoginBody, Empty]) -> Answer[Session] | Answer[SecondFactorRequired]:
        in_cookie = wants_cookie(call)
        done = logins.log_in(
            email=call.body.email,
            password=call.body.password,
            device=answers.device_of(call),
            origin=answers.origin(call),
        )
        return answers.entry(done, in_cookie=in_cookie)

    @app.operation(
        "POST",
        "/v1/auth/refresh",
        summary="Exchange a refresh token for new tokens",
        access=Open.REFRESH_TOKEN,
        limit="refresh",
        body=RefreshBody,
        answer=Session,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.PERMISSION_DENIED, ErrorCode.ACCOUNT_SUSPENDED),
    )
    def refresh(call: Call[RefreshBody, Empty]) -> Answer[Session]:
        token, in_cookie = answers.refresh_token_of(call)
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
        token, in_cookie = answers.refresh_token_of(call)
        if token is not None:
            sessions.log_out(token, origin=answers.origin(call))
        return answers.logged_out(in_cookie=in_cookie)

    @app.operation(
        "GET",
        "/v1/auth/sessions",
        summary="One's own sessions",
        access=Permission.ACCOUNT_READ,
        answer=SessionList,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def list_sessions(call: Call[Empty, Empty]) -> Answer[SessionList]:
        bearer = access_tokens.bearer(call.caller)
        found = sessions.list_of(bearer)
        return Answer(body=SessionList(items=answers.sessions(found, current=bearer.session.id)))

    @app.operation(
        "DELETE",
        "/v1/auth/sessions",
        summary="End all of one's own sessions, or all but the one at hand",
        access=Permission.ACCOUNT_WRITE,
        query=EndSessionsQuery,
        answer=None,
        status=204,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def end_sessions(call: Call[Empty, EndSessionsQuery]) -> Answer[None]:
        bearer = access_tokens.bearer(call.caller)
        sessions.end_all(bearer, keep_current=call.query.keep_current, origin=answers.origin(call))
        return Answer(body=None)

    @app.operation(
        "DELETE",
        "/v1/auth/sessions/{id}",
        summary="End one of one's own sessions",
        access=Permission.ACCOUNT_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.NOT_FOUND),
    )
    def end_session(call: Call[Empty, Empty]) -> Answer[None]:
        bearer = access_tokens.bearer(call.caller)
        sessions.end(bearer, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)
