"""One LDAP directory, by ldap3: proves passwords by binding, and reads who somebody is.

Imported by the routes that need it only. ldap3 verifies no certificates unless told to, follows referrals, and takes an
empty password for an anonymous bind: all three are turned off here.
"""

from __future__ import annotations

import re
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException
from msgspec import Struct

from auth_service.domain.directory_names import DN, MAX_USERNAME, bind_name, filled, normalised_dn, refusal_reason
from auth_service.domain.identities import ExternalPerson, role_of
from auth_service.domain.oidc_claims import usable_email, usable_name
from auth_service.domain.providers import LdapProvider
from auth_service.errors import DirectoryRefusalError, ProviderUnavailableError

DEADLINE_S: Final = 10.0
"""For a whole login, on all servers together; Lambda's patience is 15 s."""
MAX_GROUPS: Final = 1000

# RFC 4511, 4.1.9. Of these a bind says that the password is not right, or the account not to be used.
_SUCCESS, _SIZE_LIMIT, _NO_SUCH_OBJECT, _INVALID_DN = 0, 4, 32, 34
_INAPPROPRIATE_AUTHENTICATION, _INVALID_CREDENTIALS, _INSUFFICIENT_ACCESS, _UNWILLING = 48, 49, 50, 53
_REFUSALS: Final = frozenset(
    {
        _NO_SUCH_OBJECT,
        _INVALID_DN,
        _INAPPROPRIATE_AUTHENTICATION,
        _INVALID_CREDENTIALS,
        _INSUFFICIENT_ACCESS,
        _UNWILLING,
    }
)


class _Entry(Struct, frozen=True, kw_only=True):
    """An entry; attributes by lower-case names, as octets."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]

    def text(self, name: str) -> str | None:
        """The first value of an attribute, if it is text."""
        values = self.attributes.get(name.lower(), ())
        try:
            return values[0].decode() if values else None
        except UnicodeDecodeError:
            return None


class LdapDirectory:
    """Logs people in at one directory. Each login has a connection of its own: a bind is for a whole connection."""

    def __init__(self, provider: LdapProvider) -> None:
        self._provider = provider
        ca_pem = Path(provider.ca_file).read_text() if provider.ca_file else provider.ca_pem
        self._tls = _VerifiedTls(ssl.create_default_context(cadata=ca_pem or None))

    def log_in(self, username: str, password: str) -> ExternalPerson:
        """Who somebody is, who has given a name and a password.

        Raises:
            DirectoryRefusalError: the name or the password is wrong, or the account may not be used.
            ProviderUnavailableError: no server answers as it should, or they refuse the service's own account.
        """
        if not password or "\x00" in password:  # RFC 4513, 5.1.2: a bind without a password proves nothing
            raise DirectoryRefusalError("empty_password")
        if not username or len(username) > MAX_USERNAME:
            raise DirectoryRefusalError("unknown_user")
        deadline = time.monotonic() + DEADLINE_S
        reason = "no server"
        for url in self._provider.urls:
            try:
                with self._connection(url, deadline) as connection:
                    return self._recognised(connection, username, password)
            except _AwayError as away:
                reason = str(away)
            except (LDAPException, OSError) as error:
                reason = f"{type(error).__name__}: {str(error)[:160]}"
            if time.monotonic() > deadline:
                break
        raise ProviderUnavailableError(reason)

    def _recognised(self, connection: _Connection, username: str, password: str) -> ExternalPerson:
        provider = self._provider
        if provider.bind_template:
            name = bind_name(provider.bind_template, username)
            if name is None:
                raise DirectoryRefusalError("unknown_user")
            connection.prove(name, password)
            entry = self._find(connection, username)
            if entry is None:
                raise DirectoryRefusalError("unknown_user")
            # The name that was bound with and the entry that the filter finds may be two people's: prove that entry.
            connection.prove(entry.dn, password)
        else:
            connection.bind_service(provider.bind_dn, provider.bind_password)
            entry = self._find(connection, username)
            nobody = f"cn={uuid.uuid4()},{provider.user_base}"  # as much work for an unknown name as for a known one
            connection.prove(entry.dn if entry else nobody, password)
            if entry is None:
                raise DirectoryRefusalError("unknown_user")
            connection.bind_service(provider.bind_dn, provider.bind_password)
        return self._person(entry, username, self._groups(connection, entry))

    def _find(self, connection: _Connection, username: str) -> _Entry | None:
        provider = self._provider
        wanted = [
            provider.subject_attribute,
            provider.name_attribute,
            provider.email_attribute,
            provider.member_of_attribute,
        ]
        found = connection.search(provider.user_base, filled(provider.user_filter, username=username), wanted, limit=2)
        if len(found) > 1:
            raise DirectoryRefusalError("ambiguous_name")
        return found[0] if found else None

    def _groups(self, connection: _Connection, entry: _Entry) -> list[str]:
        provider = self._provider
        if not provider.roles:
            return []
        if not provider.group_base:
            values = entry.attributes.get(provider.member_of_attribute.lower(), ())
            return [normalised_dn(value.decode("utf-8", "replace")) for value in values]
        query = filled(provider.group_filter, dn=entry.dn) if DN in provider.group_filter else provider.group_filter
        found = connection.search(provider.group_base, query, ["1.1"], limit=MAX_GROUPS)
        return [normalised_dn(group.dn) for group in found]

    def _person(self, entry: _Entry, username: str, groups: Sequence[str]) -> ExternalPerson:
        provider = self._provider
        email = usable_email(entry.text(provider.email_attribute))
        roles = {role: [normalised_dn(group) for group in wanted] for role, wanted in provider.roles.items()}
        return ExternalPerson(
            provider=provider.id,
            subject=_subject(entry, provider.subject_attribute),
            email=email,
            vouched=email is not None and provider.vouches(email),
            display_name=usable_name(entry.text(provider.name_attribute), username),
            role=role_of(roles, groups),
        )

    @contextmanager
    def _connection(self, url: str, deadline: float) -> Iterator[_Connection]:
        parts = urlsplit(url)
        is_ldaps = parts.scheme == "ldaps"
        server = ldap3.Server(
            parts.hostname or "",
            port=parts.port or (636 if is_ldaps else 389),
            use_ssl=is_ldaps,
            tls=self._tls,
            get_info=ldap3.NONE,
            connect_timeout=self._provider.timeout_s,
        )
        raw = ldap3.Connection(
            server,
            client_strategy=ldap3.SYNC,
            auto_referrals=False,
            check_names=False,
            auto_escape=False,
            read_only=True,
            receive_timeout=self._provider.timeout_s,
        )
        try:
            raw.open(read_server_info=False)
            if not is_ldaps:
                raw.start_tls(read_server_info=False)
            yield _Connection(raw, deadline)
        finally:
            _close(raw)


class _AwayError(Exception):
    """A server that does not do what is asked; the next one may."""


class _Connection:
    """An open connection with TLS, and the three things that are done with it."""

    def __init__(self, raw: ldap3.Connection, deadline: float) -> None:
        self._raw = raw
        self._deadline = deadline

    def bind_service(self, dn: str, password: str) -> None:
        """Binds the account that may search. Its refusal is the installation's fault, and nobody's wrong password."""
        code, message = self._bind(dn, password)
        if code != _SUCCESS:
            raise _AwayError(f"the account that searches is refused: {code} {message}")

    def prove(self, name: str, password: str) -> None:
        """Binds with the password of somebody who logs in.

        Raises:
            DirectoryRefusalError: the directory refuses it.
        """
        code, message = self._bind(name, password)
        if code in _REFUSALS:
            raise DirectoryRefusalError(refusal_reason(message))
        if code != _SUCCESS:
            raise _AwayError(f"bind: {code} {message}")

    def search(self, base: str, query: str, attributes: list[str], *, limit: int) -> list[_Entry]:
        """The entries below ``base`` that a filter fits, ``limit`` of them at the most."""
        self._check_time()
        self._raw.search(
            base, query, search_scope=ldap3.SUBTREE, attributes=attributes, size_limit=limit, time_limit=10
        )
        code = int(self._raw.result["result"])
        if code not in (_SUCCESS, _SIZE_LIMIT):
            raise _AwayError(f"search: {code} {self._raw.result.get('message')}")
        return [
            _Entry(
                dn=entry["dn"],
                attributes={name.lower(): values for name, values in entry["raw_attributes"].items()},
            )
            for entry in self._raw.response or ()
            if entry["type"] == "searchResEntry"  # referrals to other servers are not followed
        ]

    def _bind(self, name: str, password: str) -> tuple[int, str]:
        self._check_time()
        self._raw.rebind(user=name, password=password, authentication=ldap3.SIMPLE, read_server_info=False)
        result: dict[str, Any] = self._raw.result
        return int(result["result"]), re.sub(r"[^\x20-\x7e]", " ", str(result.get("message") or ""))[:160]

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _AwayError("takes too long")


class _VerifiedTls(ldap3.Tls):
    """TLS as Python's own default has it: the chain and the server's name are verified by OpenSSL."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT001
        """As ldap3 calls it; always with a handshake, since a name that was not verified is none."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)


def _subject(entry: _Entry, attribute: str) -> str:
    """What the directory names somebody by for ever."""
    values = entry.attributes.get(attribute.lower(), ())
    if len(values) == 1 and attribute.lower() == "objectguid" and len(values[0]) == 16:
        return str(uuid.UUID(bytes_le=values[0]))  # as Active Directory's own tools show it
    text = entry.text(attribute) if len(values) == 1 else None
    if not text or len(text) > 255:
        raise ProviderUnavailableError(f"an entry without one usable {attribute}")
    return text


def _close(raw: ldap3.Connection) -> None:
    """Ends a connection, and the socket of one that never became a connection, which ldap3 leaves open."""
    try:
        raw.unbind()
    except (LDAPException, OSError):
        pass  # it is gone already
    finally:
        if raw.socket is not None:
            raw.socket.close()
