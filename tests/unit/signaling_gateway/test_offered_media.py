"""What a room takes from the SDP of a client that comes in by a standard door."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rooms import TrackSource
from signaling_gateway.domain.offered_media import ice_fragment, ice_ufrag, offered_sections, streamed_tracks
from signaling_gateway.errors import Refusal

AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=sendonly\r\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=sendrecv\r\n"
HEAD = "v=0\r\ns=-\r\n"


def sources(sdp: str, *, screen: bool = False) -> list[tuple[str, TrackSource]]:
    return [(track.mid, track.source) for track in streamed_tracks(offered_sections(sdp), screen=screen)]


def test_what_is_sent_becomes_a_microphone_and_a_camera_or_a_screen_with_its_sound() -> None:
    assert sources(HEAD + AUDIO + VIDEO) == [("a", TrackSource.MICROPHONE), ("v", TrackSource.CAMERA)]
    assert sources(HEAD + VIDEO + AUDIO, screen=True) == [("v", TrackSource.SCREEN), ("a", TrackSource.SCREEN_AUDIO)]


def test_m_lines_that_do_not_send_are_passed_over() -> None:
    rejected = AUDIO.replace("audio 9", "audio 0")
    assert sources(HEAD + rejected + VIDEO + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n") == [
        ("v", TrackSource.CAMERA)
    ]
    bundled = AUDIO.replace("audio 9", "audio 0") + "a=bundle-only\r\n"
    assert sources(HEAD + bundled) == [("a", TrackSource.MICROPHONE)]
    assert sources(HEAD + "a=inactive\r\n" + VIDEO + "m=audio 9 X 0\r\na=mid:z\r\n") == [("v", TrackSource.CAMERA)]


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        HEAD,
        HEAD + AUDIO.replace("sendonly", "recvonly"),
        HEAD + AUDIO + AUDIO,
        HEAD + AUDIO.replace("a=mid:a\r\n", ""),
    ],
)
def test_an_offer_that_is_no_stream_is_refused(sdp: str) -> None:
    with pytest.raises(Refusal) as refused:
        sources(sdp)
    assert refused.value.code == "bad_sdp"


def test_a_fragment_says_both_credentials_or_none() -> None:
    whole = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 X 0\r\na=mid:a\r\n"
    fragment = ice_fragment(whole)
    assert (fragment.ufrag, fragment.pwd) == ("abcd", "0123456789012345678901")
    assert fragment.head == ("m=audio 9 X 0", "a=mid:a")
    assert ice_fragment("a=candidate:1").ufrag is None
    for bad in ("a=ice-ufrag:abcd", "a=ice-ufrag:abcd\na=ice-pwd:short", "a=ice-ufrag:a b\na=ice-pwd:" + "p" * 22):
        with pytest.raises(Refusal):
            ice_fragment(bad)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (offered_sections, ice_fragment):
        with contextlib.suppress(Refusal):
            read(text)
    ice_ufrag(text)
