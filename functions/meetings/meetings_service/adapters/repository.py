"""Meetings and who belongs to them, in the DynamoDB table ``PARLEY_MEETINGS_TABLE``.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); an index ``gsi1`` with ``gsi1pk`` and
``gsi1sk`` (S), all attributes projected; an index ``gsi2`` with ``gsi2pk`` and ``gsi2sk`` (S), keys alone; time to live
in ``expires_at`` (N, seconds since the epoch); billed by request; point-in-time recovery.

| Item          | pk                    | sk                              | gsi1pk              | gsi1sk                | gsi2pk             | gsi2sk                |
|---------------|-----------------------|---------------------------------|---------------------|-----------------------|--------------------|-----------------------|
| Meeting       | ``MEETING#<id>``      | MEETING                         | ``HOST#<user>``     | ``<created_at>#<id>`` | ``USER#<host>``    | place in the agenda   |
| Invitee       | ``MEETING#<id>``      | ``INVITEE#<address or user>``   | ``INVITED#<user>``  | ``<invited_at>#<id>`` | ``USER#<user>``    | place in the agenda   |
| Session       | ``MEETING#<id>``      | ``SESSION#<number>``            | ``KEPT#<shard>``    | ``<ended_at>#<room id>`` |                 |                       |
| Ban           | ``MEETING#<id>``      | ``BAN#<identity>``              |                     |                       |                    |                       |
| Personal room | ``USER#<user>``       | PERSONAL                        |                     |                       |                    |                       |
| Request       | ``USER#<user>``       | ``REQUEST#<digest of its key>`` |                     |                       |                    |                       |
| Organisation  | ORGANISATION          | SETTINGS                        |                     |                       |                    |                       |
| Was there     | ``MEETING#<room id>`` | ``PERSON#<identity>``           |                     |                       | ``USER#<user>``    | ``PAST#<since>#<room id>`` |
| Stay          | ``MEETING#<room id>`` | ``ATTENDANCE#<identity>#<participant id>`` |          |                       |                    |                       |
| Turn of it    | ``MEETING#<room id>`` | the stay's, and ``#<version>``  |                     |                       |                    |                       |
| Chat          | ``MEETING#<room id>`` | ``CHAT#<version>#<message id>`` |                     |                       |                    |                       |
| Poll          | ``MEETING#<room id>`` | ``POLL#<poll id>``              |                     |                       |                    |                       |
| Prepared      | ``MEETING#<id>``      | ``PREPARED#…`` (`meetings_service.adapters.prepared`) |   |                       |                    |                       |
| Notes         | ``MEETING#<room id>`` | NOTES                           |                     |                       |                    |                       |
| Longest notes | ``MEETING#<room id>`` | ``NOTES#LONGEST``               |                     |                       |                    |                       |
| Breakout news | ``MEETING#<room id>`` | ``BREAKOUTS#<version>``         |                     |                       |                    |                       |
| Reminder      | ``MEETING#<id>``      | REMINDER                        | REMINDERS           | ``<due>#<id>``        |                    |                       |
| Job           | ``JOB#<id>``          | JOB                             | JOBS                | ``<made at>#<id>``    |                    |                       |
| Contact       | ``USER#<user>``       | CONTACT                         |                     |                       |                    |                       |
| Mails sent    | ``USER#<user>``       | ``MAILS#<day>``                 |                     |                       |                    |                       |
| Own feed      | ``USER#<user>``       | FEED                            |                     |                       |                    |                       |
| Feed          | ``FEED#<digest>``     | FEED                            |                     |                       |                    |                       |
| Webhook       | ``WEBHOOK#<id>``      | WEBHOOK                         | ``WEBHOOKS#<user>`` or ``WEBHOOKS#organisation`` | ``<created_at>#<id>`` | |  |
| Delivery      | ``WEBHOOK#<id>``      | ``DELIVERY#<message id>``       | ``DELIVERIES#<id>`` | ``<at>#<message id>`` | ``DELIVERIES_DUE#<0 to 7>`` | ``<next_at>#<message id>`` |
| Account       | ``ACCOUNT#<user>``    | ACCOUNT                         |                     |                       |                    |                       |

What belongs to one session is under its room's id (`contracts.rooms.room_of`); the first session's is the meeting's own.
An invitation that no account is known for has ``ADDRESS#<address>`` as ``gsi1pk``, and no place in an agenda. The place
in the agenda is `meetings_service.domain.meetings.agenda_position`.

Access patterns:
1. Create: a transaction puts the meeting, if the id is free, and the request or the personal room that it is for.
2. Read, join: one batch get of the meeting, the caller's invitation and ban. Change: one conditional update.
3. Meetings of a host, or that somebody is invited to, newest first, by pages: query ``gsi1`` backwards
   (`meetings_service.adapters.lists`, as the next two).
4. What is to come for somebody: query ``gsi2`` from now on for those that take place once and for series, and get the
   meetings. 5. What somebody took part in, newest first: query ``gsi2`` backwards, and get the meetings.
6. Invitees, sessions, attendance, chat, polls, notes: query ``pk`` with the prefix of ``sk``, or a range of it.
7. Facts: updates for each meeting, session, person, stay, chat message, poll and notes of a batch, puts for what never changes
   (`meetings_service.adapters.records`); recordings are `meetings_service.adapters.recordings_table`'s.
8. Titles of some meetings: batch get by id. What is kept too long: query ``gsi1`` shard by shard, the earliest first
   (`meetings_service.adapters.kept_sessions`).
9. An account that is gone, or has another name: query ``gsi1`` and ``gsi2`` for its meetings, invitations and rooms, and
   change them one by one (`meetings_service.adapters.traces`).
10. What webhooks are to be told: query ``gsi1`` for those of the host and of the organisation, one put for each
    delivery; one update claims it, one notes what became of it. The log of a webhook: query ``gsi1`` backwards. What is
    to be sent: query the partitions ``DELIVERIES_DUE#…`` of ``gsi2`` until now (`meetings_service.adapters.webhooks_table`).
11. Whether an account is closed, for stream keys: batch get (`meetings_service.adapters.closed_accounts`).

Stays from before they were kept by identity (``ATTENDANCE#<participant id>``) are not told of any more.
Items of meetings from before there were settings have ``guests_allowed`` beside the other attributes, and no
``version`` and ``session``, which are 1.
"""  # noqa: E501  (a table)

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from contracts.rooms import Identity, MeetingId
from functions.serverless.aws import to_item
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.meeting_settings import Organisation
from meetings_service.domain.meetings import Invitee, Meeting, agenda_position
from meetings_service.errors import MeetingNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 5
ORGANISATION: Key = ("ORGANISATION", "SETTINGS")
"""The key of the organisation's settings."""


class Added(Enum):
    """What became of a meeting that was to be added."""

    DONE = "done"
    ID_TAKEN = "id taken"
    KNOWN = "known"
    """What it was for has one."""
    BUSY = "busy"
    """Another one is being added for the same at this moment."""


class Found(Struct, frozen=True, kw_only=True):
    """A meeting, and what somebody is to it."""

    meeting: Meeting
    invitee: Invitee | None = None
    is_banned: bool = False
    beside: dict[Key, dict[str, Any]] = field(default_factory=dict)
    """Those items that were asked for beside, and are there."""


class Banned(Struct, frozen=True, kw_only=True):
    """Somebody who may not come back."""

    identity: Identity
    name: str


class Purpose(Struct, frozen=True, kw_only=True):
    """What a meeting is made for, once: a request with a name of its own, or somebody's personal room."""

    user_id: str
    sort_key: str
    digest: str = ""
    """Of what was asked for."""
    expires_at: int | None = None
    instead_of: MeetingId | None = None
    """The meeting that is there for it, and in whose place the other one comes."""


def personal_room_of(user_id: str) -> Purpose:
    """What somebody's personal room is made for."""
    return Purpose(user_id=user_id, sort_key="PERSONAL")


class Repository:
    """Meetings. Reads by id are strongly consistent."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self.table = Table(client, table)

    # ---- meetings ----

    def add(
        self, meeting: Meeting, purpose: Purpose | None = None, also: Sequence[TransactWriteItemTypeDef] = ()
    ) -> Added:
        """Adds a meeting, and notes what it is for. ``also``: what is written with it."""
        item = {**_named(_key(meeting.id)), **_places(meeting), **without_nulls(meeting)}
        free: dict[str, Any] = {"TableName": self.table.name, "ConditionExpression": "attribute_not_exists(pk)"}
        puts: list[Any] = [{"Put": {**free, "Item": to_item(item)}}]
        if purpose is not None:
            pointer: dict[str, Any] = {
                **_named(_purpose_key(purpose)),
                "meeting_id": meeting.id,
                "digest": purpose.digest,
            }
            pointer |= {} if purpose.expires_at is None else {"expires_at": purpose.expires_at}
            put = {**free, "Item": to_item(pointer)}
            if purpose.instead_of is not None:
                former = {"ExpressionAttributeValues": to_item({":former": purpose.instead_of})}
                put |= {"ConditionExpression": "meeting_id = :former", **former}
            puts.append({"Put": put})
        client = self.table.client
        try:
            client.transact_write_items(TransactItems=[*puts, *also])
        except client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response["CancellationReasons"]][: len(puts)]
            if "TransactionConflict" in codes:
                return Added.BUSY
            if codes[-1] == "ConditionalCheckFailed" and purpose is not None:
                return Added.KNOWN
            if codes[0] == "ConditionalCheckFailed":
                return Added.ID_TAKEN
            raise
        return Added.DONE

    def made_for(self, purpose: Purpose) -> tuple[MeetingId, str] | None:
        """The id of the meeting that was made for something, and the digest of what was asked for then."""
        item = self.table.get(_purpose_key(purpose))
        return None if item is None else (MeetingId(item["meeting_id"]), item["digest"])

    def forget_purpose(self, purpose: Purpose, meeting_id: MeetingId) -> None:
        """The next meeting for it is another one, if this is what is there for it."""
        self.table.delete_if(_purpose_key(purpose), condition="#meeting_id = :id", values={":id": meeting_id})

    def find(self, meeting_id: MeetingId) -> Meeting:
        """The meeting with an id.

        Raises:
            MeetingNotFoundError: there is none.
        """
        return self.find_for(meeting_id, identity=None, address=None).meeting

    def find_for(
        self, meeting_id: MeetingId, *, identity: str | None, address: str | None, beside: Sequence[Key] = ()
    ) -> Found:
        """The meeting with an id, and what somebody is to it who has this identity and, proven, this address; with the
        items that have the keys ``beside``.

        Raises:
            MeetingNotFoundError: there is none.
        """
        main, ban = _key(meeting_id), _ban_key(meeting_id, identity or "")
        invitations = [invitee_key(meeting_id, key) for key in (identity, address) if key]
        keys = [main] if identity is None else [main, ban]
        items = self.table.get_all([*keys, *invitations, *beside])
        if main not in items:
            raise MeetingNotFoundError
        invited = [msgspec.convert(items[key], Invitee) for key in invitations if key in items]
        return Found(
            meeting=meeting_of(items[main]),
            invitee=invited[0] if invited else None,
            is_banned=bool(items.get(ban, {}).get("is_banned")),
            beside={key: items[key] for key in beside if key in items},
        )

    def find_some(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, Meeting]:
        """Those of some meetings that are there, as of a moment ago."""
        items = self.table.get_all([_key(each) for each in meeting_ids], consistent=False)
        return {MeetingId(item["id"]): meeting_of(item) for item in items.values()}

    def titles(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, str]:
        """The titles of some meetings, as of a moment ago; those that are not there are left out."""
        keys = [_key(each) for each in meeting_ids]
        items = self.table.get_all(keys, consistent=False, attributes=("id", "title"))
        return {MeetingId(item["id"]): item["title"] for item in items.values()}

    def replace(self, before: Meeting, after: Meeting, also: Sequence[TransactWriteItemTypeDef] = ()) -> Meeting | None:
        """Changes a meeting, and gives it as it is then; None if it is not (any more) as ``before``.

        ``also``: what is written with it, or not at all. Who belongs to it has it at its old place in their agendas
        (`adapters.invitees.Invitees.move`).

        Raises:
            MeetingNotFoundError: there is none.
        """
        old, new = without_nulls(before), without_nulls(after)
        sets = {name: value for name, value in new.items() if old.get(name) != value and name != "version"}
        gone = [name for name in old if name not in new]
        places, former = _places(after), _places(before)
        sets |= {name: value for name, value in places.items() if former.get(name) != value}
        gone += [name for name in former if name not in places]
        if not sets and not gone and not also:
            return before
        change: dict[str, Any] = {
            "sets": sets,
            "removes": gone,
            "adds_version": True,
            "condition": f"attribute_exists(#pk) AND {_is('version', before.version)}",
            "values": {":version": before.version},
        }
        if also:
            done = self.table.transact([self.table.update_write(_key(before.id), **change), *also])
            changed = msgspec.structs.replace(after, version=before.version + 1) if done else None
        else:
            item = self.table.update(_key(before.id), **change)
            changed = None if item is None else meeting_of(item)
        if changed is None:
            self.find(before.id)
        return changed

    def begin_session(self, meeting: Meeting) -> Meeting:
        """The meeting in the session after the one that has ended, which somebody else may have begun already."""
        begun = self.table.update(
            _key(meeting.id),
            sets={"session": meeting.session + 1},
            removes=("started_at", "ended_at", "ended_by"),
            adds_version=True,
            condition=f"attribute_exists(#ended_at) AND {_is('session', meeting.session)}",
            values={":session": meeting.session},
        )
        return self.find(meeting.id) if begun is None else meeting_of(begun)

    def record_start(self, meeting_id: MeetingId, session: int, at: int) -> None:
        """A session has begun, unless an earlier time is known. Nothing if the meeting has another session now."""
        self._record_time(meeting_id, session, {"started_at": at}, ())

    def record_end(self, meeting_id: MeetingId, session: int, at: int, by: Identity | None) -> None:
        """A session is over, and who has ended it, unless an earlier time is known; as `record_start`."""
        if by is None:
            self._record_time(meeting_id, session, {"ended_at": at}, ("ended_by",))
        else:
            self._record_time(meeting_id, session, {"ended_at": at, "ended_by": by}, ())

    def _record_time(self, meeting_id: MeetingId, session: int, sets: dict[str, Any], removes: Sequence[str]) -> None:
        """Sets a time, the first of ``sets``, and what belongs to it, unless an earlier one is known."""
        field, at = next(iter(sets.items()))
        self.table.update(
            _key(meeting_id),
            sets=sets,
            removes=removes,
            adds_version=True,
            condition=f"attribute_exists(#pk) AND {_is('session', session)}"
            f" AND (attribute_not_exists(#{field}) OR #{field} > :at)",
            values={":session": session, ":at": at},
        )

    def delete(self, meeting: Meeting, also: Sequence[TransactWriteItemTypeDef] = ()) -> bool:
        """Deletes a meeting with all that belongs to it, the meeting itself last: it may be asked for again.

        ``also``: what is written with that. False if somebody else was first.
        """
        for session in range(1, meeting.session + 1):
            pk = f"MEETING#{msgspec.structs.replace(meeting, session=session).room}"
            keys = [(item["pk"], item["sk"]) for item in self.table.query(pk, attributes=("pk", "sk"))]
            self.table.delete_all([key for key in keys if key != _key(meeting.id)])
        for _ in range(_ATTEMPTS):
            if self.table.transact([self.table.delete_write(_key(meeting.id)), *also]):
                return True
            if self.table.get(_key(meeting.id)) is None:
                return False
        raise UnavailableError("Others are changing this meeting at the moment. Please try again.")

    # ---- who may not come back ----

    def bans(self, meeting_id: MeetingId, *, after: str, limit: int) -> tuple[list[Banned], Identity | None]:
        """Who may not come back, in the order of their identities, of so many who ever were banned; and the last of
        those, if others may follow: one query. ``after``: that of the page before."""
        first = f"BAN#{after}\x01" if after else "BAN#"
        items, more = self.table.page(f"MEETING#{meeting_id}", first, "BAN#~", limit=limit)
        known = [(Identity(item["sk"].removeprefix("BAN#")), item) for item in items]
        banned = [Banned(identity=each, name=item.get("name", "")) for each, item in known if item["is_banned"]]
        return banned, known[-1][0] if more else None

    def lift_ban(self, meeting_id: MeetingId, identity: str) -> bool:
        """Somebody may come back. False if they were never banned. What a later moment of the room says counts more."""
        changed = self.table.update(
            _ban_key(meeting_id, identity), sets={"is_banned": False}, condition="attribute_exists(#moment)"
        )
        return changed is not None

    # ---- the organisation ----

    def organisation(self) -> Organisation:
        """What holds for everybody."""
        item = self.table.get(ORGANISATION)
        return Organisation() if item is None else msgspec.convert(item, Organisation)

    def set_organisation(self, organisation: Organisation, *, known: int) -> Organisation | None:
        """Sets what holds for everybody; None if it is not (any more) at version ``known``."""
        changed = self.table.update(
            ORGANISATION,
            sets={
                **without_nulls(organisation),
                "defaults": without_nulls(organisation.defaults),
                "version": known + 1,
            },
            removes=[name for name in ("history_days", "recordings_days") if getattr(organisation, name) is None],
            condition="#version = :version" if known else "attribute_not_exists(#version)",
            values={":version": known} if known else {},
        )
        return None if changed is None else msgspec.convert(changed, Organisation)


def meeting_of(item: dict[str, Any]) -> Meeting:
    """The meeting that an item tells of."""
    if "settings" not in item:
        item = {**item, "settings": {"guests_allowed": item.get("guests_allowed", True)}}
    return msgspec.convert(item, Meeting)


def _key(meeting_id: str) -> Key:
    return f"MEETING#{meeting_id}", "MEETING"


def invitee_key(meeting_id: str, key: str) -> Key:
    """The key of an invitation."""
    return f"MEETING#{meeting_id}", f"INVITEE#{key}"


def _ban_key(meeting_id: str, identity: str) -> Key:
    return f"MEETING#{meeting_id}", f"BAN#{identity}"


def _is(name: str, number: int) -> str:
    """The condition that an attribute is ``:<name>``. Items from before there was such an attribute have 1."""
    is_it = f"#{name} = :{name}"
    return f"(attribute_not_exists(#{name}) OR {is_it})" if number == 1 else is_it


def _purpose_key(purpose: Purpose) -> Key:
    return f"USER#{purpose.user_id}", purpose.sort_key


def _named(key: Key) -> dict[str, str]:
    return {"pk": key[0], "sk": key[1]}


def _places(meeting: Meeting) -> dict[str, str]:
    """The meeting's place in the lists of its host."""
    hosted = {"gsi1pk": f"HOST#{meeting.host_id}", "gsi1sk": f"{meeting.created_at:015d}#{meeting.id}"}
    return hosted | agenda_place(meeting, meeting.host_id)


def agenda_place(meeting: Meeting, user_id: str) -> dict[str, str]:
    """The attributes by which a meeting is in somebody's agenda."""
    position = agenda_position(meeting)
    return {} if position is None else {"gsi2pk": f"USER#{user_id}", "gsi2sk": position}
