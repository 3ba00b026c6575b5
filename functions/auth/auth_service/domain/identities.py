"""Who somebody is at an external provider, and what that makes of them here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from contracts.access_control import PlatformRole

SEEN_EVERY_MS = 3_600_000
"""How exactly logins at a provider are kept: a write for each would cost more than it tells."""
_HIGHEST_FIRST = (PlatformRole.ADMINISTRATOR, PlatformRole.ORGANISER, PlatformRole.MEMBER)


class LinkedIdentity(Struct, frozen=True, kw_only=True):
    """An identity that an account can be logged in to with. ``linked_at`` in milliseconds since the epoch.

    ``subject`` is the provider's own name for the person, which never changes and is never another's (OpenID Connect
    Core, 2). ``email`` is what the provider said at the last login, for the owner to recognise it by.
    """

    provider: str
    subject: str
    linked_at: int
    email: str | None = None
    role: PlatformRole | None = None
    """What the person's groups at the provider make of them, as of the last login."""
    seen_at: int | None = None
    """When the person last logged in there (milliseconds, to `SEEN_EVERY_MS`); None: not since they were linked."""

    @property
    def known_at(self) -> int:
        """As of when it is known what the provider says."""
        return self.linked_at if self.seen_at is None else self.seen_at


class ExternalPerson(Struct, frozen=True, kw_only=True):
    """Somebody whom a provider has just recognised. ``email`` is normalised, None if it gave none that can be used.

    ``vouched``: the provider says that the address is the person's, and is trusted with that.
    """

    provider: str
    subject: str
    email: str | None
    vouched: bool
    display_name: str
    role: PlatformRole | None = None


def role_of(roles: Mapping[Any, Collection[str]], groups: Collection[str]) -> PlatformRole | None:
    """The highest role that a provider's setting gives to members of ``groups``; None if it gives them none."""
    for role in _HIGHEST_FIRST:
        if not set(groups).isdisjoint(roles.get(role.value, ())):
            return role
    return None


def highest(*roles: PlatformRole) -> PlatformRole:
    """The role that may do most."""
    return min(roles, key=_HIGHEST_FIRST.index)
