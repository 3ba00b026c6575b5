"""Bodies of the authentication service's requests and answers, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from auth_service.domain.links import TOKEN_PATTERN
from auth_service.domain.login_attempts import SECRET_PATTERN
from auth_service.factor_messages import Factors, SessionMode
from functions.serverless.requests import ForeignQuery

T = TypeVar("T")
Email = Annotated[str, Meta(min_length=3, max_length=254, description="An e-mail address; case does not matter.")]
Password = Annotated[str, Meta(min_length=1, max_length=256)]
NewPassword = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="Any characters; at least as many as /v1/auth/options tells, and not easy to guess.",
    ),
]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, description="How others see the person.")]
LinkToken = Annotated[str, Meta(pattern=TOKEN_PATTERN, description="Of a mail's link: what follows #token=.")]
ReturnTo = Annotated[str, Meta(min_length=1, max_length=1024, description="A path of the platform's page.")]
OpaqueToken = Annotated[str, Meta(min_length=1, max_length=512)]
Language = Annotated[Literal["en", "de"], Meta(description="The language of mails.")]


class RegisterBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``locale``: as the header Accept-Language has it, unless told."""

    email: Email
    password: NewPassword
    display_name: DisplayName
    session: SessionMode = "body"
    locale: Language | UnsetType = UNSET


class ConfirmRegistrationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``password``: the one that was chosen when registering."""

    token: LinkToken
    password: Password
    session: SessionMode = "body"


class MailSent(Struct, frozen=True, kw_only=True):
    """A mail is on its way to ``email``, if there is reason for one: the answer is the same for every address."""

    email: str
    status: Literal["check_mail"] = "check_mail"


class ForgottenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email


class ResetBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: LinkToken
    new_password: NewPassword


class ChangePasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``current_password``: needed if the account has one."""

    current_password: Password | UnsetType = UNSET
    new_password: NewPassword
    end_other_sessions: bool = True


class ChangeEmailBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new one."""

    email: Email


class ConfirmEmailBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: LinkToken


class ProfileBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    display_name: DisplayName | UnsetType = UNSET
    locale: Language | UnsetType = UNSET


class LoginBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    session: SessionMode = "body"


class RefreshBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token, unless it comes as the cookie ``parley_refresh``."""

    refresh_token: OpaqueToken | UnsetType = UNSET


class User(Struct, frozen=True, kw_only=True):
    """An account, as its owner sees it. ``created_at`` as in RFC 3339, UTC. ``administrator``: of the platform.
    ``permissions``: what the role allows, by the names that routes ask for. ``second_factor_required``: it is little,
    until a second factor is set up."""

    id: str
    email: str
    display_name: str
    created_at: str
    administrator: bool
    role: str
    permissions: tuple[str, ...]
    locale: Language
    second_factor_required: bool


class Session(Struct, frozen=True, kw_only=True):
    """What a login answers. ``expires_in``: seconds until the access token expires."""

    access_token: str
    expires_in: int
    user: User
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    refresh_token: str | UnsetType = UNSET


class DeviceAnswer(Struct, frozen=True, kw_only=True):
    """What a session was used with last, by its own word; null where it is not known."""

    browser: str | None
    system: str | None


class SessionEntry(Struct, frozen=True, kw_only=True):
    """One of the bearer's sessions. ``network``: where it was used last, roughly (CIDR); ``current``: the bearer's."""

    id: str
    current: bool
    device: DeviceAnswer
    network: str | None
    created_at: str
    used_at: str
    expires_at: str


class SessionList(Struct, frozen=True, kw_only=True):
    """The one at hand first, then by their last use."""

    items: tuple[SessionEntry, ...]


class EndSessionsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``keep_current``: all but the session of the access token."""

    keep_current: bool = False


class FormerAddressEntry(Struct, frozen=True, kw_only=True):
    """An address that the account had, and that is kept for it until a time."""

    email: str
    kept_until: str


class LinkEntry(Struct, frozen=True, kw_only=True):
    """A link that was sent by mail."""

    kind: str
    created_at: str
    expires_at: str
    used: bool


class IdentityItem(Struct, frozen=True, kw_only=True):
    """An identity at an external provider, which its account can be logged in to with. ``linked_at``: RFC 3339, UTC."""

    id: str
    provider: str
    email: str | None
    linked_at: str


class Export(Struct, frozen=True, kw_only=True):
    """Everything that this service has stored about the bearer, but for hashes, which tell nothing."""

    account: User
    has_password: bool
    email_verified_at: str | None
    suspended_at: str | None
    last_used_at: str | None
    must_change_password: bool
    identities: tuple[IdentityItem, ...]
    former_addresses: tuple[FormerAddressEntry, ...]
    factors: Factors
    sessions: tuple[SessionEntry, ...]
    links: tuple[LinkEntry, ...]


class Options(Struct, frozen=True, kw_only=True):
    """What this installation offers. ``mail``: registration is confirmed by mail, and passwords can be reset;
    ``passkeys``: browsers make passkeys for the page's address."""

    mail: bool
    password_min_length: int
    password_max_length: int
    passkeys: bool


class OpenidConfiguration(Struct, frozen=True, kw_only=True):
    """OpenID Connect Discovery 1.0, section 3, as far as it is true: this issuer signs access tokens (RFC 9068) for
    Parley's own APIs, and has no authorization endpoint. Verifiers find the keys here."""

    issuer: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...]
    subject_types_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...]
    grant_types_supported: tuple[str, ...]
    claims_supported: tuple[str, ...]
    service_documentation: str


class ProviderItem(Struct, frozen=True, kw_only=True):
    """An external identity provider. ``oidc``: people are sent there; ``ldap``: they give name and password here."""

    id: str
    kind: Literal["oidc", "ldap"]
    name: str


class Providers(Struct, frozen=True, kw_only=True):
    items: tuple[ProviderItem, ...]


class AuthorizeQuery(Struct, frozen=True, kw_only=True):
    """``return_to`` for pages; the others for applications, which give both ``redirect_uri`` and ``code_challenge``."""

    return_to: ReturnTo = "/"
    redirect_uri: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET
    code_challenge: Annotated[str, Meta(pattern=SECRET_PATTERN)] | UnsetType = UNSET
    code_challenge_method: Literal["S256"] = "S256"
    state: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET


class CallbackQuery(ForeignQuery, frozen=True, kw_only=True):
    """What the provider sends the browser back with; it may add what it likes (RFC 6749, 4.1.2)."""

    state: Annotated[str, Meta(max_length=512)] = ""
    code: Annotated[str, Meta(min_length=1, max_length=8192)] | UnsetType = UNSET
    error: Annotated[str, Meta(max_length=512)] | UnsetType = UNSET
    iss: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET


class ExchangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that an application was sent back with, and the verifier of its challenge (RFC 7636, 4.1)."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]
    code_verifier: Annotated[str, Meta(min_length=43, max_length=128)]


class DirectoryLoginBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    username: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    session: SessionMode = "body"


class LinkBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    return_to: ReturnTo = "/"


class LinkDirectoryBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and password at the directory."""

    username: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(min_length=1, max_length=256)]


class LinkBegun(Struct, frozen=True, kw_only=True):
    """Where to send the browser that has asked, which has got a cookie for the way back."""

    authorization_url: str


class Identities(Struct, frozen=True, kw_only=True):
    """``has_password``: whether the account has another way to log in."""

    items: tuple[IdentityItem, ...]
    has_password: bool
