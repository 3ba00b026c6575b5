"""Clients of a gateway's standard doors (WHIP, WHEP): requests as encoders and players make them, without media."""

from __future__ import annotations

from typing import Any

import httpx

from contracts.node_rpc import (
    CheckTransport,
    IceRestarted,
    Publish,
    Published,
    RestartIce,
    TransportChecked,
    Watch,
)
from contracts.rooms import ParticipantId
from tests.doubles.scripted_node import ScriptedNode

Platform = Any

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=ice-ufrag:mine\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendonly\r\n"
)
ANSWER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:theirs\r\n"
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
RESTART = "a=ice-ufrag:anew\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"


async def door_node(platform: Platform) -> ScriptedNode:
    """A media node that answers what the doors ask of it."""
    node: ScriptedNode = await platform.node()
    node.answers[Publish] = lambda _: Published(sdp=ANSWER)
    node.answers[Watch] = lambda _: Published(sdp=ANSWER)
    node.answers[CheckTransport] = lambda _: TransportChecked(connected=True)
    node.answers[RestartIce] = lambda _: IceRestarted(ufrag="fresh", pwd="p" * 22, candidates=("1 1 udp 1 ::1 9 typ",))
    return node


class Encoder:
    """A WHIP client."""

    def __init__(self, platform: Platform, url: str, who: str = "s_obs", **changes: Any) -> None:
        token = platform.service.token(platform.meeting_id, who, **changes)
        self.http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        self.place = ""

    async def post(self, path: str = "/whip", body: str = OFFER, **headers: str) -> httpx.Response:
        async with self.http as http:
            answer = await http.post(path, content=body, headers={"Content-Type": SDP, **headers})
        self.http = httpx.AsyncClient(base_url=self.http.base_url, headers=self.http.headers, timeout=20)
        self.place = answer.headers.get("Location", "")
        return answer

    async def patch(self, body: str = RESTART, *, kind: str = FRAGMENT, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.http.base_url, timeout=20) as http:
            return await http.patch(self.place, content=body, headers={"Content-Type": kind, **headers})

    async def delete(self) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.http.base_url, timeout=20) as http:
            return await http.delete(self.place)

    @property
    def id(self) -> ParticipantId:
        return ParticipantId(self.place.split("/")[3])


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]
