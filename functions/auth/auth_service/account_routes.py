"""The routes of accounts: get one, change it, take a copy of it, delete it."""

from __future__ import annotations

from auth_service.access_tokens import AccessTokens
from auth_service.address_changes import AddressChanges
from auth_service.answers import Answers, wants_cookie
from auth_service.domain.accounts import Locale, preferred_locale
from auth_service.messages import (
    ChangeEmailBody,
    ConfirmEmailBody,
    ConfirmRegistrationBody,
    Export,
    MailSent,
    ProfileBody,
    RegisterBody,
    ResetBody,
    Session,
    User,
)
from auth_service.profile import Profile
from auth_service.registration import Registration
from auth_service.sessions import Sessions
from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service


def add_registration_routes(app: Service, *, registration: Registration, answers: Answers) -> None:
    """Registers those with the application by which people get an account."""

    @app.operation(
        "POST",
        "/v1/auth/register",
        summary="Make an account and log in; where mail is sent, 202: a link is on its way",
        access=Open.ANYONE,
        limit="register",
        body=RegisterBody,
        answer=Session,
        status=201,
        also={202: MailSent},
        errors=(
            ErrorCode.EMAIL_TAKEN,
            ErrorCode.WEAK_PASSWORD,
            ErrorCode.PERMISSION_DENIED,
            ErrorCode.ACCOUNT_SUSPENDED,
        ),
        idempotency_key=True,
    )
    def register(call: Call[RegisterBody, Empty]) -> Answer[Session] | Answer[MailSent]:
        body, in_cookie = call.body, wants_cookie(call)
        locale: Locale = given(body.locale) or preferred_locale(call.headers.get("accept-language"))
        done = registration.register(
            email=body.email,
            password=body.password,
            display_name=body.display_name,
            locale=locale,
            idempotency_key=call.idempotency_key(),
            origin=answers.origin(call),
        )
        if done is None:
            return Answer(body=MailSent(email=body.email), status=202)
        return answers.session(done, in_cookie=in_cookie)

    @app.operation(
        "POST",
        "/v1/auth/register/confirm",
        summary="Make the account that a mail's link is for, and log in",
        access=Open.ANYONE,
        limit="reset",
        body=ConfirmRegistrationBody,
        answer=Session,
        status=201,
        errors=(
            ErrorCode.LINK_INVALID,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.EMAIL_TAKEN,
            ErrorCode.PERMISSION_DENIED,
        ),
    )
    def confirm_registration(call: Call[ConfirmRegistrationBody, Empty]) -> Answer[Session]:
        in_cookie = wants_cookie(call)
        done = registration.confirm(token=call.body.token, password=call.body.password, origin=answers.origin(call))
        return answers.session(done, in_cookie=in_cookie)


def add_account_routes(
    app: Service, *, profile: Profile, sessions: Sessions, access_tokens: AccessTokens, answers: Answers
) -> None:
    """Registers those with the application by which people keep their account."""

    @app.operation(
        "GET",
        "/v1/auth/me",
        summary="The account of the bearer",
        access=Permission.ACCOUNT_READ,
        answer=User,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def me(call: Call[Empty, Empty]) -> Answer[User]:
        return Answer(body=answers.user(access_tokens.bearer(call.caller).account))

    @app.operation(
        "PATCH",
        "/v1/auth/me",
        summary="Change one's name or language",
        access=Permission.ACCOUNT_WRITE,
        body=ProfileBody,
        answer=User,
        errors=(ErrorCode.SESSION_EXPIRED,),
    )
    def change_me(call: Call[ProfileBody, Empty]) -> Answer[User]:
        bearer = access_tokens.bearer(call.caller)
        changed = profile.change(
            bearer,
            display_name=given(call.body.display_name),
            locale=given(call.body.locale),
            origin=answers.origin(call),
        )
        return Answer(body=answers.user(changed))

    @app.operation(
        "GET",
        "/v1/auth/me/export",
        summary="Everything that is stored about the bearer",
        access=Permission.ACCOUNT_READ,
        answer=Export,
        errors=(ErrorCode.SESSION_EXPIRED,),
        fresh=True,
    )
    def export_me(call: Call[Empty, Empty]) -> Answer[Export]:
        bearer = access_tokens.bearer(call.caller)
        links = profile.links_of(bearer, origin=answers.origin(call))
        body = answers.export(bearer, sessions.list_of(bearer), links)
        return Answer(body=body, headers={"Content-Disposition": 'attachment; filename="parley-account.json"'})

    @app.operation(
        "POST",
        "/v1/auth/me/delete",
        summary="Delete one's own account, at once and for good",
        access=Permission.ACCOUNT_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.SESSION_EXPIRED,),
        fresh=True,
    )
    def delete_me(call: Call[Empty, Empty]) -> Answer[None]:
        bearer = access_tokens.bearer(call.caller)
        profile.delete(bearer, origin=answers.origin(call))
        return answers.logged_out(in_cookie=True)


def add_address_routes(
    app: Service, *, addresses: AddressChanges, access_tokens: AccessTokens, answers: Answers
) -> None:
    """Registers those with the application by which an account gets another address."""

    @app.operation(
        "POST",
        "/v1/auth/me/email",
        summary="Change one's e-mail address; where mail is sent, 202: a link is on its way to the new one",
        access=Permission.ACCOUNT_WRITE,
        body=ChangeEmailBody,
        answer=User,
        also={202: MailSent},
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.EMAIL_TAKEN),
        fresh=True,
    )
    def change_email(call: Call[ChangeEmailBody, Empty]) -> Answer[User] | Answer[MailSent]:
        bearer = access_tokens.bearer(call.caller)
        changed = addresses.ask(bearer, email=call.body.email, origin=answers.origin(call))
        if changed is None:
            return Answer(body=MailSent(email=call.body.email), status=202)
        return Answer(body=answers.user(changed))

    @app.operation(
        "POST",
        "/v1/auth/me/email/confirm",
        summary="Take the new address that a mail's link was sent to",
        access=Permission.ACCOUNT_WRITE,
        body=ConfirmEmailBody,
        answer=User,
        errors=(ErrorCode.SESSION_EXPIRED, ErrorCode.LINK_INVALID, ErrorCode.EMAIL_TAKEN, ErrorCode.CONFLICT),
    )
    def confirm_email(call: Call[ConfirmEmailBody, Empty]) -> Answer[User]:
        bearer = access_tokens.bearer(call.caller)
        changed = addresses.confirm(bearer, token=call.body.token, origin=answers.origin(call))
        return Answer(body=answers.user(changed))

    @app.operation(
        "POST",
        "/v1/auth/email/undo",
        summary="Take an old address back with a mail's link and a new password; all sessions end",
        access=Open.ANYONE,
        limit="reset",
        body=ResetBody,
        answer=None,
        status=204,
        errors=(ErrorCode.LINK_INVALID, ErrorCode.WEAK_PASSWORD),
    )
    def undo_email(call: Call[ResetBody, Empty]) -> Answer[None]:
        addresses.undo(token=call.body.token, new_password=call.body.new_password, origin=answers.origin(call))
        return Answer(body=None)
