"""The routes of passwords: forget one, choose another."""

from __future__ import annotations

from auth_service.access_tokens import AccessTokens
from auth_service.answers import Answers
from auth_service.messages import ChangePasswordBody, ForgottenBody, MailSent, ResetBody
from auth_service.password_changes import PasswordChanges
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service


def add_password_routes(
    app: Service, *, passwords: PasswordChanges, access_tokens: AccessTokens, answers: Answers
) -> None:
    """Registers them with the application."""

    @app.operation(
        "POST",
        "/v1/auth/password/forgotten",
        summary="Have a link for a new password sent; the answer is the same for every address",
        access=Open.ANYONE,
        limit="reset",
        body=ForgottenBody,
        answer=MailSent,
        status=202,
        errors=(ErrorCode.MAIL_OFF,),
    )
    def forgotten_password(call: Call[ForgottenBody, Empty]) -> Answer[MailSent]:
        passwords.forgotten(email=call.body.email, origin=answers.origin(call))
        return Answer(body=MailSent(email=call.body.email))

    @app.operation(
        "POST",
        "/v1/auth/password/reset",
        summary="Choose a new password with a mail's link; all sessions end",
        access=Open.ANYONE,
        limit="reset",
        body=ResetBody,
        answer=None,
        status=204,
        errors=(ErrorCode.LINK_INVALID, ErrorCode.WEAK_PASSWORD),
    )
    def reset_password(call: Call[ResetBody, Empty]) -> Answer[None]:
        passwords.reset(token=call.body.token, new_password=call.body.new_password, origin=answers.origin(call))
        return Answer(body=None)

    @app.operation(
        "POST",
        "/v1/auth/me/password",
        summary="Change one's password; unless told otherwise, all other sessions end",
        access=Permission.ACCOUNT_WRITE,
        body=ChangePasswordBody,
        answer=None,
        status=204,
        idempotency_key=True,
        errors=(
            ErrorCode.SESSION_EXPIRED,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.STEP_UP_REQUIRED,
            ErrorCode.WEAK_PASSWORD,
        ),
    )
    def change_password(call: Call[ChangePasswordBody, Empty]) -> Answer[None]:
        passwords.change(
            access_tokens.bearer(call.caller),
            current_password=given(call.body.current_password),
            new_password=call.body.new_password,
            end_other_sessions=call.body.end_other_sessions,
            origin=answers.origin(call),
            request_key=call.idempotency_key(),
        )
        return Answer(body=None)
