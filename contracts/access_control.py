"""Who may do what on the platform: roles, and the permissions that they are made of.

An access token carries the role of its bearer (short), or the permissions of a service account's key. Every route of
the HTTP APIs names the permission that it needs. What somebody may do inside a meeting is another matter:
`contracts.rooms.Permissions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a route may ask for. The names are also the scopes of API keys (RFC 6749, 3.3)."""

    ACCOUNT_READ = "account:read"
    """See one's own account and sessions."""
    ACCOUNT_WRITE = "account:write"
    """Change one's own account, and end one's own sessions."""
    MEETINGS_JOIN = "meetings:join"
    MEETINGS_READ = "meetings:read"
    """See one's own meetings and live rooms."""
    MEETINGS_WRITE = "meetings:write"
    """Change and end one's own meetings, and act in their live rooms."""
    MEETINGS_CREATE = "meetings:create"
    MEETINGS_ADMINISTER = "meetings:administer"
    """Everybody's meetings and live rooms, where reading and writing alone are for one's own."""
    WEBHOOKS_READ = "webhooks:read"
    """See one's own webhooks and what they were told; with `MEETINGS_ADMINISTER` those of the organisation, too."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Make, change and delete them, and have messages sent again."""
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    """Make, change, suspend and delete accounts, set roles, and end sessions."""
    SERVICE_ACCOUNTS_READ = "service_accounts:read"
    SERVICE_ACCOUNTS_WRITE = "service_accounts:write"
    AUDIT_READ = "audit:read"


class PlatformRole(StrEnum):
    """What somebody is to the whole platform. An account has one of the first three."""

    ADMINISTRATOR = "administrator"
    ORGANISER = "organiser"
    MEMBER = "member"
    GUEST = "guest"
    """Somebody without an account. Has no access token: only a meeting token, for one meeting that lets guests in."""


_MEMBER: Final = frozenset(
    {
        Permission.ACCOUNT_READ,
        Permission.ACCOUNT_WRITE,
        Permission.MEETINGS_JOIN,
        Permission.MEETINGS_READ,
        Permission.MEETINGS_WRITE,
    }
)
PERMISSIONS_OF_ROLE: Final[Mapping[PlatformRole, frozenset[Permission]]] = {
    PlatformRole.ADMINISTRATOR: frozenset(Permission),
    PlatformRole.ORGANISER: _MEMBER | {Permission.MEETINGS_CREATE},
    PlatformRole.MEMBER: _MEMBER,
    PlatformRole.GUEST: frozenset(),
}

NOT_FOR_SERVICE_ACCOUNTS: Final = frozenset({Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE})
"""What belongs to a person's account, which a service account has none of."""


def permissions_of(roles: tuple[str, ...], scope: str | None) -> frozenset[Permission]:
    """What a token's ``roles`` and ``scope`` allow; names that this release does not know allow nothing."""
    allowed: set[Permission] = set()
    for role in roles:
        if role in PlatformRole.__members__.values():
            allowed |= PERMISSIONS_OF_ROLE[PlatformRole(role)]
    if scope is None:
        return frozenset(allowed)
    names = scope.split(" ")
    named = frozenset(permission for permission in Permission if permission in names)
    return named if not roles else named & allowed


def scope_of(permissions: frozenset[Permission]) -> str:
    """Permissions as a scope: names between spaces, in the order of `Permission`."""
    return " ".join(permission for permission in Permission if permission in permissions)
