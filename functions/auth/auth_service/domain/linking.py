"""Which account somebody gets who comes from an external provider.

The rules keep an account from whoever is not its owner:
- An identity that is linked logs in to its account, whatever address the provider tells.
- Another is linked by itself only if the provider vouches for the address **and** the account's owner has proven that
  it is theirs: anybody may have registered it before, to be in the account already when its owner comes. And only if
  the account has no second factor: a new way in takes a proof of that.
- Otherwise the owner proves both: logs in to the account, and links the identity from there.
- When the owner of an address proves it for the first time, what somebody may have linked before falls away, and the
  passkeys with it.
"""

from __future__ import annotations

from msgspec.structs import replace

from auth_service.domain.accounts import Account
from auth_service.domain.identities import SEEN_EVERY_MS, ExternalPerson, LinkedIdentity
from auth_service.domain.second_factors import has_second_factor, without_factors
from auth_service.errors import AccountExistsError, EmailMissingError, LastLoginMethodError, TooManyIdentitiesError

MAX_IDENTITIES = 20
"""An account is deleted with all of its identities in one transaction, which has 100 writes at the most."""


def linked(account: Account, person: ExternalPerson) -> LinkedIdentity | None:
    """The account's identity that a person has come with."""
    for identity in account.identities:
        if (identity.provider, identity.subject) == (person.provider, person.subject):
            return identity
    return None


def link(account: Account, person: ExternalPerson, *, now_ms: int) -> Account:
    """The account with a person's identity, as the provider tells of it now.

    Raises:
        TooManyIdentitiesError: it has `MAX_IDENTITIES` others.
    """
    before = linked(account, person)
    identity = LinkedIdentity(
        provider=person.provider,
        subject=person.subject,
        linked_at=before.linked_at if before else now_ms,
        email=person.email,
        role=person.role,
        seen_at=_seen_at(before, person, now_ms),
    )
    if before is not None:
        others = tuple(identity if each is before else each for each in account.identities)
        return replace(account, identities=others)
    if len(account.identities) >= MAX_IDENTITIES:
        raise TooManyIdentitiesError
    return replace(account, identities=(*account.identities, identity))


def _seen_at(before: LinkedIdentity | None, person: ExternalPerson, now_ms: int) -> int:
    """Now; as before, if that is not long ago and the role is the same."""
    if before is None or before.role is not person.role or now_ms - before.known_at >= SEEN_EVERY_MS:
        return now_ms
    return before.known_at


def link_by_address(holder: Account, person: ExternalPerson, *, now_ms: int) -> Account:
    """The account that holds a person's address, with the identity linked.

    Raises:
        AccountExistsError: it is not certain that both are one person. A second identity of the same provider is one
            case: an address that was given to a new colleague. Or its owner has set up a second factor, which a login
            at the provider would pass by from now on.
    """
    is_known = any(identity.provider == person.provider for identity in holder.identities)
    if not person.vouched or holder.email_verified_at is None or is_known or has_second_factor(holder):
        raise AccountExistsError
    return link(holder, person, now_ms=now_ms)


def new_account(person: ExternalPerson, *, user_id: str, now_ms: int) -> Account:
    """An account for somebody whose address nobody has.

    Raises:
        EmailMissingError: the provider told no address.
    """
    if person.email is None:
        raise EmailMissingError
    account = Account(
        id=user_id,
        email=person.email,
        display_name=person.display_name,
        created_at=now_ms,
        email_verified_at=now_ms if person.vouched else None,
    )
    return link(account, person, now_ms=now_ms)


def unlink(account: Account, provider: str, subject: str) -> Account:
    """The account without an identity.

    Raises:
        LastLoginMethodError: there would be no way to log in any more.
    """
    rest = tuple(each for each in account.identities if (each.provider, each.subject) != (provider, subject))
    if not rest and account.password_hash is None and not account.passkeys:
        raise LastLoginMethodError
    return replace(account, identities=rest)


def prove_address(account: Account, *, now_ms: int) -> Account:
    """The account, its owner having proven that its address is theirs.

    The first time, identities that were linked before fall away, and so do passkeys: they may be another's, who
    registered the address. An authenticator app opens nothing by itself, and stays; without one nothing is left that
    recovery codes could take the place of.
    """
    if account.email_verified_at is not None:
        return account
    proven = replace(account, email_verified_at=now_ms, identities=(), passkeys=())
    return proven if has_second_factor(proven) else without_factors(proven)
