"""Reading SDP: what real clients write is understood, and anything else is refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.client_commands import MAX_SDP_LENGTH
from media_fleet.adapters.sdp_parser import MAX_PUBLISHING_SECTIONS, MAX_SECTION_LINES, MAX_SECTIONS, parse
from media_fleet.domain.errors import BadSdpError
from media_fleet.domain.media_formats import MID, RID
from media_fleet.domain.session_description import Direction, SessionDescription, Setup

DATA = Path(__file__).parent / "data"
CAPTURED = sorted(path.name for path in DATA.glob("chromium-*.sdp") if not path.name.endswith("answer.sdp"))
Captured = Callable[[str], str]


@pytest.mark.parametrize("name", CAPTURED)
def test_every_captured_offer_is_understood(captured: Captured, name: str) -> None:
    offer = parse(captured(name))
    assert offer.bundle == tuple(section.mid for section in offer.media)
    for section in offer.media:
        assert section.ice is not None
        assert section.setup is Setup.ACTPASS
        assert [fingerprint.algorithm for fingerprint in section.fingerprints] == ["sha-256"]
        if section.kind != "application":
            assert section.rtcp_mux
            assert section.rtcp_rsize
            assert MID in {extension.uri for extension in section.extensions}


def test_simulcast_layers_are_read_in_the_offers_order(captured: Captured) -> None:
    offer = parse(captured("chromium-vp8.sdp"))
    camera, screen = offer.media[1], offer.media[2]
    assert camera.send_rids == ("q", "h", "f")
    assert camera.receive_rids == ()
    assert RID in {extension.uri for extension in camera.extensions}
    assert screen.send_rids == ()
    assert len(screen.ssrcs) == 2
    assert [(group.semantics, group.ssrcs) for group in screen.ssrc_groups] == [("FID", screen.ssrcs)]


def test_codecs_keep_parameters_and_feedback(captured: Captured) -> None:
    offer = parse(captured("chromium-vp8.sdp"))
    opus = offer.media[0].formats[0]
    assert (opus.name, opus.clock_rate, opus.channels) == ("opus", 48_000, 2)
    assert opus.parameters == (("minptime", "10"), ("useinbandfec", "1"))
    h264 = next(f for f in offer.media[1].formats if f.name == "H264")
    assert h264.parameter("packetization-mode") == "1"
    assert set(h264.feedback) == {"transport-cc", "ccm fir", "nack", "nack pli"}


def _edited(text: str, pattern: str, replacement: str) -> str:
    edited, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    return edited


@pytest.mark.parametrize(
    ("pattern", "replacement", "sentence"),
    [
        (r"^v=0", "v=1", "Line 1 must be v=0"),
        (r"^o=.*$", "o=nonsense", "o= line"),
        (r"^m=audio.*$", "m=audio", "no m-line"),
        (r"^m=audio 9", "m=audio 99999", "no m-line"),
        (r"^m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 300", "300 is no payload type"),
        (r"^m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 72", "72 is no payload type"),
        (r"^a=mid:0", "a=mid:1", "a=mid of its own"),
        (r"^a=mid:0\r\n", "", "a=mid of its own"),
        (r"^a=rtpmap:111 .*$", "a=rtpmap:111 opus", "a=rtpmap has a value of the wrong form"),
        (r"^a=rtpmap:111 .*$", "a=rtpmap:111 opus/fast", "a=rtpmap has a value of the wrong form"),
        (r"^a=fmtp:111 .*$", "a=fmtp:112 minptime=10", "contradicts itself"),
        (r"^a=fmtp:111 .*$", "a=fmtp:111 minptime=ten", "contradicts itself"),
        (r"^a=extmap:1 .*$", "a=extmap:x urn:y", "a=extmap has a value of the wrong form"),
        (r"^a=extmap:1 ", "a=extmap:2 ", "same id"),
        (r"^a=fingerprint:.*$", "a=fingerprint:sha-256", "a=fingerprint has a value of the wrong form"),
        (r"^a=setup:actpass", "a=setup:never", "a=setup has a value of the wrong form"),
        (r"^a=ice-ufrag:.*$", "a=ice-ufrag:x", "a=ice-ufrag has a value of the wrong form"),
        (r"^a=group:BUNDLE .*$", "a=group:BUNDLE 0 17", "BUNDLE group names"),
        (r"^a=group:BUNDLE .*$", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2 3", "more than one BUNDLE"),
        (r"^a=simulcast:.*$", "a=simulcast:send q;h;x", "has no a=rid"),
        (r"^a=simulcast:.*$", "a=simulcast:send q;q", "empty or a repeated rid"),
        (r"^a=ssrc:[0-9]+ ", "a=ssrc:4294967296 ", "is no SSRC"),
        (r"^a=sendonly", "sendonly", "is no SDP line"),
        (r"^a=sendonly", "a=send\x00only", "is no SDP line"),
    ],
)
def test_what_is_wrong_is_said(captured: Captured, pattern: str, replacement: str, sentence: str) -> None:
    with pytest.raises(BadSdpError, match=re.escape(sentence)):
        parse(_edited(captured("chromium-vp8.sdp"), pattern, replacement))


def test_an_oversized_description_is_refused_unread() -> None:
    with pytest.raises(BadSdpError, match="characters"):
        parse("v=0\r\n" * MAX_SDP_LENGTH)


def test_too_many_media_sections_are_refused(captured: Captured) -> None:
    offer = captured("chromium-vp8.sdp") + "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n" * MAX_SECTIONS
    with pytest.raises(BadSdpError, match=f"more than {MAX_SECTIONS} m-lines"):
        parse(offer)


def test_a_publisher_has_few_media_sections(captured: Captured) -> None:
    offer = captured("chromium-vp8.sdp") + "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n" * MAX_PUBLISHING_SECTIONS
    with pytest.raises(BadSdpError, match=f"more than {MAX_PUBLISHING_SECTIONS} m-lines"):
        parse(offer, max_sections=MAX_PUBLISHING_SECTIONS)


def test_a_section_with_too_many_lines_is_refused(captured: Captured) -> None:
    lines = "".join(f"a=ssrc:{number} cname:x\r\n" for number in range(1, MAX_SECTION_LINES + 2))
    with pytest.raises(BadSdpError, match="lines under one m-line"):
        parse(captured("chromium-h264.sdp") + lines)


def test_bare_line_feeds_are_line_ends(captured: Captured) -> None:
    text = captured("chromium-vp8.sdp")
    assert parse(text.replace("\r\n", "\n")) == parse(text)


def test_candidates_are_not_read(captured: Captured) -> None:
    text = captured("chromium-vp8.sdp")
    assert parse(text + "a=candidate:garbage\r\n") == parse(text)


def test_extension_directions_are_read(captured: Captured) -> None:
    offer = parse(captured("chromium-vp8.sdp").replace("a=extmap:1 ", "a=extmap:1/sendonly "))
    assert offer.media[0].extensions[0].direction is Direction.SENDONLY


_TEXT = (DATA / "chromium-vp8.sdp").read_bytes().decode()
_LINES = _TEXT.split("\r\n")


def _parsed_or_refused(text: str) -> None:
    try:
        description = parse(text)
    except BadSdpError:
        return
    assert isinstance(description, SessionDescription)
    assert all(section.mid for section in description.media)


@settings(max_examples=300)
@given(
    line=st.integers(0, len(_LINES) - 1),
    start=st.integers(0, 60),
    length=st.integers(0, 60),
    inserted=st.one_of(st.text(max_size=20), st.from_regex(r"[0-9a-z=:;/ ~*-]{0,12}", fullmatch=True)),
)
def test_a_damaged_line_is_understood_or_refused(line: int, start: int, length: int, inserted: str) -> None:
    lines = list(_LINES)
    lines[line] = lines[line][:start] + inserted + lines[line][start + length :]
    _parsed_or_refused("\r\n".join(lines))


@settings(max_examples=200)
@given(lines=st.lists(st.sampled_from(_LINES), max_size=80), with_version=st.booleans())
def test_lines_in_any_order_are_understood_or_refused(*, lines: list[str], with_version: bool) -> None:
    _parsed_or_refused("\r\n".join(["v=0", *lines] if with_version else lines))


@settings(max_examples=200)
@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    _parsed_or_refused(text)
    _parsed_or_refused("v=0\r\n" + text)


@settings(max_examples=100)
@given(st.integers(0, len(_TEXT)))
def test_a_cut_description_is_understood_or_refused(length: int) -> None:
    _parsed_or_refused(_TEXT[:length])


@pytest.mark.parametrize("line", ["a=rid:{} send\r\n", "a=rtcp-fb:* x{}\r\n", "a=made-up:{}\r\n"])
def test_lines_of_every_kind_count(captured: Captured, line: str) -> None:
    many = "".join(line.format(number) for number in range(MAX_SECTION_LINES + 1))
    with pytest.raises(BadSdpError, match="lines under one m-line"):
        parse(captured("chromium-vp8.sdp") + many)
