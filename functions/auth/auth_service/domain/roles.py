"""Which role an account has."""

from __future__ import annotations

from collections.abc import Callable

from auth_service.domain.accounts import Account
from auth_service.domain.identities import LinkedIdentity, highest
from contracts.access_control import PlatformRole


class Roles:
    """``administrators``: the ids of users who administer the platform, whatever the table says. ``default``: the role
    of new accounts, and of those that were made before there were roles. ``grants``: whether what the groups of
    an identity's provider make of somebody still holds."""

    def __init__(
        self, *, administrators: frozenset[str], default: str, grants: Callable[[LinkedIdentity], bool]
    ) -> None:
        self._administrators = administrators
        self.default = PlatformRole(default)
        self._grants = grants

    def of(self, account: Account) -> PlatformRole:
        """The role of an account: its own, or what its groups at a provider make of it, whichever may do more."""
        if self.is_appointed_by_setting(account.id):
            return PlatformRole.ADMINISTRATOR
        own = account.role or self.default
        given = (each.role for each in account.identities if each.role is not None and self._grants(each))
        return highest(own, *given)

    def is_appointed_by_setting(self, user_id: str) -> bool:
        """Whether the settings make somebody an administrator, which nobody can change but who runs the platform."""
        return user_id in self._administrators
