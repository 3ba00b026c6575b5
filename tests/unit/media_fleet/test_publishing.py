"""Answers to publishing offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.data_messages import MAX_MESSAGE
from contracts.node_rpc import AssignedTrack
from contracts.rooms import TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain import media_formats as formats
from media_fleet.domain.effects import SctpEnd
from media_fleet.domain.errors import BadSdpError, NoCommonCodecError, TooManyTracksError
from media_fleet.domain.publishing import answer, data_end, plan
from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import (
    Direction,
    IceCredentials,
    PayloadFormat,
    SessionDescription,
    Setup,
)
from media_fleet.domain.transport_parameters import NodeEnd

DATA = Path(__file__).parent / "data"
ICE = IceCredentials(ufrag="0123456789ab", pwd="0123456789abcdef01234567")


def assigned(mid: str, source: TrackSource, *, track_id: str | None = None) -> AssignedTrack:
    return AssignedTrack(mid=mid, track_id=TrackId(track_id or f"track-{mid}"), source=source)


def microphone_and_camera() -> list[AssignedTrack]:
    return [assigned("0", TrackSource.MICROPHONE), assigned("1", TrackSource.CAMERA)]


@pytest.mark.parametrize(
    ("name", "codec", "payload_types", "rids"),
    [
        ("vp8", "VP8", (96, 97), ("q", "h", "f")),
        ("h264", "H264", (102, 103), ("q", "h", "f")),
        ("vp9", "VP9", (98, 99), ("q", "h", "f")),
        ("av1", "AV1", (45, 46), ("q", "h", "f")),
        ("vp9svc", "VP9", (98, 99), ()),
        ("av1svc", "AV1", (45, 46), ()),
    ],
)
def test_the_first_codec_that_is_known_is_taken(
    captured: Callable[[str], str], name: str, codec: str, payload_types: tuple[int, int], rids: tuple[str, ...]
) -> None:
    planned = plan(parse(captured(f"chromium-{name}.sdp")), microphone_and_camera())
    audio, video = planned[TrackId("track-0")], planned[TrackId("track-1")]
    assert (audio.codec.codec.name, audio.codec.payload_type, audio.codec.rtx_payload_type) == ("opus", 111, None)
    assert (video.codec.codec.name, video.codec.payload_type, video.codec.rtx_payload_type) == (codec, *payload_types)
    assert video.rids == rids
    assert video.transport_cc
    assert video.nack
    assert not audio.nack
    assert (video.ssrc is None) == bool(rids)
    extensions = dict(video.extensions)
    assert {formats.MID, formats.TRANSPORT_CC, formats.ABS_SEND_TIME} <= extensions.keys()


@pytest.mark.parametrize("name", ["vp8", "h264", "vp9", "av1"])
def test_the_answer_to_a_captured_offer_is_as_written_down(
    captured: Callable[[str], str], node_end: NodeEnd, name: str
) -> None:
    offer = parse(captured(f"chromium-{name}.sdp"))
    planned = plan(offer, microphone_and_camera())
    text = write(answer(offer, planned, node=node_end, ice=ICE, session_id="1", session_version=1))
    assert text == captured(f"chromium-{name}.answer.sdp")


def test_the_answer_can_be_read_again(
    captured: Callable[[str], str], node_end: NodeEnd, rewritten: Callable[[SessionDescription], SessionDescription]
) -> None:
    offer = parse(captured("chromium-vp8.sdp"))
    written = answer(
        offer, plan(offer, microphone_and_camera()), node=node_end, ice=ICE, session_id="1", session_version=1
    )
    read = rewritten(written)
    assert read.ice_lite
    assert read.bundle == ("0", "1", "2", "3")
    audio, camera, screen, data = read.media
    assert [section.direction for section in (audio, camera, screen)] == ["recvonly", "recvonly", "inactive"]
    assert camera.receive_rids == ("q", "h", "f")
    assert camera.setup is Setup.PASSIVE
    assert camera.ice == ICE
    assert (data.in_use, data.sctp_port, data.max_message_size) == (True, 5000, MAX_MESSAGE)


def test_an_m_line_without_a_track_is_inactive(captured: Callable[[str], str], node_end: NodeEnd) -> None:
    offer = parse(captured("chromium-vp8.sdp"))
    written = answer(offer, {}, node=node_end, ice=ICE, session_id="1", session_version=1)
    assert [s.direction for s in written.media if s.kind != "application"] == [Direction.INACTIVE] * 3


def test_an_m_line_that_does_not_send_is_not_published(captured: Callable[[str], str]) -> None:
    offer = parse(captured("chromium-recvonly.sdp"))
    assert plan(offer, microphone_and_camera()) == {}


def test_layers_are_put_lowest_first(client: Any) -> None:
    offer = client.description([client.section("1", rids=("f", "h", "q"))])
    planned = plan(offer, [assigned("1", TrackSource.CAMERA)])
    assert planned[TrackId("track-1")].rids == ("q", "h", "f")


def test_an_extension_that_is_only_received_is_not_answered(client: Any) -> None:
    text = write(client.description([client.section("1")])).replace("a=extmap:3 ", "a=extmap:3/recvonly ")
    planned = plan(parse(text), [assigned("1", TrackSource.CAMERA)])
    assert formats.TRANSPORT_CC not in dict(planned[TrackId("track-1")].extensions)


@pytest.mark.parametrize("rids", [(), ("q", "h", "f")])
@pytest.mark.parametrize(("name", "described"), [("VP8", False), ("H264", True), ("VP9", True), ("AV1", True)])
def test_frames_are_described_where_the_codec_does_not_do_it_itself(
    client: Any, rids: tuple[str, ...], name: str, *, described: bool
) -> None:
    parameters = (("packetization-mode", "1"),) if name == "H264" else ()
    video = PayloadFormat(payload_type=96, name=name, clock_rate=90_000, parameters=parameters)
    offer = client.description([client.section("1", rids=rids, formats=(video,))])
    planned = plan(offer, [assigned("1", TrackSource.CAMERA)])
    assert (formats.DEPENDENCY_DESCRIPTOR in dict(planned[TrackId("track-1")].extensions)) == described


def test_opus_keeps_dtx_and_always_has_forward_error_correction(client: Any) -> None:
    opus = PayloadFormat(
        payload_type=111, name="opus", clock_rate=48_000, channels=2, parameters=(("usedtx", "1"), ("foo", "2"))
    )
    offer = client.description([client.section("0", "audio", formats=(opus,))])
    planned = plan(offer, [assigned("0", TrackSource.MICROPHONE)])
    parameters = planned[TrackId("track-0")].codec.codec.parameters
    assert parameters == (("minptime", "10"), ("useinbandfec", "1"), ("usedtx", "1"))


def test_h264_in_single_nal_mode_alone_is_no_common_codec(client: Any) -> None:
    h264 = PayloadFormat(payload_type=100, name="H264", clock_rate=90_000, parameters=(("packetization-mode", "0"),))
    offer = client.description([client.section("1", formats=(h264,))])
    with pytest.raises(NoCommonCodecError, match="m-line 1"):
        plan(offer, [assigned("1", TrackSource.CAMERA)])


@pytest.mark.parametrize(
    ("tracks", "sentence"),
    [
        ([assigned("9", TrackSource.CAMERA)], "m-line 9"),
        ([assigned("0", TrackSource.CAMERA)], "is audio, but its track is a camera"),
        ([assigned("1", TrackSource.CAMERA), assigned("1", TrackSource.SCREEN, track_id="x")], "same m-line"),
        ([assigned("1", TrackSource.CAMERA), assigned("2", TrackSource.SCREEN, track_id="track-1")], "same track"),
    ],
)
def test_tracks_that_do_not_fit_the_offer_are_refused(
    captured: Callable[[str], str], tracks: list[AssignedTrack], sentence: str
) -> None:
    with pytest.raises(BadSdpError, match=sentence):
        plan(parse(captured("chromium-vp8.sdp")), tracks)


def test_too_many_tracks_are_refused(client: Any) -> None:
    offer = client.description([client.section(str(number)) for number in range(9)])
    with pytest.raises(TooManyTracksError, match="9 tracks"):
        plan(offer, [assigned(str(number), TrackSource.CAMERA) for number in range(9)])


def test_data_channels_are_taken_once_and_in_their_present_form_alone(client: Any, node_end: NodeEnd) -> None:
    first, second, former = (client.data_section(mid) for mid in "012")
    former = replace(former, protocol="DTLS/SCTP", fmts=("5000",))
    offer = client.description([first, second, former])
    written = answer(offer, {}, node=node_end, ice=ICE, session_id="1", session_version=1)
    assert [section.in_use for section in written.media] == [True, False, False]
    assert data_end(offer) == SctpEnd(port=5000, max_message_size=262_144)
    bare = client.description([replace(first, sctp_port=None, max_message_size=None)])
    assert data_end(bare) == SctpEnd(port=5000, max_message_size=65_536)
    assert data_end(client.description([replace(first, port=0)])) is None


@pytest.mark.parametrize("value", ["0", "65536", "x"])
def test_what_is_no_sctp_port_is_refused(client: Any, value: str) -> None:
    text = write(client.description([client.data_section("0")]))
    with pytest.raises(BadSdpError):
        parse(text.replace("a=sctp-port:5000", f"a=sctp-port:{value}"))


OBS_OFFER = "\r\n".join(
    (
        "v=0",
        "o=rtc 2890844526 0 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=group:LS 0 1",
        "a=msid-semantic:WMS *",
        "a=ice-options:ice2,trickle",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "m=audio 50001 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 192.0.2.7",
        "a=mid:0",
        "a=sendonly",
        "a=ssrc:1001 cname:cnameOfObs",
        "a=ssrc:1001 msid:streamOfObs streamOfObs-audio",
        "a=msid:streamOfObs streamOfObs-audio",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1",
        "a=setup:actpass",
        "a=ice-ufrag:Abcd",
        "a=ice-pwd:0123456789abcdef01234567",
        "a=candidate:1 1 UDP 2122317823 192.0.2.7 50001 typ host",
        "a=end-of-candidates",
        "m=video 50001 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 192.0.2.7",
        "a=mid:1",
        "a=sendonly",
        "a=ssrc:1002 cname:cnameOfObs",
        "a=ssrc:1002 msid:streamOfObs streamOfObs-video",
        "a=msid:streamOfObs streamOfObs-video",
        "a=rtcp-mux",
        "a=rtpmap:96 H264/90000",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 goog-remb",
        "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
        "a=setup:actpass",
        "a=ice-ufrag:Abcd",
        "a=ice-pwd:0123456789abcdef01234567",
        "",
    )
)
"""As OBS 30 writes it with libdatachannel: one payload type each, SSRCs, no header extensions, no RTX, no feedback on
arrival times."""


def test_what_obs_offers_is_taken_with_repairs_on_its_own_ssrc(node_end: NodeEnd) -> None:
    offer = parse(OBS_OFFER)
    planned = plan(offer, microphone_and_camera())
    audio, video = planned[TrackId("track-0")], planned[TrackId("track-1")]
    assert (audio.codec.codec.name, audio.codec.payload_type, audio.ssrc) == ("opus", 111, 1001)
    assert (video.codec.codec.name, video.codec.payload_type, video.ssrc) == ("H264", 96, 1002)
    assert (video.codec.rtx_payload_type, video.nack, video.transport_cc, video.rids) == (None, True, False, ())
    text = write(answer(offer, planned, node=node_end, ice=ICE, session_id="1", session_version=1))
    assert text.startswith("v=0"), "OBS throws away what is before"
    assert [section.direction for section in parse(text).media] == [Direction.RECVONLY] * 2
    assert {section.setup for section in parse(text).media} == {Setup.PASSIVE}
