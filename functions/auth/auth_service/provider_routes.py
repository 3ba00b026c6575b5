"""The routes by which people come in from external identity providers."""

from __future__ import annotations

from msgspec import UNSET

from auth_service.adapters.provider_settings import ProviderSettings
from auth_service.answers import Answers, wants_cookie
from auth_service.directory_logins import DirectoryLogins
from auth_service.domain.login_attempts import AppReturn
from auth_service.domain.providers import OidcProvider, Provider
from auth_service.domain.return_addresses import app_address, page_path, with_query
from auth_service.entry import SecondFactorAsked
from auth_service.errors import ProviderUnavailableError
from auth_service.factor_messages import SecondFactorRequired
from auth_service.messages import (
    AuthorizeQuery,
    CallbackQuery,
    DirectoryLoginBody,
    ExchangeBody,
    ProviderItem,
    Providers,
    Session,
)
from auth_service.oidc_logins import Finished, OidcLogins, ProviderAnswer
from auth_service.sessions import LoggedIn
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service

SIGN_IN_PAGE = "/sign-in"


def add_provider_routes(
    app: Service,
    *,
    providers: ProviderSettings,
    oidc: OidcLogins,
    directories: DirectoryLogins,
    answers: Answers,
    app_redirects: tuple[str, ...],
) -> None:
    """Registers them with the application. ``app_redirects``: where applications may wait for a login."""

    @app.operation(
        "GET",
        "/v1/auth/providers",
        summary="The external identity providers",
        access=Open.ANYONE,
        answer=Providers,
    )
    def list_providers(_: Call[Empty, Empty]) -> Answer[Providers]:
        return Answer(body=Providers(items=tuple(_item(provider) for provider in providers.all().values())))

    @app.operation(
        "GET",
        "/v1/auth/providers/{provider_id}/authorize",
        summary="Send a browser to a provider of OpenID Connect to log in",
        access=Open.ANYONE,
        limit="login",
        query=AuthorizeQuery,
        answer=None,
        status=302,
        errors=(ErrorCode.NOT_FOUND,),
    )
    def authorize(call: Call[Empty, AuthorizeQuery]) -> Answer[None]:
        provider_id = call.path["provider_id"]
        return_to, waiting = page_path(call.query.return_to), _app_of(call.query, app_redirects)
        try:
            begun = oidc.begin(provider_id, return_to=return_to, app=waiting)
        except ProviderUnavailableError as error:
            return _redirect(_refused(provider_id, error.code, return_to, waiting))
        return _redirect(begun.url, answers.attempt_cookie(begun.browser))

    @app.operation(
        "GET",
        "/v1/auth/providers/{provider_id}/callback",
        summary="End a login: where providers of OpenID Connect send browsers back to",
        access=Open.ANYONE,
        limit="login",
        query=CallbackQuery,
        answer=None,
        status=302,
    )
    def provider_callback(call: Call[Empty, CallbackQuery]) -> Answer[None]:
        provider_id, query = call.path["provider_id"], call.query
        done = oidc.finish(
            provider_id,
            ProviderAnswer(
                state=query.state,
                code=given(query.code),
                error=given(query.error),
                iss=given(query.iss),
            ),
            browser=call.cookie(answers.attempt_cookie_name),
            origin=answers.origin(call),
        )
        return _redirect(_way_back(provider_id, done), _cookie_of(done, answers))

    @app.operation(
        "POST",
        "/v1/auth/providers/exchange",
        summary="Fetch the session of an application's login",
        access=Open.ANYONE,
        limit="login",
        body=ExchangeBody,
        answer=Session,
        also={202: SecondFactorRequired},
        errors=(ErrorCode.LOGIN_ATTEMPT_INVALID, ErrorCode.SESSION_EXPIRED, ErrorCode.ACCOUNT_SUSPENDED),
    )
    def exchange_code(call: Call[ExchangeBody, Empty]) -> Answer[Session] | Answer[SecondFactorRequired]:
        done = oidc.exchange(call.body.code, call.body.code_verifier, origin=answers.origin(call))
        return answers.entry(done, in_cookie=False)

    @app.operation(
        "POST",
        "/v1/auth/providers/{provider_id}/login",
        summary="Log in with name and password of a directory",
        access=Open.ANYONE,
        limit="login",
        body=DirectoryLoginBody,
        answer=Session,
        also={202: SecondFactorRequired},
        errors=(
            ErrorCode.NOT_FOUND,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.PERMISSION_DENIED,
            ErrorCode.ACCOUNT_SUSPENDED,
            ErrorCode.ACCOUNT_EXISTS_LINK_REQUIRED,
            ErrorCode.EMAIL_MISSING,
            ErrorCode.PROVIDER_UNAVAILABLE,
        ),
    )
    def directory_login(
        call: Call[DirectoryLoginBody, Empty],
    ) -> Answer[Session] | Answer[SecondFactorRequired]:
        body, in_cookie = call.body, wants_cookie(call)
        done = directories.log_in(call.path["provider_id"], body.username, body.password, origin=answers.origin(call))
        return answers.entry(done, in_cookie=in_cookie)


def _item(provider: Provider) -> ProviderItem:
    return ProviderItem(
        id=provider.id, kind="oidc" if isinstance(provider, OidcProvider) else "ldap", name=provider.name
    )


def _app_of(query: AuthorizeQuery, registered: tuple[str, ...]) -> AppReturn | None:
    """The application that a browser was opened by; None for a page of ours."""
    if query.redirect_uri is UNSET:
        return None
    if query.code_challenge is UNSET:
        raise InvalidFieldError("code_challenge", "An application gives the challenge of a verifier of its own.")
    return AppReturn(
        redirect_uri=app_address(query.redirect_uri, registered),
        code_challenge=query.code_challenge,
        state=given(query.state),
    )


def _way_back(provider_id: str, done: Finished) -> str:
    """Where a browser goes that comes from a provider."""
    attempt = done.attempt
    if attempt is None:
        return _refused(provider_id, done.error or ErrorCode.LOGIN_ATTEMPT_INVALID, "/", None)
    if done.error is not None and attempt.user_id is None:
        return _refused(provider_id, done.error, attempt.return_to, attempt.app)
    if done.error is not None:
        return with_query(attempt.return_to, error=done.error.value, provider=provider_id)
    if attempt.app is not None:
        return with_query(attempt.app.redirect_uri, code=done.app_code, state=attempt.app.state)
    if isinstance(done.session, SecondFactorAsked):
        return with_query(SIGN_IN_PAGE, second_factor=provider_id, next=_next(attempt.return_to))
    return attempt.return_to


def _cookie_of(done: Finished, answers: Answers) -> str | None:
    match done.session:
        case LoggedIn():
            return answers.refresh_cookie(done.session)
        case SecondFactorAsked():
            return answers.waiting_cookie(done.session)
        case _:
            return None


def _next(return_to: str) -> str | None:
    return return_to if return_to != "/" else None


def _refused(provider_id: str, code: ErrorCode, return_to: str, waiting: AppReturn | None) -> str:
    """The page or application that tells of a refusal, by its stable code."""
    if waiting is not None:
        return with_query(waiting.redirect_uri, error=code.value, state=waiting.state)
    return with_query(SIGN_IN_PAGE, error=code.value, provider=provider_id, next=_next(return_to))


def _redirect(url: str, cookie: str | None = None) -> Answer[None]:
    cookies = {"Set-Cookie": cookie} if cookie is not None else {}
    return Answer(body=None, headers={"Location": url, "Referrer-Policy": "no-referrer", **cookies})
