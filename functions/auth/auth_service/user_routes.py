"""The routes with which administrators work with accounts."""

from __future__ import annotations

from auth_service.administration import Administration, UserFilter, state_of
from auth_service.answers import Answers
from auth_service.domain.accounts import Account
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import second_factors_of
from auth_service.messages import SessionList
from auth_service.sessions import Sessions
from auth_service.step_up import StepUp
from auth_service.user_messages import ChangeUserBody, ManagedUser, NewUserBody, UserPage, UsersQuery
from contracts.access_control import Permission, PlatformRole
from contracts.error_codes import ErrorCode
from functions.serverless.cursors import cursor_of_text, text_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import milliseconds_of, rfc3339

_PATH = "/v1/auth/users"
_LAST = (ErrorCode.NOT_FOUND, ErrorCode.CONFLICT, ErrorCode.LAST_ADMINISTRATOR)


def add_user_routes(
    app: Service,
    *,
    administration: Administration,
    sessions: Sessions,
    roles: Roles,
    step_up: StepUp,
    answers: Answers,
) -> None:
    """Registers them with the application."""
    shown = _Shown(roles)
    _add_sessions(app, administration, sessions, answers)
    _add_reading(app, administration, shown)
    _add_writing(app, administration, shown, answers, step_up)
    _add_keeping_out(app, administration, shown, answers)


class _Shown:
    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def user(self, account: Account) -> ManagedUser:
        return ManagedUser(
            id=account.id,
            email=account.email,
            display_name=account.display_name,
            role=self._roles.of(account).value,
            state=state_of(account),
            created_at=rfc3339(account.created_at),
            suspended_at=None if account.suspended_at is None else rfc3339(account.suspended_at * 1000),
            last_used_at=None if account.last_used_at is None else rfc3339(account.last_used_at * 1000),
            has_password=account.password_hash is not None,
            providers=tuple(identity.provider for identity in account.identities),
            factors=second_factors_of(account, passkeys=True),
        )


def _role(role: str | None) -> PlatformRole | None:
    return None if role is None else PlatformRole(role)


def _add_reading(app: Service, administration: Administration, shown: _Shown) -> None:
    @app.operation(
        "GET",
        _PATH,
        summary="Users, in the order of their addresses",
        access=Permission.USERS_READ,
        query=UsersQuery,
        answer=UserPage,
    )
    def list_users(call: Call[Empty, UsersQuery]) -> Answer[UserPage]:
        query = call.query
        email = given(query.email)
        search = given(query.search)
        wanted = UserFilter(
            search=None if search is None else search.strip(),
            email=None if email is None else email.strip().lower(),
            name=given(query.name),
            role=_role(given(query.role)),
            state=given(query.state),
            used_before=milliseconds_of(query.used_before, "used_before"),
        )
        after = text_of(query.cursor) if query.cursor else ""
        accounts, last = administration.page(wanted, after=after, limit=query.limit)
        cursor = None if last is None else cursor_of_text(last)
        return Answer(body=UserPage(items=tuple(map(shown.user, accounts)), next_cursor=cursor))

    @app.operation(
        "GET",
        f"{_PATH}/{{id}}",
        summary="A user",
        access=Permission.USERS_READ,
        answer=ManagedUser,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def read_user(call: Call[Empty, Empty]) -> Answer[ManagedUser]:
        return Answer(body=shown.user(administration.find(call.path["id"])))


def _add_writing(
    app: Service, administration: Administration, shown: _Shown, answers: Answers, step_up: StepUp
) -> None:
    @app.operation(
        "POST",
        _PATH,
        summary="Make an account for somebody",
        access=Permission.USERS_WRITE,
        body=NewUserBody,
        answer=ManagedUser,
        status=201,
        errors=(
            ErrorCode.EMAIL_TAKEN,
            ErrorCode.WEAK_PASSWORD,
            ErrorCode.MAIL_OFF,
            ErrorCode.CONFLICT,
            ErrorCode.STEP_UP_REQUIRED,
        ),
        idempotency_key=True,
    )
    def create_user(call: Call[NewUserBody, Empty]) -> Answer[ManagedUser]:
        if given(call.body.role) == PlatformRole.ADMINISTRATOR:
            step_up.check(call.caller)
        made = administration.create(
            call.caller,
            email=call.body.email,
            display_name=call.body.display_name,
            role=_role(given(call.body.role)),
            password=given(call.body.password),
            request_key=call.idempotency_key(),
            origin=answers.origin(call),
        )
        return Answer(body=shown.user(made), headers={"Location": f"{_PATH}/{made.id}"})

    @app.operation(
        "PATCH",
        f"{_PATH}/{{id}}",
        summary="Change a user's name or role",
        access=Permission.USERS_WRITE,
        body=ChangeUserBody,
        answer=ManagedUser,
        errors=(*_LAST, ErrorCode.STEP_UP_REQUIRED),
    )
    def change_user(call: Call[ChangeUserBody, Empty]) -> Answer[ManagedUser]:
        if given(call.body.role) is not None:
            step_up.check(call.caller)
        changed = administration.change(
            call.caller,
            call.path["id"],
            display_name=given(call.body.display_name),
            role=_role(given(call.body.role)),
            origin=answers.origin(call),
        )
        return Answer(body=shown.user(changed))

    @app.operation(
        "DELETE",
        f"{_PATH}/{{id}}",
        summary="Delete a user's account at once and for good",
        access=Permission.USERS_WRITE,
        answer=None,
        status=204,
        errors=_LAST,
        fresh=True,
    )
    def delete_user(call: Call[Empty, Empty]) -> Answer[None]:
        administration.delete(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)


def _add_keeping_out(app: Service, administration: Administration, shown: _Shown, answers: Answers) -> None:
    @app.operation(
        "POST",
        f"{_PATH}/{{id}}/suspend",
        summary="Keep a user out, and end their sessions",
        access=Permission.USERS_WRITE,
        answer=ManagedUser,
        errors=_LAST,
    )
    def suspend_user(call: Call[Empty, Empty]) -> Answer[ManagedUser]:
        suspended = administration.suspend(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=shown.user(suspended))

    @app.operation(
        "POST",
        f"{_PATH}/{{id}}/resume",
        summary="Let a user in again",
        access=Permission.USERS_WRITE,
        answer=ManagedUser,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def resume_user(call: Call[Empty, Empty]) -> Answer[ManagedUser]:
        resumed = administration.resume(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=shown.user(resumed))


def _add_sessions(app: Service, administration: Administration, sessions: Sessions, answers: Answers) -> None:
    @app.operation(
        "GET",
        f"{_PATH}/{{id}}/sessions",
        summary="Where a user is logged in, the last used first",
        access=Permission.USERS_READ,
        answer=SessionList,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def list_sessions_of_user(call: Call[Empty, Empty]) -> Answer[SessionList]:
        found = sessions.alive_of(administration.find(call.path["id"]))
        return Answer(body=SessionList(items=answers.sessions(found, current=call.caller.sid)))

    @app.operation(
        "DELETE",
        f"{_PATH}/{{id}}/sessions",
        summary="End all sessions of a user",
        access=Permission.USERS_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def end_sessions_of_user(call: Call[Empty, Empty]) -> Answer[None]:
        administration.end_sessions(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)

    @app.operation(
        "DELETE",
        f"{_PATH}/{{id}}/factors",
        summary="Take all second factors from a user who has lost them",
        access=Permission.USERS_WRITE,
        answer=None,
        status=204,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.LAST_LOGIN_METHOD),
        fresh=True,
    )
    def reset_factors_of_user(call: Call[Empty, Empty]) -> Answer[None]:
        administration.reset_factors(call.caller, call.path["id"], origin=answers.origin(call))
        return Answer(body=None)
