"""Work that is promised in the same write as what calls for it, and done afterwards: at least once, in any order."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from auth_service.domain.accounts import Locale
from auth_service.domain.mails import Notice

KEPT_S = 86_400
"""A job that could not be done for so long is given up."""
CLAIM_S = 60
"""For so long a job is its worker's alone."""


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


Job: TypeAlias = ConfirmRegistration | OfferReset | ConfirmAddress | TellChangedAddress | Tell | Erase


class QueuedJob(Struct, frozen=True, kw_only=True):
    """A job in the queue. Times in seconds since the epoch."""

    id: str
    job: Job
    created_at: int
    expires_at: int
    claimed_until: int = 0
