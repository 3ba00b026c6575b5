"""What holds of the authentication service's table after every write, whatever comes next. Nothing here reads anything.

An account that is gone may have left sessions, devices, links and keys as long as a job waits that erases them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One item of a step. ``action``: Put, Update or Delete; ``sets``: attributes."""

    action: str
    kind: str
    sets: frozenset[str]


@dataclass(frozen=True)
class Step:
    """What is done whole or not at all: one write, or one transaction."""

    changes: tuple[Change, ...]


class Contents:
    """A table's items, by what they are."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = list(items)
        self.accounts = self._keyed("ACCOUNT")
        self.addresses = self._keyed("ADDRESS")
        self.identities = self._keyed("IDENTITY")
        self.services = self._keyed("SERVICE")
        self.audit = [item for item in self.items if item["pk"].startswith("AUDIT#")]
        jobs = [item["job"] for item in self.of("JOB") if "job" in item]
        self.erased = {job["user_id"] for job in jobs if job["job"] == "erase"}
        self.erased |= {job["service_account_id"] for job in jobs if job["job"] == "erase_keys"}

    def of(self, kind: str) -> list[Item]:
        return [item for item in self.items if item["sk"] == kind]

    def told(self, *events: str) -> Counter[str]:
        """How often the audit log tells one of these events of whom."""
        return Counter(entry["user_id"] for entry in self.audit if entry["event"] in events and "user_id" in entry)

    def _keyed(self, kind: str) -> dict[str, Item]:
        """By what is behind the kind in the key."""
        return {item["pk"].partition("#")[2]: item for item in self.of(kind)}


def broken(items: Iterable[Item]) -> list[str]:
    """What does not hold, in words."""
    contents = Contents(items)
    return [text for rule in _RULES for text in rule(contents)]


def untold(steps: Sequence[Step]) -> list[str]:
    """Steps that change what the audit log tells of, without telling it in the same step."""
    return [
        f"{change.action} of {change.kind} ({', '.join(sorted(change.sets))}) is told nowhere"
        for step in steps
        if not any(change.kind == "AUDIT" for change in step.changes)
        for change in step.changes
        if change.kind in _TOLD_OF and not any(exception(change) for exception in _NOT_NEWS)
    ]


# ---- what the table holds ----


def _addresses_and_accounts_agree(contents: Contents) -> Iterator[str]:
    for email, address in contents.addresses.items():
        owner = contents.accounts.get(address["user_id"])
        if owner is None:
            yield f"{email} is reserved for nobody"
        elif "expires_at" not in address and owner["email"] != email:
            yield f"{email} is the address of an account that has another"
        elif "expires_at" in address:
            kept = {former["email"]: former["until"] for former in owner["former_addresses"]}
            if kept.get(email) != address["expires_at"]:
                yield f"{email} is kept for an account that does not know of it"
    for user_id, account in contents.accounts.items():
        held = contents.addresses.get(account["email"])
        if held is None or held["user_id"] != user_id or "expires_at" in held:
            yield f"the address of {user_id} is not reserved for it"
        for former in account["former_addresses"]:
            if former["email"] not in contents.addresses:
                yield f"a former address of {user_id} is not kept"


def _accounts_are_found_by_their_address(contents: Contents) -> Iterator[str]:
    for user_id, account in contents.accounts.items():
        if (account["gsi1pk"], account["gsi1sk"]) != ("USERS", account["email"]) or account["id"] != user_id:
            yield f"{user_id} is listed under another address"


def _identities_and_accounts_agree(contents: Contents) -> Iterator[str]:
    for name, identity in contents.identities.items():
        owner = contents.accounts.get(identity["user_id"])
        if owner is None:
            yield f"identity {name} is nobody's"
        elif name not in _identity_names(owner):
            yield f"identity {name} is of an account that does not know of it"
    for user_id, account in contents.accounts.items():
        for name in _identity_names(account):
            if contents.identities.get(name, {}).get("user_id") != user_id:
                yield f"{user_id} has identity {name}, by which it is not found"


def _identity_names(account: Item) -> set[str]:
    return {f"{each['provider']}#{each['subject']}" for each in account["identities"]}


def _what_people_have_is_somebodys(contents: Contents) -> Iterator[str]:
    known = contents.accounts.keys() | contents.erased
    for kind in ("SESSION", "DEVICE", "LINK"):
        for item in contents.of(kind):
            owner = item.get("user_id")
            if owner is not None and owner not in known:
                yield f"a {kind} is left of {owner}, who is gone"
            if owner is not None and item["gsi1pk"] != f"USER#{owner}":
                yield f"a {kind} of {owner} is not found by its owner"
    for key in contents.of("KEY"):
        if key["service_account_id"] not in contents.services.keys() | contents.erased:
            yield f"a KEY is left of {key['service_account_id']}, which is gone"


def _sessions_are_of_an_epoch_of_their_account(contents: Contents) -> Iterator[str]:
    for session in contents.of("SESSION"):
        owner = contents.accounts.get(session["user_id"])
        if owner is not None and session["epoch"] > owner["session_epoch"]:
            yield f"a session of {session['user_id']} is from an epoch to come"


def _sessions_have_ended_as_often_as_is_told(contents: Contents) -> Iterator[str]:
    told = contents.told(
        "password_reset",
        "email_change_undone",
        "sessions_ended",
        "sessions_ended_by_administrator",
        "user_suspended",
        "factors_reset",
    )
    for entry in contents.audit:  # a first password that is replaced has opened no session
        if entry["event"] == "password_changed" and "session_id" in entry:
            told[entry["user_id"]] += 1
    for user_id, account in contents.accounts.items():
        if account["session_epoch"] != told[user_id]:
            yield f"the sessions of {user_id} have ended {account['session_epoch']} times, {told[user_id]} are told"


def _factors_are_whole(contents: Contents) -> Iterator[str]:
    for user_id, account in contents.accounts.items():
        has_factor = account["totp"] is not None or bool(account["passkeys"])
        if has_factor and account["recovery_codes_at"] is None:
            yield f"{user_id} has a second factor, and no recovery codes were made"
        if account["recovery_codes"] and not has_factor:
            yield f"{user_id} has recovery codes for no second factor"
        if account["must_change_password"] and account["password_hash"] is None:
            yield f"{user_id} is to change a password that there is not"


def _administrators_are_counted(contents: Contents) -> Iterator[str]:
    active = [
        account
        for account in contents.accounts.values()
        if account["role"] == "administrator" and account["suspended_at"] is None
    ]
    counted = sum(item["n"] for item in contents.of("COUNT"))
    if counted != len(active):
        yield f"{counted} administrators are counted, and there are {len(active)}"


def _beginnings_and_ends_are_told_once(contents: Contents) -> Iterator[str]:
    for begun, ended, there in (
        (("registered", "user_created"), ("account_deleted", "user_deleted"), contents.accounts),
        (("service_account_created",), ("service_account_deleted",), contents.services),
    ):
        made, gone = contents.told(*begun), contents.told(*ended)
        for owner in made.keys() | gone.keys() | there.keys():
            if made[owner] != 1 or gone[owner] != (owner not in there):
                yield f"{owner}: {made[owner]} beginnings and {gone[owner]} ends are told"


def _sessions_are_told(contents: Contents) -> Iterator[str]:
    opened = contents.told("logged_in")
    for entry in contents.audit:
        if entry["event"] == "registered" and "provider" not in entry["details"]:
            opened[entry["user_id"]] += 1
    found = Counter(session["user_id"] for session in contents.of("SESSION"))
    for user_id in contents.accounts:
        if opened[user_id] != found[user_id]:
            yield f"{user_id} has {found[user_id]} sessions, and {opened[user_id]} are told"


def _keys_are_told(contents: Contents) -> Iterator[str]:
    for event, keys in (
        ("api_key_created", contents.of("KEY")),
        ("api_key_revoked", [key for key in contents.of("KEY") if key["revoked_at"] is not None]),
    ):
        told, found = contents.told(event), Counter(key["service_account_id"] for key in keys)
        for service_id in contents.services:
            if told[service_id] != found[service_id]:
                yield f"{service_id}: {told[service_id]} times {event}, and {found[service_id]} such keys"


def _repeatable_requests_name_what_they_made(contents: Contents) -> Iterator[str]:
    made = contents.told("user_created", "service_account_created", "password_changed")
    keys = {entry["details"]["key_id"] for entry in contents.audit if entry["event"] == "api_key_created"}
    for request in contents.of("REQUEST"):
        if request["made"] not in made and request["made"] not in keys:
            yield f"a request is said to have made {request['made']}, which has never been"


def _links_are_used_with_what_they_are_for(contents: Contents) -> Iterator[str]:
    made = contents.told("registered")
    changes = Counter[str]()
    for event in ("password_reset", "email_changed", "email_change_undone"):
        changes += contents.told(event)
    used = Counter[str]()
    for link in contents.of("LINK"):
        if link["used_by"] is None:
            continue
        if link["kind"] == "registration" and not made[link["used_by"]]:
            yield "a link was used for an account that there is not"
        if link["kind"] != "registration":
            used[link["used_by"]] += 1
    for user_id in contents.accounts:
        if used[user_id] > changes[user_id]:
            yield f"{used[user_id]} links of {user_id} were used for {changes[user_id]} changes"


_RULES: Final[tuple[Callable[[Contents], Iterator[str]], ...]] = (
    _addresses_and_accounts_agree,
    _accounts_are_found_by_their_address,
    _identities_and_accounts_agree,
    _what_people_have_is_somebodys,
    _sessions_are_of_an_epoch_of_their_account,
    _sessions_have_ended_as_often_as_is_told,
    _factors_are_whole,
    _administrators_are_counted,
    _beginnings_and_ends_are_told_once,
    _sessions_are_told,
    _keys_are_told,
    _repeatable_requests_name_what_they_made,
    _links_are_used_with_what_they_are_for,
)

# ---- what one step changes ----

_TOLD_OF: Final = frozenset({"ACCOUNT", "ADDRESS", "IDENTITY", "SESSION", "SERVICE", "KEY"})
_OF_EVERY_CHANGE: Final = frozenset({"standing", "gsi1pk", "gsi1sk"})
_NOT_NEWS: Final[tuple[Callable[[Change], bool], ...]] = (
    # When an account or a key was used last: the login itself is told.
    lambda change: change.sets == {"last_used_at"},
    # A hash that is renewed is of the same password.
    lambda change: change.sets == {"password_hash"},
    # An app that has not shown a code yet counts for nothing.
    lambda change: change.sets - _OF_EVERY_CHANGE == {"totp_pending"},
    # What a provider says at a login, which is told.
    lambda change: change.kind == "ACCOUNT" and change.sets - _OF_EVERY_CHANGE == {"identities"},
    # A session that is refreshed, each quarter of an hour, stays what it is.
    lambda change: change.kind == "SESSION" and change.action == "Put",
    # What a job erases is of an account whose end is told.
    lambda change: change.kind in {"SESSION", "KEY"} and change.action == "Delete",
)
