"""Service accounts: made and ended by administrators, used by programs with API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from msgspec import Struct

from auth_service.access_tokens import AccessTokens
from auth_service.adapters.service_accounts_table import MAX_KEYS, ServiceAccountsTable
from auth_service.domain.api_keys import (
    ID_BYTES,
    SECRET_BYTES,
    ApiKey,
    SecretKey,
    ServiceAccount,
    check_grant,
    decode_key,
)
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import (
    InvalidClientError,
    InvalidScopeError,
    KeyMadeBeforeError,
    NoSuchError,
    TooManyKeysError,
)
from auth_service.security_events import Prepared, SecurityEvents
from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from functions.serverless.cursors import Place
from functions.serverless.ids import base32
from functions.serverless.names import normalise_line
from functions.serverless.problems import ValidationFailedError

DAY_S = 86_400


class Exchanged(Struct, frozen=True, kw_only=True):
    """An access token for a key."""

    access_token: str
    expires_in: int
    permissions: frozenset[Permission]


class ServiceAccounts:
    """``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        table: ServiceAccountsTable,
        access_tokens: AccessTokens,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._table = table
        self._access_tokens = access_tokens
        self._events = events
        self._clock = clock
        self._randomness = randomness

    def create(
        self,
        caller: AccessClaims,
        *,
        name: str,
        permissions: frozenset[Permission],
        request_key: str | None,
        origin: Origin,
    ) -> ServiceAccount:
        """Makes a service account. ``request_key`` names the request: repeated, it gives the same one.

        Raises:
            InvalidFieldError: the name cannot be used, or the caller does not have what it is to be allowed.
            ValidationFailedError: the key names another request.
        """
        check_grant(permissions, caller.permissions, field="permissions")
        account = ServiceAccount(
            id=f"sa_{base32(self._named(caller, request_key, 16))}",
            name=normalise_line(name, field="name"),
            permissions=tuple(permission for permission in Permission if permission in permissions),
            created_at=int(self._clock() * 1000),
            created_by=caller.sub,
        )
        event = self._events.prepare(
            SecurityEventName.SERVICE_ACCOUNT_CREATED,
            origin=origin,
            actor_id=caller.sub,
            user_id=account.id,
            permissions=" ".join(account.permissions),
        )
        if self._table.add(account, [event.write]):
            self._events.happened(event)
            return account
        known = self.find(account.id)
        if (known.name, known.permissions) != (account.name, account.permissions):
            raise ValidationFailedError("This Idempotency-Key was used for another request.")
        return known

    def find(self, service_account_id: str) -> ServiceAccount:
        """The service account with an id.

        Raises:
            NoSuchError: there is none.
        """
        account = self._table.find(service_account_id)
        if account is None:
            raise NoSuchError("There is no such service account.")
        return account

    def page(self, *, after: Place | None, limit: int) -> list[ServiceAccount]:
        """Service accounts, the newest first."""
        return self._table.page(after=after, limit=limit)

    def delete(self, caller: AccessClaims, service_account_id: str, *, origin: Origin) -> None:
        """Ends a service account and its keys. Its access tokens open nothing here, and nowhere once they have expired.

        Raises:
            NoSuchError: there is none.
        """
        account = self.find(service_account_id)
        event = self._events.prepare(
            SecurityEventName.SERVICE_ACCOUNT_DELETED, origin=origin, actor_id=caller.sub, user_id=account.id
        )
        if not self._table.remove(account, [event.write]):
            raise NoSuchError("There is no such service account.")
        self._events.happened(event)

    def create_key(
        self,
        caller: AccessClaims,
        service_account_id: str,
        *,
        permissions: frozenset[Permission] | None,
        expires_in_days: int | None,
        request_key: str | None,
        origin: Origin,
    ) -> tuple[ApiKey, SecretKey]:
        """Makes a key, whose secret is given this once. ``permissions`` None: all of the service account.

        Raises:
            NoSuchError: there is no such service account.
            InvalidFieldError: neither the caller nor the service account may give more than they have.
            TooManyKeysError, KeyMadeBeforeError
        """
        account = self.find(service_account_id)
        granted = frozenset(account.permissions) if permissions is None else permissions
        check_grant(granted, frozenset(account.permissions) & caller.permissions, field="permissions")
        now = self._clock()
        if sum(known.is_usable(now) for known in self._table.keys_of(account.id)) >= MAX_KEYS:
            raise TooManyKeysError(MAX_KEYS)
        secret = SecretKey(
            public=self._named(caller, request_key and f"{account.id} {request_key}", ID_BYTES),
            secret=self._randomness(SECRET_BYTES),
        )
        key = ApiKey(
            id=secret.id,
            service_account_id=account.id,
            secret_hash=secret.secret_hash,
            permissions=tuple(permission for permission in Permission if permission in granted),
            created_at=int(now * 1000),
            created_by=caller.sub,
            expires_at=None if expires_in_days is None else int(now) + expires_in_days * DAY_S,
        )
        event = self._about_key(SecurityEventName.API_KEY_CREATED, caller, key, origin)
        if not self._table.add_key(key, [event.write]):
            raise KeyMadeBeforeError(key.id)
        self._events.happened(event)
        return key, secret

    def keys_of(self, service_account_id: str) -> list[ApiKey]:
        """The keys of a service account, the newest first, with those that are revoked.

        Raises:
            NoSuchError: there is no such service account.
        """
        return self._table.keys_of(self.find(service_account_id).id)

    def revoke_key(self, caller: AccessClaims, service_account_id: str, key_id: str, *, origin: Origin) -> None:
        """Revokes a key; may be repeated.

        Raises:
            NoSuchError: the service account has no such key.
        """
        key = self._table.find_key(key_id)
        if key is None or key.service_account_id != service_account_id:
            raise NoSuchError("There is no such key.")
        event = self._about_key(SecurityEventName.API_KEY_REVOKED, caller, key, origin)
        if key.revoked_at is None and self._table.revoke(key, now=int(self._clock()), also=[event.write]):
            self._events.happened(event)

    def exchange(self, key_text: str, *, client_id: str | None, scope: str | None, origin: Origin) -> Exchanged:
        """An access token for a key (RFC 6749, 4.4). ``scope``: names between spaces; None: all that the key allows.

        Raises:
            InvalidClientError: it is no key, or one of another service account, or is not usable any more.
            InvalidScopeError: the key does not allow all of the scope.
        """
        secret, now = decode_key(key_text), self._clock()
        key = None if secret is None else self._table.find_key(secret.id)
        if secret is None or key is None or not secret.matches(key) or not key.is_usable(now):
            self._refused(key.service_account_id if key else None, secret, origin)
            raise InvalidClientError
        account = self._table.find(key.service_account_id)
        if account is None or client_id not in (None, account.id):
            self._refused(key.service_account_id, secret, origin)
            raise InvalidClientError
        allowed = frozenset(key.permissions) & frozenset(account.permissions)
        wanted = frozenset(name for name in scope.split(" ") if name) if scope is not None else frozenset(allowed)
        if not wanted <= {permission.value for permission in allowed}:
            raise InvalidScopeError
        permissions = frozenset(Permission(name) for name in wanted)
        self._table.used(key, now=int(now))
        self._events.record(
            SecurityEventName.API_KEY_USED, origin=origin, user_id=account.id, actor_id=account.id, key_id=key.id
        )
        token, expires_in = self._access_tokens.issue_to_service(account, permissions)
        return Exchanged(access_token=token, expires_in=expires_in, permissions=permissions)

    def _refused(self, service_account_id: str | None, secret: SecretKey | None, origin: Origin) -> None:
        details = {} if secret is None else {"key_id": secret.id}
        self._events.record(SecurityEventName.API_KEY_REFUSED, origin=origin, user_id=service_account_id, **details)

    def _about_key(self, name: SecurityEventName, caller: AccessClaims, key: ApiKey, origin: Origin) -> Prepared:
        return self._events.prepare(
            name, origin=origin, actor_id=caller.sub, user_id=key.service_account_id, key_id=key.id
        )

    def _named(self, caller: AccessClaims, request_key: str | None, length: int) -> bytes:
        """Octets for an id: random, or the same for the same request of the same caller."""
        if request_key is None:
            return self._randomness(length)
        return hashlib.sha256(f"{caller.sub} {request_key}".encode()).digest()[:length]
