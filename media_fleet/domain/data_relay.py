"""Whom a message on a data channel goes to, and whether it may (docs/decisions/0017-data-channels.md).

Pure: it decides, `media_fleet.node` sends. What a message costs a node is its deliveries, so these are bounded for the
whole meeting; what one participant may send is bounded besides, so that nobody uses the meeting's share up alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from contracts.data_messages import (
    MAX_PAYLOAD,
    MAX_RECEIVERS,
    MAX_TOPIC_BYTES,
    Heard,
    Label,
    MalformedDataMessageError,
    Said,
    decode_said,
    encode_heard,
)
from contracts.error_codes import ErrorCode
from contracts.node_links import RelayedData
from contracts.rooms import MeetingId, NodeId, ParticipantId
from media_fleet.domain.effects import OpenData, Purpose, SctpEnd, TransportKey
from media_fleet.domain.participant import Participant
from media_fleet.domain.token_bucket import TokenBucket

DELIVERIES_AT_ONCE, DELIVERIES_PER_S = 2_000, 1_000
"""A delivery takes a node less than 0.1 ms: a meeting that uses all of these keeps a tenth of one core busy."""


class DataRefusedError(Exception):
    """The message is not relayed. ``number``: that of the message, 0 if it has none that can be read."""

    def __init__(self, code: ErrorCode, number: int) -> None:
        super().__init__(code)
        self.code = code
        self.number = number


class Relayed(Struct, frozen=True, kw_only=True):
    """A message that may go, in the form in which it is heard."""

    number: int
    heard: bytes
    receivers: tuple[TransportKey, ...]
    """Over which transports; a channel may still be missing there."""
    missed: tuple[ParticipantId, ...]
    """Whom it is for, and who have no transport that carries data."""
    crossing: tuple[tuple[NodeId, RelayedData], ...] = ()
    """What goes to other nodes of the meeting, at most once."""


class DataRelay:
    """Relays the data of one meeting.

    ``participants``: who is in it on this node, as the room knows them now; ``people``: who is on other nodes, with
    their breakout rooms. Lossy messages cross; of reliable ones who is elsewhere is missed, as is who has no channel.
    """

    def __init__(
        self,
        meeting_id: MeetingId,
        participants: Mapping[ParticipantId, Participant],
        people: Callable[[], Mapping[NodeId, Mapping[ParticipantId, str | None]]],
    ) -> None:
        self._meeting_id = meeting_id
        self._participants = participants
        self._people = people
        self._deliveries: TokenBucket | None = None

    def relay(self, transport: TransportKey, label: Label, message: bytes, now: float) -> Relayed:
        """What becomes of a message that came over a transport.

        Raises:
            DataRefusedError: it is malformed, too large or one too many, or its sender may not.
        """
        sender = self._sender(transport)
        said = self._read(sender, label, message, now)
        receivers = {each.id: each for each in self._receivers(sender, said)}
        away = {
            node_id: there for node_id, people in self._people().items() if (there := self._away(sender, said, people))
        }
        elsewhere = dict.fromkeys(who for there in away.values() for who in there)
        if said.to and not receivers and not elsewhere:
            raise DataRefusedError(ErrorCode.PARTICIPANT_NOT_FOUND, said.number)
        crosses = away if label is Label.LOSSY else {}
        if not self._may_deliver(len(receivers) + len(crosses), now):
            raise DataRefusedError(ErrorCode.RATE_LIMITED, said.number)
        reached = [each for each in receivers.values() if _carries_data(each)]
        return Relayed(
            number=said.number,
            heard=encode_heard(Heard(sender=sender.id, topic=said.topic, payload=said.payload)),
            receivers=tuple(each.transport(Purpose.PUBLISH) for each in reached),
            missed=(*(each.id for each in receivers.values() if not _carries_data(each)), *elsewhere),
            crossing=tuple(
                (
                    node_id,
                    RelayedData(
                        meeting_id=self._meeting_id,
                        sender=sender.id,
                        to=there if said.to else (),
                        topic=said.topic,
                        payload=said.payload,
                    ),
                )
                for node_id, there in crosses.items()
            ),
        )

    def arrive(self, node_id: NodeId, data: RelayedData, now: float) -> Relayed:
        """What becomes of a lossy message from another node, where its sender's rights and limits were looked after.

        Whom that node has as well, because they move, it serves itself.

        Raises:
            DataRefusedError: its sender is not there, or there are too many for the meeting.
        """
        there = self._people().get(node_id, {})
        if data.sender not in there:
            raise DataRefusedError(ErrorCode.PARTICIPANT_NOT_FOUND, 0)
        receivers = [
            each
            for each in self._participants.values()
            if each.id not in there and each.breakout == there[data.sender] and (not data.to or each.id in data.to)
        ]
        if not self._may_deliver(len(receivers), now):
            raise DataRefusedError(ErrorCode.RATE_LIMITED, 0)
        return Relayed(
            number=0,
            heard=encode_heard(Heard(sender=data.sender, topic=data.topic, payload=data.payload)),
            receivers=tuple(each.transport(Purpose.PUBLISH) for each in receivers if _carries_data(each)),
            missed=tuple(each.id for each in receivers if not _carries_data(each)),
        )

    def permit(self, participant_id: ParticipantId, *, permitted: bool, version: int) -> None:
        """Says whether a participant may send; what is known of a later version of the log stands."""
        allowance = self._participants[participant_id].data
        if version >= allowance.version:
            allowance.permitted, allowance.version = permitted, version

    def offered(self, participant: Participant, remote: SctpEnd | None) -> Iterator[OpenData]:
        """A publishing offer has, or has not (None), data channels: they are taken once for each connection."""
        session = participant.publishing
        if remote is not None and session is not None and not session.carries_data:
            session.carries_data = True
            yield OpenData(transport=participant.transport(Purpose.PUBLISH), remote=remote)

    def _sender(self, transport: TransportKey) -> Participant:
        sender = self._participants.get(transport.participant_id)
        if sender is None or sender.transport(Purpose.PUBLISH) != transport:
            raise DataRefusedError(ErrorCode.PARTICIPANT_NOT_FOUND, 0)
        return sender

    def _read(self, sender: Participant, label: Label, message: bytes, now: float) -> Said:
        within = sender.data.take(len(message), now)
        try:
            said = decode_said(message)
        except MalformedDataMessageError as error:
            raise DataRefusedError(ErrorCode.BAD_REQUEST, error.number) from error
        if not within:
            raise DataRefusedError(ErrorCode.RATE_LIMITED, said.number)
        if not sender.data.permitted:
            raise DataRefusedError(ErrorCode.PERMISSION_DENIED, said.number)
        if len(said.payload) > MAX_PAYLOAD[label]:
            raise DataRefusedError(ErrorCode.PAYLOAD_TOO_LARGE, said.number)
        if not 1 <= len(said.topic.encode()) <= MAX_TOPIC_BYTES or len(said.to) > MAX_RECEIVERS:
            raise DataRefusedError(ErrorCode.VALIDATION_FAILED, said.number)
        return said

    def _away(
        self, sender: Participant, said: Said, people: Mapping[ParticipantId, str | None]
    ) -> tuple[ParticipantId, ...]:
        """Whom of another node's participants a message is for. Who moves, and is here as well, is served here."""
        return tuple(
            who
            for who, breakout in people.items()
            if who not in self._participants and breakout == sender.breakout and (not said.to or who in said.to)
        )

    def _receivers(self, sender: Participant, said: Said) -> Iterator[Participant]:
        for participant in self._participants.values():
            if participant.id == sender.id or participant.breakout != sender.breakout:
                continue
            if not said.to or participant.id in said.to:
                yield participant

    def _may_deliver(self, count: int, now: float) -> bool:
        if self._deliveries is None:
            self._deliveries = TokenBucket(capacity=DELIVERIES_AT_ONCE, rate=DELIVERIES_PER_S, now=now)
        return self._deliveries.take(min(count, DELIVERIES_AT_ONCE), now)


def _carries_data(participant: Participant) -> bool:
    session = participant.publishing
    return session is not None and session.carries_data and not session.is_dead
