"""The error family of the media node.

Every refusal carries a stable code (`contracts.error_codes`) and a sentence that says what is wrong. The edge maps it,
once, to `contracts.node_rpc.Refused`. Any other exception is a bug of ours.
"""

from __future__ import annotations

from typing import ClassVar

from contracts.error_codes import ErrorCode


class MediaNodeError(Exception):
    """Base: the caller asked for something that the node will not do."""

    code: ClassVar[ErrorCode] = ErrorCode.BAD_REQUEST


class RecordingUnavailableError(MediaNodeError):
    """Nothing can be recorded here, or this recording has failed."""

    code: ClassVar[ErrorCode] = ErrorCode.RECORDING_UNAVAILABLE


class BroadcastUnavailableError(MediaNodeError):
    """Nothing can be streamed out from here, or this broadcast has failed."""

    code: ClassVar[ErrorCode] = ErrorCode.BROADCAST_UNAVAILABLE


class IngressUnavailableError(MediaNodeError):
    """Nothing can be brought in here, or not in this way."""

    code: ClassVar[ErrorCode] = ErrorCode.INGRESS_UNAVAILABLE


class BadRequestError(MediaNodeError):
    """The request contradicts itself or the room."""


class BadSdpError(MediaNodeError):
    """A session description is malformed, or asks for what a node does not do. Says which line, where it can."""

    code: ClassVar[ErrorCode] = ErrorCode.BAD_SDP


class NoCommonCodecError(MediaNodeError):
    """An m-line that is to be published offers no codec that the node forwards."""

    code: ClassVar[ErrorCode] = ErrorCode.NO_COMMON_CODEC


class TooManyTracksError(MediaNodeError):
    """More tracks or m-lines than one participant may have."""

    code: ClassVar[ErrorCode] = ErrorCode.TOO_MANY_TRACKS


class StaleNegotiationError(MediaNodeError):
    """An answer to an offer that is no longer the current one."""

    code: ClassVar[ErrorCode] = ErrorCode.STALE_NEGOTIATION


class ParticipantNotFoundError(MediaNodeError):
    """The participant has not joined here, or has left."""

    code: ClassVar[ErrorCode] = ErrorCode.PARTICIPANT_NOT_FOUND


class TrackNotFoundError(MediaNodeError):
    """No such track in the room, or not this participant's."""

    code: ClassVar[ErrorCode] = ErrorCode.TRACK_NOT_FOUND


class NodeOverloadedError(MediaNodeError):
    """The node takes no more participants."""

    code: ClassVar[ErrorCode] = ErrorCode.MEDIA_NODE_OVERLOADED


class MixedSoundUnavailableError(MediaNodeError):
    """The node has no place for another mixer, or there is nothing that it could decode."""

    code: ClassVar[ErrorCode] = ErrorCode.MIXED_SOUND_UNAVAILABLE
