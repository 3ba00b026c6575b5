"""Who an ID token's verified claims say that somebody is (OpenID Connect Core, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_service.domain.accounts import normalise_email
from auth_service.domain.identities import ExternalPerson, role_of
from auth_service.domain.providers import GOOGLE, OidcProvider
from auth_service.errors import ProviderRefusedError
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError

MAX_NAME = 64
UNNAMED = "–"


def person_of(provider: OidcProvider, claims: Mapping[str, Any]) -> ExternalPerson:
    """The person whom verified claims tell of.

    Raises:
        ProviderRefusedError: the account is not of the organisation that the settings want.
    """
    if provider.hosted_domain and claims.get("hd") != provider.hosted_domain:
        raise ProviderRefusedError("hosted domain")
    email = usable_email(claims.get("email"))
    given_groups = claims.get(provider.groups_claim)
    groups = [group for group in given_groups if isinstance(group, str)] if isinstance(given_groups, list) else []
    return ExternalPerson(
        provider=provider.id,
        subject=claims["sub"],
        email=email,
        vouched=email is not None and _is_vouched(provider, claims, email),
        display_name=usable_name(claims.get("name"), claims.get("preferred_username"), (email or "").partition("@")[0]),
        role=role_of(provider.roles, groups),
    )


def usable_email(text: object) -> str | None:
    """An address in the form in which accounts have it, None if it is none."""
    try:
        return normalise_email(text) if isinstance(text, str) and len(text) <= 254 else None
    except InvalidFieldError:
        return None


def usable_name(*candidates: object) -> str:
    """The first that can be a display name, cut to the length that those have."""
    for text in candidates:
        if isinstance(text, str):
            try:
                return normalise_line(text, field="name")[:MAX_NAME].strip()
            except InvalidFieldError:
                continue
    return UNNAMED


def _is_vouched(provider: OidcProvider, claims: Mapping[str, Any], email: str) -> bool:
    if claims.get(provider.email_verified_claim) is not True or not provider.vouches(email):
        return False
    # Google is the authority for its own addresses alone: others were verified once, and may have changed hands.
    return provider.issuer != GOOGLE or email.endswith("@gmail.com") or bool(claims.get("hd"))
