"""What gateways and media nodes say to each other of mixed sound. Part of `contracts.node_rpc`."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import MeetingId, NodeId, ParticipantId, SeparateReason, SoundForm


class SetSound(Struct, frozen=True, kw_only=True, tag_field="type", tag="set_sound"):
    """How a client wants sound (`contracts.sound_commands.SetSound`). Answer: `Done`; `SoundChanged` follows."""

    meeting_id: MeetingId
    participant_id: ParticipantId
    form: SoundForm


class SoundChanged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="sound_changed"):
    """How a participant is sent sound from now on. ``reason``: why it is not as they asked, if that may last.

    Told when it changes, and to who joins again and is sent a mix.
    """

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    form: SoundForm
    reason: SeparateReason | None
