"""A packet plane without packets: it carries out what rooms want done, and fails where that makes no sense."""

from __future__ import annotations

import msgspec

from contracts.node_rpc import Offer
from contracts.rooms import ParticipantId
from media_fleet.domain import effects as fx

BROADCAST = fx.RecorderRole.BROADCAST
RECORDING = tuple(role for role in fx.RecorderRole if role is not BROADCAST)


class Plane:
    """Keeps what effects make, and fails if one refers to what is not there."""

    def __init__(self) -> None:
        self.transports: set[fx.TransportKey] = set()
        self.secured: set[fx.TransportKey] = set()
        self.tracks: dict[fx.TrackKey, fx.TransportKey] = {}
        self.subscriptions: dict[fx.SubscriptionKey, fx.AddSubscription] = {}
        self.offers: dict[ParticipantId, Offer] = {}
        self.recorded: dict[tuple[fx.RecorderRole, int], fx.RecordTrack] = {}
        self.media: dict[fx.TrackKey, fx.PublishedMedia] = {}
        self.transcoders: list[fx.TransportKey] = []
        self.mixers: list[fx.TransportKey] = []
        self.mixed: dict[fx.TransportKey, set[int]] = {}
        """What each mixer was told that it gets, by SSRC."""
        self.mixes: dict[tuple[fx.TransportKey, int], ParticipantId | None] = {}
        """Without whom what is made under an SSRC is."""
        self.allowed_layers: set[fx.TrackKey] = set()
        self.made_layers: dict[fx.TrackKey, fx.TransportKey] = {}

    def carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912, PLR0915  # one case for each effect, flat
        match effect:
            case fx.OpenTransport(transport=key):
                assert key not in self.transports
                self.transports.add(key)
            case fx.StartDtls(transport=key):
                assert key in self.transports
                assert key not in self.secured
                self.secured.add(key)
            case fx.OpenData(transport=key):
                assert key in self.secured
            case fx.RestartIce(transport=key):
                assert key in self.transports
            case fx.CloseTransport(transport=key):
                self.transports.remove(key)
                self.secured.discard(key)
                for track in [t for t, owner in self.tracks.items() if owner == key]:
                    self._remove_track(track)
                self.subscriptions = {s: a for s, a in self.subscriptions.items() if s.transport != key}
                self.made_layers = {track: maker for track, maker in self.made_layers.items() if maker != key}
            case fx.AllowMadeLayer(track=track, allowed=allowed):
                assert track in self.tracks
                (self.allowed_layers.add if allowed else self.allowed_layers.discard)(track)
            case fx.AddMadeLayer(track=track, transport=key):
                assert track in self.allowed_layers
                assert key in self.secured
                self.made_layers[track] = key
            case fx.AddTrack(track=track, transport=key):
                assert key in self.secured
                assert track not in self.tracks
                self.tracks[track] = key
                self.media[track] = effect.media
            case fx.RemoveTrack(track=track):
                self._remove_track(track)
            case fx.SucceedTrack(former=former, track=track):
                moved = {k: a for k, a in self.subscriptions.items() if k.track == former}
                self.subscriptions = {k: a for k, a in self.subscriptions.items() if k.track != former}
                self.subscriptions |= {msgspec.structs.replace(k, track=track): a for k, a in moved.items()}
            case fx.StartTranscoder(transport=key):
                assert key not in self.transports
                self.transports.add(key)
                self.secured.add(key)
                self.transcoders.append(key)
            case fx.StopTranscoder(transport=key):
                self.transcoders.remove(key)
            case fx.StartMixer(transport=key):
                assert key not in self.transports
                self.transports.add(key)
                self.secured.add(key)
                self.mixers.append(key)
                self.mixed[key] = set()
            case fx.StopMixer(transport=key):
                self.mixers.remove(key)
            case fx.MixVoice(transport=key, ssrc=ssrc):
                assert ssrc not in self.mixed[key]
                self.mixed[key].add(ssrc)
            case fx.StopMixingVoice(transport=key, ssrc=ssrc):
                self.mixed[key].remove(ssrc)
            case fx.MixFor(transport=key, ssrc=ssrc, without=without):
                assert (key, ssrc) not in self.mixes
                self.mixes[key, ssrc] = without
            case fx.StopMixingFor(transport=key, ssrc=ssrc):
                del self.mixes[key, ssrc]
            case fx.MuteTrack(track=track):
                assert track in self.tracks
            case fx.AddSubscription(subscription=key):
                assert key.transport in self.secured
                assert key.track in self.tracks
                assert key not in self.subscriptions
                used = {a.ssrc for s, a in self.subscriptions.items() if s.transport == key.transport}
                assert effect.ssrc not in used
                self.subscriptions[key] = effect
            case fx.AdjustSubscription(subscription=key, share=share):
                self.subscriptions[key] = msgspec.structs.replace(self.subscriptions[key], share=share)
            case fx.RemoveSubscription(subscription=key):
                del self.subscriptions[key]
            case fx.RecordTrack(role=role, ssrc=ssrc):
                assert (role, ssrc) not in self.recorded
                self.recorded[role, ssrc] = effect
            case fx.MuteRecorded(role=role, ssrc=ssrc, muted=muted):
                assert self.recorded[role, ssrc].muted != muted
                self.recorded[role, ssrc] = msgspec.structs.replace(self.recorded[role, ssrc], muted=muted)
            case fx.StopRecordingTrack(role=role, ssrc=ssrc):
                del self.recorded[role, ssrc]
            case fx.FinishRecording() | fx.FinishBroadcast():
                over = [BROADCAST] if isinstance(effect, fx.FinishBroadcast) else RECORDING
                self.recorded = {key: each for key, each in self.recorded.items() if key[0] not in over}
            case fx.SendOffer(participant_id=participant_id, offer=offer):
                assert participant_id not in self.offers, "a second offer while the first awaits its answer"
                self.offers[participant_id] = offer

    def _remove_track(self, track: fx.TrackKey) -> None:
        del self.tracks[track], self.media[track]
        self.allowed_layers.discard(track)
        self.made_layers.pop(track, None)
        self.subscriptions = {s: a for s, a in self.subscriptions.items() if s.track != track}
