"""Work that is promised in the same write as what calls for it, and done afterwards: at least once, in any order."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from auth_service.domain.accounts import Locale
from auth_service.domain.mails import Notice

LATE_S = 45
"""So long a late job waits, for what was under way when it was promised to arrive."""


class _Job(Struct, frozen=True, kw_only=True, tag_field="job"):
    """The base of all jobs."""


class ConfirmRegistration(_Job, frozen=True, kw_only=True, tag="confirm_registration"):
    """Somebody wants an account: send a link to the address, or tell its owner that there is one."""

    email: str
    display_name: str
    password_hash: str
    locale: Locale


class OfferReset(_Job, frozen=True, kw_only=True, tag="offer_reset"):
    """Somebody has forgotten a password: send a link to the address if it has an account."""

    email: str


class ConfirmAddress(_Job, frozen=True, kw_only=True, tag="confirm_address"):
    """Somebody wants another address: send a link to it, or tell its owner that it has an account of its own."""

    user_id: str
    email: str
    epoch: int
    locale: Locale


class TellChangedAddress(_Job, frozen=True, kw_only=True, tag="tell_changed_address"):
    """An address was taken away: tell it so, with a link that undoes the change."""

    user_id: str
    email: str
    new_email: str
    change_id: str
    until: int
    locale: Locale


class Tell(_Job, frozen=True, kw_only=True, tag="tell"):
    """Tell an address what has happened to its account."""

    notice: Notice
    email: str
    locale: Locale


class Erase(_Job, frozen=True, kw_only=True, tag="erase"):
    """An account is gone: delete what is left of its owner."""

    user_id: str
    is_late: bool = False
    """Whether it waits for `LATE_S`: what was written at the same moment is not in the index yet."""


class EraseKeys(_Job, frozen=True, kw_only=True, tag="erase_keys"):
    """A service account is gone: delete its keys."""

    service_account_id: str
    is_late: bool = False
    """As `Erase.is_late`."""


class Announce(_Job, frozen=True, kw_only=True, tag="announce"):
    """An account has changed, or one of its sessions has ended: tell the other services how it stands now."""

    account_id: str
    session_id: str | None = None
    """The session (of a service account: the API key) that has ended; None: the account has changed."""
    is_kept: bool = False
    """Whether the meeting service keeps something of what has changed: a name, or that there is an account."""
    is_late: bool = False
    """Whether it waits for `LATE_S`: to be told once more."""


Job: TypeAlias = (
    ConfirmRegistration | OfferReset | ConfirmAddress | TellChangedAddress | Tell | Erase | EraseKeys | Announce
)


def is_late(job: Job) -> bool:
    """Whether a job waits for `LATE_S`."""
    return isinstance(job, Erase | EraseKeys | Announce) and job.is_late


def erasing(user_id: str) -> tuple[Job, Job]:
    """The jobs that are promised when an account goes."""
    return Erase(user_id=user_id), Erase(user_id=user_id, is_late=True)


def erasing_keys(service_account_id: str) -> tuple[Job, Job]:
    """The jobs that are promised when a service account goes."""
    once = EraseKeys(service_account_id=service_account_id)
    return once, EraseKeys(service_account_id=service_account_id, is_late=True)
