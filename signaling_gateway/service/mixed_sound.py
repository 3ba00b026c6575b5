"""How clients want sound, on its way to their media nodes."""

from __future__ import annotations

from contracts import sound_commands
from contracts.error_codes import ErrorCode
from contracts.node_rpc import Done
from contracts.rooms import SoundForm
from contracts.sound_work import SetSound
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.errors import Refusal
from signaling_gateway.service.live_room import Connection
from signaling_gateway.service.media_negotiation import MediaNegotiation


class MixedSound:
    """For the connections of this gateway."""

    def __init__(self, media: MediaNegotiation) -> None:
        self._media = media

    async def choose(self, connection: Connection, command: sound_commands.SetSound) -> None:
        """Passes on how the client wants sound.

        Raises:
            Refusal, NodeError: what is encrypted cannot be mixed; the node has no place for a mixer.
        """
        state = connection.room.state
        require(state.stay_of(connection.participant_id).info.permissions, Action.SUBSCRIBE)
        if command.form is SoundForm.MIXED and state.policy.e2ee:
            raise Refusal(
                ErrorCode.MEETING_ENCRYPTED, "This meeting is encrypted from end to end: no server can mix it."
            )
        request = SetSound(
            meeting_id=connection.room.meeting_id, participant_id=connection.participant_id, form=command.form
        )
        await self._media.ask(connection, request, Done, attach=True)
