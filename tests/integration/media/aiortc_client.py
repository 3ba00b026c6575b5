"""A participant whose media aiortc makes and decodes."""

from __future__ import annotations

import asyncio
from typing import Any

import aiortc
from aiortc.mediastreams import MediaStreamTrack

from contracts.node_rpc import (
    AnswerSubscription,
    AssignedTrack,
    Done,
    JoinRoom,
    Offer,
    Publish,
    Published,
    RestartSubscription,
    SubscriptionOffered,
)
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource

MEETING = MeetingId("meeting-1")
TIMEOUT = 15
SOURCES = {"audio": TrackSource.MICROPHONE, "video": TrackSource.CAMERA}


class Client:
    """A participant with its two peer connections."""

    def __init__(self, gateway: Any, name: str, meeting_id: MeetingId = MEETING) -> None:
        self.meeting_id = meeting_id
        self.id = ParticipantId(name)
        self._gateway = gateway
        self.publishing = aiortc.RTCPeerConnection()
        self.subscribing: aiortc.RTCPeerConnection | None = None
        self.received: dict[str, MediaStreamTrack] = {}
        self._offers: asyncio.Task[None] | None = None
        self.answered = asyncio.Condition()
        self.last_offer: Offer | None = None

    async def join(self) -> None:
        self._offers = asyncio.create_task(self._follow_offers())
        request = JoinRoom(meeting_id=self.meeting_id, participant_id=self.id, subscribe=True, connection=1)
        joined = await self._gateway.ask(request, SubscriptionOffered)
        if joined.offer is not None:
            await self._answer(joined.offer)

    async def publish(self, *tracks: MediaStreamTrack) -> None:
        for track in tracks:
            self.publishing.addTransceiver(track, direction="sendonly")
        await self.negotiate()

    async def negotiate(self) -> None:
        await self.publishing.setLocalDescription(await self.publishing.createOffer())
        published = await self._gateway.ask(self.publish_request(), Published)
        await self.publishing.setRemoteDescription(aiortc.RTCSessionDescription(sdp=published.sdp, type="answer"))

    def described(self, connection: aiortc.RTCPeerConnection) -> str:
        """What the node is told of this end of a connection."""
        return connection.localDescription.sdp

    def publish_request(self) -> Publish:
        return Publish(
            meeting_id=self.meeting_id,
            participant_id=self.id,
            sdp=self.described(self.publishing),
            tracks=tuple(
                AssignedTrack(
                    mid=transceiver.mid or "",
                    track_id=TrackId(f"{self.id}-{transceiver.kind}"),
                    source=SOURCES[transceiver.kind],
                )
                for transceiver in self.publishing.getTransceivers()
            ),
            version=1,
        )

    async def restart_subscription(self) -> None:
        assert self.subscribing is not None
        await self.subscribing.close()
        self.subscribing = None
        request = RestartSubscription(meeting_id=self.meeting_id, participant_id=self.id)
        restarted = await self._gateway.ask(request, SubscriptionOffered)
        await self._answer(restarted.offer)

    async def wait_for_tracks(self, *track_ids: str) -> None:
        """Until the last answered offer names exactly these."""

        def there() -> bool:
            offer = self.last_offer
            return offer is not None and {track.track_id for track in offer.tracks} == set(track_ids)

        async with asyncio.timeout(TIMEOUT), self.answered:
            await self.answered.wait_for(there)

    async def frames(self, track_id: str, count: int) -> list[Any]:
        async with asyncio.timeout(TIMEOUT):
            return [await self.received[track_id].recv() for _ in range(count)]

    async def close(self) -> None:
        if self._offers is not None:
            self._offers.cancel()
            await asyncio.gather(self._offers, return_exceptions=True)
        await self.publishing.close()
        if self.subscribing is not None:
            await self.subscribing.close()

    async def _follow_offers(self) -> None:
        while True:
            changed = await self._gateway.offers[self.id].get()
            await self._answer(changed.offer)

    async def _answer(self, offer: Offer) -> None:
        if self.subscribing is None:
            self.subscribing = aiortc.RTCPeerConnection()
        connection = self.subscribing
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=offer.sdp, type="offer"))
        for transceiver in connection.getTransceivers():
            for track in offer.tracks:
                if track.mid == transceiver.mid:
                    self.received[track.track_id] = transceiver.receiver.track
        await connection.setLocalDescription(await connection.createAnswer())
        request = AnswerSubscription(
            meeting_id=self.meeting_id,
            participant_id=self.id,
            generation=offer.generation,
            negotiation=offer.negotiation,
            sdp=self.described(connection),
        )
        answer = await self._gateway.request(request)
        assert answer == Done(), answer
        self.last_offer = offer
        async with self.answered:
            self.answered.notify_all()
