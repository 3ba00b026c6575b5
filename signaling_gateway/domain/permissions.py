"""Who may do what, as a table: each action and the test that a participant's permissions must pass."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from contracts.error_codes import ErrorCode
from contracts.rooms import Permissions, PublishPermission, TrackSource
from signaling_gateway.errors import Refusal


class Action(StrEnum):
    """What takes a permission."""

    PUBLISH_AUDIO = "publish audio"
    PUBLISH_VIDEO = "publish video"
    PUBLISH_SCREEN = "share the screen"
    SUBSCRIBE = "receive the others' media"
    CHAT = "write in the chat"
    WRITE_EVERYWHERE = "write to all rooms"
    MUTE_OTHERS = "mute others"
    STOP_OTHERS = "stop the others' tracks"
    LOWER_OTHERS_HANDS = "lower the others' hands"
    REMOVE_OTHERS_MESSAGES = "remove the others' messages"
    RENAME_OTHERS = "rename others"
    LET_IN = "decide who comes in"
    SET_RULES = "change the rules of the meeting"
    SPOTLIGHT = "choose whom everybody sees"
    POLL = "hold a poll"
    WRITE_NOTES = "write in the shared notes"
    WRITE_LOCKED_NOTES = "write in the shared notes while they are locked"
    BREAKOUTS = "run breakout rooms"
    REMOVE_OTHERS = "remove others"
    END_MEETING = "end the meeting"
    RECORD = "record the meeting"
    BROADCAST = "stream the meeting out"
    INGEST = "bring streams into the meeting"


ALLOWED: dict[Action, Callable[[Permissions], bool]] = {
    Action.PUBLISH_AUDIO: lambda granted: PublishPermission.AUDIO in granted.publish,
    Action.PUBLISH_VIDEO: lambda granted: PublishPermission.VIDEO in granted.publish,
    Action.PUBLISH_SCREEN: lambda granted: PublishPermission.SCREEN in granted.publish,
    Action.SUBSCRIBE: lambda granted: granted.subscribe,
    Action.CHAT: lambda granted: granted.chat,
    Action.RECORD: lambda granted: granted.record,
    Action.WRITE_NOTES: lambda granted: granted.notes,
    **dict.fromkeys(
        (
            Action.MUTE_OTHERS,
            Action.STOP_OTHERS,
            Action.LOWER_OTHERS_HANDS,
            Action.REMOVE_OTHERS_MESSAGES,
            Action.RENAME_OTHERS,
            Action.LET_IN,
            Action.SET_RULES,
            Action.SPOTLIGHT,
            Action.POLL,
            Action.WRITE_LOCKED_NOTES,
            Action.BREAKOUTS,
            Action.WRITE_EVERYWHERE,
            Action.REMOVE_OTHERS,
            Action.END_MEETING,
            Action.BROADCAST,
            Action.INGEST,
        ),
        lambda granted: granted.moderate,
    ),
}

_PUBLISHING = {
    PublishPermission.AUDIO: Action.PUBLISH_AUDIO,
    PublishPermission.VIDEO: Action.PUBLISH_VIDEO,
    PublishPermission.SCREEN: Action.PUBLISH_SCREEN,
}


def publishing(source: TrackSource) -> Action:
    """The action that publishing a track from ``source`` is."""
    return _PUBLISHING[source.permission]


def limited(granted: Permissions, limit: Permissions) -> Permissions:
    """What both allow. Moderating and recording come with a role: ``limit`` does not touch them."""
    return Permissions(
        publish=tuple(each for each in granted.publish if each in limit.publish),
        subscribe=granted.subscribe and limit.subscribe,
        chat=granted.chat and limit.chat,
        moderate=granted.moderate,
        record=granted.record,
        notes=granted.notes and limit.notes,
    )


def require(granted: Permissions, action: Action) -> None:
    """Passes if ``granted`` allows ``action``.

    Raises:
        Refusal: it does not (``permission_denied``).
    """
    if not ALLOWED[action](granted):
        raise Refusal(ErrorCode.PERMISSION_DENIED, f"You do not have the permission to {action}.")
