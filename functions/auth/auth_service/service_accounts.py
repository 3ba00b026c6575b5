"""Service accounts: made and ended by administrators, used by programs with API keys."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from auth_service.access_tokens import AccessTokens
from auth_service.adapters.requests_table import Request, RequestsTable, request_of
from auth_service.adapters.service_accounts_table import MAX_KEYS, ServiceAccountsTable
from auth_service.announcements import Announcements
from auth_service.domain.api_keys import (
    ID_BYTES,
    SECRET_BYTES,
    ApiKey,
    SecretKey,
    ServiceAccount,
    check_grant,
    decode_key,
)
from auth_service.domain.jobs import erasing_keys
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import (
    InvalidClientError,
    InvalidScopeError,
    KeyMadeBeforeError,
    MadeAndGoneError,
    NoSuchError,
    TooManyKeysError,
)
from auth_service.job_queue import JobQueue
from auth_service.security_events import Prepared, SecurityEvents
from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from functions.serverless.cursors import Place
from functions.serverless.ids import base32
from functions.serverless.names import normalise_line
from functions.serverless.problems import UnderWayError

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
        requests: RequestsTable,
        access_tokens: AccessTokens,
        announcements: Announcements,
        jobs: JobQueue,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._table = table
        self._requests = requests
        self._access_tokens = access_tokens
        self._announcements = announcements
        self._jobs = jobs
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
            MadeAndGoneError: what the same request made has been deleted.
        """
        check_grant(permissions, caller.permissions, field="permissions")
        line = normalise_line(name, field="name")
        request = request_of(caller.sub, "service account", request_key, line, sorted(permissions))
        known = self._made_before(request)
        if known is not None:
            return known
        account = ServiceAccount(
            id=f"sa_{base32(self._randomness(16))}",
            name=line,
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
        if self._table.add(account, [event.write, *self._requests.writes(request, account.id)]):
            self._events.happened(event)
            return account
        known = self._made_before(request)  # at the same moment
        if known is None:
            raise UnderWayError
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
        """Ends a service account. Its keys and access tokens open nothing any more; a job deletes the keys.

        Raises:
            NoSuchError: there is none.
        """
        account = self.find(service_account_id)
        event = self._events.prepare(
            SecurityEventName.SERVICE_ACCOUNT_DELETED, origin=origin, actor_id=caller.sub, user_id=account.id
        )
        told = [*self._announcements.promise_removal(account.id), *self._jobs.promise(*erasing_keys(account.id))]
        if not self._table.remove(account, [event.write, *(promise.write for promise in told)]):
            raise NoSuchError("There is no such service account.")
        self._announcements.start(told)
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
        request = request_of(
            caller.sub,
            f"key of {account.id}",
            request_key,
            None if permissions is None else sorted(permissions),
            expires_in_days,
        )
        self._check_new(request)
        granted = frozenset(account.permissions) if permissions is None else permissions
        check_grant(granted, frozenset(account.permissions) & caller.permissions, field="permissions")
        now = self._clock()
        if sum(known.is_usable(now) for known in self._table.keys_of(account.id)) >= MAX_KEYS:
            raise TooManyKeysError(MAX_KEYS)
        secret = SecretKey(
            public=self._randomness(ID_BYTES),
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
        if not self._table.add_key(key, [event.write, *self._requests.writes(request, key.id)]):
            self._check_new(request)  # the same at the same moment
            self.find(account.id)  # it was deleted
            raise UnderWayError
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
        told = self._announcements.promise_end(service_account_id, key.id)
        also = [event.write, *(promise.write for promise in told)]
        if key.revoked_at is None and self._table.revoke(key, now=int(self._clock()), also=also):
            self._announcements.start(told)
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
        token, expires_in = self._access_tokens.issue_to_service(account, permissions, key_id=key.id)
        return Exchanged(access_token=token, expires_in=expires_in, permissions=permissions)

    def _refused(self, service_account_id: str | None, secret: SecretKey | None, origin: Origin) -> None:
        details = {} if secret is None else {"key_id": secret.id}
        self._events.record(SecurityEventName.API_KEY_REFUSED, origin=origin, user_id=service_account_id, **details)

    def _about_key(self, name: SecurityEventName, caller: AccessClaims, key: ApiKey, origin: Origin) -> Prepared:
        return self._events.prepare(
            name, origin=origin, actor_id=caller.sub, user_id=key.service_account_id, key_id=key.id
        )

    def _made_before(self, request: Request | None) -> ServiceAccount | None:
        made = self._requests.made_before(request)
        known = None if made is None else self._table.find(made)
        if made is not None and known is None:
            raise MadeAndGoneError
        return known

    def _check_new(self, request: Request | None) -> None:
        made = self._requests.made_before(request)
        if made is not None:
            raise KeyMadeBeforeError(made)
