"""How a client asks for sound: part of `contracts.client_commands`."""

from __future__ import annotations

from contracts.command import Command
from contracts.rooms import SoundForm


class SetSound(Command, frozen=True, kw_only=True):
    """How the client wants sound: mixed, it gets one track of all sound where it is (`MIXED_SOUND`, 24 kbit/s), without
    its own; the others are offered as before, and paused. For paths that carry little.

    Acknowledged when the media node has taken it; `SoundChanged` tells when it is so. It has to be said again after a
    `MediaRestart`. Refused with `mixed_sound_unavailable` where the node has no place for a mixer, and with
    `meeting_encrypted`.
    """

    form: SoundForm
