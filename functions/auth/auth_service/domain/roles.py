"""Which role an account has."""

from __future__ import annotations

from auth_service.domain.accounts import Account
from contracts.access_control import PlatformRole


class Roles:
    """``administrators``: the ids of users who administer the platform, whatever the table says. ``default``: the role
    of new accounts, and of those that were made before there were roles."""

    def __init__(self, *, administrators: frozenset[str], default: str) -> None:
        self._administrators = administrators
        self.default = PlatformRole(default)

    def of(self, account: Account) -> PlatformRole:
        """The role of an account."""
        if self.is_appointed_by_setting(account.id):
            return PlatformRole.ADMINISTRATOR
        return account.role or self.default

    def is_appointed_by_setting(self, user_id: str) -> bool:
        """Whether the settings make somebody an administrator, which nobody can change but who runs the platform."""
        return user_id in self._administrators
