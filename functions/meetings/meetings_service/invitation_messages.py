"""Bodies of the requests and answers about invitations, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from contracts.rooms import Role
from meetings_service.domain.answering import TOKEN_PATTERN
from meetings_service.domain.schedule import Schedule
from meetings_service.messages import (
    AnswerGiven,
    AnswerSaid,
    LocalTime,
    OccurrenceAnswerTold,
    OccurrenceTold,
    Status,
    Time,
)

InvitationToken = Annotated[str, Meta(pattern=TOKEN_PATTERN, description="What the link of the mail holds.")]


class InviteeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to invite, by an e-mail address, an account's id, or both."""

    address: Annotated[str, Meta(min_length=3, max_length=254)] | None = None
    user_id: Annotated[str, Meta(pattern=r"^u_[a-z0-9]{1,64}$")] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    role: Literal["cohost", "participant"] = "participant"


class InviteeTold(Struct, frozen=True, kw_only=True):
    """Somebody who is invited. ``key`` names the invitation; ``outdated``: the meeting was moved since it was answered
    to; ``occurrence_answers`` go before ``answer``, which is to all other occurrences."""

    key: str
    address: str | None
    user_id: str | None
    name: str | None
    role: Role
    answer: AnswerGiven
    invited_at: Time
    answered_at: Time | None
    outdated: bool
    occurrence_answers: tuple[OccurrenceAnswerTold, ...]


class InviteeList(Struct, frozen=True, kw_only=True):
    items: tuple[InviteeTold, ...]


class AnswerBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to an invitation. ``occurrence``: to that one alone."""

    answer: AnswerSaid
    occurrence: LocalTime | None = None


class TokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The invitation of a mail's link."""

    token: InvitationToken


class TokenAnswerBody(AnswerBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer by a mail's link."""

    token: InvitationToken


class Invitation(Struct, frozen=True, kw_only=True):
    """An invitation, as who has it sees it by its mail's link, without an account."""

    meeting_id: str
    title: str
    description: str
    status: Status
    joinable: bool
    host_name: str
    schedule: Schedule | None
    join_url: str
    name: str | None
    address: str | None
    role: Role
    answer: AnswerGiven
    answered_at: Time | None
    outdated: bool
    occurrence_answers: tuple[OccurrenceAnswerTold, ...]
    next_occurrence: OccurrenceTold | None


class PreferencesBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which language and time zone one is written to; null, or left out: it is not known."""

    locale: Literal["en", "de"] | None = None
    time_zone: Annotated[str, Meta(min_length=1, max_length=64, description="IANA name.")] | None = None


class Preferences(Struct, frozen=True, kw_only=True):
    locale: Literal["en", "de"] | None
    time_zone: str | None
