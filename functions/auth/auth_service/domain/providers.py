"""External identity providers as the settings have them: typed, checked, and never shown with their secrets."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from auth_service.domain.directory_names import USERNAME
from auth_service.domain.identities import LinkedIdentity

GOOGLE = "https://accounts.google.com"
ANY_DOMAIN = "*"

Id = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(min_length=1, max_length=1024)]
Pem = Annotated[str, Meta(max_length=65_536)]
Domain = Annotated[str, Meta(pattern=r"^(?:\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+)$")]
LdapUrl = Annotated[str, Meta(pattern=r"^ldaps?://[^/\s?#@]+/?$")]
Role = Literal["administrator", "organiser", "member"]
# Signatures with a public key only: "none" and HMAC are not on offer (RFC 8725, 3.1 and 2.1).
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ProvidersError(Exception):
    """A setting that says what providers there are, and cannot be used. The text holds no value of it."""


class _Provider(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What all providers have in common."""

    id: Id
    """Part of the callback's address and of every linked identity: it does not change."""
    name: Name
    """As the page shows it."""
    vouches_for: tuple[Domain, ...] = ()
    """The domains whose e-mail addresses the provider is trusted to know the owners of; ``*`` for all."""
    roles: dict[Role, tuple[Text, ...]] = {}
    """Which groups at the provider give which role here."""
    roles_last_days: Annotated[int, Meta(ge=1, le=365)] = 7
    """So long such a role holds without another login there. Whoever leaves a group loses it by then."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r})"

    def grants(self, identity: LinkedIdentity, *, now_ms: float) -> bool:
        """Whether its groups still give somebody the role that they gave at the last login."""
        return bool(self.roles) and now_ms < identity.known_at + self.roles_last_days * 86_400_000

    def vouches(self, email: str) -> bool:
        """Whether the provider is trusted to know who owns a (normalised) address."""
        return ANY_DOMAIN in self.vouches_for or email.rpartition("@")[2] in self.vouches_for


class OidcProvider(_Provider, frozen=True, kw_only=True, tag="oidc"):
    """A provider of OpenID Connect."""

    issuer: Text
    """Its discovery document is at ``<issuer>/.well-known/openid-configuration``."""
    client_id: Text
    client_secret: Annotated[str, Meta(max_length=1024)] = ""
    """Empty: a public client, which PKCE alone protects."""
    client_authentication: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    scopes: tuple[Text, ...] = ("openid", "email", "profile")
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("RS256", "ES256")
    """Which signatures of ID tokens are accepted, whatever the provider says."""
    email_verified_claim: Text = "email_verified"
    groups_claim: Text = "groups"
    hosted_domain: Annotated[str, Meta(pattern=r"^[a-z0-9.-]*$")] = ""
    """Google only: accounts of this organisation, and no others."""
    ca_pem: Pem = ""
    """The certificate authority of a provider inside the organisation; empty: the system's."""
    ask_second_factor: bool = False
    """Whether who comes from there proves the second factor that their account has here; otherwise the provider is
    trusted with that."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not (parts.scheme == "https" or is_local) or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("issuer must be an https address without query and fragment")
        if "openid" not in self.scopes:
            raise ValueError("scopes must have openid")


class GoogleProvider(_Provider, frozen=True, kw_only=True, tag="google"):
    """Google, of which only the client is the installation's own."""

    id: Id = "google"
    name: Name = "Google"
    vouches_for: tuple[Domain, ...] = (ANY_DOMAIN,)
    client_id: Text
    client_secret: Text
    hosted_domain: Annotated[str, Meta(pattern=r"^[a-z0-9.-]*$")] = ""
    ask_second_factor: bool = False

    def as_oidc(self) -> OidcProvider:
        """The same as any other provider of OpenID Connect."""
        return OidcProvider(
            id=self.id,
            name=self.name,
            vouches_for=self.vouches_for,
            roles=self.roles,
            roles_last_days=self.roles_last_days,
            issuer=GOOGLE,
            client_id=self.client_id,
            client_secret=self.client_secret,
            algorithms=("RS256",),
            hosted_domain=self.hosted_domain,
            ask_second_factor=self.ask_second_factor,
        )


class LdapProvider(_Provider, frozen=True, kw_only=True, tag="ldap"):
    """A directory: OpenLDAP, Active Directory and the like. Its users type their password into Parley's page."""

    urls: Annotated[tuple[LdapUrl, ...], Meta(min_length=1, max_length=8)]
    """Tried in this order. ``ldaps://`` is TLS from the start; ``ldap://`` begins with StartTLS, always."""
    user_base: Text
    user_filter: Text = "(uid={username})"
    bind_dn: str = ""
    """With ``bind_password``: this account searches for people, who then prove their password (search-then-bind)."""
    bind_password: str = ""
    bind_template: str = ""
    """Instead: people bind at once, as ``uid={username},ou=people,…`` or ``{username}@corp.example`` (direct bind)."""
    subject_attribute: Text = "entryUUID"
    """Never changes and is never given to another; ``objectGUID`` in Active Directory."""
    name_attribute: Text = "cn"
    email_attribute: Text = "mail"
    member_of_attribute: Text = "memberOf"
    group_base: str = ""
    """Where groups are searched for, if entries of people do not name them."""
    group_filter: Text = "(member={dn})"
    ca_pem: Pem = ""
    ca_file: Annotated[str, Meta(max_length=1024)] = ""
    timeout_s: Annotated[int, Meta(ge=1, le=10)] = 4
    """For a connection and for each answer."""

    def __post_init__(self) -> None:
        if bool(self.bind_template) == bool(self.bind_dn):
            raise ValueError("either bind_dn (with bind_password) or bind_template must be given")
        if self.bind_dn and not self.bind_password:
            raise ValueError("bind_password must not be empty: a directory takes that for nobody, and says yes")
        if self.bind_template and USERNAME not in self.bind_template:
            raise ValueError("bind_template must have {username}")
        if USERNAME not in self.user_filter:
            raise ValueError("user_filter must have {username}")
        if self.ca_pem and self.ca_file:
            raise ValueError("ca_pem or ca_file, not both")


Provider: TypeAlias = OidcProvider | LdapProvider


def parse_providers(text: str | bytes, *, source: str) -> tuple[Provider, ...]:
    """The providers of a setting, a JSON array. ``source`` names it in errors.

    Raises:
        ProvidersError: it is none; the text says where, and holds no value.
    """
    try:
        given = msgspec.json.decode(text, type=tuple[OidcProvider | GoogleProvider | LdapProvider, ...])
    except msgspec.ValidationError as error:
        raise ProvidersError(
            f"{source}: {re.sub(r'Invalid value .* - at', 'Unknown kind - at', str(error))}."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProvidersError(f"{source} is not JSON.") from None
    return tuple(provider.as_oidc() if isinstance(provider, GoogleProvider) else provider for provider in given)


def by_id(*parts: tuple[Provider, ...]) -> dict[str, Provider]:
    """All providers by their ids, in the order of the settings.

    Raises:
        ProvidersError: two have the same id.
    """
    found: dict[str, Provider] = {}
    for provider in (provider for part in parts for provider in part):
        if provider.id in found:
            raise ProvidersError(f"Two identity providers have the id {provider.id}.")
        found[provider.id] = provider
    return found
